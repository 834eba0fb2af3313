// A network that takes back more blocks than a node can: the node stops; told to, it reads the chain anew, and leases go on.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Anvil } from './anvil.mjs'
import { Node, api, sampleManifest, until, visit } from './node.mjs'
import { bearer, login } from './wallet.mjs'

let anvil, node, rented, created, key, session, containers
before(async () => {
  anvil = await Anvil.deployed()
  node = await Node.startOn(anvil, { chain: ['confirmations: 0'] })
  node.buildSampleImage()
  node.registerProvider()
  await until('the provider is listed', async () => (await api(`${node.platform}/v1/providers`, 'GET')).json.providers.length === 1)
})
after(async () => {
  await node?.stop()
  await anvil?.stop()
})

const order = async () => (await api(`${node.platform}/v1/orders/${rented.order}`, 'GET')).json
const accept = async () => {
  const { token } = await login(node, 2)
  return (await api(`${node.gateway}/v1/orders/${rented.order}/accept`, 'POST', undefined, bearer(token))).json
}
/** Until the projection has the network's newest block. */
/** A node that has just started looks at its applications first. */
const served = (token = session) => until('it is served', async () => (await visit(rented.url, { headers: bearer(token) })).status === 200)
const caughtUp = () => until('the node has caught up', async () => {
  const { status, json } = await api(`${node.platform}/v1/orders/${rented.order}?at_least_block=${await anvil.height()}`, 'GET')
  return status === 200 && json.status === 'running'
})

/** Replaces the blocks after `fork` by others with the same transactions, each one block later than it was. */
async function replaceBlocksAfter(fork) {
  const height = await anvil.height()
  const transactions = []
  for (let number = fork + 1; number <= height; ++number) {
    const block = await anvil.request('eth_getBlockByNumber', `0x${number.toString(16)}`, false)
    for (const hash of block.transactions) transactions.push([await anvil.request('eth_getRawTransactionByHash', hash), number - fork])
  }
  await anvil.request('anvil_reorg', height - fork, transactions)
  return transactions.length
}

test('an order is rented, and 80 blocks follow', async () => {
  const fork = await anvil.height()
  const { code, out, err } = node.run(['--output', 'json', '--key', 'dev:2', 'rent', sampleManifest, '--name', 'hello', '--cpu', '500m', '--memory', '128Mi',
    '--storage', '128Mi'])
  assert.equal(code, 0, out + err)
  rented = JSON.parse(out)
  const lease = await accept()
  key = lease.lease_key
  session = lease.session.token
  containers = node.containers()
  assert.ok(containers.length > 0)
  await anvil.request('anvil_mine', '0x50')
  await caughtUp()
  created = (await order()).created_height
  node.process.kill('SIGTERM')  // in order: all 80 are known when it starts again
  await node.ended
  node.keepPorts()
  assert.ok(await replaceBlocksAfter(fork) >= 2)  // creation and activation
  await anvil.request('anvil_mine', '0x1')  // the first that builds on what the node does not know
})

test('the node does not go on by itself on a network that took back more than it can', async () => {
  await node.launch()
  await until('the node stands still', async () => (await api(`${node.platform}/v1/health`, 'GET')).json.follower?.state === 'stopped')
  await served()
  await node.kill()
})

test('told to, it reads the chain anew: the order is there, its lease and application never stopped', async () => {
  await node.launch('--rebuild-projections')
  await caughtUp()
  assert.notEqual((await order()).created_height, created)  // by another block, so its lease would have another key now
  // Until the gateway has looked at the application it does not know how that is.
  let lease
  await until('the lease is ready', async () => (lease = await accept()).state === 'ready')
  assert.equal(lease.lease_key, key)
  for (const token of [session, lease.session.token]) await served(token)
  assert.deepEqual(node.containers(), containers)
})

test('afterwards it starts as always, and the order ends as always', async () => {
  await node.kill()
  await node.launch()
  await caughtUp()
  node.grid('--key', 'dev:2', 'order', 'cancel', rented.order)
  await until('the containers are gone', () => node.containers().length === 0)
  assert.equal((await order()).status, 'cancelled')
})
