// Deploys the contracts on a node as a stranger would, by transactions of one account, and prints their address book:
// node deploy.mjs URL
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createPublicClient, createWalletClient, encodeAbiParameters, getContractAddress, http } from 'viem'
import { names } from './chains.mjs'
import { argumentsOf, genesis, signers } from './genesis.mjs'

const url = process.argv[2]
const artifacts = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'chain', 'solidity', 'artifacts')
const client = createPublicClient({ transport: http(url) })
const wallet = createWalletClient({ transport: http(url), account: signers[0] })
const members = { GridToken: 'token', Credit: 'credit', Registry: 'registry', Market: 'market', Council: 'council', Pledge: 'pledge' }

const first = await client.getTransactionCount({ address: signers[0].address })
const contracts = Object.fromEntries(names.map((name, i) => [
  members[name], getContractAddress({ from: signers[0].address, nonce: BigInt(first + i) })
]))
let block
for (const name of names) {
  const { abi, bytecode } = JSON.parse(readFileSync(join(artifacts, `${name}.json`), 'utf8'))
  const { inputs } = abi.find(({ type }) => type === 'constructor')
  const values = [contracts, ...argumentsOf(name, genesis).slice(1)]
  const hash = await wallet.sendTransaction({ chain: null, data: bytecode + encodeAbiParameters(inputs, values).slice(2) })
  // viem's own waiting sometimes misses the block that came before it began.
  let receipt
  while (!receipt) receipt = await client.request({ method: 'eth_getTransactionReceipt', params: [hash] })
  if (receipt.status !== '0x1') throw new Error(`${name} could not be created`)
  block ??= BigInt(receipt.blockNumber)
}
const lines = Object.entries(contracts).map(([name, address]) => `  ${name}: ${address.toLowerCase()}`)
console.log([`chain_id: ${await client.getChainId()}`, `block: ${block}`, 'addresses:', ...lines].join('\n'))
