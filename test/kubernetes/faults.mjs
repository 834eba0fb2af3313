// gridd on a cluster that fails, and beside others on a cluster that works: while it lasts nothing of a live order is torn down, and when it is over chain,
// store and cluster agree within a reconcile period.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { until, visit } from '../e2e/node.mjs'
import { Agreement, controlPlane, deployment, long, startGateway, stopGateway, version, webServer } from './world.mjs'

describe('while the cluster fails', () => {
  let plane, node, world, order, one, two, side, url
  before(async () => {
    node = await startGateway('suspend_after: 2s')
    plane = await controlPlane()
    world = new Agreement(node)
    one = await version('one', webServer)
    two = await version('two', (port, word) => webServer(port, word, 2))
    side = { word: 'side', manifest: deployment('side'), inside: true }
    order = await world.order(2)
    await world.settle(order, 'web', two)
    await world.drop(order, 'web')
    await world.settle(order, 'web', one)
    ;[{ url }] = (await world.request(order, 'GET')).json.apps
  })
  after(() => stopGateway(node))

  async function serves() {
    const { status, body } = await visit(url)
    assert.equal(status, 200, `a fault of the cluster interrupted the application: ${body}\n${node.log()}`)
  }

  /** An update and a removal that the cluster refuses. */
  async function refused(status) {
    await world.settle(order, 'side', side)
    await node.proxy.set(status, { writes: true })
    const [update, removal] = await Promise.all([world.deploy(order, 'web', two), world.request(order, 'DELETE', '/side')])
    assert.ok(update.status >= 400, `${status}: the update was answered ${update.status} ${update.body}`)
    assert.ok(removal.status >= 400, `${status}: the removal was answered ${removal.status} ${removal.body}`)
    await serves()
    await node.proxy.set('none')
    // The update was refused; the removal is a promise, whatever was answered.
    delete world.leases.get(order).apps.side
    await world.agree(`after ${status}`)
  }

  test('an API server that refuses all writes ends nothing, whatever it answers', async () => {
    for (const status of long ? [401, 403, 409, 410, 422, 429, 500, 503] : [403, 422]) await refused(status)
  })

  /** An update and the end of an order, both under a fault of everything. */
  async function out(fault, begin, end) {
    const ending = await world.order(3)
    await world.settle(ending, 'web', one)
    await begin()
    const update = world.deploy(order, 'web', two)
    await world.cancel(ending)
    await until('the cluster is missed, or the update is answered', async () => {
      await serves()
      const { json } = await world.request(order, 'GET')
      return json.apps.some(({ state }) => state === 'unknown') || await Promise.race([update, undefined])
    })
    await serves()
    await end()
    const answer = await update
    world.leases.get(order).apps.web = answer.status === 200 ? two : one
    await world.agree(`after ${fault}; the update was answered ${answer.status} ${answer.body}`)
    await world.settle(order, 'web', one)
  }

  test('an API server that answers 500 to everything ends nothing', { skip: !long && 'nightly' }, () => out('500', () => node.proxy.set(500), () => node.proxy.set('none')))
  test('an API server that never answers ends nothing', { skip: !long && 'nightly' }, () => out('a stall', () => node.proxy.set('stall'), () => node.proxy.set('none')))
  test('an API server that is killed and comes back', () => out('the kill of the API server', () => plane.kill('apiserver'), () => plane.restart('apiserver')))
  test('an etcd that is killed and comes back', { skip: !long && 'nightly' }, () => out('the kill of etcd', () => plane.kill('etcd'), () => plane.restart('etcd')))

  test('what a user pays does not grow while the cluster is out', async () => {
    const read = () => world.chain.contract('Market').read.get([BigInt(order)])
    await node.proxy.set(503)
    const { suspendedSince } = await until('the order stands still on the chain', async () => {
      await serves()
      const now = await read()
      return now.suspendedSince !== 0n && now
    })
    await node.kill()
    await node.launch()
    assert.equal((await read()).suspendedSince, suspendedSince)
    await node.proxy.set('none')
    await world.agree('after an outage that suspended the order')
    const { suspendedSeconds } = await read()
    assert.ok(suspendedSeconds >= 1n)
    await world.cancel(order)
    await world.agree('after its end')
    const { resources: r, prices: p, ...over } = await read()
    const rate = r.cpuMilli * p.cpuMilli + r.memoryMiB * p.memoryMiB + r.storageMiB * p.storageMiB + r.gpus * p.gpus
    assert.equal(over.suspendedSeconds, suspendedSeconds)
    assert.equal(over.paidProvider, rate * (over.settledAt - over.activatedAt - over.probation - over.suspendedSeconds) / 3600n)
    assert.equal(over.paidProvider + over.paidUser, over.deposit)
  })
})

describe('beside others on the cluster', () => {
  let plane, node, world, one
  before(async () => {
    node = await startGateway()
    plane = await controlPlane()
    world = new Agreement(node)
    one = await version('one', webServer)
  })
  after(() => stopGateway(node))

  /** A namespace and all that is in it, with what changes whenever anybody touches it. */
  async function seal(name) {
    const space = (await plane.ask('GET', `/api/v1/namespaces/${name}`)).json
    const lists = await Promise.all(['/api/v1', '/apis/apps/v1', '/apis/networking.k8s.io/v1'].map(async group => {
      const kinds = (await plane.ask('GET', group)).json.resources.filter(({ name, namespaced, verbs }) => namespaced && verbs.includes('list') && name !== 'events')
      return Promise.all(kinds.map(async kind => (await plane.ask('GET', `${group}/namespaces/${name}/${kind.name}`)).json.items))
    }))
    return [space, ...lists.flat(2)].map(({ metadata }) => [metadata.name, metadata.uid, metadata.resourceVersion, metadata.deletionTimestamp])
  }

  test('two gateways: what ends at one, and a kill of it, are nothing to the other', async () => {
    const other = await startGateway()
    try {
      const theirs = new Agreement(other)
      const [mine, their] = [await world.order(2), await theirs.order(2)]
      await world.settle(mine, 'web', one)
      await theirs.settle(their, 'web', one)
      const [[name]] = await theirs.cluster()
      const sealed = await seal(name)
      await node.kill()
      await node.launch()
      await world.agree('after a kill beside another gateway')
      await world.cancel(mine)
      await world.agree('after an end beside another gateway')
      await theirs.agree('the other gateway')
      assert.deepEqual(await seal(name), sealed)
      await theirs.cancel(their)
      await theirs.agree('after the end at the other')
    } finally {
      await stopGateway(other)
    }
  })

  test('namespaces that others made with our labels, annotations and names are not touched', async () => {
    const mine = await world.order(5)
    await world.settle(mine, 'web', one)
    const [[real, { metadata }]] = await world.cluster()
    const prefix = real.replace(/[0-9a-f]+$/, '')
    const strange = 'ab'.repeat(32)
    const forged = {
      'copied-from-grid': metadata.annotations,
      [`${prefix}${strange.slice(0, 12)}`]: { ...metadata.annotations, 'grid.lease-key': strange },
      [`${prefix}cdcdcdcdcdcd`]: {}
    }
    const labels = { 'grid.gateway': metadata.labels['grid.gateway'], 'grid.lease': metadata.labels['grid.lease'] }
    const make = async (path, object) => assert.equal((await plane.ask('POST', path, JSON.stringify(object), 'application/json')).status, 201)
    for (const [name, annotations] of Object.entries(forged)) {
      await make('/api/v1/namespaces', { metadata: { name, labels, annotations } })
      await make(`/api/v1/namespaces/${name}/configmaps`, { metadata: { name: 'grid-app-web', labels: { ...labels, 'grid.record': 'app', 'grid.app': 'web' } }, data: { record: '{"app":"web"}' } })
      await make(`/api/v1/namespaces/${name}/services`, { metadata: { name: 'web', labels: { ...labels, 'grid.app': 'web' } }, spec: { ports: [{ port: 80 }] } })
      await until('what Kubernetes makes in it is there', async () => (await plane.ask('GET', `/api/v1/namespaces/${name}/secrets`)).json.items.length > 0)
      world.forged.add(name)
    }
    const seals = () => Promise.all(Object.keys(forged).map(seal))
    const sealed = await seals()
    await node.kill()
    await node.launch()  // which begins with a reconciliation
    await world.agree('beside forged namespaces')
    await world.cancel(mine)
    await world.agree('after an end beside forged namespaces')
    assert.deepEqual(await seals(), sealed)
    for (const name of Object.keys(forged)) await plane.ask('DELETE', `/api/v1/namespaces/${name}`)
  })
})
