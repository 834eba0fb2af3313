// kill -9 of a gateway between signing, sending and confirming of its activations and settlements, and of the platform: everything happens once, and
// an application that runs does not notice.
import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import { encodeFunctionData } from 'viem'
import { Market, acceptWithBlocks, rent, resources, serves } from './evm_world.mjs'
import { FaultProxy } from './fault_proxy.mjs'
import { api, until } from './node.mjs'
import { abi, bearer, login } from './wallet.mjs'

const [running, completed] = [2, 4]
let market, gateway, proxy, steady, container
before(async () => {
  market = await Market.start({
    confirmations: 1,
    through: async network => {
      proxy = await FaultProxy.start(network.url)
      return [proxy.url]
    }
  })
  ;[gateway] = market.gateways
  steady = await rent(gateway, 2, '--name', 'steady')
  gateway.grid('--key', 'dev:3', 'credits', 'buy', 1)
  container = gateway.containers()
})
after(async () => {
  await market?.stop()
  await proxy?.stop()
})

const call = (functionName, args) => encodeFunctionData({ abi: abi('Market'), functionName, args })
const block = (count = 1) => market.anvil.request('anvil_mine', count)
/** From the first time on a block comes only with a transaction, or when a test wants one; frozen, with none. */
async function freeze() {
  await market.anvil.request('evm_setIntervalMining', 0)
  await market.anvil.request('evm_setAutomine', false)
}
const thaw = () => market.anvil.request('evm_setAutomine', true)
/** Waits while blocks come. */
const untilMined = (what, condition) => until(what, async () => {
  const value = await condition()
  if (!value) await block()
  return value
})
const waiting = async () => Number((await market.anvil.request('txpool_status')).pending)
const user = (...words) => gateway.grid('--key', 'dev:3', ...words)

beforeEach(async () => {
  assert.equal(await serves(steady), 200)
})
afterEach(async () => {
  await until('the application answers', async () => await serves(steady) === 200)
  assert.deepEqual(gateway.containers(), container)
  assert.equal((await market.order(steady.order)).status, running)
})

async function ordered(...words) {
  const { order } = user('order', 'create', '--provider', gateway.provider, ...resources, ...words)
  await block()
  return order
}

/** Where the killed node had come to, and what the network does until its next start. */
const moments = [
  { name: 'signed and not sent', when: 'before', pending: 0 },
  { name: 'sent and in no block', when: 'after', pending: 1 },
  { name: 'in a block that does not count yet', when: 'after', pending: 1, blocks: 1 },
  { name: 'in a block that counts since', when: 'after', pending: 1, blocks: 3 }
]

/** Kills the gateway at the moment of the call, brings it back, and sees that the network takes the call once. */
async function killedAt({ when, pending, blocks = 0 }, calldata, deed, done) {
  const mined = await market.mined(gateway.provider)
  await freeze()
  const struck = await proxy.strike(calldata, when, gateway.process.pid)
  await deed()
  await struck()
  assert.equal((await gateway.ended).signal, 'SIGKILL')
  assert.equal(await waiting(), pending)
  assert.deepEqual(gateway.containers(), container)
  if (blocks > 0) await block(blocks)
  await gateway.launch()
  if (pending === 0) await until('it is sent', async () => await waiting() === 1)
  await thaw()
  await untilMined('it is done, and the gateway knows', done)
  assert.equal(await market.mined(gateway.provider), mined + 1)
  assert.equal(await waiting(), 0)
  assert.equal((await proxy.sent(calldata)).length, 1, 'other bytes were sent')
}

for (const moment of moments) {
  test(`a gateway killed when an activation was ${moment.name} activates once`, async () => {
    const order = await ordered()
    const { token } = await login(gateway, 3)
    await killedAt(moment, call('activateOrder', [BigInt(order)]), () => {
      api(`${gateway.gateway}/v1/orders/${order}/accept`, 'POST', undefined, bearer(token)).catch(() => {})
    }, () => gateway.log(0).includes(`order ${order} is accepted`))
    await acceptWithBlocks(gateway, 3, order)
    assert.equal(await market.events('OrderActivated', order), 1)
    user('order', 'cancel', order)
    await block()
  })
}

for (const moment of moments) {
  test(`a gateway killed when a settlement was ${moment.name} settles once`, async () => {
    const order = await ordered('--duration', '3s')
    await acceptWithBlocks(gateway, 3, order)
    const paid = await market.contract('Credit').read.balanceOf([gateway.provider])
    await killedAt(moment, call('settleMany', [[BigInt(order)]]), () => {}, () => gateway.log(0).includes(`lease of order ${order} is gone`))
    const { status, deposit, paidProvider, paidUser } = await market.order(order)
    assert.deepEqual([status, paidProvider, paidUser], [completed, deposit, 0n])
    assert.equal(await market.events('OrderCompleted', order), 1)
    assert.equal(await market.contract('Credit').read.balanceOf([gateway.provider]), paid + deposit)
  })
}

test('a platform killed while blocks come and while it starts lists what a fresh one lists', async () => {
  const { platform } = market
  await platform.kill()
  const order = await ordered()
  for (const step of ['chain 31337 is open', 'platform serves', 'following the network']) {
    const written = platform.log(0).length
    platform.spawn()
    await until(step, () => platform.log(0).slice(written).includes(step))
    await platform.kill()
    assert.equal(await serves(steady), 200)
  }
  await platform.launch()
  await until('the order is listed', async () => (await market.listed('orders')).some(each => each.id === String(order)))
  user('order', 'cancel', order)
  await block(3)
  await platform.kill()
  await platform.launch()
  await market.agreesWithFresh()
})

test('at the end the gateway has sent nothing twice, and nothing is left in escrow', async () => {
  // The registration; the steady order's activation; four that a kill interrupted; four orders more that end.
  assert.equal(await market.mined(gateway.provider), 1 + 1 + 4 + 4 + 4)
  const { deposit } = await market.order(steady.order)
  assert.equal(await market.contract('Credit').read.balanceOf([market.contract('Market').address]), deposit)
})
