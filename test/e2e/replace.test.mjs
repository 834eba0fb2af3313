// An order that its user replaces by another one: the applications run on under their URLs.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Node, sampleManifest, until, visit } from './node.mjs'

const user = (...words) => node.grid('--key', 'dev:2', ...words)
const size = (cpu, memory) => ['--cpu', cpu, '--memory', memory, '--storage', '128Mi']

let node, rented
before(async () => {
  node = await Node.start({ roles: ['ledger', 'platform', 'gateway'] })
  node.buildSampleImage()
  node.registerProvider()
  rented = user('rent', sampleManifest, '--name', 'hello', '--public', ...size('500m', '128Mi'))
})
after(() => node.stop())

test('replace ends the order and goes on with a larger one, without a blink', async () => {
  await until('a second was served', () => BigInt(user('order', 'show', rented.order).earned_now) > 0n)
  const containers = node.containers()
  const before = user('credits', 'balance')
  const next = user('order', 'replace', rented.order, '--duration', '2h', ...size('1', '256Mi'))
  const old = user('order', 'show', rented.order)
  assert.equal(old.status, 'completed')
  assert.equal(next.status, 'running')
  assert.equal(next.replaces, rented.order)
  // Of the old deposit what was not earned came back, and only the rest of the new one was bought.
  const after = user('credits', 'balance')
  const money = ({ credits, tokens }) => BigInt(credits) + BigInt(tokens)
  const earned = BigInt(old.paid_provider)
  assert.ok(earned > 0n)
  assert.equal(BigInt(old.paid_user), BigInt(old.deposit) - earned)
  assert.equal(money(before) - money(after), BigInt(next.deposit) - BigInt(old.paid_user))
  assert.equal((await visit(rented.url)).status, 200)
  assert.deepEqual(node.containers(), containers)
  // The new order has room for what the old one had not.
  assert.equal(user('app', 'ls', '--order', next.order)[0].url, rented.url)
  user('order', 'cancel', next.order)
  await until('the URL is gone', async () => (await visit(rented.url)).status === 410)
})

test('only its user may, and only while it runs', () => {
  assert.equal(node.refused('--key', 'dev:3', 'order', 'replace', rented.order).code, 'not_yours')
  assert.equal(node.refused('--key', 'dev:2', 'order', 'replace', rented.order).code, 'not_acceptable')
})
