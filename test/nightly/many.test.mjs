// A hundred deployments at once, under four orders.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { Node, api, sampleManifest, until, visit } from '../e2e/node.mjs'
import { bearer, login } from '../e2e/wallet.mjs'

const orders = 4
const ofOrder = 25
const count = orders * ofOrder

let node
before(async () => {
  node = await Node.start({ roles: ['ledger', 'platform', 'gateway'] })
  node.buildSampleImage()
  node.registerProvider()
})
after(() => node.stop())

test('a hundred applications that are deployed at once all serve, and all go', async () => {
  const user = (...words) => node.grid('--key', 'dev:2', ...words)
  const manifest = readFileSync(sampleManifest, 'utf8').replaceAll('cpu: 100m', 'cpu: 10m')
  const { token } = await login(node, 2)
  const rented = []
  for (let i = 0; i < orders; ++i) {
    const { order } = user('rent', sampleManifest, '--name', 'first', '--public', '--cpu', 1, '--memory', '2Gi', '--storage', '2Gi')
    user('app', 'rm', '--order', order, 'first')
    const accepted = await api(`${node.gateway}/v1/orders/${order}/accept`, 'POST', undefined, bearer(token))
    rented.push({ order, session: bearer(accepted.json.session.token) })
  }
  const deploy = async ({ session }, app) => {
    // Who asks more often than the gateway allows is told when to ask again.
    for (;;) {
      const answer = await api(`${node.gateway}/v1/apps`, 'POST', { app, manifest, public: true }, session)
      if (answer.status !== 429) return answer
      await new Promise(resolve => setTimeout(resolve, 1000 * Number(answer.headers['retry-after'])))
    }
  }
  // Who waits longer than an answer may take is told so; the deployment goes on.
  const asked = rented.flatMap(lease => Array.from({ length: ofOrder }, (_, i) => deploy(lease, `app-${i}`)))
  const failures = (await Promise.all(asked)).filter(({ status }) => status !== 200 && status !== 504).map(({ body }) => body)
  assert.deepEqual(failures, [])
  const apps = (
    await Promise.all(
      rented.map(({ session }) =>
        until('all are ready', async () => {
          const { apps } = (await api(`${node.gateway}/v1/apps`, 'GET', undefined, session)).json
          return apps?.length === ofOrder && apps.every(({ state }) => state === 'ready') && apps
        }, 300_000)
      )
    )
  ).flat()
  assert.equal(new Set(apps.map(({ url }) => url)).size, count)
  for (const { url } of apps) assert.equal((await visit(url)).status, 200)
  assert.equal(node.containers().length, count)
  for (const { order } of rented) user('order', 'cancel', order)
  await until('all containers are gone', () => node.containers().length === 0, 120_000)
  for (const { url } of apps) assert.equal((await visit(url)).status, 410)
})
