// A network's endpoint does what endpoints do: no fault of it touches a running application, and when it is over work goes on.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Anvil } from './anvil.mjs'
import { Market, rent, resources, serves, take, untouched } from './evm_world.mjs'
import { FaultProxy } from './fault_proxy.mjs'
import { api, until, visit } from './node.mjs'
import { bearer, login } from './wallet.mjs'

let market, gateway, proxy, steady
before(async () => {
  market = await Market.start({
    through: async network => {
      proxy = await FaultProxy.start(network.url)
      return [proxy.url]
    }
  })
  ;[gateway] = market.gateways
  steady = await rent(gateway, 2, '--name', 'steady')
  user('credits', 'buy', 1)
})
after(async () => {
  await market?.stop()
  await proxy?.stop()
})

const user = (...words) => gateway.grid('--key', 'dev:3', ...words)
const ordered = () => user('order', 'create', '--provider', gateway.provider, ...resources).order
const state = async () => (await api(`${market.platform.platform}/v1/health`, 'GET')).json.follower.state
const accepting = (order, { token }) => api(`${gateway.gateway}/v1/orders/${order}/accept`, 'POST', undefined, bearer(token))

/** The fault is seen; what is known stays; who needs the chain is told to come again; afterwards it is as if nothing had been. */
async function survives(begin, finish) {
  const order = ordered()
  const session = await login(gateway, 3)
  await until('the platform knows the order', async () => (await market.listed('orders')).some(each => each.id === String(order)))
  const orders = await market.listed('orders')
  await untouched(gateway, steady, async () => {
    await begin(order, session)
    await until('it is noticed', async () => await state() === 'unreachable')
    const refused = await accepting(order, session)
    assert.deepEqual([refused.status, refused.json.code], [503, 'unavailable'])
    assert.deepEqual(await market.listed('orders'), orders)
    await finish()
    await until('it is over', async () => await state() === 'following')
    // Each process asks its endpoints again after a pause of its own.
    await until('the order is accepted', async () => (await accepting(order, session)).status === 200)
  })
  assert.equal(await market.events('OrderActivated', order), 1)
  user('order', 'cancel', order)
}

for (const [fault, name] of [
  ['refused', 'refuses connections'], ['reset', 'resets them'], ['429', 'answers 429'], ['500', 'answers 500'], ['no_json', 'answers no JSON'],
  ['truncated', 'ends in the middle of HTTP'], ['cut_json', 'ends in the middle of JSON']
])
  test(`an endpoint that ${name}`, () => survives(() => proxy.set(fault), () => proxy.set('none')))

test('an endpoint that comes back on another chain', () => survives(async (order, session) => {
  await proxy.set('reset')
  // An endpoint proves its chain after a failure: both processes must have met one.
  await until('the platform notices it', async () => await state() === 'unreachable')
  await until('the gateway notices it', async () => (await accepting(order, session)).status === 503)
  await proxy.set('wrong_chain')
}, () => proxy.set('none')))

test('a network that stands still for 30 seconds, in which an order ends', async () => {
  gateway.grid('--key', 'dev:4', 'credits', 'buy', 1)
  const containers = gateway.containers()
  const short = await take(gateway, 4, 'short', '--duration', '20s')
  const { activatedAt, duration, deposit } = await market.order(short.order)
  const waiting = ordered()
  const session = await login(gateway, 3)
  await untouched(gateway, steady, async () => {
    market.anvil.process.kill('SIGSTOP')
    const since = Date.now()
    try {
      await until('it is noticed', async () => await state() === 'unreachable')
      // Visitors are turned away at the end that is known; the application goes when the network has confirmed that end.
      await until('the short order is over', async () => Date.now() / 1000 > Number(activatedAt + duration))
      await until('its URL answers 410', async () => await serves(short) === 410)
      assert.equal((await accepting(waiting, session)).status, 503)
      await until('30 seconds are over', () => Date.now() - since >= 30_000)
      assert.equal(gateway.containers().length, 2)
    } finally {
      market.anvil.process.kill('SIGCONT')
    }
    await until('it is over', async () => await state() === 'following')
    await until('its container is gone', () => gateway.containers().length === 1)
    await until('the short order is settled', async () => (await market.order(short.order)).status === 4)
    await until('the waiting order is accepted', async () => (await accepting(waiting, session)).status === 200)
  }, containers)
  const { paidProvider, paidUser } = await market.order(short.order)
  assert.deepEqual([paidProvider, paidUser], [deposit, 0n])
  assert.equal(await market.events('OrderCompleted', short.order), 1)
  user('order', 'cancel', waiting)
})

test('one endpoint of three may lag, be on another branch, or fail', async () => {
  const other = await Anvil.deployed()  // the same contracts, other blocks
  const third = await FaultProxy.start(market.anvil.url)
  try {
    await other.request('anvil_mine', 200)
    for (const [endpoint, fault] of [[third.url, 'lag'], [third.url, '500'], [third.url, 'reset'], [other.url, 'none']]) {
      await third.set(fault, await market.anvil.height())
      // The bad one is the one that is preferred.
      await gateway.kill()
      gateway.chainLines = gateway.chainLines.map(line => line.startsWith('rpc:') ? `rpc: [${endpoint}, ${market.anvil.url}, ${proxy.url}]` : line)
      gateway.keepPorts()
      await gateway.launch()
      await until('it serves', async () => await serves(steady) === 200)
      const order = ordered()
      await untouched(gateway, steady, async () => {
        const { token } = await login(gateway, 3)
        await until('the order is accepted', async () => (await accepting(order, { token })).status === 200)
      })
      assert.equal(await market.events('OrderActivated', order), 1)
      user('order', 'cancel', order)
    }
  } finally {
    await third.stop()
    await other.stop()
  }
})

test('at the end everything is paid', async () => {
  gateway.grid('--key', 'dev:2', 'order', 'cancel', steady.order)
  await until('the containers are gone', () => gateway.containers().length === 0)
  assert.equal((await visit(steady.url)).status, 410)
  assert.equal(await market.contract('Credit').read.balanceOf([market.contract('Market').address]), 0n)
})
