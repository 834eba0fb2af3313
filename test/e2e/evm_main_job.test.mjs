// The main job on a network that is not ours: the same node, gateway and commands on anvil, by configuration.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Anvil } from './anvil.mjs'
import { Node, api, sampleManifest, until, visit } from './node.mjs'
import { bearer, login } from './wallet.mjs'

const whole = 10n ** 18n
let anvil, node, rented
before(async () => {
  anvil = await Anvil.deployed('--block-time', '1', '--mixed-mining')
  node = await Node.startOn(anvil, { chain: ['confirmations: 1'] })
  node.buildSampleImage()
  node.registerProvider()
  // The gateway knows its own prices when the registration has its confirmations.
  await until('the provider is listed', async () => (await api(`${node.platform}/v1/providers`, 'GET')).json.providers.length === 1)
})
after(async () => {
  await node?.stop()
  await anvil?.stop()
})

const user = (...words) => node.grid('--key', 'dev:2', ...words)

test('a manifest becomes a URL, paid on the network', async () => {
  const { code, out, err } = node.run(['--output', 'json', '--key', 'dev:2', 'rent', sampleManifest, '--name', 'hello', '--cpu', '500m', '--memory', '128Mi',
    '--storage', '128Mi'])
  assert.equal(code, 0, out + err)
  rented = JSON.parse(out)
  assert.equal(rented.state, 'ready')
  const order = user('order', 'show', rented.order)
  assert.equal(order.status, 'running')
  assert.equal(order.deposit, rented.deposit)
  assert.equal((await visit(rented.url)).status, 401)
  const { token } = await login(node, 2)
  const accepted = await api(`${node.gateway}/v1/orders/${rented.order}/accept`, 'POST', undefined, bearer(token))
  const page = await visit(rented.url, { headers: bearer(accepted.json.session.token) })
  assert.equal(page.status, 200)
  assert.match(page.body, /It runs\./)
})

test('a cancelled order is paid for the time that was served, and nothing of it is left', async () => {
  user('order', 'cancel', rented.order)
  const order = user('order', 'show', rented.order)
  assert.equal(order.status, 'cancelled')
  const [deposit, provider, back] = [order.deposit, order.paid_provider, order.paid_user].map(BigInt)
  assert.ok(provider > 0n)
  assert.equal(provider + back, deposit)
  assert.equal(BigInt(node.grid('--key', 'dev:1', 'credits', 'balance').credits), provider)
  assert.ok(BigInt(user('credits', 'balance').tokens) < 1_000_000n * whole)
  await until('the URL is gone', async () => (await visit(rented.url)).status === 410)
  await until('the container is gone', () => node.containers().length === 0)
})
