// Market: the life of an order between its activation and its end.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { info } from './registry.mjs'
import { M, depositFor, order, rate } from './market.mjs'
import { coin } from './words.mjs'

const unknown = 2n ** 64n - 1n

export function ordersChapter(story) {
  test('a suspension stops the clock, in probation and in the paid term', async () => {
    const { read, address } = story
    await story.credits(3, 10n * coin)
    const id = await order(story, 3, 1)
    const { startsAt } = await story.event('OrderActivated', 1, M, 'activateOrder', id)
    const early = await story.event('OrderSuspended', 1, M, 'suspend', id)
    assert.equal(early.balance.endsAt, unknown)
    await story.refused('AlreadySuspended', { id }, 9, M, 'suspend', id)
    await story.refused('NotParty', { id, caller: address(3) }, 3, M, 'resume', id)
    await story.moveTo(early.suspendedSince + 50n)
    const resumed = await story.event('OrderResumed', 9, M, 'resume', id)
    assert.equal(resumed.startsAt, startsAt + resumed.resumedAt - early.suspendedSince)
    assert.equal(resumed.suspendedSeconds, 0n)
    await story.refused('NotSuspended', { id }, 1, M, 'resume', id)

    await story.moveTo(resumed.startsAt + 600n)
    const late = await story.event('OrderSuspended', 9, M, 'suspend', id)
    const earned = await read(M, 'earnedAt', id, late.suspendedSince)
    assert.equal(await read(M, 'earnedAt', id, late.suspendedSince + 100n), earned)
    await story.moveTo(late.suspendedSince + 200n)
    const again = await story.event('OrderResumed', 1, M, 'resume', id)
    assert.equal(again.suspendedSeconds, again.resumedAt - late.suspendedSince)
    const { balance } = await story.event('OrderSettled', 5, M, 'settle', id)
    assert.ok(balance.accrued >= earned && balance.accrued < earned + rate)
    await story.moveTo(balance.endsAt)
    await story.refused('OrderPastEnd', { id, endsAt: balance.endsAt }, 1, M, 'suspend', id)
    const completed = await story.event('OrderCompleted', 5, M, 'settle', id)
    assert.equal(completed.balance.paidProvider + completed.balance.paidUser, depositFor(3600n))
    await story.refused('WrongStatus', { id, status: 4n }, 1, M, 'suspend', id)
  })

  test('a user reports that nothing was served, in probation and once', async () => {
    const { address } = story
    await story.send(6, 'Registry', 'set', info({ probation: 1_000n, renewable: false }))
    const id = await order(story, 3, 6)
    const { startsAt } = await story.event('OrderActivated', 6, M, 'activateOrder', id)
    await story.refused('NotParty', { id, caller: address(6) }, 6, M, 'reportUnserved', id)
    const { user, provider } = await story.event('OrderUnserved', 3, M, 'reportUnserved', id)
    assert.deepEqual([user, provider], [address(3), address(6)])
    await story.refused('AlreadyReported', { id }, 3, M, 'reportUnserved', id)
    assert.equal((await story.read(M, 'get', id)).unservedReported, true)
    await story.moveTo(startsAt)
    await story.refused('NotInProbation', { id }, 3, M, 'reportUnserved', id)
    await story.refused('NotRenewable', { id }, 3, M, 'extendOrder', id, 60n)
    await story.send(3, M, 'cancelOrder', id)
  })

  test('a renewable order is extended at its prices, and found before its end', async () => {
    const { read, address } = story
    const id = await order(story, 3, 1, 1_000n)
    await story.event('OrderActivated', 1, M, 'activateOrder', id)
    await story.refused('InvalidDuration', { secs: 0n }, 3, M, 'extendOrder', id, 0n)
    await story.refused('NotParty', { id, caller: address(1) }, 1, M, 'extendOrder', id, 60n)
    const extended = await story.event('OrderExtended', 3, M, 'extendOrder', id, 500n)
    assert.deepEqual([extended.duration, extended.addedDeposit], [1_500n, depositFor(1_500n) - depositFor(1_000n)])
    const [found, next] = await read(M, 'ordersEndingBefore', extended.balance.endsAt, 1n, 100n)
    assert.ok(found.includes(id))
    assert.equal(next, 0n)
    assert.ok(!(await read(M, 'ordersEndingBefore', extended.balance.endsAt - 1n, 1n, 100n))[0].includes(id))
    const [one, none] = await read(M, 'getMany', [id, 9_999n])
    assert.deepEqual([one.id, one.duration, none.status], [id, 1_500n, 0n])
    await story.refused('WrongStatus', { id, status: 2n }, 1, M, 'activateOrder', id)
    await story.refused('UnknownOrder', { id: 9_999n }, 5, M, 'settle', 9_999n)
    const [first] = await read(M, 'ordersOfUser', address(3), 0n, 1n)
    await story.refused('StaleOrder', { id: first }, 1, M, 'activateOrder', first)
    await story.send(3, M, 'cancelOrder', id)
  })
}
