// Filters, subscriptions and the development methods as viem uses them.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import {
  createPublicClient, createTestClient, createWalletClient, defineChain, getContract, http, parseEther, webSocket
} from 'viem'
import { mnemonicToAccount } from 'viem/accounts'
import { Node, root, rpc } from './node.mjs'

const account = index =>
  mnemonicToAccount('test test test test test test test test test test test junk', { addressIndex: index })
const abi = JSON.parse(readFileSync(join(root, 'chain', 'abi', 'GridToken.json'), 'utf8'))
const address = `0x4743${'1'.padStart(36, '0')}`

let node, chain, reader, pushed, token
before(async () => {
  node = await Node.start()
  chain = defineChain({
    id: 4743, name: 'GRID', nativeCurrency: { name: 'none', symbol: 'NONE', decimals: 18 },
    rpcUrls: { default: { http: [node.rpc] } }
  })
  reader = createPublicClient({ chain, transport: http(node.rpc), pollingInterval: 20 })
  pushed = createPublicClient({ chain, transport: webSocket(node.rpc.replace('http', 'ws'), { reconnect: false }) })
  token = getContract({
    address, abi, client: createWalletClient({ account: account(0), chain, transport: http(node.rpc) })
  })
})
after(async () => {
  ;(await pushed.transport.getRpcClient()).close()
  await node.stop()
})

/** Begins to watch, and answers a function that resolves with what the first call of the handler got. */
async function watched(begin) {
  let seen
  const first = new Promise((resolve, reject) => { seen = { resolve, reject } })
  const stop = begin(seen.resolve, seen.reject)
  return () => Promise.race([first, new Promise((_, reject) => setTimeout(reject, 20_000, new Error('nothing came')).unref())])
    .finally(stop)
}

/** Waits until the node has heard a subscription: what is asked after it on the same connection is answered after it. */
const heard = () => pushed.getChainId()

test('new heads, logs and pending transactions are pushed over WebSocket', async () => {
  const head = await watched((done, fail) => pushed.watchBlocks({ onBlock: done, onError: fail }))
  const logs = await watched((done, fail) => pushed.watchContractEvent({
    address, abi, eventName: 'Transfer', args: { to: account(7).address }, onLogs: done, onError: fail
  }))
  const pending = await watched((done, fail) => pushed.watchPendingTransactions({ onTransactions: done, onError: fail }))
  await heard()
  await token.write.transfer([account(8).address, 1n])  // of no interest to the filter of logs
  const hash = await token.write.transfer([account(7).address, parseEther('3')])
  const receipt = await reader.getTransactionReceipt({ hash })
  assert.equal((await head()).number, receipt.blockNumber - 1n)
  const [log] = await logs()
  assert.equal(log.transactionHash, hash)
  assert.equal(log.args.value, parseEther('3'))
  assert.equal((await pending()).length, 1)
})

test('filters are polled over HTTP', async () => {
  const blocks = await reader.createBlockFilter()
  const transfers = await reader.createContractEventFilter({ address, abi, eventName: 'Transfer', args: { to: account(6).address } })
  const pending = await reader.createPendingTransactionFilter()
  const hash = await token.write.transfer([account(6).address, 5n])
  const { blockHash } = await reader.getTransactionReceipt({ hash })
  assert.deepEqual(await reader.getFilterChanges({ filter: blocks }), [blockHash])
  assert.deepEqual(await reader.getFilterChanges({ filter: pending }), [hash])
  const [log] = await reader.getFilterChanges({ filter: transfers })
  assert.equal(log.args.value, 5n)
  assert.deepEqual(await reader.getFilterChanges({ filter: transfers }), [])
  assert.equal((await reader.getFilterLogs({ filter: transfers })).length, 1)
  assert.equal(await reader.uninstallFilter({ filter: transfers }), true)
  await assert.rejects(reader.getFilterChanges({ filter: transfers }), /filter not found/)
})

test('a test client takes snapshots, moves time, mines and goes back', async () => {
  const tester = createTestClient({ mode: 'anvil', chain, transport: http(node.rpc) })
  const before = await reader.getBlock()
  const id = await tester.snapshot()
  await tester.setNextBlockTimestamp({ timestamp: before.timestamp + 100_000n })
  await tester.mine({ blocks: 2, interval: 60 })
  const moved = await reader.getBlock()
  assert.equal(moved.number, before.number + 2n)
  assert.ok(moved.timestamp >= before.timestamp + 100_060n)
  await token.write.transfer([account(5).address, 9n])
  const balance = blockNumber => reader.readContract({ address, abi, functionName: 'balanceOf', args: [account(5).address], blockNumber })
  assert.equal(await balance() - await balance(moved.number), 9n)
  await tester.revert({ id })
  assert.equal((await reader.getBlock()).hash, before.hash)
  const hash = await token.write.transfer([account(5).address, 1n])
  assert.equal((await reader.getTransactionReceipt({ hash })).blockNumber, before.number + 1n)
  assert.equal((await rpc(node, 'evm_revert', [id])).result, false)
})
