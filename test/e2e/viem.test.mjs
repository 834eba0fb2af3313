// The embedded chain as viem sees it: nothing is deployed, everything goes through viem's own contract objects and the published ABI.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  BaseError, ContractFunctionRevertedError, createPublicClient, createWalletClient, defineChain, getContract, http, parseEther, parseEventLogs
} from 'viem'
import { Node, rpc } from './node.mjs'
import { abi, account, addressOf, at, chainId, gasIsPaid, gasLimitFor, gasPrice } from './wallet.mjs'

let node, chain, reader, begun
const wallet = index => createWalletClient({ account: account(index), chain, transport: http(node.rpc) })
const contract = (name, n, client) => getContract({ address: at(n), abi: abi(name), client })

before(async () => {
  node = await Node.start()
  chain = defineChain({
    id: chainId, name: 'GRID', nativeCurrency: { name: 'none', symbol: 'NONE', decimals: 18 },
    rpcUrls: { default: { http: [node.rpc] } }, contracts: { multicall3: { address: addressOf('Multicall3') } }
  })
  reader = createPublicClient({ chain, transport: http(node.rpc), pollingInterval: 20 })
  begun = await reader.getBlockNumber()
})
after(() => node.stop())

/** Sends through a contract object and waits for the receipt. */
async function mined(promise) {
  const receipt = await reader.waitForTransactionReceipt({ hash: await promise })
  assert.equal(receipt.status, 'success')
  return receipt
}

async function revert(promise) {
  try {
    await promise
  } catch (error) {
    assert.ok(error instanceof BaseError, String(error))
    const reverted = error.walk(e => e instanceof ContractFunctionRevertedError)
    assert.ok(reverted, error.message)
    return reverted.data
  }
  assert.fail('it did not revert')
}

test('the chain says who it is', async () => {
  assert.equal(await reader.getChainId(), chainId)
  assert.ok(await reader.getBlockNumber() >= 0n)
  const block = await reader.getBlock()
  assert.equal(block.baseFeePerGas > 0n, gasIsPaid)
  assert.equal((await reader.getFeeHistory({ blockCount: 1, rewardPercentiles: [50] })).baseFeePerGas.at(-1) > 0n, gasIsPaid)
  assert.equal(await reader.getBalance({ address: account(9).address }), parseEther('1'))
  assert.notEqual(await reader.getCode({ address: at(4) }), undefined)
  assert.equal(await reader.getCode({ address: account(5).address }), undefined)
})

test('tokens move by every type of transaction', async () => {
  const token = contract('GridToken', 1, { public: reader, wallet: wallet(0) })
  const to = account(9).address
  const before = await token.read.balanceOf([to])
  for (const options of [{}, { type: 'legacy', gasPrice }, { type: 'eip2930', gasPrice, accessList: [] }, { type: 'eip1559' }])
    await mined(token.write.transfer([to, 5n], options))
  assert.equal(await token.read.balanceOf([to]), before + 20n)
})

test('a provider registers, a user orders, both are paid what the clock says', async () => {
  const provider = account(1), user = account(2)
  const registry = contract('Registry', 3, { public: reader, wallet: wallet(1) })
  const token = contract('GridToken', 1, { public: reader, wallet: wallet(2) })
  const credit = contract('Credit', 2, { public: reader, wallet: wallet(2) })
  const market = contract('Market', 4, { public: reader, wallet: wallet(2) })
  const prices = { cpuMilli: 1_000_000n, memoryMiB: 1_000n, storageMiB: 10n, gpus: 0n }
  const resources = { cpuMilli: 500n, memoryMiB: 256n, storageMiB: 100n, gpus: 0n }
  const setInputs = abi('Registry').find(f => f.type === 'function' && f.name === 'set').inputs[0].components.map(c => c.name)
  const known = {
    host: 'localhost', port: 8090, prices, minimumPrices: prices, minPrices: prices,
    total: { cpuMilli: 4000n, memoryMiB: 8192n, storageMiB: 10000n, gpus: 0n },
    attributes: '{}', probation: 0n, probationPledge: 0n, renewable: true, acceptsOffers: true,
    operatorKey: '0x0000000000000000000000000000000000000000', operator: '0x0000000000000000000000000000000000000000'
  }
  const info = Object.fromEntries(setInputs.map(name => {
    assert.ok(name in known, `Registry.set asks for ${name}`)
    return [name, known[name]]
  }))
  await mined(registry.write.set([info]))
  await mined(token.write.approve([at(2), parseEther('10')]))
  await mined(credit.write.purchase([parseEther('10')]))

  const rate = 500n * 1_000_000n + 256n * 1_000n + 100n * 10n
  const deposit = (rate * 3600n + 3599n) / 3600n
  const created = await mined(market.write.createOrder([provider.address, resources, prices, 3600n, 0n]))
  const [event] = parseEventLogs({ abi: abi('Market'), logs: created.logs, eventName: 'OrderCreated' })
  const id = event.args.id
  assert.equal(await credit.read.balanceOf([at(4)]), deposit)

  assert.equal((await revert(market.simulate.createOrder([provider.address, resources, prices, 3600n, 0n], { account: user }))).errorName.length > 0, true)
  await revert(market.simulate.activateOrder([id], { account: account(3) }))
  const asProvider = contract('Market', 4, { public: reader, wallet: wallet(1) })
  await mined(asProvider.write.activateOrder([id]))
  const gas = gasLimitFor(await market.estimateGas.cancelOrder([id], { account: user }))
  const ended = await mined(market.write.cancelOrder([id], { gas }))
  const order = await market.read.get([id])
  const [activated] = parseEventLogs({ abi: abi('Market'), logs: (await reader.getLogs({ address: at(4), fromBlock: 0n })), eventName: 'OrderActivated' })
  const begun = (await reader.getBlock({ blockNumber: activated.blockNumber })).timestamp
  const finished = (await reader.getBlock({ blockNumber: ended.blockNumber })).timestamp
  assert.equal(order.paidProvider, rate * (finished - begun) / 3600n)
  assert.equal(order.paidProvider + order.paidUser, deposit)
  assert.equal(await credit.read.balanceOf([at(4)]), 0n)
})

/** A reader that counts its HTTP requests, and what is in them. */
function counting(transport, options) {
  const sent = []
  const onFetchRequest = async request => { sent.push(JSON.parse(await request.clone().text())) }
  return { sent, client: createPublicClient({ chain, transport: http(node.rpc, { ...transport, onFetchRequest }), ...options }) }
}

const balanceOf = index => ({ address: at(1), abi: abi('GridToken'), functionName: 'balanceOf', args: [account(index).address] })

test('a batch transport asks once for what is asked in the same moment', async () => {
  const { sent, client } = counting({ batch: true })
  const [number, id, first, second] = await Promise.all([client.getBlockNumber(), client.getChainId(), client.readContract(balanceOf(3)), client.readContract(balanceOf(4))])
  assert.ok(number >= 0n && first > 0n && second > 0n)
  assert.equal(id, chainId)
  assert.deepEqual(sent.map(body => body.length), [4])
})

test('many reads go in one call through Multicall3', async () => {
  const { sent, client } = counting({})
  const bad = { address: at(1), abi: abi('GridToken'), functionName: 'transferFrom', args: [account(3).address, account(4).address, 1n] }
  const [first, refused, second] = await client.multicall({ contracts: [balanceOf(3), bad, balanceOf(4)] })
  assert.deepEqual([first.status, refused.status, second.status], ['success', 'failure', 'success'])
  assert.equal(refused.error.cause.data.errorName, 'ERC20InsufficientAllowance')
  assert.equal(first.result, await reader.readContract(balanceOf(3)))
  assert.equal(sent.length, 1)
  await assert.rejects(client.multicall({ contracts: [bad], allowFailure: false }), /ERC20InsufficientAllowance/)

  const lazy = counting({}, { batch: { multicall: true } })
  const balances = await Promise.all([3, 4, 5, 6].map(index => lazy.client.readContract(balanceOf(index))))
  assert.equal(balances.length, 4)
  assert.deepEqual(lazy.sent.map(body => body.method), ['eth_call'])
  const before = await client.multicall({ contracts: [balanceOf(0)], blockNumber: begun, allowFailure: false })
  assert.deepEqual(before, [parseEther('1000000')])
  assert.ok(await reader.readContract(balanceOf(0)) < before[0])
})

test('events and blocks are watched by polling', async () => {
  const token = contract('GridToken', 1, { public: reader, wallet: wallet(0) })
  const seen = watch => new Promise((resolve, reject) => {
    const stop = watch(value => { stop(); resolve(value) }, reject)
  })
  const logs = seen((done, fail) => reader.watchContractEvent({
    address: at(1), abi: abi('GridToken'), eventName: 'Transfer', args: { to: account(7).address }, onLogs: done, onError: fail
  }))
  const number = seen((done, fail) => reader.watchBlockNumber({ onBlockNumber: done, onError: fail }))
  let heard
  logs.then(found => { heard = found })
  for (let value = 1n; heard === undefined; ++value) {
    await mined(token.write.transfer([account(7).address, value]))
    assert.ok(value < 200n, 'nothing was heard by polling')
  }
  assert.equal(heard[0].eventName, 'Transfer')
  assert.equal(heard[0].args.to, account(7).address)
  assert.ok(await number >= 0n)
})

test('custom errors decode with their arguments', async () => {
  const credit = contract('Credit', 2, reader)
  const data = await revert(credit.simulate.redeem([parseEther('999999999')], { account: account(7) }))
  assert.ok(data.errorName.length > 0)
  assert.ok(abi('Credit').some(e => e.type === 'error' && e.name === data.errorName), data.errorName)
})

test('wrong transactions are refused by name and change nothing', async () => {
  const token = { to: at(1), data: '0x', gas: 100_000n, type: 'eip1559', maxFeePerGas: gasPrice, maxPriorityFeePerGas: 0n }
  const sender = account(6)
  const send = async transaction => (await rpc(node, 'eth_sendRawTransaction', [await sender.signTransaction(transaction)])).error
  const nonce = await reader.getTransactionCount({ address: sender.address })
  const height = await reader.getBlockNumber({ cacheTime: 0 })
  for (const [name, transaction] of Object.entries({
    'wrong chain id': { ...token, chainId: 1, nonce },
    'gas limit': { ...token, chainId, nonce, gas: 20_999n }
  })) {
    const error = await send(transaction)
    assert.ok(error && error.message.length > 10, `${name}: ${JSON.stringify(error)}`)
  }
  assert.equal(await reader.getBlockNumber({ cacheTime: 0 }), height)
  const hash = await wallet(6).sendTransaction({ to: account(8).address, value: 0n })
  await reader.waitForTransactionReceipt({ hash })
  const again = await send({ ...token, chainId, nonce })
  assert.match(again.message, /nonce/)
})

/** A request to the node, also where a network keeps the chain. */
const own = (...words) => rpc({ rpc: node.ownRpc }, ...words)

test('a signature with s in the upper half is refused (EIP-2)', async () => {
  const raw = await account(6).signTransaction({
    type: 'eip1559', chainId, nonce: 999, to: at(1), data: '0x', gas: 100_000n, maxFeePerGas: gasPrice, maxPriorityFeePerGas: 0n
  })
  const broken = raw.slice(0, -64) + 'f'.repeat(64)
  assert.match((await own('eth_sendRawTransaction', [broken])).error.message, /EIP-2/)
})

test('hostile JSON-RPC gets an error and nothing else', async () => {
  const post = async body => {
    const answer = await fetch(node.ownRpc, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    return answer.json()
  }
  assert.equal((await post('{')).error.code, -32700)
  assert.equal((await post('[]')).error.code, -32600)
  assert.equal((await own('eth_fillTransaction')).error.code, -32601)
  assert.equal((await own('eth_getBalance', ['0x12', 'latest'])).error.code, -32602)
  assert.equal((await own('eth_getLogs', [{ fromBlock: 'never' }])).error.code, -32602)
  assert.ok((await post('['.repeat(5000))).error)
  assert.equal((await own('eth_chainId')).result, `0x${chainId.toString(16)}`)
})
