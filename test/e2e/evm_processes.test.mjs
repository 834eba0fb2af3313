// Two gateways of two providers, a platform and anvil, each a process of its own: both are rented, both serve, both are paid.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Market, rent, serves, take } from './evm_world.mjs'
import { api, until, visit } from './node.mjs'

let market, first, second, ends, cancelled
before(async () => {
  market = await Market.start({ providers: [1, 3], confirmations: 1 })
  ;[first, second] = market.gateways
})
after(() => market?.stop())

const known = (node, who) => node.grid('provider', 'show', who)
const credits = async address => market.contract('Credit').read.balanceOf([address])

test('the processes are what they were told to be, and nothing else', async () => {
  assert.equal(market.platform.gateway, '')
  for (const gateway of market.gateways) {
    assert.equal(gateway.platform, '')
    assert.equal((await api(`${gateway.gateway}/v1/health`, 'GET')).status, 200)
    assert.equal((await visit(`${gateway.gateway}/v1/providers`)).status, 404)
  }
  const pids = [market.anvil, market.platform, first, second].map(part => part.process.pid)
  assert.equal(new Set(pids).size, 4)
  const listed = await market.listed('providers')
  assert.deepEqual(listed.map(provider => provider.address).sort(), [first.provider, second.provider].sort())
  assert.equal((await api(`${market.platform.platform}/v1/health`, 'GET')).json.follower.state, 'following')
})

test('one user rents at both, and both applications answer through their own gateways', async () => {
  cancelled = await rent(first, 2, '--name', 'long')
  assert.equal(await serves(cancelled), 200)
  first.grid('--key', 'dev:2', 'credits', 'buy', 1)
  // Long enough for what is seen of it on a slow machine.
  ends = await take(second, 2, 'short', '--duration', '25s')
  assert.equal(await serves(ends), 200)
  for (const [rented, gateway] of [[ends, second], [cancelled, first]]) {
    const order = await market.order(rented.order)
    assert.equal(order.provider, gateway.provider)
    assert.equal(await market.events('OrderActivated', rented.order), 1)
    assert.equal(new URL(rented.url).port, new URL(gateway.gateway).port)
    assert.equal(gateway.containers().length, 1)
  }
  const other = new URL(cancelled.url)
  other.port = new URL(second.gateway).port
  assert.equal((await visit(other.href)).status, 404, 'a gateway serves what is not its own')
  const listed = await until('the platform lists both', async () => {
    const orders = await market.listed('orders')
    return orders.length === 2 && orders
  })
  assert.deepEqual(listed.map(order => order.provider).sort(), [first.provider, second.provider].sort())
})

test('an order that is cancelled is paid for its time, and its application is gone', async () => {
  const order = first.grid('--key', 'dev:2', 'order', 'cancel', cancelled.order)
  assert.equal(order.status, 'cancelled')
  const paid = BigInt(order.paid_provider)
  assert.ok(paid > 0n)
  assert.equal(paid + BigInt(order.paid_user), BigInt(order.deposit))
  assert.equal(await credits(first.provider), paid)
  assert.equal(second.containers().length, 1)
  await until('its URL answers 410', async () => (await serves(cancelled)) === 410)
  await until('its container is gone', () => first.containers().length === 0)
})

test('an order that ends is settled once, by its own gateway', async () => {
  await until('it is completed', async () => (await market.order(ends.order)).status === 4, 60_000)
  const order = await market.order(ends.order)
  assert.equal(order.paidProvider, order.deposit)
  assert.equal(order.paidUser, 0n)
  assert.equal(await credits(second.provider), order.deposit)
  await until('its URL answers 410', async () => (await serves(ends)) === 410)
  await until('its container is gone', () => second.containers().length === 0)
  assert.equal(await market.events('OrderCompleted', ends.order), 1)
})

test('nothing is left over, and the platform tells what the chain tells', async () => {
  assert.equal(await credits(market.contract('Market').address), 0n, 'money stayed in escrow')
  for (const gateway of market.gateways) {
    const { total, available } = known(gateway, gateway.provider)
    assert.deepEqual(available, total)
    assert.deepEqual(gateway.monitors(), [])
  }
  const listed = await until('the platform knows the ends', async () => {
    const orders = await market.listed('orders')
    return orders.every(order => order.status === 'completed' || order.status === 'cancelled') && orders
  })
  for (const order of listed) {
    const { deposit, paidProvider, paidUser } = await market.order(order.id)
    assert.deepEqual([order.deposit, order.paid_provider, order.paid_user].map(BigInt), [deposit, paidProvider, paidUser])
  }
})
