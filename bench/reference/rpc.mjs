// JSON-RPC over HTTP: the same signed token transfers and the read of the same order, on GRID and on anvil, with
// the same client and number of connections. A transfer counts when it is mined; on GRID it is durable then, too.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeFunctionResult, encodeFunctionData, parseEther } from 'viem'
import { mnemonicToAccount } from 'viem/accounts'
import { Node, root } from '../../test/e2e/node.mjs'
import { Anvil, at, market, token } from './anvil.mjs'
import { accepted, body, call, overHttp } from './clients.mjs'
import { senders, signTransfers, transferData } from './transfers.mjs'

const connections = 256
const transfersEach = 64
const callsEach = 128
const abi = name => JSON.parse(readFileSync(join(root, 'chain', 'abi', `${name}.json`), 'utf8'))
const account = index => mnemonicToAccount('test test test test test test test test test test test junk', { addressIndex: index })

const accounts = senders(connections)
const transfers = (await signTransfers(accounts, transfersEach)).map(list => list.map(raw => body('eth_sendRawTransaction', [raw])))
const readOrder = encodeFunctionData({ abi: abi('Market'), functionName: 'get', args: [1n] })
const calls = Array.from({ length: connections }, () =>
  Array.from({ length: callsEach }, () => body('eth_call', [{ to: market, data: readOrder }, 'latest'])))

/** Sends as an account of the test mnemonic and demands success. */
async function transact(url, index, to, data) {
  const from = account(index)
  const nonce = Number(await call(url, 'eth_getTransactionCount', [from.address, 'latest']))
  const raw = await from.signTransaction({ type: 'eip1559', chainId: 4743, nonce, to, data, gas: 1_000_000n, maxFeePerGas: 0n, maxPriorityFeePerGas: 0n })
  const receipt = await call(url, 'eth_getTransactionReceipt', [await call(url, 'eth_sendRawTransaction', [raw])])
  if (receipt?.status !== '0x1') throw new Error(`a transaction of the preparation failed: ${JSON.stringify(receipt)}`)
}

/** Senders with tokens and order 1, on GRID. */
async function prepareGrid(url) {
  for (const { address } of accounts) await transact(url, 0, token, transferData(address, 1_000_000n))
  const resources = { cpuMilli: 100n, memoryMiB: 128n, storageMiB: 256n, gpus: 0n }
  const prices = { cpuMilli: 10n, memoryMiB: 10n, storageMiB: 1n, gpus: 1000n }
  const run = (index, n, name, functionName, args) => transact(url, index, at(n), encodeFunctionData({ abi: abi(name), functionName, args }))
  await run(1, 3, 'Registry', 'set', [{
    host: 'provider.example', port: 443, prices, minimumPrices: prices, total: resources, attributes: '', probation: 0n, probationPledge: 0n,
    renewable: false, acceptsOffers: true, operatorKey: '0x0000000000000000000000000000000000000000'
  }])
  await run(0, 1, 'GridToken', 'approve', [at(2), parseEther('1')])
  await run(0, 2, 'Credit', 'purchase', [parseEther('1')])
  await run(0, 4, 'Market', 'createOrder', [account(1).address, resources, prices, 3600n, 0n])
}

/** {send, call}: how many a second. */
async function measure(name, url, settle) {
  const begin = performance.now()
  await overHttp(url, transfers, accepted)
  await settle()
  const send = connections * transfersEach / ((performance.now() - begin) / 1000)
  for (const { address } of accounts)
    if (Number(await call(url, 'eth_getTransactionCount', [address, 'latest'])) !== transfersEach)
      throw new Error(`${name} did not mine every transfer`)
  const order = await call(url, 'eth_call', [{ to: market, data: readOrder }, 'latest'])
  await overHttp(url, calls, accepted) // warm
  const seconds = await overHttp(url, calls, text => {
    accepted(text)
    if (!text.includes(order)) throw new Error(`another order: ${text}`)
  })
  const rates = { send, call: connections * callsEach / seconds }
  process.stderr.write(`${name}: ${Math.round(rates.send)} eth_sendRawTransaction, ${Math.round(rates.call)} eth_call a second\n`)
  return { ...rates, order }
}

const node = await Node.start()
let grid
try {
  await prepareGrid(node.rpc)
  grid = await measure('GRID', node.rpc, () => {})
} finally {
  await node.stop()
}

const anvil = await Anvil.start()
let reference
try {
  for (const { address } of accounts) await anvil.transact('ReferenceToken', token, 'mint', [address, 1_000_000n])
  await anvil.transact('ReferenceMarket', market, 'put', [decodeFunctionResult({ abi: abi('Market'), functionName: 'get', data: grid.order })])
  reference = await measure('anvil', anvil.url, async () => {
    while (Number((await call(anvil.url, 'txpool_status')).pending) > 0) await call(anvil.url, 'evm_mine')
  })
} finally {
  await anvil.stop()
}
if (reference.order !== grid.order) throw new Error('the two orders differ')

const ratio = (a, b) => Number((a / b).toFixed(2))
console.log(JSON.stringify({
  bench: 'rpc', send_per_s: Math.round(grid.send), call_per_s: Math.round(grid.call),
  anvil_send_per_s: Math.round(reference.send), anvil_call_per_s: Math.round(reference.call),
  send_ratio_to_anvil: ratio(grid.send, reference.send), call_ratio_to_anvil: ratio(grid.call, reference.call)
}))
