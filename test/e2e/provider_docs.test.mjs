// docs/provider.md, followed as it is written, on one machine: its commands in their order, with names and amounts of this test in
// the place of those that the page leaves to its reader.
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { Node, root, until, visit } from './node.mjs'

/** The commands `grid ...` of the page: words by line; a backslash joins lines, # begins a remark. */
const commands = readFileSync(join(root, 'docs', 'provider.md'), 'utf8').replaceAll(/ *\\\n +/g, ' ').split('\n')
  .filter(line => line.startsWith('    grid ')).map(line => line.replace(/ +#.*/, '').trim().split(/ +/).slice(1))
const commandOf = (...words) => {
  const found = commands.find(command => words.every(word => command.includes(word)))
  assert.ok(found, `docs/provider.md has no command with ${words.join(' ')}`)
  return found
}

let node
after(() => node?.stop())

test('the page leads from two keys to credits that are redeemed', async () => {
  node = Node.place()
  const password = join(node.data, 'password')
  writeFileSync(password, 'a password\n')
  const run = (command, places = {}) => {
    const words = command.map(word => places[word] ?? word)
    const { code, out, err } = node.run(['--output', 'json', ...words], { env: { GRID_PASSWORD_FILE: password } })
    assert.equal(code, 0, `grid ${words.join(' ')}\n${out}${err}`)
    return JSON.parse(out)
  }
  // 1. Keys
  const provider = run(commandOf('key', 'new', 'provider')).address
  const operator = run(commandOf('key', 'new', 'operator')).address
  const me = run(['key', 'new', 'me']).address
  // 2. The gateway, with the operator's key
  node.gatewayLines = [`  key_file: ${join(node.data, 'keys', 'operator.json')}`, `  key_password_file: ${password}`, `  provider: "${provider}"`].join('\n')
  node.configure({ platformPort: 0, gatewayPort: 0 })
  await node.launch()
  node.buildSampleImage()
  // 3. Register: less than this machine has
  const register = commandOf('provider', 'register', '--accept-offers')
  for (const option of ['--cpu', '--memory', '--storage', '--price-cpu', '--operator']) assert.ok(register.includes(option), option)
  const entry = run(register, {
    'gateway.example.org': 'localhost', 443: new URL(node.gateway).port, 'OPERATOR-ADDRESS': operator,
    16: '1', '64Gi': '512Mi', '500Gi': '1Gi', 0.02: '72'
  })
  assert.equal(entry.operator, operator)
  // 4. Examine
  const doctor = run(commandOf('provider', 'doctor'), { 'PROVIDER-ADDRESS': provider })
  assert.deepEqual(doctor.filter(line => line.state === 'fail'), [])
  for (const check of ['rpc', 'chain', 'clock', 'key', 'registration', 'prices', 'gateway', 'cluster'])
    assert.ok(doctor.some(line => line.check === check), check)
  // 5. Be your own first user; on a development chain tokens are free
  run(['--key', 'dev:0', 'token', 'transfer', me, '100'])
  const rented = run(commandOf('rent', 'config/sample-app.yaml').map(word => word === 'config/sample-app.yaml' ? join(root, word) : word),
    { 'PROVIDER-ADDRESS': provider })
  assert.equal((await visit(rented.url)).status === 200, false, 'it is private')
  const blocked = commandOf('app', 'exec').map(word => word === 'N' ? rented.order : word)
  assert.ok(blocked.includes('http://169.254.169.254/'))
  const refused = node.run(blocked, { env: { GRID_PASSWORD_FILE: password } })
  assert.notEqual(refused.code, 0)
  assert.doesNotMatch(refused.err, /grid: /, 'the command itself could not be run')
  await until('a second has been served', () => run(['order', 'show', String(rented.order)]).earned_now !== '0')
  run(commandOf('order', 'cancel'), { N: rented.order })
  await until('nothing is left of it', () => node.containers().length === 0)
  // 6. Revenue
  const earned = BigInt(run(commandOf('credits', 'balance')).credits)
  assert.ok(earned > 0n, 'the provider earned nothing')
  const redeemed = run(commandOf('credits', 'redeem'), { 12.5: '0.000001' })
  assert.equal(BigInt(redeemed.credits), earned - 10n ** 12n)
})

test('what the page names besides is there', () => {
  const page = readFileSync(join(root, 'docs', 'provider.md'), 'utf8')
  const named = [...page.matchAll(/`grid ((?:[a-z-]+ ?)+)/g)].map(([, words]) => words.trim().split(' '))
  assert.ok(named.length > 3)
  for (const words of named) {
    const { code, out } = node.run([...words, '--help'])
    assert.equal(code, 0, words.join(' '))
    assert.match(out, new RegExp(`Usage: grid ${words.join(' ')}`), words.join(' '))
  }
})
