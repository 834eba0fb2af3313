// Replies against Ethereum's execution API specification (execution_api.mjs), method by method, and what is wrong against its error codes.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { encodeFunctionData, parseEther } from 'viem'
import {
  anyTransaction, blockOfHashes, blockOfTransactions, conforms, feeHistoryWithRewards, feeHistoryWithout, head, log, orNull, pendingBlock,
  receipt, transactions, waitingTransaction
} from './execution_api.mjs'
import { Node, rpc } from './node.mjs'
import { abi, account, addressOf, at, published } from './wallet.mjs'
import { RawWebSocket, frame, opcodes } from './web_socket.mjs'

const nobody = `0x${'12'.repeat(32)}`
const sender = account(0)
const receiver = account(9).address
const accessList = [{ address: at(1), storageKeys: [nobody] }]
const kinds = {
  legacy: { type: 'legacy', gasPrice: 7n },
  eip2930: { type: 'eip2930', gasPrice: 7n, accessList },
  eip1559: { type: 'eip1559', maxFeePerGas: 7n, maxPriorityFeePerGas: 3n, accessList }
}

let node
const mined = {}  // hash and receipt of one transaction of each type, and of one that failed
before(async () => {
  node = await Node.start()
  for (const kind of Object.keys(kinds)) mined[kind] = await send(transfer(kind))
  mined.failed = await send({ ...transfer('eip1559'), data: transferData(parseEther('9000000')) })
})
after(() => node.stop())

const transferData = value => encodeFunctionData({ abi: abi('GridToken'), functionName: 'transfer', args: [receiver, value] })
const transfer = kind => ({ ...kinds[kind], chainId: 4743, to: at(1), gas: 100_000n, data: transferData(1n) })

/** The result of a method; fails with the error when there is one. */
async function ask(method, ...params) {
  const reply = await rpc(node, method, params)
  assert.ok('result' in reply, `${method}: ${JSON.stringify(reply.error)}`)
  assert.deepEqual(Object.keys(reply).sort(), ['id', 'jsonrpc', 'result'])
  return reply.result
}

async function refused(method, ...params) {
  const reply = await rpc(node, method, params)
  assert.ok('error' in reply, `${method} ${JSON.stringify(params)} answered ${JSON.stringify(reply.result)}`)
  assert.deepEqual(Object.keys(reply).sort(), ['error', 'id', 'jsonrpc'])
  assert.ok(Number.isInteger(reply.error.code) && reply.error.message.length > 0)
  return reply.error
}

/** Signs and sends; answers the hash and the receipt. */
async function send(transaction, by = sender) {
  const nonce = Number(await ask('eth_getTransactionCount', by.address, 'pending'))
  const hash = await ask('eth_sendRawTransaction', await by.signTransaction({ ...transaction, nonce }))
  return { hash, receipt: await ask('eth_getTransactionReceipt', hash) }
}

test('what a chain says of itself', async () => {
  conforms(await ask('web3_clientVersion'), 'text')
  assert.equal(await ask('net_version'), '4743')
  assert.equal(await ask('net_listening'), true)
  assert.equal(await ask('eth_chainId'), '0x1287')
  conforms(await ask('eth_blockNumber'), 'uint')
  assert.equal(await ask('eth_syncing'), false)
  assert.deepEqual(await ask('eth_accounts'), [])
  conforms(await ask('eth_gasPrice'), 'uint')
  conforms(await ask('eth_maxPriorityFeePerGas'), 'uint')
})

test('blocks, by number, tag and hash, with hashes and with transactions', async () => {
  const { blockNumber, blockHash } = mined.legacy.receipt
  for (const [method, name] of [['eth_getBlockByNumber', blockNumber], ['eth_getBlockByHash', blockHash]]) {
    const short = await ask(method, name, false)
    const whole = await ask(method, name, true)
    conforms(short, blockOfHashes)
    conforms(whole, blockOfTransactions)
    assert.deepEqual(whole.transactions.map(transaction => transaction.hash), short.transactions)
    assert.equal(short.hash, blockHash)
    assert.equal(short.number, blockNumber)
  }
  for (const tag of ['latest', 'safe', 'finalized', 'earliest']) conforms(await ask('eth_getBlockByNumber', tag, false), blockOfHashes)
  conforms(await ask('eth_getBlockByNumber', 'pending', false), pendingBlock)
  conforms(await ask('eth_getBlockByNumber', 'pending', true), pendingBlock)
  assert.equal(await ask('eth_getBlockByNumber', '0xffffff', false), null)
  assert.equal(await ask('eth_getBlockByHash', nobody, false), null)
  const first = await ask('eth_getBlockByNumber', '0x0', true)
  assert.equal(first.parentHash, `0x${'0'.repeat(64)}`)
  assert.deepEqual(first.transactions, [])
})

test('parents, numbers and times follow one another', async () => {
  const newest = Number(await ask('eth_blockNumber'))
  for (let n = 1; n <= newest; ++n) {
    const [parent, child] = await Promise.all([n - 1, n].map(i => ask('eth_getBlockByNumber', `0x${i.toString(16)}`, false)))
    assert.equal(child.parentHash, parent.hash)
    assert.ok(BigInt(child.timestamp) >= BigInt(parent.timestamp))
  }
})

test('transactions of each type, wherever they are asked for', async () => {
  for (const kind of Object.keys(kinds)) {
    const { hash, receipt: { blockHash, blockNumber, transactionIndex } } = mined[kind]
    const transaction = await ask('eth_getTransactionByHash', hash)
    conforms(transaction, transactions[kind])
    assert.deepEqual(await ask('eth_getTransactionByBlockHashAndIndex', blockHash, transactionIndex), transaction)
    assert.deepEqual(await ask('eth_getTransactionByBlockNumberAndIndex', blockNumber, transactionIndex), transaction)
    assert.deepEqual((await ask('eth_getBlockByHash', blockHash, true)).transactions[Number(transactionIndex)], transaction)
    assert.equal(transaction.from, sender.address.toLowerCase())
    assert.equal(transaction.to, at(1))
    assert.equal(transaction.chainId, '0x1287')
    assert.equal(transaction.gas, '0x186a0')
    assert.equal(transaction.input, transferData(1n))
  }
  assert.equal((await ask('eth_getTransactionByHash', mined.legacy.hash)).gasPrice, '0x7')
  const listed = await ask('eth_getTransactionByHash', mined.eip2930.hash)
  assert.deepEqual(listed.accessList, accessList)
  assert.equal(listed.v, listed.yParity)
  const { maxFeePerGas, maxPriorityFeePerGas } = await ask('eth_getTransactionByHash', mined.eip1559.hash)
  assert.deepEqual([maxFeePerGas, maxPriorityFeePerGas], ['0x7', '0x3'])
  assert.equal(await ask('eth_getTransactionByHash', nobody), null)
  assert.equal(await ask('eth_getTransactionByBlockNumberAndIndex', 'latest', '0x7'), null)
  assert.equal(await ask('eth_getTransactionByBlockNumberAndIndex', '0xffffff', '0x0'), null)
  assert.equal(await ask('eth_getTransactionByBlockHashAndIndex', nobody, '0x0'), null)
  assert.equal(await ask('eth_getBlockTransactionCountByNumber', mined.legacy.receipt.blockNumber), '0x1')
  assert.equal(await ask('eth_getBlockTransactionCountByHash', mined.legacy.receipt.blockHash), '0x1')
  assert.equal(await ask('eth_getBlockTransactionCountByNumber', '0xffffff'), null)
  assert.equal(await ask('eth_getBlockTransactionCountByHash', nobody), null)
})

test('a transaction that waits for an earlier nonce has no block', async () => {
  const waiter = account(8)
  const raw = await waiter.signTransaction({ ...transfer('eip1559'), nonce: 5 })
  const hash = await ask('eth_sendRawTransaction', raw)
  conforms(hash, 'hash32')
  conforms(await ask('eth_getTransactionByHash', hash), waitingTransaction)
  assert.equal(await ask('eth_getTransactionReceipt', hash), null)
  assert.match((await refused('eth_sendRawTransaction', raw)).message, /already known/)
})

test('receipts, alone and of a whole block by number, hash and tag', async () => {
  for (const [kind, type] of [['legacy', '0x0'], ['eip2930', '0x1'], ['eip1559', '0x2']]) {
    const { hash, receipt: one } = mined[kind]
    conforms(one, receipt)
    assert.equal(one.type, type)
    assert.equal(one.status, '0x1')
    assert.equal(one.transactionHash, hash)
    assert.equal(one.logs.length, 1)
    assert.ok(!('revertReason' in one))
    for (const name of [one.blockNumber, one.blockHash, { blockHash: one.blockHash }, { blockNumber: one.blockNumber }])
      assert.deepEqual(await ask('eth_getBlockReceipts', name), [one])
  }
  const failed = mined.failed.receipt
  conforms(failed, receipt)
  assert.equal(failed.status, '0x0')
  assert.deepEqual(failed.logs, [])
  assert.equal(failed.revertReason.slice(0, 10), '0xe450d38c')  // ERC20InsufficientBalance(address,uint256,uint256)
  conforms(await ask('eth_getBlockReceipts', 'latest'), [receipt])
  assert.deepEqual(await ask('eth_getBlockReceipts', 'earliest'), [])
  assert.equal(await ask('eth_getBlockReceipts', '0xffffff'), null)
  assert.equal(await ask('eth_getBlockReceipts', nobody), null)
  assert.equal(await ask('eth_getTransactionReceipt', nobody), null)
})

test('several transactions in one block count gas and logs on', async () => {
  const senders = [2, 3, 4, 5, 6].map(account)
  const raws = await Promise.all(senders.map(by => by.signTransaction({ ...transfer('eip1559'), nonce: 0 })))
  const hashes = await Promise.all(raws.map(raw => ask('eth_sendRawTransaction', raw)))
  const blocks = new Set()
  for (const hash of hashes) blocks.add((await ask('eth_getTransactionReceipt', hash)).blockNumber)
  for (const number of blocks) {
    let gas = 0n, logs = 0n, index = 0n
    for (const one of await ask('eth_getBlockReceipts', number)) {
      conforms(one, receipt)
      gas += BigInt(one.gasUsed)
      assert.equal(BigInt(one.cumulativeGasUsed), gas)
      assert.equal(BigInt(one.transactionIndex), index++)
      for (const each of one.logs) assert.equal(BigInt(each.logIndex), logs++)
    }
  }
})

test('accounts, as of now and as of before', async () => {
  const before = `0x${(BigInt(mined.legacy.receipt.blockNumber) - 1n).toString(16)}`
  for (const name of ['latest', 'pending', 'safe', 'finalized', '0x1', { blockNumber: '0x1' }, mined.legacy.receipt.blockHash,
    { blockHash: mined.legacy.receipt.blockHash }, { blockHash: mined.legacy.receipt.blockHash, requireCanonical: true }]) {
    conforms(await ask('eth_getBalance', receiver, name), 'uint256')
    conforms(await ask('eth_getTransactionCount', receiver, name), 'uint64')
    conforms(await ask('eth_getCode', at(4), name), 'bytes')
    conforms(await ask('eth_getStorageAt', at(4), '0x0', name), 'bytes32')
    conforms(await ask('eth_call', { to: at(1), data: '0x18160ddd' }, name), 'bytes')
  }
  assert.equal(await ask('eth_getTransactionCount', sender.address, before), '0x0')
  assert.equal(await ask('eth_getTransactionCount', sender.address, mined.legacy.receipt.blockNumber), '0x1')
  assert.equal(await ask('eth_getCode', receiver, 'latest'), '0x')
  assert.notEqual(await ask('eth_getCode', at(4), 'latest'), '0x')
  assert.equal(await ask('eth_getStorageAt', at(4), `0x${'0'.repeat(64)}`, 'latest'), `0x${'0'.repeat(64)}`)
})

test('calls and estimates, and how they revert', async () => {
  const good = { from: sender.address, to: at(1), data: transferData(1n) }
  assert.equal(await ask('eth_call', good, 'latest'), `0x${'1'.padStart(64, '0')}`)
  assert.equal(await ask('eth_call', { ...good, data: undefined, input: good.data }), await ask('eth_call', { ...good, input: good.data }))
  conforms(await ask('eth_estimateGas', good), 'uint')
  conforms(await ask('eth_estimateGas', good, 'latest'), 'uint')
  assert.ok(BigInt(await ask('eth_estimateGas', good)) >= 21_000n)
  assert.equal(await ask('eth_call', { to: receiver, data: '0x' }, 'latest'), '0x')
  const bad = { ...good, data: transferData(parseEther('9000000')) }
  for (const method of ['eth_call', 'eth_estimateGas']) {
    const error = await refused(method, bad, 'latest')
    assert.equal(error.code, 3)
    assert.equal(error.message, 'execution reverted')
    conforms(error.data, 'bytes')
    assert.equal(error.data.slice(0, 10), '0xe450d38c')
  }
  assert.equal((await refused('eth_call', { to: at(1), data: '0xdeadbeef' }, 'latest')).data, '0x')
})

test('fees of the past', async () => {
  const plain = await ask('eth_feeHistory', '0x3', 'latest', [])
  conforms(plain, feeHistoryWithout)
  assert.equal(plain.gasUsedRatio.length, 3)
  assert.equal(plain.baseFeePerGas.length, 4)
  const rewarded = await ask('eth_feeHistory', '0x2', mined.failed.receipt.blockNumber, [10, 50, 90.5])
  conforms(rewarded, feeHistoryWithRewards)
  assert.deepEqual(rewarded.reward.map(of => of.length), [3, 3])
  assert.equal(BigInt(rewarded.oldestBlock), BigInt(mined.failed.receipt.blockNumber) - 1n)
  const all = await ask('eth_feeHistory', '0x400', '0x1', [])
  assert.equal(all.oldestBlock, '0x0')
  assert.equal(all.gasUsedRatio.length, 2)
})

test('logs by range, block, address and topic', async () => {
  const [one] = mined.legacy.receipt.logs
  const all = await ask('eth_getLogs', { fromBlock: 'earliest', toBlock: 'latest' })
  conforms(all, [log])
  assert.ok(all.length >= 3)
  const { blockHash, blockNumber } = one
  for (const filter of [
    { blockHash }, { fromBlock: blockNumber, toBlock: blockNumber }, { blockHash, address: at(1) }, { blockHash, address: [at(2), at(1)] },
    { blockHash, topics: one.topics }, { blockHash, topics: [one.topics[0]] }, { blockHash, topics: [null, one.topics[1]] },
    { blockHash, topics: [[nobody, one.topics[0]], null, [one.topics[2]]] }, { blockHash, topics: [] }
  ]) assert.deepEqual(await ask('eth_getLogs', filter), [one], JSON.stringify(filter))
  for (const filter of [{ blockHash, address: at(2) }, { blockHash, topics: [nobody] }, { blockHash, topics: [null, null, null, null] }])
    assert.deepEqual(await ask('eth_getLogs', filter), [], JSON.stringify(filter))
})

test('filters', async () => {
  const blocks = await ask('eth_newBlockFilter')
  const pending = await ask('eth_newPendingTransactionFilter')
  const logs = await ask('eth_newFilter', { address: at(1), fromBlock: 'latest' })
  for (const id of [blocks, pending, logs]) conforms(id, 'uint')
  const { hash, receipt: one } = await send(transfer('eip1559'))
  assert.deepEqual(await ask('eth_getFilterChanges', blocks), [one.blockHash])
  assert.deepEqual(await ask('eth_getFilterChanges', pending), [hash])
  const changes = await ask('eth_getFilterChanges', logs)
  conforms(changes, [log])
  assert.deepEqual(changes, one.logs)
  assert.deepEqual(await ask('eth_getFilterChanges', logs), [])
  conforms(await ask('eth_getFilterLogs', logs), [log])
  assert.equal(await ask('eth_uninstallFilter', logs), true)
  assert.equal(await ask('eth_uninstallFilter', logs), false)
  assert.equal((await refused('eth_getFilterChanges', logs)).code, -32000)
  assert.equal((await refused('eth_getFilterLogs', blocks)).code, -32000)
  for (const id of [blocks, pending]) assert.equal(await ask('eth_uninstallFilter', id), true)
})

test('subscriptions', async () => {
  const socket = await RawWebSocket.open(node)
  const notes = []
  let last = 0
  const next = async () => JSON.parse((await socket.next()).payload.toString())
  const hear = message => {
    assert.deepEqual(Object.keys(message).sort(), ['jsonrpc', 'method', 'params'])
    assert.equal(message.method, 'eth_subscription')
    assert.deepEqual(Object.keys(message.params).sort(), ['result', 'subscription'])
    notes.push(message.params)
  }
  /** Asks over the socket; what is pushed before the reply is heard. */
  const tell = async (method, ...params) => {
    const id = ++last
    socket.send(frame(opcodes.text, JSON.stringify({ jsonrpc: '2.0', id, method, params })))
    for (;;) {
      const message = await next()
      if (message.id === id) return message
      hear(message)
    }
  }
  const ids = {}
  for (const [name, ...params] of [['newHeads'], ['logs', { address: at(1) }], ['newPendingTransactions'], ['newPendingTransactions', true], ['syncing']]) {
    const { result } = await tell('eth_subscribe', name, ...params)
    conforms(result, 'uint')
    ids[params[0] === true ? 'bodies' : name] = result
  }
  assert.equal((await tell('eth_subscribe', 'newNothing')).error.code, -32601)  // as geth says it: no such subscription
  assert.equal((await tell('eth_subscribe')).error.code, -32602)
  const { hash } = await send(transfer('eip2930'))
  const of = name => notes.filter(({ subscription }) => subscription === ids[name]).map(({ result }) => result)
  while (!['newHeads', 'logs', 'newPendingTransactions', 'bodies'].every(name => of(name).length > 0)) hear(await next())
  conforms(of('newHeads'), [head])
  conforms(of('logs'), [log])
  assert.deepEqual(of('newPendingTransactions'), [hash])
  conforms(of('bodies')[0], { anyOf: [waitingTransaction, anyTransaction] })
  for (const id of Object.values(ids)) assert.equal((await tell('eth_unsubscribe', id)).result, true)
  assert.equal((await tell('eth_unsubscribe', ids.logs)).error.code, -32000)
  assert.equal((await tell('eth_unsubscribe', 'mine')).error.code, -32602)
  socket.end()
  assert.equal((await refused('eth_subscribe', 'newHeads')).code, -32001)
  assert.equal((await refused('eth_unsubscribe', '0x1')).code, -32001)
})

test('batches are answered in their order', async () => {
  const answer = await fetch(node.rpc, {
    method: 'POST', headers: { 'content-type': 'application/json' },
    body: JSON.stringify(['eth_chainId', 'eth_nothing', 'eth_blockNumber'].map((method, i) => ({ jsonrpc: '2.0', id: `n${i}`, method, params: [] })))
  })
  const replies = await answer.json()
  assert.deepEqual(replies.map(reply => reply.id), ['n0', 'n1', 'n2'])
  assert.equal(replies[0].result, '0x1287')
  assert.equal(replies[1].error.code, -32601)
  conforms(replies[2].result, 'uint')
})

test('time and snapshots of a development chain', async () => {
  const id = await ask('evm_snapshot')
  conforms(id, 'uint')
  const { timestamp, hash } = await ask('eth_getBlockByNumber', 'latest', false)
  await ask('evm_setNextBlockTimestamp', Number(timestamp) + 1000)
  await ask('evm_mine')
  const later = await ask('eth_getBlockByNumber', 'latest', false)
  assert.equal(Number(later.timestamp), Number(timestamp) + 1000)
  await ask('evm_increaseTime', '0x64')
  await ask('anvil_mine', '0x2', '0x10')
  assert.ok(Number((await ask('eth_getBlockByNumber', 'latest', false)).timestamp) >= Number(later.timestamp) + 116)
  assert.equal(await ask('evm_revert', id), true)
  assert.equal((await ask('eth_getBlockByNumber', 'latest', false)).hash, hash)
  assert.equal(await ask('evm_revert', id), false)
})

test('there are no methods but those that are listed', async () => {
  for (const method of ['eth_fillTransaction', 'eth_sendTransaction', 'eth_sign', 'eth_getProof', 'eth_blobBaseFee', 'debug_traceTransaction',
    'personal_listAccounts', 'admin_peers', 'eth_', '', 'eth_chainid', 'hardhat_setBalance']) {
    const error = await refused(method)
    assert.equal(error.code, -32601, method)
  }
})

const call = { to: at(1), data: '0x' }
/** Parameters that are wrong in kind, form or number. */
const wrong = {
  web3_clientVersion: [[1]], net_version: [[1]], net_listening: [['x']], eth_chainId: [[1]], eth_blockNumber: [[1]], eth_syncing: [[1]],
  eth_accounts: [[1]], eth_gasPrice: [[1]], eth_maxPriorityFeePerGas: [[1]], eth_newBlockFilter: [[1]], eth_newPendingTransactionFilter: [[1, 2]],
  eth_getBlockByNumber: [[], [1, false], ['newest', false], ['0x01', false], ['0x', false], ['12', false], ['0x1', 'true'], ['0x1', false, 1], [null, false, 1], [[], false]],
  eth_getBlockByHash: [[], ['0x12', false], [7, false], [nobody, 1], [nobody, false, 1], [`${nobody}00`, false]],
  eth_getBlockReceipts: [[], [1], ['newest'], ['0x1', 1], [{}, 1], [{ blockHash: '0x1' }], [{ blockHash: nobody, blockNumber: '0x1' }]],
  eth_getBlockTransactionCountByNumber: [[], [1], ['0x1', 1]],
  eth_getBlockTransactionCountByHash: [[], ['0x1'], [nobody, 1]],
  eth_getTransactionByBlockNumberAndIndex: [[], ['0x1'], ['0x1', 'first'], ['0x1', '0x0', 1], ['0x1', null]],
  eth_getTransactionByBlockHashAndIndex: [[], [nobody], [nobody, 'first'], ['0x1', '0x0'], [nobody, '0x0', 1]],
  eth_getTransactionByHash: [[], ['0x1'], [1], [nobody, 1]],
  eth_getTransactionReceipt: [[], ['0x1'], [1], [nobody, 1]],
  eth_getTransactionCount: [[], ['0x12', 'latest'], [7, 'latest'], [receiver, 7], [receiver, 'latest', 1]],
  eth_getBalance: [[], ['0x12', 'latest'], [7, 'latest'], [receiver, 'yesterday'], [receiver, 'latest', 1], [`${receiver}00`, 'latest']],
  eth_getCode: [[], ['0x12', 'latest'], [receiver, 'latest', 1]],
  eth_getStorageAt: [[], [receiver], [receiver, 0, 'latest'], [receiver, 'zero', 'latest'], [receiver, `0x${'0'.repeat(65)}`, 'latest'], [receiver, '0x0', 'latest', 1]],
  eth_call: [[], ['0x'], [{ ...call, to: '0x1' }, 'latest'], [{ ...call, data: '0x1' }, 'latest'], [{ ...call, data: 'abcd' }, 'latest'],
    [{ ...call, value: '0x01' }, 'latest'], [{ ...call, input: '0x01', data: '0x02' }, 'latest'], [call, 'latest', {}, {}, 1], [call, 'when'], [[], 'latest']],
  eth_estimateGas: [[], ['0x'], [{ ...call, from: 'me' }], [{ ...call, gas: 21000 }], [call, 'when']],
  eth_feeHistory: [[], ['many', 'latest', []], ['0x1', 'when', []], ['0x1', 'latest', 'half'], ['0x1', 'latest', [101]], ['0x1', 'latest', [-1]], ['0x1', 'latest', [50, 10]],
    ['0x1', 'latest', ['10']], ['0x1', 'latest', [], 1]],
  eth_sendRawTransaction: [[], [1], ['0x1'], ['f86c'], ['0x', 1], [null]],
  eth_getLogs: [[], ['all'], [{ fromBlock: 'never' }], [{ fromBlock: 1 }], [{ blockHash: '0x1' }], [{ blockHash: nobody, fromBlock: '0x0' }], [{ address: '0x1' }],
    [{ address: 7 }], [{ topics: nobody }], [{ topics: ['0x1'] }], [{ topics: [null, null, null, null, null] }], [{ topics: [[7]] }], [{}, 1], [{ fromBlock: '0x2', toBlock: '0x1' }]],
  eth_newFilter: [[], ['all'], [{ topics: 7 }], [{}, 1]],
  eth_getFilterChanges: [[], ['first'], [{}], ['0x1', 1]],
  eth_getFilterLogs: [[], ['first'], ['0x1', 1]],
  eth_uninstallFilter: [[], ['first'], ['0x1', 1]],
  evm_mine: [['soon'], [1, 2]], anvil_mine: [['many'], ['0x1', '0x1', 1], ['0xffffff']],
  evm_increaseTime: [[], ['a while'], [-1], [1.5], ['0xffffffffffffffff']],
  evm_setNextBlockTimestamp: [[], ['noon'], [1]], evm_snapshot: [[1]], evm_revert: [[], ['before'], ['0x1', 1]]
}
for (const [method, all] of Object.entries(wrong)) {
  test(`${method} refuses parameters of the wrong kind or number`, async () => {
    for (const params of all) {
      const error = await refused(method, ...params)
      assert.equal(error.code, -32602, `${JSON.stringify(params)}: ${error.message}`)
      assert.equal(typeof error.message, 'string')
    }
  })
}

test('parameters by name are refused', async () => {
  assert.equal((await rpc(node, 'eth_getBalance', { address: receiver })).error.code, -32602)
})

test('what is refused says why, with the codes that clients know', async () => {
  assert.equal((await refused('eth_sendRawTransaction', '0x')).code, -32000)
  assert.equal((await refused('eth_sendRawTransaction', '0xc0')).code, -32000)
  const raw = (fields, by = account(7)) => by.signTransaction({ ...transfer('eip1559'), nonce: 0, ...fields })
  for (const [words, transaction] of [
    [/chain id/, { chainId: 1 }], [/intrinsic gas too low/, { gas: 20_999n }], [/value/, { value: 1n }]
  ]) {
    const error = await refused('eth_sendRawTransaction', await raw(transaction))
    assert.equal(error.code, -32000)
    assert.match(error.message, words)
    assert.equal(typeof error.data.reason, 'string')
  }
  assert.match((await refused('eth_sendRawTransaction', await raw({ nonce: 0 }, sender))).message, /nonce too low/)
  assert.equal((await refused('eth_call', call, '0xffffff')).code, -32000)
  assert.equal((await refused('eth_getLogs', { blockHash: nobody })).code, -32000)
})

// What docs/chain.md lists under "What differs from a stock client".
test('gas, storage, code and history are as the documentation says', async () => {
  const cheap = await send({ ...transfer('eip1559'), gas: 21_000n })
  assert.deepEqual([cheap.receipt.status, cheap.receipt.gasUsed, cheap.receipt.effectiveGasPrice], ['0x1', '0x5208', '0x0'])
  const block = await ask('eth_getBlockByHash', cheap.receipt.blockHash, false)
  assert.deepEqual([block.gasUsed, block.baseFeePerGas, block.logsBloom], ['0x0', '0x0', `0x${'f'.repeat(512)}`])
  assert.equal((await ask('eth_getTransactionByHash', cheap.hash)).gasPrice, '0x0')
  assert.equal((await ask('eth_feeHistory', '0x1', 'latest', [50])).gasUsedRatio[0], 0)
  for (const contract of published) assert.equal(await ask('eth_getCode', addressOf(contract), 'latest'), '0xfe47524944')
  assert.equal(await ask('eth_getStorageAt', at(1), nobody, 'latest'), `0x${'0'.repeat(64)}`)
  assert.equal(await ask('eth_getBalance', receiver, 'latest'), '0xde0b6b3a7640000')
  assert.equal((await refused('eth_call', { ...call, to: receiver, value: '0x1' }, 'latest')).code, 3)
  assert.equal((await refused('eth_call', call, 'latest', { [receiver]: { balance: '0x1' } })).code, -32602)
  const creation = await account(7).signTransaction({ ...transfer('eip1559'), nonce: 0, to: undefined, data: '0x00' })
  assert.equal((await refused('eth_sendRawTransaction', creation)).data.reason, 'contract_creation_refused')
  await ask('anvil_mine', '0x82')
  assert.match((await refused('eth_call', { to: at(1), data: '0x18160ddd' }, cheap.receipt.blockNumber)).message, /state not available/)
  conforms(await ask('eth_getTransactionReceipt', cheap.hash), receipt)
  assert.deepEqual(await ask('eth_getLogs', { blockHash: cheap.receipt.blockHash }), cheap.receipt.logs)
})

test('null stands where the specification says null', async () => {
  for (const [method, ...params] of [['eth_getBlockByNumber', '0xffffff', true], ['eth_getTransactionByHash', nobody], ['eth_getTransactionReceipt', nobody]])
    conforms(await ask(method, ...params), orNull('text'))
  assert.equal((await ask('eth_getTransactionByHash', mined.failed.hash)).to, at(1))
  assert.equal(mined.failed.receipt.contractAddress, null)
})
