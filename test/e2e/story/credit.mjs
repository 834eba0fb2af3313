// Credit: what orders are paid in.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addressOf } from '../wallet.mjs'
import { coin, everything, nobody } from './words.mjs'

const C = 'Credit'

export function creditChapter(story) {
  test('credits are bought and given back, one for one', async () => {
    const { read, address } = story
    assert.equal(await read(C, 'name'), 'GRID Credit')
    assert.equal(await read(C, 'symbol'), 'GRIDC')
    assert.equal(await read(C, 'decimals'), 18n)
    assert.equal(await read(C, 'token'), addressOf('GridToken'))
    const [supply, before] = [await read(C, 'totalSupply'), await read('GridToken', 'balanceOf', address(6))]
    await story.send(6, 'GridToken', 'approve', addressOf(C), 10n * coin)
    assert.deepEqual(await story.event('Purchased', 6, C, 'purchase', 10n * coin), { account: address(6), value: 10n * coin })
    assert.deepEqual(await story.event('Redeemed', 6, C, 'redeem', 4n * coin), { account: address(6), value: 4n * coin })
    assert.deepEqual(await story.event('Transfer', 6, C, 'redeem', coin), { from: address(6), to: nobody, value: coin })
    assert.equal(await read(C, 'balanceOf', address(6)), 5n * coin)
    assert.equal(await read(C, 'totalSupply'), supply + 5n * coin)
    assert.equal(await read('GridToken', 'balanceOf', address(6)), before - 5n * coin)
    await story.refused('ZeroAmount', {}, 6, C, 'purchase', 0n)
    await story.refused('InsufficientCredits', { needed: 6n * coin, available: 5n * coin }, 6, C, 'redeem', 6n * coin)
  })

  test('credits are bought with a permit in one transaction, also when somebody used the permit before', async () => {
    const { address } = story
    const first = await story.permit(7, addressOf(C), coin, everything)
    await story.event('Purchased', 7, C, 'purchaseWithPermit', coin, everything, first.v, first.r, first.s)
    const second = await story.permit(7, addressOf(C), coin, everything)
    await story.send(8, 'GridToken', 'permit', address(7), addressOf(C), coin, everything, second.v, second.r, second.s)
    await story.event('Purchased', 7, C, 'purchaseWithPermit', coin, everything, second.v, second.r, second.s)
    assert.equal(await story.read(C, 'balanceOf', address(7)), 2n * coin)
  })

  test('tokens that were sent by hand become credits of their sender', async () => {
    const { address } = story
    const { events } = await story.send(8, 'GridToken', 'transfer', addressOf(C), 6n)
    assert.deepEqual(events.find(event => event.name === 'TransferReceived').args, { from: address(8), value: 6n })
    assert.equal(await story.read(C, 'pending', address(8)), 6n)
    assert.deepEqual(await story.event('TransferClaimed', 3, C, 'claimTransfer', address(8)), { from: address(8), by: address(3), value: 6n })
    assert.equal(await story.read(C, 'balanceOf', address(8)), 6n)
    await story.refused('NothingPending', { from: address(8) }, 3, C, 'claimTransfer', address(8))
  })

  test('only the protocol moves, burns and issues credits', async () => {
    const { address } = story
    const market = addressOf('Market')
    assert.equal(await story.read(C, 'isProtocol', market), true)
    assert.equal(await story.read(C, 'isProtocol', address(3)), false)
    const { v, r, s } = await story.permit(5, addressOf(C), 3n, everything)
    const calls = [
      [market, 'escrow', address(6), coin], [market, 'release', address(6), 0n], [market, 'burn', 0n], [addressOf('Pledge'), 'issue', 1n],
      [market, 'purchaseFor', address(5), 3n, everything, v, r, s], [addressOf('GridToken'), 'noteTransfer', address(6), 0n]
    ]
    for (const [caller, call, ...args] of calls) {
      await story.ask(caller, C, call, ...args)
      await story.refused('NotProtocol', { caller: address(6) }, 6, C, call, ...args)
    }
  })
}
