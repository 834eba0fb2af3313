// Many orders deploy at once on a real API server, and end at once: a few by default, a hundred by `./dev test nightly`.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Agreement, long, period, startGateway, stopGateway, version, webServer } from './world.mjs'

const count = long ? 100 : 20
const limit = Math.max(period, count * 1000)

describe(`${count} orders at once`, () => {
  let node, world, one, orders
  before(async () => {
    node = await startGateway()
    world = new Agreement(node)
    one = await version('one', webServer)
    orders = []
    for (let i = 0; i < count; ++i) orders.push(await world.order(2 + i, { cpuMilli: 40n, memoryMiB: 64n, storageMiB: 64n }))
    await world.settle(orders[0], 'web', one)
    await world.drop(orders[0], 'web')
    await world.settle(orders[0], 'web', one)
  })
  after(() => stopGateway(node))

  test('all that are deployed at once are served', async () => {
    const answers = await Promise.all(orders.slice(1).map(order => world.deploy(order, 'web', one)))
    assert.deepEqual(answers.filter(answer => answer?.status !== 200).map(answer => answer?.body), [])
    for (const order of orders) world.leases.get(order).apps.web = one
    await world.agree(`${count} deployments at once`, limit)
  })

  test('killed in the middle of their removal, each is finished', async () => {
    const answers = orders.map(order => world.request(order, 'DELETE', '/web'))
    await Promise.race(answers)  // the first is done, others are not
    await node.kill()
    const told = await Promise.all(answers)
    await node.launch()
    assert.ok(told.some(answer => answer === undefined), 'nothing was interrupted')
    // What was answered is done; of the rest each was begun, or not heard of. Asking again is harmless.
    for (const order of orders) {
      delete world.leases.get(order).apps.web
      await world.request(order, 'DELETE', '/web')
    }
    await world.agree('removals at once, with a kill', limit)
  })

  test('those that end at once leave nothing', async () => {
    for (const order of orders) await world.cancel(order)
    await world.agree(`${count} ends at once`, limit)
  })
})
