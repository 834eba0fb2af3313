// kill -9 of gridd at every write that it makes to podman, before podman hears of it, after it is done, and meanwhile: a deployment, an update, a removal and
// the end of an order. Afterwards chain, store and podman agree within a reconcile period.
import assert from 'node:assert/strict'
import { readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Node, api, sampleManifest, until, visit } from '../e2e/node.mjs'
import { Chain, bearer, login } from '../e2e/wallet.mjs'
import { PodmanProxy } from './podman_proxy.mjs'

const period = 20_000
const manifest = readFileSync(sampleManifest, 'utf8')
const versions = { one: manifest, two: manifest.replace('replicas: 1', 'replicas: 2').replace('name: http\n', 'name: web\n') }

let node, chain, proxy, mine
before(async () => {
  node = await Node.start({ roles: ['ledger', 'platform', 'gateway'], gateway: `  reconcile: ${period / 1000}s` })
  node.keepPorts()
  node.buildSampleImage()
  node.registerProvider()
  chain = new Chain(node)
  mine = await order(2)
  // The service lives on; what this node thinks of as its socket is the proxy's from now on.
  await node.kill()
  const socket = join(node.data, 'podman', 'podman.sock')
  renameSync(socket, `${socket}.real`)
  proxy = await PodmanProxy.start(socket, `${socket}.real`)
  await node.launch()
})
after(async () => {
  await node?.stop()
  await proxy?.stop()
})

async function order(user) {
  node.grid('--key', `dev:${user}`, 'credits', 'buy', 10)
  const { order } = node.grid('--key', `dev:${user}`, 'order', 'create', '--provider', 'dev:1', '--cpu', '1', '--memory', '256Mi', '--storage', '256Mi')
  const { token } = await login(node, user)
  const accepted = await api(`${node.gateway}/v1/orders/${order}/accept`, 'POST', undefined, bearer(token))
  assert.equal(accepted.status, 200, accepted.body)
  return { order, user, token: accepted.json.session.token }
}

const request = (of, method, path = '', body = undefined) => api(`${node.gateway}/v1/apps${path}`, method, body, bearer(of.token)).catch(() => undefined)
const deploy = (of, word) => request(of, 'POST', '', { app: 'web', manifest: versions[word], public: true })

/** What podman has beside images: of an undisturbed version, what ought to be. */
function inPodman() {
  const lines = (...words) => node.podman(...words).split('\n').filter(line => line !== '')
  return {
    containers: JSON.parse(node.podman('ps', '--all', '--format', 'json')).map(({ State, Labels }) => `${State} ${Labels['grid.app']} ${Labels['grid.workload']}`).sort(),
    pods: lines('pod', 'ps', '--format', '{{.Status}}').sort(),
    networks: lines('network', 'ls', '--format', '{{.Driver}}').length,
    volumes: lines('volume', 'ls', '--quiet').length
  }
}
const known = {}

async function agree(what, { word, status = 2 }, limit = period) {
  const end = Date.now() + limit
  const differences = async () => {
    const told = []
    const now = await chain.contract('Market').read.get([BigInt(mine.order)])
    if (now.status !== status) told.push(`chain: status ${now.status}`)
    const { json } = await request(mine, 'GET')
    if (status === 2) {
      const apps = json.apps?.map(({ name, state }) => `${name} ${state}`).join()
      if (apps !== (word ? 'web ready' : '')) told.push(`store: ${JSON.stringify(json)}`)
      if (word && apps) {
        const page = await visit(json.apps[0].url)
        if (page.status !== 200) told.push(`its page: ${page.status}`)
      }
    }
    const has = JSON.stringify(inPodman()), wanted = JSON.stringify(known[status === 2 ? word ?? 'none' : 'ended'])
    if (has !== wanted) told.push(`podman: ${has}, not ${wanted}`)
    if (node.monitors().length !== node.containers().length) told.push(`${node.monitors().length} processes watch ${node.containers().length} containers`)
    return told
  }
  for (;;) {
    const told = await differences().catch(error => [String(error)])
    if (told.length === 0) return
    if (Date.now() > end) throw new Error(`${what}: not within ${limit} ms:\n${told.join('\n')}\n${node.log()}`)
    await new Promise(resolve => setTimeout(resolve, 100))
  }
}

/** Does something, kills the node at its n-th write, and starts it again. The write, or undefined when there were fewer. */
async function killedAt(write, when, action) {
  await proxy.arm(node.process.pid, write, when)
  const answer = await action()
  if (answer === undefined) await node.ended
  const struck = await proxy.disarm()
  if (struck === undefined) {
    assert.ok(answer?.status < 300, answer?.body)
    return undefined
  }
  await node.ended
  await node.launch()
  return struck
}

async function learn(name) {
  await until('nothing changes any more', async () => {
    const before = JSON.stringify(inPodman())
    await new Promise(resolve => setTimeout(resolve, 3000))
    return before === JSON.stringify(inPodman())
  })
  known[name] = inPodman()
}

test('killed at any write of a deployment, an update, a removal: each is finished, and nothing else is there', async context => {
  await learn('ended')
  for (const [word, name] of [['one', 'one'], ['two', 'two']]) {
    const answer = await deploy(mine, word)
    assert.equal(answer.status, 200, answer.body)
    await learn(name)
  }
  assert.ok((await request(mine, 'DELETE', '/web')).status < 300)
  await learn('none')
  const steps = { deployment: 'one', update: 'two', removal: undefined }
  const kills = { deployment: [], update: [], removal: [] }
  const over = new Set()
  for (let write = 1; over.size < 3; ++write) {
    assert.ok(write < 60, 'there is no end of writes')
    for (const when of ['before', 'after', 'meanwhile']) {
      for (const [step, word] of Object.entries(steps)) {
        const action = () => word ? deploy(mine, word) : request(mine, 'DELETE', '/web')
        const struck = over.has(step) ? (await action(), undefined) : await killedAt(write, when, action)
        if (struck) kills[step].push(`${when} ${struck}`)
        else over.add(step)
        await agree(`${step}, killed ${when} write ${write} (${struck})`, { word })
      }
    }
  }
  for (const [step, all] of Object.entries(kills)) context.diagnostic(`${step}: killed ${all.length} times: ${all.join('; ')}`)
  assert.ok(Object.values(kills).every(all => all.length > 6), JSON.stringify(kills))
})

test('killed at any write of the end of an order: nothing is left', async context => {
  const kills = []
  for (let write = 1, last; last !== 'none'; ++write) {
    for (const when of ['before', 'after', 'meanwhile']) {
      if (kills.length > 0 || write > 1) mine = await order(3)
      assert.equal((await deploy(mine, 'one')).status, 200)
      last = 'none'
      await proxy.arm(node.process.pid, write, when)
      node.run(['--key', `dev:${mine.user}`, 'order', 'cancel', mine.order])
      await until('it is killed, or the order has ended', async () => !node.alive() || JSON.stringify(inPodman()) === JSON.stringify(known.ended))
      const struck = await proxy.disarm()
      if (struck) {
        kills.push(`${when} ${struck}`)
        last = struck
        await node.ended
        await node.launch()
      }
      await agree(`the end, killed ${when} write ${write} (${struck})`, { status: 3 })
    }
  }
  context.diagnostic(`killed ${kills.length} times: ${kills.join('; ')}`)
  assert.ok(kills.length > 3, JSON.stringify(kills))
})
