// A hundred deployments at once, under one order.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { Node, api, sampleManifest, until, visit } from '../e2e/node.mjs'
import { bearer, login } from '../e2e/wallet.mjs'

const count = 100
const names = Array.from({ length: count }, (_, i) => `app-${i}`)

let node
before(async () => {
  node = await Node.start({ roles: ['ledger', 'platform', 'gateway'] })
  node.buildSampleImage()
  node.registerProvider()
})
after(() => node.stop())

test('a hundred applications that are deployed at once all serve, and all go', async () => {
  const user = (...words) => node.grid('--key', 'dev:2', ...words)
  const { order } = user('rent', sampleManifest, '--name', 'first', '--public', '--cpu', 4, '--memory', '8Gi', '--storage', '8Gi')
  user('app', 'rm', '--order', order, 'first')
  const { token } = await login(node, 2)
  const accepted = await api(`${node.gateway}/v1/orders/${order}/accept`, 'POST', undefined, bearer(token))
  const session = bearer(accepted.json.session.token)
  const manifest = readFileSync(sampleManifest, 'utf8').replaceAll('cpu: 100m', 'cpu: 10m')
  const deploy = async app => {
    // Who asks more often than the gateway allows is told when to ask again.
    for (;;) {
      const answer = await api(`${node.gateway}/v1/apps`, 'POST', { app, manifest, public: true }, session)
      if (answer.status !== 429) return answer
      await new Promise(resolve => setTimeout(resolve, 1000 * Number(answer.headers['retry-after'])))
    }
  }
  // Who waits longer than an answer may take is told so; the deployment goes on.
  const failures = (await Promise.all(names.map(deploy))).filter(({ status }) => status !== 200 && status !== 504).map(({ body }) => body)
  assert.deepEqual(failures, [])
  const apps = await until('all are ready', async () => {
    const { apps } = (await api(`${node.gateway}/v1/apps`, 'GET', undefined, session)).json
    return apps?.length === count && apps.every(({ state }) => state === 'ready') && apps
  }, 300_000)
  assert.equal(new Set(apps.map(({ url }) => url)).size, count)
  for (const { url } of apps) assert.equal((await visit(url)).status, 200)
  assert.equal(node.containers().length, count)
  user('order', 'cancel', order)
  await until('all containers are gone', () => node.containers().length === 0, 120_000)
  for (const { url } of apps) assert.equal((await visit(url)).status, 410)
})
