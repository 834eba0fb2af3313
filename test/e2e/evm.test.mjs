// gridd on an EVM network: anvil with the contracts of chain/solidity instead of the embedded chain.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { createPublicClient, createWalletClient, http, parseAbi } from 'viem'
import { mnemonicToAccount } from 'viem/accounts'
import { Anvil } from './anvil.mjs'
import { Node, api, root, rpc, until } from './node.mjs'

const differential = join(root, 'test', 'differential')
const provider = mnemonicToAccount('test test test test test test test test test test test junk', { addressIndex: 1 })
const registryAbi = parseAbi(['function count() view returns (uint256)'])

let anvil, node, addresses

before(async () => {
  anvil = await Anvil.start('--hardfork', 'cancun')
  const book = execFileSync('node', [join(differential, 'deploy.mjs'), anvil.url], { encoding: 'utf8' })
  addresses = Object.fromEntries([...book.matchAll(/^ {2}(\w+): (0x\w+)$/gm)].map(([, name, address]) => [name, address]))
  node = Node.place({ roles: ['platform'] })
  const file = join(node.data, 'addresses.yaml')
  writeFileSync(file, book)
  node.chainLines = ['kind: evm', `rpc: [${anvil.url}]`, `contracts: ${file}`, 'confirmations: 0', 'poll: 100ms']
  node.configure({ platformPort: 0, gatewayPort: 0 })
  await node.launch()
})

after(async () => {
  await node?.stop()
  await anvil?.stop()
})

test('the platform serves an EVM network: health, JSON-RPC by viem, no blocks for followers', async () => {
  await until('the node follows', async () => (await api(`${node.platform}/v1/health`, 'GET')).json.follower?.state === 'following')
  const client = createPublicClient({ transport: http(node.rpc) })
  assert.equal(await client.getChainId(), 31337)
  assert.equal(await client.readContract({ address: addresses.registry, abi: registryAbi, functionName: 'count' }), 0n)
  const { status } = await api(`${node.platform}/chain/blocks?from=1`, 'GET')
  assert.equal(status, 503)
})

test('a wallet trades through the node; what it did is in the platform’s tables', async () => {
  const wallet = createWalletClient({ account: provider, transport: http(node.rpc) })
  const client = createPublicClient({ transport: http(node.rpc), pollingInterval: 50 })
  const token = parseAbi(['function transfer(address to, uint256 amount) returns (bool)', 'function balanceOf(address) view returns (uint256)'])
  const to = '0x00000000000000000000000000000000000000aa'
  const hash = await wallet.writeContract({ chain: null, address: addresses.token, abi: token, functionName: 'transfer', args: [to, 5n] })
  const receipt = await until('mined', () => client.getTransactionReceipt({ hash }).catch(() => undefined))
  assert.equal(receipt.status, 'success')
  assert.equal(await client.readContract({ address: addresses.token, abi: token, functionName: 'balanceOf', args: [to] }), 5n)
  await until('the block counts', async () => BigInt((await api(`${node.platform}/v1/health`, 'GET')).json.chain.height) >= receipt.blockNumber)
})

test('the node is no open proxy', async () => {
  for (const [method, params] of [
    ['eth_call', [{ to: '0x00000000000000000000000000000000000000aa', data: '0x' }, 'latest']],
    ['eth_getLogs', [{ fromBlock: '0x0' }]],
    ['anvil_setBalance', [provider.address, '0x0']],
    ['debug_traceTransaction', []]
  ])
    assert.ok((await rpc(node, method, params)).error, method)
})

test('when the network is gone the node stays, says so, and keeps what it knows', async () => {
  const { json: before } = await api(`${node.platform}/v1/health`, 'GET')
  await anvil.stop()
  await until('unreachable', async () => (await api(`${node.platform}/v1/health`, 'GET')).json.follower.state === 'unreachable')
  const { status, json } = await api(`${node.platform}/v1/health`, 'GET')
  assert.equal(status, 200)
  assert.equal(json.chain.height, before.chain.height)
  assert.match((await rpc(node, 'eth_blockNumber')).error.message, /127\.0\.0\.1/)
})
