// What ethers does besides calling contracts: every kind of transaction, providers over HTTP and WebSocket, batches, filters, events, errors.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  Contract, HDNodeWallet, JsonRpcProvider, Network, Transaction, WebSocketProvider, getBytes, isError, parseEther, verifyTypedData
} from 'ethers'
import { Node } from './node.mjs'
import { abi, at, chainId, gasIsPaid, gasPrice, mnemonic } from './wallet.mjs'

const network = new Network('GRID', chainId)
const path = index => `m/44'/60'/0'/0/${index}`
let node, provider, pushed, token
const wallet = (index, over = provider) => HDNodeWallet.fromPhrase(mnemonic, '', path(index)).connect(over)

before(async () => {
  node = await Node.start()
  provider = new JsonRpcProvider(node.rpc, network, { staticNetwork: network, cacheTimeout: -1, polling: true, pollingInterval: 20 })
  pushed = new WebSocketProvider(node.rpc.replace('http', 'ws'), network, { staticNetwork: network })
  token = new Contract(at(1), abi('GridToken'), wallet(0))
})
after(async () => {
  provider?.destroy()
  await pushed?.destroy()
  await node?.stop()
})

const within = (what, promise) => Promise.race([
  promise, new Promise((_, reject) => setTimeout(reject, 20_000, new Error(`nothing came: ${what}`)).unref())
])

test('a provider reads the chain', async () => {
  assert.equal((await provider.getNetwork()).chainId, BigInt(chainId))
  const [number, block, fees] = await Promise.all([provider.getBlockNumber(), provider.getBlock('latest'), provider.getFeeData()])
  assert.ok(number >= 0)
  assert.equal(block.baseFeePerGas > 0n, gasIsPaid)
  assert.equal(fees.gasPrice > 0n, gasIsPaid)
  assert.equal(await provider.getBalance(wallet(3).address), parseEther('1'))
  assert.notEqual(await provider.getCode(at(4)), '0x')
  assert.equal(await provider.getCode(wallet(3).address), '0x')
  assert.equal(BigInt(await provider.getStorage(wallet(3).address, 0)), 0n)
  assert.equal(await provider.getTransactionReceipt(`0x${'11'.repeat(32)}`), null)
  assert.equal(await provider.getTransaction(`0x${'11'.repeat(32)}`), null)
  assert.equal(await provider.getBlock(9_999_999), null)
})

test('transactions of every type are sent, mined and read back', async () => {
  const to = wallet(9).address
  const before = await token.balanceOf(to)
  const accessList = [{ address: at(1), storageKeys: [`0x${'0'.repeat(64)}`] }]
  for (const [type, options] of [[0, { gasPrice }], [1, { gasPrice, accessList }], [2, { maxFeePerGas: gasPrice, maxPriorityFeePerGas: 2n, accessList }], [2, {}]]) {
    const sent = await token.transfer(to, 3n, { type, ...options })
    const receipt = await sent.wait()
    assert.deepEqual([receipt.status, receipt.type, receipt.gasPrice > 0n], [1, type, gasIsPaid])
    const read = await provider.getTransaction(sent.hash)
    // ethers checks the signature of what it reads: the serialized form has the hash that the node says.
    assert.equal(Transaction.from(read).hash, sent.hash)
    assert.deepEqual([read.type, read.from, read.to.toLowerCase(), read.nonce], [type, wallet(0).address, at(1), sent.nonce])
    if (options.accessList) assert.equal(read.accessList[0].address.toLowerCase(), at(1))
    const block = await provider.getBlock(receipt.blockNumber, true)
    assert.ok(block.prefetchedTransactions.some(({ hash }) => hash === sent.hash))
  }
  assert.equal(await token.balanceOf(to), before + 12n)
})

test('a reverted transaction throws its receipt, a reverted call its custom error', async () => {
  const failed = await token.transfer(wallet(9).address, parseEther('9000000'), { gasLimit: 100_000n })
  await assert.rejects(failed.wait(), error => isError(error, 'CALL_EXCEPTION') && error.receipt.status === 0 && error.receipt.logs.length === 0)
  await assert.rejects(token.transfer(wallet(9).address, parseEther('9000000')), error => {
    assert.ok(isError(error, 'CALL_EXCEPTION'))
    assert.equal(error.action, 'estimateGas')
    assert.equal(token.interface.parseError(error.data).name, 'ERC20InsufficientBalance')
    return true
  })
  await assert.rejects(token.connect(provider).mint.staticCall(at(9), 1n, { from: wallet(3).address }), error =>
    error.revert.name === 'NotMinter' && error.revert.args.caller === wallet(3).address)
})

test('refusals have the codes that ethers knows', async () => {
  const sender = wallet(4)
  const nonce = await sender.getNonce()
  const transaction = { to: at(1), data: '0x', gasLimit: 100_000n, chainId, nonce, type: 2, maxFeePerGas: gasPrice, maxPriorityFeePerGas: 0n }
  const hash = (await provider.broadcastTransaction(await sender.signTransaction({ ...transaction, to: wallet(9).address }))).hash
  assert.ok(await provider.waitForTransaction(hash))
  await assert.rejects(provider.broadcastTransaction(await sender.signTransaction(transaction)), error => isError(error, 'NONCE_EXPIRED'))
  await assert.rejects(provider.send('eth_nothing', []), error => isError(error, 'UNSUPPORTED_OPERATION') || error.error?.code === -32601)
})

test('what is asked in the same moment goes in one batch', async () => {
  const sizes = []
  provider.on('debug', event => { if (event.action === 'sendRpcPayload') sizes.push(Array.isArray(event.payload) ? event.payload.length : 1) })
  const balances = await Promise.all([1, 2, 3, 4, 5].map(index => token.connect(provider).balanceOf(wallet(index).address)))
  await provider.off('debug')
  assert.equal(balances.length, 5)
  assert.ok(Math.max(...sizes) >= 5, `batches of ${sizes}`)
})

test('logs are found by event, arguments and range', async () => {
  const to = wallet(7).address
  const receipt = await (await token.transfer(to, 11n)).wait()
  const found = await token.queryFilter(token.filters.Transfer(null, to), 0, 'latest')
  assert.equal(found.at(-1).args.value, 11n)
  assert.equal(found.at(-1).transactionHash, receipt.hash)
  assert.deepEqual(await token.queryFilter(token.filters.Transfer(to), 0), [])
  const logs = await provider.getLogs({ blockHash: receipt.blockHash, address: at(1) })
  assert.equal(token.interface.parseLog(logs[0]).name, 'Transfer')
  assert.equal((await receipt.getBlock()).hash, receipt.blockHash)
})

test('events come by polling over HTTP', async () => {
  const reader = token.connect(provider)
  const heard = [], heads = []
  await reader.on(reader.filters.Transfer(null, wallet(6).address), event => heard.push(event.args.value))
  await provider.on('block', number => heads.push(number))
  // Whatever comes after the first poll is heard.
  let sent = 0n
  while (heard.length === 0 || heads.length === 0) {
    await (await token.transfer(wallet(6).address, ++sent)).wait()
    assert.ok(sent < 100n, 'nothing was heard by polling')
    await new Promise(resolve => setImmediate(resolve))
  }
  assert.ok(heard[0] >= 1n && heard[0] <= sent)
  assert.ok(heads[0] <= await provider.getBlockNumber())
  await reader.removeAllListeners()
  await provider.removeAllListeners()
})

test('blocks, logs and pending transactions are pushed over WebSocket', async () => {
  const reader = token.connect(pushed)
  const log = new Promise(resolve => reader.on(reader.filters.Transfer(null, wallet(5).address), event => resolve(event.args.value)))
  const head = new Promise(resolve => pushed.on('block', resolve))
  const pending = new Promise(resolve => pushed.on('pending', resolve))
  // Subscriptions are asked for in their order on one connection: when this is answered, so are they.
  await Promise.all([reader.listeners(), pushed.send('eth_chainId', []), new Promise(resolve => setImmediate(resolve))])
  await pushed.send('eth_blockNumber', [])
  const sent = await token.transfer(wallet(5).address, 17n)
  await sent.wait()
  assert.equal(await within('a log', log), 17n)
  assert.ok(await within('a head', head) > 0)
  assert.equal(await within('a pending transaction', pending), sent.hash)
  const viaSocket = await token.connect(wallet(3, pushed)).transfer(wallet(9).address, 1n)
  assert.equal((await viaSocket.wait()).status, 1)
  await pushed.removeAllListeners()
})

test('typed data and messages are signed as the contracts recover them', async () => {
  const domain = { name: 'GRID', version: '1', chainId, verifyingContract: at(1) }
  const types = { Permit: ['address owner', 'address spender', 'uint256 value', 'uint256 nonce', 'uint256 deadline'].map(field => {
    const [type, name] = field.split(' ')
    return { type, name }
  }) }
  const owner = wallet(8)
  const message = { owner: owner.address, spender: wallet(9).address, value: 5n, nonce: await token.nonces(owner.address), deadline: 2n ** 64n }
  const signature = await owner.signTypedData(domain, types, message)
  assert.equal(verifyTypedData(domain, types, message, signature), owner.address)
  assert.equal(getBytes(signature).length, 65)
  const [v, r, s] = [Number(`0x${signature.slice(130)}`), signature.slice(0, 66), `0x${signature.slice(66, 130)}`]
  await (await token.permit(message.owner, message.spender, 5n, message.deadline, v, r, s)).wait()
  assert.equal(await token.allowance(message.owner, message.spender), 5n)
})

test('snapshots and time', async () => {
  const { hash, timestamp } = await provider.getBlock('latest')
  const id = await provider.send('evm_snapshot', [])
  await provider.send('evm_increaseTime', [500])
  await provider.send('evm_mine', [])
  assert.ok((await provider.getBlock('latest')).timestamp >= timestamp + 500)
  assert.equal(await provider.send('evm_revert', [id]), true)
  assert.equal((await provider.getBlock('latest')).hash, hash)
})
