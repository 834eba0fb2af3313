// A gateway's key pays for gas on a network: what is left is told before it is gone.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Anvil } from './anvil.mjs'
import { Node, api, until, visit } from './node.mjs'
import { account } from './wallet.mjs'

const key = account(1).address
/** What the documentation counts for a transaction. */
const transaction = 500_000n
let anvil, node
before(async () => {
  anvil = await Anvil.deployed()
  node = await Node.startOn(anvil, { roles: ['gateway'], chain: ['confirmations: 0', 'low_gas: 40'] })
  node.registerProvider()
})
after(async () => {
  await node?.stop()
  await anvil?.stop()
})

/** The key gets coin for so many transactions at the fee of the moment; answers how much. */
async function give(transactions) {
  const { baseFeePerGas } = await anvil.request('eth_getBlockByNumber', 'latest', false)
  const fee = 2n * BigInt(baseFeePerGas) + BigInt(await anvil.request('eth_maxPriorityFeePerGas'))
  const coin = transactions * transaction * fee
  await anvil.request('anvil_setBalance', key, `0x${coin.toString(16)}`)
  return coin
}

const metric = async name => Number(new RegExp(`^${name} (.*)$`, 'm').exec((await visit(`${node.gateway}/metrics`)).body)?.[1])
const warned = async () => (await api(`${node.gateway}/v1/health`, 'GET')).json.warnings.filter(words => words.startsWith(key))
const status = () => node.grid('chain', 'status', '--account', 'dev:1')
/** The doctor's line about gas, and its exit code. */
function doctor() {
  const { code, out } = node.run(['--output', 'json', '--key', 'dev:1', 'provider', 'doctor'])
  return { code, ...JSON.parse(out).find(({ check }) => check === 'gas') }
}

test('with enough coin nothing is amiss', async () => {
  await until('the node has looked', () => metric('grid_gas_transactions'))
  assert.deepEqual(await warned(), [])
  assert.equal(doctor().state, 'ok')
})

test('an account that runs low is told by health, metrics, log, doctor and status', async () => {
  const coin = await give(7n)
  await until('it is counted', async () => await metric('grid_gas_transactions') === 7)
  assert.ok(Math.abs(await metric('grid_gas_balance_coins') / (Number(coin) / 1e18) - 1) < 1e-6)
  const [words] = await warned()
  assert.match(words, /enough for 7 transactions at [\d.]+ gwei/)
  assert.match(node.log(0), / warning chain: .* enough for 7 transactions/)
  const { state, detail, mend } = doctor()
  assert.deepEqual([state, mend], ['warn', `send some to ${key}`])
  assert.match(detail, /enough for 7 transactions/)
  const { account: shown, coin: left, transactions } = status()
  assert.deepEqual([shown, BigInt(left), transactions], [key, coin, 7])
})

test('an empty account is an error, until it has more', async () => {
  await give(0n)
  await until('it is counted', async () => await metric('grid_gas_transactions') === 0)
  assert.match((await warned())[0], /enough for no transaction/)
  assert.match(node.log(0), / error chain: .* nothing is activated or settled/)
  const { code, state } = doctor()
  assert.deepEqual([code, state], [1, 'fail'])
  await give(1_000n)
  await until('the warning is over', async () => (await warned()).length === 0)
  assert.equal(doctor().state, 'ok')
  assert.match(node.log(0), / info chain: .* enough for 1000 transactions at [\d.]+ gwei again/)
})
