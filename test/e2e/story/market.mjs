// Market: how orders come to be and end.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { abi } from '../wallet.mjs'
import { info, prices } from './registry.mjs'
import { coin } from './words.mjs'

export const M = 'Market'
export const small = { cpuMilli: 500n, memoryMiB: 256n, storageMiB: 100n, gpus: 0n }
/** R of small at those prices: credits an hour. */
export const rate = 500n * 1_000_000n + 256n * 1_000n + 100n * 10n
export const depositFor = seconds => (rate * seconds + 3599n) / 3600n
/** Twenty providers of small things, one account each, from this one on. */
const crowd = Array.from({ length: 17 }, (_, i) => 10 + i)

/** The id of a new order of a user, at the listed prices. */
export async function order(story, user, provider, duration = 3600n) {
  const { id } = await story.event('OrderCreated', user, M, 'createOrder', story.address(provider), small, prices, duration, 0n)
  return id
}

export function marketChapter(story) {
  test('an order is created, activated by the operator, settled and cancelled', async () => {
    const { read, address } = story
    const [user, provider] = [address(2), address(1)]
    await story.credits(2, 10n * coin)
    assert.equal(await read(M, 'checkPermission', user, provider, depositFor(3600n), 100n), 100n)
    const created = await story.event('OrderCreated', 2, M, 'createOrder', provider, small, prices, 3600n, 100n)
    const { id, deposit } = created
    assert.deepEqual([created.user, created.provider, created.resources, created.probation, deposit], [user, provider, small, 100n, depositFor(3600n)])
    assert.equal(await read(M, 'current', user, provider), id)
    assert.equal(await read(M, 'count'), id)
    assert.deepEqual(await read(M, 'ordersOfUser', user, 0n, 10n), [id])
    assert.deepEqual(await read(M, 'ordersOfProvider', provider, 0n, 10n), [id])
    await story.refused('OrderExists', { id }, 2, M, 'createOrder', provider, small, prices, 3600n, 0n)

    const activated = await story.event('OrderActivated', 9, M, 'activateOrder', id)
    assert.equal(activated.by, address(9))
    assert.equal(activated.startsAt, activated.activatedAt + 100n)
    assert.equal(activated.balance.endsAt, activated.startsAt + 3600n)
    assert.equal(await read(M, 'earnedAt', id, activated.startsAt + 36n), rate / 100n)
    await story.moveTo(activated.startsAt + 1800n)
    const settled = await story.event('OrderSettled', 5, M, 'settle', id)
    const earned = at => rate * (at - activated.startsAt) / 3600n
    assert.equal(settled.balance.accrued, earned(settled.settledAt))
    assert.equal(settled.balance.paidProvider, settled.balance.accrued)
    const cancelled = await story.event('OrderCancelled', 2, M, 'cancelOrder', id)
    const { status, paidProvider, paidUser } = await read(M, 'get', id)
    assert.deepEqual([status, paidProvider, paidUser], [3n, earned(cancelled.settledAt), deposit - paidProvider])
  })

  test('whoever comes first completes an order that is past its end', async () => {
    const { address } = story
    const first = await order(story, 2, 1)
    const { balance } = await story.event('OrderActivated', 1, M, 'activateOrder', first)
    await story.moveTo(balance.endsAt - 2n)
    const settled = await story.event('OrderSettled', 5, M, 'settleMany', [first, 999n])
    assert.ok(settled.balance.accrued < settled.balance.deposit)
    await story.moveTo(balance.endsAt)
    assert.equal(await story.ask(5, M, 'settleMany', [first, 999n]), 1n)
    assert.equal((await story.event('OrderCompleted', 5, M, 'withdraw', first, 0n)).balance.paidProvider, depositFor(3600n))
    assert.equal((await story.read(M, 'get', first)).status, 4n)
    await story.refused('ZeroAmount', {}, 1, M, 'withdraw', first, 0n)
    await story.refused('ExceedsClaimable', { amount: 1n, claimable: 0n }, 1, M, 'withdraw', first, 1n)
    await story.refused('NotParty', { id: first, caller: address(5) }, 5, M, 'withdraw', first, 1n)
  })

  test('orders that cannot be are refused by name', async () => {
    const { address } = story
    const provider = address(1)
    const create = (name, args, by, changes = {}) => {
      const terms = { provider, resources: small, prices, duration: 3600n, probation: 0n, ...changes }
      return story.refused(name, args, by, M, 'createOrder', terms.provider, terms.resources, terms.prices, terms.duration, terms.probation)
    }
    await story.send(7, 'Registry', 'set', info({ acceptsOffers: false }))
    await create('InvalidDuration', { secs: 0n }, 2, { duration: 0n })
    await create('UnknownProvider', { provider: address(2) }, 2, { provider: address(2) })
    await create('ProviderInactive', { provider: address(8) }, 2, { provider: address(8) })
    await create('DepositBelowMinimum', { deposit: 0n, minimum: 1n }, 2, { resources: { ...small, cpuMilli: 0n, memoryMiB: 0n, storageMiB: 0n } })
    await create('ProbationTooShort', { offered: 100n, wanted: 101n }, 3, { probation: 101n })
    await create('ProbationUsed', { user: address(2), provider }, 2, { probation: 1n })
    await create('OffersNotAccepted', { provider: address(7) }, 2, { provider: address(7) })
    await create('PriceTooLow', { resource: 1n, offered: 999n, minimum: 1_000n }, 2, { prices: { ...prices, memoryMiB: 999n } })
    await create('InsufficientResources', { resource: 0n, wanted: 4_001n, available: 4_000n }, 2, { resources: { ...small, cpuMilli: 4_001n } })
    await create('InsufficientCredits', { needed: depositFor(3600n), available: 0n }, 31)
    await story.refused('TooMany', { given: 101n, limit: 100n }, 2, M, 'ordersOfUser', address(2), 0n, 101n)
    await story.refused('TooMany', { given: 257n, limit: 256n }, 2, M, 'settleMany', Array(257).fill(1n))
  })

  test('orders that wait for activation are bounded, expire, and are then cancelled by anybody', async () => {
    const { address, read } = story
    await story.credits(4, coin)
    await Promise.all(crowd.map(account => story.send(account, 'Registry', 'set', info())))
    const ids = []
    for (const provider of crowd.slice(1)) ids.push(await order(story, 4, provider))
    const limit = BigInt(crowd.length - 1)
    await story.refused('TooManyUnactivated', { count: limit, limit }, 4, M, 'createOrder', address(crowd[0]), small, prices, 3600n, 0n)
    const { activationDeadline: deadline } = await read(M, 'get', ids[0])
    await story.refused('NotParty', { id: ids[0], caller: address(5) }, 5, M, 'cancelOrder', ids[0])
    await story.moveTo(deadline)
    await story.refused('ActivationExpired', { id: ids[0], deadline }, crowd[1], M, 'activateOrder', ids[0])
    const { balance } = await story.event('OrderCancelled', 5, M, 'cancelOrder', ids[0])
    assert.deepEqual([balance.paidUser, balance.paidProvider], [depositFor(3600n), 0n])
    const parameters = await read(M, 'parameters')
    const { createdAt } = await read(M, 'get', ids[0])
    assert.equal(createdAt + parameters.activationDeadline, deadline)
    assert.equal(parameters.maxUnactivated, limit)
  })

  test('the inventory and the logs of the registry follow the orders', async () => {
    const { address, read } = story
    const provider = 10
    const { events } = await story.send(5, 'GridToken', 'approve', address(9), 0n)
    assert.equal(events.length, 1)
    await story.credits(5, coin)
    const { events: made } = await story.send(5, M, 'createOrder', address(provider), small, prices, 60n, 0n)
    const delta = made.find(event => event.name === 'ResourceDelta').args
    assert.equal(delta.delta.cpuMilli, -500n)
    assert.equal(delta.available.cpuMilli, 3_500n)
    const less = info({ total: { cpuMilli: 499n, memoryMiB: 8_192n, storageMiB: 10_000n, gpus: 1n } })
    await story.refused('TotalBelowReserved', { resource: 0n, total: 499n, reserved: 500n }, provider, 'Registry', 'set', less)
    const id = await read(M, 'current', address(5), address(provider))
    await story.send(5, M, 'cancelOrder', id)
    assert.equal((await read('Registry', 'get', address(provider))).available.cpuMilli, 4_000n)
  })
}

/** Fields of a tuple in the ABI, for what a quote signs. */
export const fieldsOf = (contract, name, input) => abi(contract).find(entry => entry.name === name).inputs[input].components
