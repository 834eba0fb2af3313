// Market, Pledge and Council together: parameters, the protocol's fee, profit for pledges, and orders straight from tokens.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addressOf } from '../wallet.mjs'
import { info, prices } from './registry.mjs'
import { M, depositFor, order, small } from './market.mjs'
import { quote, signed } from './quotes.mjs'
import { coin, everything, word } from './words.mjs'

const P = 'Pledge'

export function profitChapter(story) {
  test('the council sets parameters, within limits', async () => {
    const { read, address } = story
    const council = addressOf('Council')
    for (const [key, value] of [['feeBp', 500n], ['profitBp', 300n]]) {
      const { events } = await story.decide(M, 'setParameter', word(key), value)
      assert.deepEqual(events.find(event => event.name === 'ParameterSet').args, { key: word(key), value })
      assert.equal((await read(M, 'parameters'))[key], value)
    }
    await story.ask(council, M, 'setParameter', word('feeBp'), 600n)
    await story.refused('NotCouncil', { caller: address(0) }, 0, M, 'setParameter', word('feeBp'), 1n)
    await story.refused('UnknownParameter', { key: word('king') }, council, M, 'setParameter', word('king'), 1n)
    await story.refused('InvalidParameter', { key: word('profitBp'), value: 501n }, council, M, 'setParameter', word('profitBp'), 501n)
  })

  test('an order pays the protocol its fee, and pledges their profit', async () => {
    const { read, address } = story
    const provider = address(1)
    const id = await order(story, 3, 1)
    const { profit, feeBp, profitBp } = await read(M, 'get', id)
    assert.deepEqual([feeBp, profitBp, profit], [500n, 300n, depositFor(3600n) * 300n / 10_000n])
    const { startsAt } = await story.event('OrderActivated', 1, M, 'activateOrder', id)
    await story.moveTo(startsAt + 1800n)
    const { events } = await story.send(5, M, 'settle', id)
    const { balance } = events.find(event => event.name === 'OrderSettled').args
    assert.equal(balance.paidFee, balance.accrued * 500n / 10_000n)
    const minted = events.find(event => event.name === 'ProfitMinted').args
    assert.deepEqual([minted.provider, minted.order, minted.amount], [provider, id, profit * balance.accrued / balance.deposit])
    const earned = await read(P, 'earned', address(6), provider)
    assert.ok(earned > 0n && earned <= minted.amount)
    const claimed = await story.event('PositionChanged', 6, P, 'claim', provider)
    assert.deepEqual([claimed.change, claimed.amount], [3n, earned])
    await story.refused('NothingEarned', { account: address(6), provider }, 6, P, 'claim', provider)
    await story.send(3, M, 'cancelOrder', id)
  })

  test('an order is made and extended straight from tokens, with a permit', async () => {
    const { address } = story
    const permit = value => story.permit(9, addressOf('Credit'), value, everything)
    const { id } = await story.event('OrderCreated', 9, M, 'createOrderWithPermit', address(1), small, prices, 3600n, 0n, await permit(depositFor(3600n)))
    await story.event('OrderActivated', 1, M, 'activateOrder', id)
    const added = depositFor(7200n) - depositFor(3600n)
    const extended = await story.event('OrderExtended', 9, M, 'extendOrderWithPermit', id, 3600n, await permit(added))
    assert.equal(extended.addedDeposit, added)
    await story.send(9, M, 'cancelOrder', id)
    const terms = await quote(story, { user: address(9), salt: word('seven') })
    const { events } = await story.send(9, M, 'createOrderWithQuoteAndPermit', terms, await signed(story, terms, 1), await permit(coin))
    assert.ok(events.some(event => event.name === 'QuoteUsed') && events.some(event => event.name === 'Purchased'))
  })

  test('a provider grants probation to those who pledged', async () => {
    const { read, address } = story
    const wanted = 200n * coin
    await story.send(10, 'Registry', 'set', info({ probation: 60n, probationPledge: wanted }))
    await story.refused('PledgeTooSmall', { pledged: 0n, wanted }, 3, M, 'createOrder', address(10), small, prices, 3600n, 60n)
    const pledged = await read(P, 'pledgedBy', address(6))
    await story.refused('PledgeTooSmall', { pledged, wanted }, 6, M, 'checkPermission', address(6), address(10), depositFor(3600n), 60n)
  })
}
