// Council: some of its members agree, the others may object, and then it is done.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addressOf } from '../wallet.mjs'
import { word } from './words.mjs'

const C = 'Council'
const slasher = word('SLASHER')
const month = 30n * 24n * 3600n

export function councilChapter(story) {
  const propose = (by, contract, call, ...args) =>
    story.event('ProposalCreated', by, C, 'propose', addressOf(contract), story.encode(contract, call, ...args))

  test('two of three give a role after the delay', async () => {
    const { read, address } = story
    const members = [0, 1, 2].map(index => address(index))
    assert.deepEqual(await read(C, 'members'), members)
    assert.deepEqual([await read(C, 'threshold'), await read(C, 'delay')], [2n, 30n])
    const grant = story.encode(C, 'grantRole', slasher, address(4))
    const { events } = await story.send(0, C, 'propose', addressOf(C), grant)
    const { id, term, data } = events.find(event => event.name === 'ProposalCreated').args
    assert.deepEqual([term, data], [await read(C, 'term'), grant])
    await story.refused('AlreadyVoted', { id, member: members[0] }, 0, C, 'approve', id)
    await story.refused('NotApproved', { id, approvals: 1n, threshold: 2n }, 5, C, 'execute', id)
    const approved = await story.event('ProposalApproved', 1, C, 'approve', id)
    assert.equal(approved.approvals, 2n)
    await story.refused('ProposalNotReady', { id, readyAt: approved.readyAt }, 5, C, 'execute', id)
    assert.deepEqual(await read(C, 'voteOf', id, members[1]), [true, false])
    await story.moveTo(approved.readyAt)
    const done = await story.send(5, C, 'execute', id)
    assert.deepEqual(done.events.find(event => event.name === 'RoleChanged').args, { role: slasher, account: address(4), granted: true })
    assert.deepEqual(done.events.find(event => event.name === 'ProposalExecuted').args, { id, by: address(5) })
    assert.equal(await read(C, 'hasRole', slasher, address(4)), true)
    assert.equal((await read(C, 'proposal', id)).status, 2n)
    assert.deepEqual((await read(C, 'list', id - 1n, 1n)).map(each => each.id), [await read(C, 'count')])
    await story.refused('ProposalClosed', { id, status: 2n }, 2, C, 'approve', id)
    assert.equal((await story.decide(C, 'revokeRole', slasher, address(4))).events.find(event => event.name === 'RoleChanged').args.granted, false)
  })

  test('those who object stop it', async () => {
    const { address } = story
    const { id } = await propose(0, C, 'setDelay', 5n)
    assert.equal((await story.event('ProposalVetoed', 0, C, 'veto', id)).vetoes, 1n)
    const { events } = await story.send(2, C, 'veto', id)
    assert.deepEqual(events.map(event => event.name), ['ProposalVetoed', 'ProposalCancelled'])
    await story.refused('ProposalClosed', { id, status: 3n }, 1, C, 'approve', id)
    await story.refused('NotMember', { caller: address(5) }, 5, C, 'propose', addressOf(C), '0x')
    await story.refused('InvalidTarget', { target: address(5) }, 0, C, 'propose', address(5), '0x')
    await story.refused('TooMany', { given: 4097n, limit: 4096n }, 0, C, 'propose', addressOf(C), `0x${'00'.repeat(4097)}`)
    await story.refused('UnknownProposal', { id: 999n }, 0, C, 'approve', 999n)
  })

  test('only the council changes itself, within limits', async () => {
    const { address } = story
    const council = addressOf(C)
    const changes = [['grantRole', slasher, address(5)], ['revokeRole', slasher, address(5)], ['setMembers', [address(5)], 1n], ['setDelay', 1n]]
    for (const [call, ...args] of changes) {
      await story.refused('NotCouncil', { caller: address(0) }, 0, C, call, ...args)
      await story.ask(council, C, call, ...args)
    }
    await story.refused('UnknownRole', { role: word('KING') }, council, C, 'grantRole', word('KING'), address(5))
    await story.refused('InvalidMembers', {}, council, C, 'setMembers', [address(5), address(5)], 1n)
    await story.refused('InvalidDelay', { delay: month + 1n, limit: month }, council, C, 'setDelay', month + 1n)
  })

  test('a proposal does not execute another one, and does not wait for ever', async () => {
    const { read, address } = story
    const { id: inner } = await propose(0, C, 'setDelay', 5n)
    await story.send(1, C, 'approve', inner)
    const { id: outer } = await propose(0, C, 'execute', inner)
    const { readyAt } = await story.event('ProposalApproved', 1, C, 'approve', outer)
    await story.moveTo(readyAt)
    await story.refused('Reentered', {}, 5, C, 'execute', outer)
    const { expiresAt } = await read(C, 'proposal', inner)
    await story.moveTo(expiresAt)
    await story.refused('ProposalExpired', { id: inner, expiresAt }, 5, C, 'execute', inner)
    assert.deepEqual((await story.decide(C, 'setDelay', 20n)).events.find(event => event.name === 'DelayChanged').args, { delay: 20n })
    assert.equal(await read(C, 'delay'), 20n)
    const { id: open, term } = await propose(2, C, 'setDelay', 10n)
    const members = [0, 1, 2, 4].map(index => address(index))
    const { events } = await story.decide(C, 'setMembers', members, 2n)
    assert.deepEqual(events.find(event => event.name === 'MembersChanged').args, { term: term + 1n, members, threshold: 2n })
    await story.refused('ProposalStale', { id: open, term }, 1, C, 'approve', open)
  })
}
