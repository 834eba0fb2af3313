// kill -9 of gridd at every write that it makes to its cluster, before the server hears of it, after it is done, and meanwhile: a deployment, an update, a
// removal, a first deployment of an order and the end of one. Afterwards chain, store and cluster agree within a reconcile period.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Agreement, deployment, long, period, service, startGateway, stopGateway, version, webServer } from './world.mjs'

// By default those moments that differ for the cluster, and one of the guard rails that are alike.
const momentsOf = write => long ? ['before', 'after', 'meanwhile'] : write === 1 ? ['before', 'after'] : ['after']
const alike = long ? undefined : /\/(networkpolicies\/grid-(ingress|egress)|serviceaccounts\/(grid|default)|limitranges\/grid)\?/

describe('killed with -9', () => {
  let node, world, order, one, two
  before(async () => {
    node = await startGateway()
    world = new Agreement(node)
    // The second version has another file, another service, one more pod, and no worker.
    one = await version('one', (port, word) => webServer(port, word) + deployment('worker') + service('extra', port, 'web'))
    two = await version('two', (port, word) => webServer(port, word, 2) + service('other', port, 'web'))
    order = await world.order(2)
    await world.settle(order, 'web', one)
    await world.settle(order, 'web', two)
    await world.drop(order, 'web')
  })
  after(() => stopGateway(node))

  /** Does something, kills the node at its n-th write, and starts it again. The write, or undefined when there were fewer. */
  async function killedAt(write, when, action) {
    await node.proxy.arm(node.process.pid, write, when, alike)
    const answer = await action()
    if (answer === undefined) await node.ended
    const struck = await node.proxy.disarm()
    if (struck === undefined) {
      assert.ok(answer?.status < 300, answer?.body)
      return undefined
    }
    await node.ended
    await node.launch()
    return struck
  }

  test('at any write of a deployment, an update, a removal: each is finished, and nothing else is there', async context => {
    const steps = { deployment: one, update: two, removal: undefined }
    const kills = { deployment: [], update: [], removal: [] }
    const over = new Set()
    for (let write = 1; over.size < 3; ++write) {
      assert.ok(write < 60, 'there is no end of writes')
      for (const when of momentsOf(write)) {
        for (const [step, wanted] of Object.entries(steps)) {
          const action = () => wanted ? world.deploy(order, 'web', wanted) : world.request(order, 'DELETE', '/web')
          const struck = over.has(step) ? (await action(), undefined) : await killedAt(write, when, action)
          if (struck) kills[step].push(`${when} ${struck}`)
          else over.add(step)
          const { apps } = world.leases.get(order)
          if (wanted) apps.web = wanted
          else delete apps.web
          await world.agree(`${step}, killed ${when} write ${write} (${struck})`)
        }
      }
    }
    for (const [step, all] of Object.entries(kills)) context.diagnostic(`${step}: killed ${all.length} times: ${all.join('; ')}`)
    assert.ok(kills.deployment.length > 9 && kills.update.length > 9 && kills.removal.length > 3, JSON.stringify(kills))
  })

  test('at the first write of an order and at its last', async () => {
    for (const when of long ? ['before', 'after', 'meanwhile'] : ['after']) {
      const mine = await world.order(3)
      assert.match(await killedAt(1, when, () => world.deploy(mine, 'web', one)), /POST .*namespaces/)
      world.leases.get(mine).apps.web = one
      await world.agree(`the first deployment of an order, killed ${when} its namespace was made`)
      assert.match(await killedAt(1, when, () => world.cancel(mine)), /DELETE .*namespaces/)
      await world.agree(`the end of an order, killed ${when} its namespace was removed`)
    }
  })

  // It is tried three times before it is given up.
  test('over a deployment that fails: a first one is taken back, an update leaves the version before it', { skip: !long && 'nightly' }, async () => {
    const broken = { word: 'broken', manifest: one.manifest.replaceAll('localhost/grid-sample:1', 'localhost/missing:1') }
    for (const before of [undefined, two]) {
      if (before) await world.settle(order, 'web', before)
      const struck = await killedAt(before ? 4 : 5, 'after', () => world.deploy(order, 'web', broken))
      assert.ok(struck)
      await world.agree(`a deployment that fails, killed after ${struck}`, 4 * period)
    }
    await world.drop(order, 'web')
  })
})
