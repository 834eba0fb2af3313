// Every command of grid about keys, money, providers and orders: what it prints, in both forms, and how it ends.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Node, cast, root, until } from './node.mjs'
import { account } from './wallet.mjs'

const whole = 10n ** 18n
const secret = '0x8b3a350cf5c34c9194ca85829a2df0ec3153be0318b5e2d3348e872092edffba'
const secretsAddress = '0x9965507D1a55bcC2695C58ba16FB37d819B0A4dc'  // of the secret above: account 5 of the test mnemonic

let node, password
before(async () => {
  node = await Node.start()
  password = join(node.data, 'password')
  writeFileSync(password, 'correct horse\n')
})
after(() => node.stop())

const withPassword = { env: { get GRID_PASSWORD_FILE() { return password } } }
/** A command with the password at hand: its JSON. */
function own(...words) {
  const { code, out, err } = node.run(['--output', 'json', ...words], withPassword)
  assert.equal(code, 0, `grid ${words.join(' ')}: ${out}${err}`)
  return JSON.parse(out)
}

test('key new, import, list, show', () => {
  const alice = own('key', 'new', 'alice')
  assert.equal(alice.name, 'alice')
  assert.match(alice.address, /^0x[0-9a-fA-F]{40}$/)
  const file = join(node.data, 'keys', 'alice.json')
  assert.equal(statSync(file).mode & 0o777, 0o600)
  assert.equal(statSync(join(node.data, 'keys')).mode & 0o777, 0o700)

  writeFileSync(join(node.data, 'secret'), secret + '\n')
  assert.deepEqual(own('key', 'import', 'bob', '--file', join(node.data, 'secret')), { name: 'bob', address: secretsAddress })
  const piped = node.run(['--output', 'json', 'key', 'import', 'carol'], { ...withPassword, input: '59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d\n' })
  assert.equal(piped.code, 0, piped.out)
  assert.equal(JSON.parse(piped.out).address, account(1).address)

  assert.deepEqual(node.grid('key', 'list').map(key => key.name), ['alice', 'bob', 'carol'])
  assert.deepEqual(node.grid('key', 'show', 'alice'), alice)
  assert.deepEqual(node.grid('key', 'show', secretsAddress), { name: 'bob', address: secretsAddress })
  assert.deepEqual(node.grid('--key', 'bob', 'key', 'show'), { name: 'bob', address: secretsAddress })
  assert.deepEqual(node.grid('key', 'show', 'dev:1'), { name: 'dev:1', address: account(1).address })
})

test('keystores are web3 v3: others can read them', () => {
  const file = join(node.data, 'keys', 'bob.json')
  const store = JSON.parse(readFileSync(file, 'utf8'))
  assert.equal(store.version, 3)
  assert.ok(!readFileSync(file, 'utf8').includes(secret.slice(2)))
  const seen = execFileSync(cast, ['wallet', 'address', '--keystore', file, '--password-file', password], { encoding: 'utf8' })
  assert.equal(seen.trim(), secretsAddress)
})

test('keys that cannot be made or read', () => {
  const refused = (words, code, reason, options = withPassword) => {
    const done = node.run(['--output', 'json', ...words], options)
    assert.equal(done.code, 1, done.out + done.err)
    const { error } = JSON.parse(done.out)
    assert.equal(error.code, code, error.message)
    assert.match(error.message, reason)
  }
  refused(['key', 'new', 'alice'], 'key_exists', /alice/)
  refused(['key', 'new', '../escape'], 'bad_name', /letters, digits/)
  refused(['key', 'import', 'dave', '--file', join(node.data, 'missing')], 'key_unreadable', /missing/)
  writeFileSync(join(node.data, 'bad-secret'), '0x1234\n')
  refused(['key', 'import', 'dave', '--file', join(node.data, 'bad-secret')], 'bad_key', /./)
  refused(['key', 'import', 'dave', '--file', password], 'bad_key', /64 hexadecimal digits/)
  refused(['key', 'show', 'nobody'], 'no_key', /nobody/)
  refused(['key', 'show', 'dev:10'], 'no_key', /dev:0 to dev:9/)
  refused(['key', 'new', 'erin'], 'no_password', /--password-file/, {})
  refused(['key', 'new', 'erin', '--password-file', join(node.data, 'missing')], 'no_password', /missing/, {})

  const wrong = join(node.data, 'wrong')
  writeFileSync(wrong, 'wrong horse\n')
  refused(['--key', 'bob', 'credits', 'buy', 1], 'wrong_password', /password/, { env: { GRID_PASSWORD_FILE: wrong } })
  refused(['credits', 'buy', 1], 'no_key', /several keys/)

  const broken = join(node.data, 'broken')
  mkdirSync(broken)
  writeFileSync(join(broken, 'one.json'), 'no keystore')
  refused(['--keys', broken, '--key', 'one', 'credits', 'buy', 1], 'bad_keystore', /one\.json/)
  const unreadable = join(node.data, 'unreadable')
  mkdirSync(join(unreadable, 'one.json'), { recursive: true })
  refused(['--keys', unreadable, '--key', 'one', 'credits', 'buy', 1], 'key_unreadable', /one\.json/)
  assert.deepEqual(node.grid('key', 'list').map(key => key.name), ['alice', 'bob', 'carol'])
})

test('token and credits: transfer, faucet, buy, redeem, balance', async () => {
  const alice = node.grid('key', 'show', 'alice').address
  await node.fund(alice)
  const before = BigInt(node.grid('token', 'balance', 'dev:0').tokens)
  assert.equal(BigInt(node.grid('--key', 'dev:0', 'token', 'transfer', alice, '12.5').tokens), before - 25n * whole / 2n)
  assert.deepEqual(node.grid('token', 'balance', 'alice'), { account: alice, tokens: '12500000000000000000', credits: '0' })
  assert.equal(own('--key', 'alice', 'token', 'faucet', 100).tokens, String(225n * whole / 2n))
  assert.deepEqual(own('--key', 'alice', 'credits', 'buy', 10), { account: alice, tokens: String(205n * whole / 2n), credits: String(10n * whole) })
  assert.equal(own('--key', 'alice', 'credits', 'redeem', '0.000000000000000001').credits, String(10n * whole - 1n))
  assert.deepEqual(own('--key', alice, 'credits', 'balance'), own('token', 'balance', alice))
})

test('amounts that are none, and money that is not there', () => {
  for (const amount of ['1e3', 'all', '1.0000000000000000001', '1,5', '', '9'.repeat(80)]) {
    const done = node.run(['--output', 'json', '--key', 'dev:0', 'token', 'transfer', account(1).address, '--', amount])
    assert.equal(done.code, amount === '' ? done.code || 1 : 1, `${amount}: ${done.out}`)
    assert.notEqual(done.code, 0)
  }
  for (const words of [['credits', 'redeem', 1000], ['token', 'transfer', account(1).address, '99999999'], ['token', 'faucet', 10_001]]) {
    const error = node.refused('--key', 'dev:6', ...words)
    assert.deepEqual([error.code, error.exit], ['reverted', 1])
  }
  assert.match(node.refused('--key', 'dev:6', 'credits', 'redeem', 1000).message, /InsufficientCredits/)
  assert.notEqual(node.run(['--key', 'dev:0', 'credits', 'buy', '-5']).code, 0)
  assert.equal(node.grid('credits', 'balance', 'dev:6').credits, '0')
})

test('provider register, show, list', () => {
  assert.deepEqual(node.grid('provider', 'list'), [])
  assert.equal(node.refused('provider', 'show', 'dev:1').code, 'not_found')
  const registered = node.registerProvider()
  assert.deepEqual(registered, {
    provider: account(1).address, gateway: 'localhost:8090', status: 'active', available: '4 cpu, 8Gi memory, 32Gi storage',
    total: '4 cpu, 8Gi memory, 32Gi storage',
    prices: '0.36 a core, 0.02 a GiB, 0.0001 a GiB stored, 0 a gpu, per hour', accepts_offers: true, probation_s: 0, operator: '-'
  })
  assert.deepEqual(node.grid('provider', 'show', 'dev:1'), registered)
  assert.deepEqual(node.grid('provider', 'list'), [registered])
  const revised = node.registerProvider('--probation', '10m')
  assert.equal(revised.probation_s, 600)
  assert.equal(node.registerProvider().probation_s, 0)
  const error = node.refused('--key', 'dev:3', 'provider', 'register', '--host', 'no host', '--price-cpu', 1)
  assert.deepEqual([error.code, error.exit], ['reverted', 1])
  assert.match(error.message, /host/)
})

test('order create, show, list, activate, settle, cancel, withdraw', async () => {
  const order = own('--key', 'alice', 'order', 'create', '--provider', 'dev:1', '--cpu', 1, '--memory', '1Gi', '--storage', '1Gi', '--duration', '2h')
  assert.deepEqual([order.status, order.duration_s, order.resources], ['unactivated', 7200, '1 cpu, 1Gi memory, 1Gi storage'])
  assert.equal(order.user, node.grid('key', 'show', 'alice').address)
  assert.deepEqual([order.starts_at, order.ends_at], ['-', '-'])
  assert.equal(node.refused('--key', 'dev:4', 'order', 'activate', order.order).code, 'reverted')
  const active = node.grid('--key', 'dev:1', 'order', 'activate', order.order)
  assert.equal(active.status, 'running')
  assert.equal(Date.parse(active.ends_at) - Date.parse(active.starts_at), 7_200_000)

  await until('something is earned', () => BigInt(node.grid('order', 'show', order.order).earned_now) > 0n)
  const settled = node.grid('--key', 'dev:8', 'order', 'settle', order.order)
  assert.ok(BigInt(settled.paid_provider) > 0n)
  assert.equal(settled.paid_provider, node.grid('credits', 'balance', 'dev:1').credits)
  const ended = own('--key', 'alice', 'order', 'cancel', order.order)
  assert.equal(ended.status, 'cancelled')
  assert.equal(BigInt(ended.paid_provider) + BigInt(ended.paid_user), BigInt(order.deposit))
  assert.match(own('--key', 'alice', 'order', 'show', order.order).status, /cancelled/)
  const nothing = node.run(['--output', 'json', '--key', 'alice', 'order', 'withdraw', order.order, 1], withPassword)
  assert.equal(nothing.code, 1)
  assert.match(JSON.parse(nothing.out).error.message, /ExceedsClaimable/)

  const short = own('--key', 'alice', 'order', 'create', '--provider', 'dev:1', '--duration', '1s')
  const running = node.grid('--key', 'dev:1', 'order', 'activate', short.order)
  await until('it is past its end', () => Date.now() > Date.parse(running.ends_at))
  const completed = own('--key', 'alice', 'order', 'withdraw', short.order, 1)
  assert.deepEqual([completed.status, completed.paid_provider, completed.paid_user], ['completed', short.deposit, '0'])

  assert.deepEqual(node.grid('order', 'list', '--user', 'alice').map(listed => listed.order), [order.order, short.order])
  assert.deepEqual(node.grid('order', 'list', '--provider', 'dev:1').map(listed => listed.order), [order.order, short.order])
  assert.deepEqual(node.grid('--key', 'dev:7', 'order', 'list'), [])
  assert.equal(node.refused('order', 'show', 999).code, 'not_found')
  assert.equal(node.refused('--key', 'dev:3', 'order', 'create', '--provider', 'dev:9').code, 'not_found')
  for (const duration of ['0s', '10', '11y', '4000d', '-1h']) {
    const done = node.run(['--key', 'dev:3', 'order', 'create', '--provider', 'dev:1', `--duration=${duration}`])
    assert.equal(done.code, 1, duration)
  }
})

test('order suspend, resume, extend, report; provider cancel-quote, bump-quote-epoch', () => {
  node.registerProvider('--probation', '10m', '--renewable')
  node.grid('--key', 'dev:5', 'credits', 'buy', 10)
  const { order } = node.grid('--key', 'dev:5', 'order', 'create', '--provider', 'dev:1', '--duration', '1h')
  assert.equal(node.grid('--key', 'dev:1', 'order', 'activate', order).renewable, true)
  assert.match(node.refused('--key', 'dev:1', 'order', 'resume', order).message, /NotSuspended/)
  const suspended = node.grid('--key', 'dev:1', 'order', 'suspend', order)
  assert.equal(suspended.ends_at, 'unknown')
  assert.ok(Date.parse(suspended.suspended_since) > 0)
  const resumed = node.grid('--key', 'dev:1', 'order', 'resume', order)
  assert.equal(resumed.suspended_since, '-')
  assert.equal(Date.parse(resumed.ends_at) - Date.parse(resumed.starts_at), 3_600_000)
  const extended = node.grid('--key', 'dev:5', 'order', 'extend', order, '30m')
  assert.equal(extended.duration_s, 5400)
  assert.equal(2n * BigInt(extended.deposit), 3n * BigInt(resumed.deposit))
  assert.equal(node.grid('--key', 'dev:5', 'order', 'report', order).status, 'running')
  assert.match(node.refused('--key', 'dev:5', 'order', 'report', order).message, /AlreadyReported/)
  assert.match(node.refused('--key', 'dev:4', 'order', 'extend', order, '1h').message, /NotParty/)
  assert.equal(node.grid('--key', 'dev:5', 'order', 'cancel', order).status, 'cancelled')
  const salt = `0x${'5'.repeat(64)}`
  assert.deepEqual(node.grid('--key', 'dev:1', 'provider', 'cancel-quote', salt), { cancelled_salt: salt })
  assert.match(node.refused('--key', 'dev:1', 'provider', 'cancel-quote', salt).message, /QuoteRevoked/)
  assert.deepEqual(node.grid('--key', 'dev:1', 'provider', 'bump-quote-epoch'), { quote_epoch: 1 })
  node.registerProvider()
})

test('a deregistered provider takes no orders until it registers again', () => {
  assert.equal(node.grid('--key', 'dev:1', 'provider', 'deregister').status, 'deregistered')
  assert.match(node.refused('--key', 'dev:6', 'order', 'create', '--provider', 'dev:1', '--duration', '1h').message, /ProviderInactive/)
  assert.match(node.refused('--key', 'dev:1', 'provider', 'deregister').message, /ProviderInactive/)
  assert.equal(node.registerProvider().status, 'active')
})

test('rent and app say what is missing', () => {
  const manifest = join(root, 'config', 'sample-app.yaml')
  assert.equal(node.refused('--key', 'dev:2', 'rent', join(node.data, 'missing.yaml')).code, 'manifest_unreadable')
  assert.equal(node.refused('--key', 'dev:2', 'rent', manifest, '--cpu', 100).code, 'no_provider')
  assert.equal(node.refused('--key', 'dev:2', 'app', 'ls', '--order', 999).code, 'not_found')
  assert.equal(node.refused('--key', 'dev:2', 'app', 'ls', '--order', 1).code, 'not_yours')
  for (const order of ['0', '-1', 'x', '1.5'])
    assert.match(node.run(['--key', 'dev:2', 'app', 'ls', `--order=${order}`]).err, /--order: expected the number of an order, as grid rent printed it/)
})

test('tables are for people, JSON for programs', () => {
  const table = node.run(['credits', 'balance', 'dev:9'])
  assert.equal(table.code, 0)
  assert.equal(table.out, `account  ${account(9).address}\ntokens   1000000 GRID\ncredits  0 credits\n`)
  const rows = node.run(['--output', 'table', 'provider', 'list']).out.split('\n')
  assert.match(rows[0], /^provider +gateway +status +available/)
  assert.ok(rows[1].startsWith(account(1).address))
  assert.equal(node.run(['--key', 'dev:7', 'order', 'list']).out, 'nothing to show\n')
  assert.equal(node.run(['--key', 'dev:7', 'order', 'list', '--output', 'json']).out, '[]\n')
  const refused = node.run(['order', 'show', 999])
  assert.deepEqual([refused.code, refused.out], [1, ''])
  assert.match(refused.err, /^grid: .*999.* \(not_found\)\n$/)
})

test('version and help', () => {
  const { version } = node.grid('version')
  assert.match(version, /^\d+\.\d+\.\d+/)
  assert.equal(node.run(['--version']).out.trim(), version)
  const help = node.run(['--help'])
  assert.equal(help.code, 0)
  for (const command of ['rent', 'app', 'order', 'provider', 'credits', 'token', 'key', 'up', 'version']) assert.match(help.out, new RegExp(`^ +${command} `, 'm'))
})

test('wrong usage ends with 2', () => {
  for (const words of [[], ['fly'], ['order'], ['order', 'show'], ['order', 'show', 'first'], ['order', 'show', '-1'],
    ['order', 'create', '--provider', 'dev:1', '--gpus', '-1'], ['provider', 'register', '--host', 'h', '--port', '65536'], ['--output', 'yaml', 'version'], ['version', 'now'],
    ['provider', 'register'], ['app', 'ls'], ['rent'], ['token', 'transfer', 'dev:1'], ['--no-such-option', 'version']]) {
    const { code, out, err } = node.run(words)
    assert.equal(code, 2, `grid ${words.join(' ')}: ${code} ${out}${err}`)
    assert.ok((out + err).length > 0)
  }
})

test('when nobody answers it ends with 3', async () => {
  const taken = createServer()
  await new Promise(resolve => taken.listen(0, '127.0.0.1', resolve))
  const { port } = taken.address()
  await new Promise(resolve => taken.close(resolve))
  const error = node.refused('--rpc', `http://127.0.0.1:${port}/rpc`, 'credits', 'balance', 'dev:1')
  assert.deepEqual([error.code, error.exit], ['unreachable', 3])
  assert.ok(error.message.includes(`127.0.0.1:${port}`), error.message)
  assert.equal(node.run(['--rpc', 'http://no-such-host.invalid/', 'credits', 'balance', 'dev:1']).code, 3)
  for (const [url, code] of [['localhost:8080', 'bad_url'], ['ftp://localhost/', 'bad_url'], [`${node.platform}/v1/health`, 'rpc']]) {
    const wrong = node.refused('--rpc', url, 'credits', 'balance', 'dev:1')
    assert.deepEqual([wrong.code, wrong.exit], [code, 1], `${url}: ${wrong.message}`)
  }
})
