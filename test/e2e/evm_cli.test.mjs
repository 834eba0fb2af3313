// `grid chain deploy|addresses|status`, and money, on a network that is not ours.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Anvil } from './anvil.mjs'
import { api, build } from './node.mjs'

const directory = mkdtempSync(join(tmpdir(), 'grid-evm-cli-'))
const book = join(directory, 'addresses.yaml')
const deployer = '0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266'
let anvil
before(async () => { anvil = await Anvil.start() })
after(async () => {
  await anvil.stop()
  rmSync(directory, { recursive: true })
})

/** A command with JSON output: {code, out, err}. */
function grid(...words) {
  const { status, stdout, stderr } = spawnSync(join(build, 'grid'), ['--rpc', anvil.url, '--output', 'json', ...words], {
    encoding: 'utf8', env: { ...process.env, HOME: directory }
  })
  return { code: status, out: stdout, err: stderr }
}

function answer(...words) {
  const { code, out, err } = grid(...words)
  assert.equal(code, 0, `grid ${words.join(' ')}: ${out}${err}`)
  return JSON.parse(out)
}

function refusal(...words) {
  const { code, out } = grid(...words)
  assert.notEqual(code, 0)
  return JSON.parse(out).error
}

test('deploy creates six contracts and writes where they are', () => {
  const addresses = answer('--key', 'dev:0', 'chain', 'deploy', '--development', '--addresses', book)
  assert.equal(addresses.token, '0x5FbDB2315678afecb367f032d93F642f64180aa3')  // CREATE of this account's nonce 0
  const text = readFileSync(book, 'utf8')
  assert.match(text, /^chain_id: 31337$/m)
  assert.match(text, /^block: 1$/m)
  for (const name of ['token', 'credit', 'registry', 'market', 'council', 'pledge']) assert.match(text, new RegExp(`^  ${name}: ${addresses[name]}$`, 'm'))
  assert.deepEqual(answer('--contracts', book, 'chain', 'addresses'), addresses)
})

test('status sees them, and says when they are not there', () => {
  const status = answer('--contracts', book, 'chain', 'status')
  assert.equal(status.chain_id, 31337)
  assert.equal(status.contracts, 'all there')
  assert.equal(status.code, 'as of this release')
  assert.equal(status.orders, 0)
  assert.equal(refusal('--contracts', join(directory, 'none.yaml'), 'chain', 'status').code, 'config_unreadable')
  const elsewhere = join(directory, 'elsewhere.yaml')
  writeFileSync(elsewhere, readFileSync(book, 'utf8').replace(/market: .*/, `market: ${deployer}`))
  const { code, out } = grid('--contracts', elsewhere, 'chain', 'status')
  assert.equal(code, 1)
  assert.match(out, /missing: market/)
})

test('status tells contracts that are not those of this release', async () => {
  // The right code, but of two deployments: each knows a market of its own.
  const second = join(directory, 'second.yaml')
  answer('--key', 'dev:4', 'chain', 'deploy', '--development', '--addresses', second)
  const market = /market: (.*)/.exec(readFileSync(second, 'utf8'))[1]
  const mixed = join(directory, 'mixed.yaml')
  writeFileSync(mixed, readFileSync(book, 'utf8').replace(/market: .*/, `market: ${market}`))
  const { code } = answer('--contracts', mixed, 'chain', 'status')
  assert.match(code, /^not that of this release: .*credit \(it knows another _market\), .*market \(it knows another /)
  // Other code at the address.
  const token = /token: (.*)/.exec(readFileSync(second, 'utf8'))[1]
  const params = [{ jsonrpc: '2.0', id: 1, method: 'eth_getCode', params: [token, 'latest'] }]
  const [{ result }] = (await api(anvil.url, 'POST', params)).json
  const changed = result.slice(0, 200) + (result[200] === '0' ? '1' : '0') + result.slice(201)
  await api(anvil.url, 'POST', { jsonrpc: '2.0', id: 1, method: 'anvil_setCode', params: [token, changed] })
  assert.equal(answer('--contracts', second, 'chain', 'status').code, 'not that of this release: token (other code)')
})

test('money moves through the contracts, for the fee that the network asks', () => {
  const before = answer('--contracts', book, '--key', 'dev:2', 'credits', 'balance')
  assert.equal(BigInt(before.credits), 0n)
  const bought = answer('--contracts', book, '--key', 'dev:2', 'credits', 'buy', '5')
  assert.equal(BigInt(bought.credits), 5n * 10n ** 18n)
  assert.equal(BigInt(before.tokens) - BigInt(bought.tokens), 5n * 10n ** 18n)
})

test('an address book is never overwritten, and a deployment needs its parameters', () => {
  assert.equal(refusal('--key', 'dev:0', 'chain', 'deploy', '--development', '--addresses', book).code, 'file_exists')
  const other = join(directory, 'other.yaml')
  assert.equal(refusal('--key', 'dev:0', 'chain', 'deploy', '--addresses', other).code, 'no_parameters')
  const config = join(directory, 'bad.yaml')
  writeFileSync(config, 'chain:\n  fee_bp: 20000\n')
  assert.equal(refusal('--key', 'dev:0', 'chain', 'deploy', '--config', config, '--addresses', other).code, 'bad_config')
})

test('a deployment that was cut short goes on at its first nonce and creates nothing twice', () => {
  const config = join(directory, 'parameters.yaml')
  writeFileSync(config, `chain:\n  fee_bp: 100\n  token:\n    cap: "5000"\n    minter: "${deployer}"\n    allocations: ["0x70997970C51812dc3A010C7d01b50e0d17dc79C8 12.5"]\n`)
  const first = join(directory, 'first.yaml')
  const addresses = answer('--key', 'dev:3', 'chain', 'deploy', '--config', config, '--addresses', first)
  const again = join(directory, 'again.yaml')
  const { out, err } = grid('--key', 'dev:3', 'chain', 'deploy', '--config', config, '--addresses', again, '--nonce', '0')
  assert.deepEqual(JSON.parse(out), addresses)
  assert.equal(err.match(/already/g).length, 6)
  const balance = answer('--contracts', again, 'credits', 'balance', '0x70997970C51812dc3A010C7d01b50e0d17dc79C8')
  assert.equal(BigInt(balance.tokens), 125n * 10n ** 17n)
})

test('a network that does not answer is told', () => {
  const { status, stdout } = spawnSync(join(build, 'grid'), ['--rpc', 'http://127.0.0.1:1', '--output', 'json', '--key', 'dev:0', 'chain', 'deploy', '--development',
    '--addresses', join(directory, 'never.yaml')], { encoding: 'utf8', env: { ...process.env, HOME: directory } })
  assert.equal(status, 3)
  assert.equal(JSON.parse(stdout).error.code, 'unreachable')
})
