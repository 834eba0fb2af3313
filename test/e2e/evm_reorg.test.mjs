// The network takes blocks back that counted: an order's creation and its activation together, under a running application.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { encodeFunctionData } from 'viem'
import { Market, accept, acceptWithBlocks, resources, serves, take, untouched } from './evm_world.mjs'
import { api, sampleManifest, until, visit } from './node.mjs'
import { abi, account, bearer, login } from './wallet.mjs'

const running = 2
/** Blocks for which the chain must deny an order before its lease ends (actors/gateway_parts.hpp). */
const denied = 32

let market, gateway, users = 0
before(async () => {
  // No block comes by itself: how deep a block is, is the test's.
  market = await Market.start({ anvil: ['--order', 'fifo'] })
  ;[gateway] = market.gateways
  for (let index = 2; index < 10; ++index) gateway.grid('--key', `dev:${index}`, 'credits', 'buy', 10)
  await market.anvil.request('anvil_mine', 30)
})
after(() => market?.stop())

/** None has two orders at once. */
const nextUser = () => 2 + users++ % 8

/** A signed call of a contract with the account's next nonce, not sent. */
async function signed(index, contract, functionName, args) {
  const nonce = Number(await market.anvil.request('eth_getTransactionCount', account(index).address, 'pending'))
  return account(index).signTransaction({
    type: 'eip1559', chainId: 31337, nonce, gas: 1_000_000n, maxFeePerGas: 10n ** 11n, maxPriorityFeePerGas: 10n ** 9n,
    to: market.contract(contract).address, data: encodeFunctionData({ abi: abi(contract), functionName, args })
  })
}

/** An order and its activation in one block, and the application under it. */
async function inOneBlock(index) {
  const { prices } = await market.contract('Registry').read.get([gateway.provider])
  const bought = { cpuMilli: 500n, memoryMiB: 128n, storageMiB: 128n, gpus: 0n }
  const order = Number(await market.contract('Market').read.count()) + 1
  await market.anvil.request('evm_setAutomine', false)
  await market.anvil.request('eth_sendRawTransaction', await signed(index, 'Market', 'createOrder', [gateway.provider, bought, prices, 3600n, 0n]))
  await market.anvil.request('eth_sendRawTransaction', await signed(1, 'Market', 'activateOrder', [BigInt(order)]))
  await market.anvil.request('anvil_mine', 1)
  await market.anvil.request('evm_setAutomine', true)
  const token = await accept(gateway, index, order)
  return { order, token, ...gateway.grid('--key', `dev:${index}`, 'app', 'deploy', '--order', order, '--name', 'app', sampleManifest) }
}

/** A running application whose order's creation is the oldest of the newest `depth` blocks. */
async function rented(depth) {
  const index = nextUser()
  const credits = await market.contract('Credit').read.balanceOf([account(index).address])
  const parent = await market.anvil.height()
  const lease = depth === 1 ? await inOneBlock(index) : await take(gateway, index, 'app')
  const [created] = await market.contract('Market').getEvents.OrderCreated({}, { fromBlock: BigInt(parent + 1) })
  await market.anvil.request('anvil_mine', depth - (await market.anvil.height() - parent))
  assert.equal(Number(created.blockNumber), parent + 1)
  assert.equal(await market.events('OrderActivated', lease.order), 1)
  assert.equal(await serves(lease), 200)
  return {
    ...lease, index, credits, parent,
    creation: await market.anvil.request('eth_getRawTransactionByHash', created.transactionHash),
    known: await listed(lease.order)
  }
}

const listed = async order => (await market.listed('orders')).find(each => each.id === String(order))
const caughtUp = platform => until('the platform is at the newest block', async () =>
  (await api(`${platform.platform}/v1/health`, 'GET')).json.chain?.height === await market.anvil.height())

/** The order runs once, under the same lease, in another block, and ends as any other. */
async function goesOn(lease) {
  await untouched(gateway, lease, () => until('the order runs again', async () => (await market.order(lease.order)).status === running))
  assert.equal(await market.events('OrderCreated', lease.order), 1)
  assert.equal(await market.events('OrderActivated', lease.order), 1)
  const now = await until('the platform knows', async () => {
    const order = await listed(lease.order)
    return order?.status === 'running' && order
  })
  assert.equal(now.user, account(lease.index).address)
  assert.notEqual(now.lease_key, lease.known.lease_key)
  await market.agreesWithFresh()
  assert.equal(await serves(lease), 200)
  const order = gateway.grid('--key', `dev:${lease.index}`, 'order', 'cancel', lease.order)
  assert.equal(BigInt(order.paid_provider) + BigInt(order.paid_user), BigInt(order.deposit))
  assert.equal(await market.contract('Credit').read.balanceOf([account(lease.index).address]), lease.credits - BigInt(order.paid_provider))
  await gone(lease)
}

/** Nothing was paid, and nothing runs. */
async function endsUnpaid(lease) {
  await untouched(gateway, lease, async () => {
    await until('the platform does not list it', async () => await listed(lease.order) === undefined)
    await market.anvil.request('anvil_mine', denied - 2)
    await caughtUp(market.platform)
  })
  assert.equal((await market.order(lease.order)).status, 0)
  await until('the lease ends', async () => {
    await market.anvil.request('anvil_mine', 1)
    return await serves(lease) === 410
  })
  await gone(lease)
  assert.equal(await market.contract('Credit').read.balanceOf([account(lease.index).address]), lease.credits)
  await market.agreesWithFresh()
}

async function gone(lease) {
  await until('the URL answers 410', async () => await serves(lease) === 410)
  await until('the container is gone', () => gateway.containers().length === 0)
  assert.equal(await market.contract('Credit').read.balanceOf([market.contract('Market').address]), 0n, 'money stayed in escrow')
}

for (const depth of [1, 5, 20]) {
  test(`an order that ${depth} blocks took along and the new branch has again runs on`, async () => {
    const lease = await rented(depth)
    await untouched(gateway, lease, () => market.anvil.request('anvil_reorg', depth, [[lease.creation, Math.min(1, depth - 1)]]))
    await goesOn(lease)
  })

  test(`an order that ${depth} blocks took along for ever ends, unpaid, when the chain has denied it for long enough`, async () => {
    const lease = await rented(depth)
    await untouched(gateway, lease, async () => {
      if (depth !== 5) return market.anvil.request('anvil_reorg', depth, [])
      await market.anvil.request('anvil_rollback', depth)
      await market.anvil.request('anvil_mine', depth)
    })
    await endsUnpaid(lease)
  })
}

test('an order that comes again later, when its activation has failed already, is activated anew', async () => {
  const lease = await rented(5)
  const sent = await market.mined(gateway.provider)
  await untouched(gateway, lease, async () => {
    await market.anvil.request('anvil_reorg', 5, [])
    await until('its activation came too early', async () => await market.mined(gateway.provider) === sent)
    assert.equal((await market.order(lease.order)).status, 0)
    await market.anvil.request('eth_sendRawTransaction', lease.creation)
  })
  await goesOn(lease)
})

test('an order that comes again in another block while the gateway is down runs on when it is up', async () => {
  const lease = await rented(20)
  await gateway.kill()
  await market.anvil.request('anvil_reorg', 20, [[lease.creation, 3]])
  await gateway.launch()
  await until('the application answers again', async () => await serves(lease) === 200)
  await goesOn(lease)
})

test('two orders that change their numbers keep their leases', async () => {
  const one = await rented(2)
  const container = gateway.containers()
  const other = await rented(2)
  await untouched(gateway, one, () => untouched(gateway, other, async () => {
    await market.anvil.request('anvil_reorg', await market.anvil.height() - one.parent, [[other.creation, 0], [one.creation, 1]])
    for (const [lease, order] of [[one, other.order], [other, one.order]]) {
      await until('the order runs', async () => (await market.order(order)).status === running)
      assert.equal((await market.order(order)).user, account(lease.index).address)
      assert.equal(await market.events('OrderActivated', order), 1)
      await until('the lease follows', () => gateway.log(0).includes(`the lease of order ${lease.order} goes on with order ${order}`))
      const [app] = gateway.grid('--key', `dev:${lease.index}`, 'app', 'ls', '--order', order)
      assert.equal(app.url, lease.url)
    }
  }))
  gateway.grid('--key', `dev:${other.index}`, 'order', 'cancel', one.order)
  await until('its URL answers 410', async () => await serves(other) === 410)
  await until('its container is gone', () => gateway.containers().length === 1)
  assert.deepEqual(gateway.containers(), container)
  assert.equal(await serves(one), 200)
  gateway.grid('--key', `dev:${one.index}`, 'order', 'cancel', other.order)
  await gone(one)
  await market.agreesWithFresh()
})

test('an order whose cancellation was taken back runs again, and its user gets in again', async () => {
  const lease = await rented(5)
  gateway.grid('--key', `dev:${lease.index}`, 'order', 'cancel', lease.order)
  await gone(lease)
  await market.anvil.request('anvil_reorg', 1, [])
  await until('it runs', async () => (await listed(lease.order)).status === 'running')
  await market.agreesWithFresh()
  const token = await accept(gateway, lease.index, lease.order)
  const again = { token, ...gateway.grid('--key', `dev:${lease.index}`, 'app', 'deploy', '--order', lease.order, '--name', 'app', sampleManifest) }
  assert.equal(again.url, lease.url)
  assert.equal(await serves(again), 200)
  gateway.grid('--key', `dev:${lease.index}`, 'order', 'cancel', lease.order)
  await gone(again)
  assert.equal(await market.events('OrderActivated', lease.order), 1)
})

/** The same for a network where a block counts under others. */
async function rentedUnder(confirmations) {
  for (const node of [gateway, market.platform]) {
    await node.kill()
    node.chainLines = node.chainLines.map(line => line.startsWith('confirmations:') ? `confirmations: ${confirmations}` : line)
    node.keepPorts()
    await node.launch()
  }
  Object.assign(market, { confirmations, chain: [`confirmations: ${confirmations}`] })
  const index = nextUser()
  const user = (...words) => gateway.grid('--key', `dev:${index}`, ...words)
  const parent = await market.anvil.height()
  const { order } = user('order', 'create', '--provider', gateway.provider, ...resources)
  const { token: session } = await login(gateway, index)
  const early = await api(`${gateway.gateway}/v1/orders/${order}/accept`, 'POST', undefined, bearer(session))
  assert.equal(early.status, confirmations > 0 ? 404 : 200)
  await market.confirm()
  const token = await acceptWithBlocks(gateway, index, order)
  const app = user('app', 'deploy', '--order', order, '--name', 'app', sampleManifest)
  const [created] = await market.contract('Market').getEvents.OrderCreated({}, { fromBlock: BigInt(parent + 1) })
  return { ...app, index, order, token, parent, creation: await market.anvil.request('eth_getRawTransactionByHash', created.transactionHash) }
}

test('where a block counts under three others, less is no reorganisation, and more is taken back', async () => {
  const lease = await rentedUnder(3)
  const from = gateway.log(0).length
  await untouched(gateway, lease, async () => {
    await market.followed(gateway)
    await market.anvil.request('anvil_reorg', 3, [])
    await market.followed(gateway)
    assert.ok(!gateway.log(from).includes('the network left'))
    await market.anvil.request('anvil_reorg', await market.anvil.height() - lease.parent, [[lease.creation, 1]])
    await until('the order runs again', async () => (await market.order(lease.order)).status === running)
    assert.ok(gateway.log(from).includes('the network left'))
    await market.confirm()
    await until('the platform knows', async () => (await listed(lease.order))?.status === 'running')
  })
  assert.equal(await market.events('OrderActivated', lease.order), 1)
  await market.agreesWithFresh()
  gateway.grid('--key', `dev:${lease.index}`, 'order', 'cancel', lease.order)
  await market.confirm()
  await gone(lease)
})

test('more blocks than can be taken back: nothing is decided any more, also after a restart', async () => {
  const lease = await rentedUnder(0)
  const nodes = [gateway, market.platform]
  const stopped = node => until('the node has stopped', async () =>
    (await visit(`${node.gateway || node.platform}/metrics`)).body.includes('grid_follower_state{state="stopped"} 1'))
  await market.anvil.request('anvil_mine', 80)
  for (const node of nodes) await market.followed(node)
  await untouched(gateway, lease, async () => {
    await market.anvil.request('anvil_reorg', 90, [])
    for (const node of nodes) await stopped(node)
    await market.anvil.request('anvil_mine', denied + 1)
  })
  for (const node of nodes) {
    await node.kill()
    await node.launch()
    await stopped(node)
  }
  await until('the application answers again', async () => await serves(lease) === 200)
  await untouched(gateway, lease, async () => {
    await market.anvil.request('anvil_mine', denied + 1)
    const { token } = await login(gateway, lease.index)
    const refused = await api(`${gateway.gateway}/v1/orders/${lease.order + 1}/accept`, 'POST', undefined, bearer(token))
    assert.deepEqual([refused.status, refused.json.code], [503, 'unavailable'])
  })
  for (const node of nodes) assert.ok(node.alive())
})
