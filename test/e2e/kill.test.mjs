// kill -9 of gridd at bad moments: what was promised before still holds after the next start.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { Node, api, sampleManifest, until, visit } from './node.mjs'
import { Chain, bearer, chainId, login } from './wallet.mjs'

const resources = ['--cpu', '500m', '--memory', '128Mi', '--storage', '128Mi']
const rent = (key, ...words) => node.grid('--key', key, 'rent', sampleManifest, ...resources, ...words)
/** An order at the provider's prices: these may be as short as a test needs. */
const offer = (key, ...words) => node.grid('--key', key, 'order', 'create', '--provider', 'dev:1', ...resources, ...words).order

let node, chain
/** What stood before the kill. */
const was = {}

/** The order as the chain holds it: [order, R: what it costs an hour]. */
async function onChain(id) {
  const order = await chain.contract('Market').read.get([BigInt(id)])
  const { resources: r, prices: p } = order
  return [order, r.cpuMilli * p.cpuMilli + r.memoryMiB * p.memoryMiB + r.storageMiB * p.storageMiB + r.gpus * p.gpus]
}

/** A token for the lease of an order. */
async function accept(index, order) {
  const { token } = await login(node, index)
  const accepted = await api(`${node.gateway}/v1/orders/${order}/accept`, 'POST', undefined, bearer(token))
  assert.equal(accepted.status, 200, accepted.body)
  return accepted.json.session.token
}

const containersOf = rented => node.podman('ps', '--all', '--quiet', '--no-trunc', '--filter', `label=grid.lease=${rented.lease.slice(2)}`)

before(async () => {
  node = await Node.start({ roles: ['ledger', 'platform', 'gateway'] })
  node.keepPorts()
  node.buildSampleImage()
  node.registerProvider()
  chain = new Chain(node)
  for (const key of ['dev:3', 'dev:4', 'dev:5']) node.grid('--key', key, 'credits', 'buy', 1)

  was.long = rent('dev:2', '--name', 'long')
  was.token = await accept(2, was.long.order)
  const entry = node.grid('--key', 'dev:2', 'app', 'open', '--order', was.long.order, 'long').url
  was.entry = entry
  was.cookie = (await visit(entry)).headers['set-cookie'][0].split(';')[0]
  assert.equal((await visit(was.long.url, { headers: { cookie: was.cookie } })).status, 200)
  was.created = offer('dev:4')
  was.accepted = offer('dev:5')
  was.acceptedToken = await accept(5, was.accepted)
  // Long enough for its deployment on a slow machine.
  was.short = { order: offer('dev:3', '--duration', '15s') }
  const { json: session } = await api(`${node.gateway}/v1/session`, 'GET', undefined, bearer(await accept(3, was.short.order)))
  was.short.lease = session.lease_key
  was.short.url = node.grid('--key', 'dev:3', 'app', 'deploy', '--order', was.short.order, sampleManifest).url
  was.container = containersOf(was.long)
  was.height = await chain.reader.getBlockNumber()
  was.balance = node.grid('credits', 'balance', 'dev:5')
  const [short] = await onChain(was.short.order)
  await node.kill()

  assert.notEqual(containersOf(was.short), '', 'the kill of the node ended its applications')
  await until('the short order is past its end', () => Date.now() / 1000 > Number(short.activatedAt + short.probation + short.duration), 60_000)
  await node.launch()
})
after(() => node.stop())

test('nothing that was answered is lost', async () => {
  assert.ok(await chain.reader.getBlockNumber() >= was.height)
  assert.deepEqual(node.grid('credits', 'balance', 'dev:5'), was.balance)
  assert.equal(node.grid('order', 'show', was.long.order).status, 'running')
})

test('a running lease goes on: the same URL, token, cookie and container', async () => {
  for (const headers of [bearer(was.token), { cookie: was.cookie }])
    await until('the URL answers 200', async () => (await visit(was.long.url, { headers })).status === 200)
  assert.equal((await visit(was.long.url)).status, 401)
  assert.equal(containersOf(was.long), was.container)
  const session = await api(`${node.gateway}/v1/session`, 'GET', undefined, bearer(was.token))
  assert.deepEqual([session.status, session.json.lease_key], [200, was.long.lease])
  const again = await visit(was.entry)
  assert.equal(again.status, 401, 'a one-time URL that was used before the kill was taken again')
})

test('an order that ended while the node was down is settled and cleaned up', async () => {
  await until('it is settled', () => node.grid('order', 'show', was.short.order).status === 'completed')
  const [order] = await onChain(was.short.order)
  assert.equal(order.paidProvider, order.deposit, 'the provider served to the end and is paid in full')
  assert.equal(order.paidUser, 0n)
  await until('its container is gone', () => containersOf(was.short) === '')
  await until('its URL answers 410', async () => (await visit(was.short.url)).status === 410)
})

test('an order that was made just before the kill is accepted after it', async () => {
  assert.equal(node.grid('order', 'show', was.created).status, 'unactivated')
  const token = await accept(4, was.created)
  assert.equal(node.grid('order', 'show', was.created).status, 'running')
  const app = node.grid('--key', 'dev:4', 'app', 'deploy', '--order', was.created, sampleManifest)
  assert.equal((await visit(app.url, { headers: bearer(token) })).status, 200)
})

test('an order that was accepted just before the kill deploys after it', async () => {
  const app = node.grid('--key', 'dev:5', 'app', 'deploy', '--order', was.accepted, sampleManifest)
  assert.equal((await visit(app.url, { headers: bearer(was.acceptedToken) })).status, 200)
  node.grid('--key', 'dev:5', 'order', 'cancel', was.accepted)
})

test('a deployment, an update and a removal that a kill interrupts are finished, once', async () => {
  const rented = node.grid('--key', 'dev:6', 'rent', sampleManifest, '--name', 'first', '--cpu', '1', '--memory', '256Mi', '--storage', '128Mi')
  const token = await accept(6, rented.order)
  const manifest = readFileSync(sampleManifest, 'utf8')
  const apps = async () => (await api(`${node.gateway}/v1/apps`, 'GET', undefined, bearer(token))).json.apps
  const second = async state => (await apps()).find(app => app.name === 'second' && app.state === state)
  const count = () => containersOf(rented).split('\n').length
  /** Begins a request, kills the node as soon as the condition holds, and starts it again. */
  async function interrupted(method, path, body, condition) {
    const answer = api(`${node.gateway}/v1/apps${path}`, method, body, bearer(token)).catch(() => {})
    await until(`${method} has begun`, condition)
    await node.kill()
    await answer
    await node.launch()
  }

  await interrupted('POST', '', { app: 'second', manifest }, () => second('deploying'))
  const { url } = await until('it is ready', () => second('ready'))
  await until('it answers', async () => (await visit(url, { headers: bearer(token) })).status === 200)
  assert.equal(count(), 2)

  await interrupted('POST', '', { app: 'second', manifest: manifest.replace('replicas: 1', 'replicas: 2') }, () => second('deploying'))
  await until('it is ready', () => second('ready'))
  await until('the new version alone runs', () => count() === 3)
  await until('it answers', async () => (await visit(url, { headers: bearer(token) })).status === 200)

  // This version does not end when it is asked to: process 1 is a server that leaves SIGTERM alone.
  const stubborn = manifest.replace('imagePullPolicy: Never', 'command: [httpd, -f, -p, "8080", -h, /www]')
  const updated = await api(`${node.gateway}/v1/apps`, 'POST', { app: 'second', manifest: stubborn }, bearer(token))
  assert.equal(updated.status, 200, updated.body)
  await interrupted('DELETE', '/second', undefined, () => node.podman('ps', '--all', '--format', '{{.State}}').includes('Stopping'))
  await until('it is gone', async () => count() === 1 && !(await apps()).some(app => app.name === 'second'))
  await until('its processes are gone', () => node.monitors().length === node.containers().length)
  assert.equal((await visit(url, { headers: bearer(token) })).status, 404)
  assert.equal((await visit(rented.url, { headers: bearer(token) })).status, 200)
  node.grid('--key', 'dev:6', 'order', 'cancel', rented.order)
  await until('its containers are gone', () => containersOf(rented) === '')
})

test('kills in a row while it starts do no harm', async () => {
  for (const step of [`chain ${chainId} is open`, 'gateway of', 'platform serves']) {
    await node.kill()
    const written = node.log(0).length
    node.spawn()
    await until(step, () => node.log(written).includes(step))
  }
  await node.kill()
  await node.launch()
  await until('the URL answers 200', async () => (await visit(was.long.url, { headers: bearer(was.token) })).status === 200)
  assert.equal(containersOf(was.long), was.container)
})

test('the order settles right, whatever happened in between', async () => {
  const [before] = await onChain(was.long.order)
  const cancelled = node.grid('--key', 'dev:2', 'order', 'cancel', was.long.order)
  assert.equal(cancelled.status, 'cancelled')
  const [order, rate] = await onChain(was.long.order)
  const seconds = order.settledAt - order.activatedAt - order.probation
  assert.ok(seconds >= 2n, 'the test did not serve long enough to say something')
  assert.equal(order.activatedAt, before.activatedAt)
  assert.equal(order.suspendedSeconds, 0n)
  assert.equal(order.paidProvider, rate * seconds / 3600n)
  assert.equal(order.paidProvider + order.paidUser, order.deposit)
  await until('the URL answers 410', async () => (await visit(was.long.url, { headers: bearer(was.token) })).status === 410)
  await until('its container is gone', () => containersOf(was.long) === '')
  assert.equal((await api(`${node.gateway}/v1/session`, 'GET', undefined, bearer(was.token))).json.code, 'revoked_token')
})

test('at the end nothing is left in escrow, and all resources are back', async () => {
  node.grid('--key', 'dev:4', 'order', 'cancel', was.created)
  await until('all containers are gone', () => node.containers().length === 0)
  assert.equal(await chain.contract('Credit').read.balanceOf([chain.contract('Market').address]), 0n, 'money stayed in escrow')
  const known = node.grid('provider', 'show', 'dev:1')
  assert.equal(known.available, known.total)
})
