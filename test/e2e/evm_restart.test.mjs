// anvil ends under the nodes and comes back from its state file: the one of its end, or an older one, so that it has forgotten blocks.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Market, accept, rent, resources, serves, take, untouched } from './evm_world.mjs'
import { api, until } from './node.mjs'
import { account } from './wallet.mjs'

const [none, running] = [0, 2]
const directory = mkdtempSync(join(tmpdir(), 'grid-anvil-state-'))
const options = ['--block-time', '1', '--mixed-mining', '--state', join(directory, 'state.json')]
let market, gateway, steady
before(async () => {
  market = await Market.start({ anvil: options })
  ;[gateway] = market.gateways
  steady = await rent(gateway, 2, '--name', 'steady')
  for (const index of [3, 4, 5]) gateway.grid('--key', `dev:${index}`, 'credits', 'buy', 1)
})
after(async () => {
  await market?.stop()
  rmSync(directory, { recursive: true })
})

const state = async () => (await api(`${market.platform.platform}/v1/health`, 'GET')).json.follower.state
const credits = index => market.contract('Credit').read.balanceOf([account(index).address])

async function cancelled(index, order) {
  const end = gateway.grid('--key', `dev:${index}`, 'order', 'cancel', order)
  assert.equal(BigInt(end.paid_provider) + BigInt(end.paid_user), BigInt(end.deposit))
}

test('a network that comes back as it was: leases run on, and work goes on', async () => {
  const { order } = gateway.grid('--key', 'dev:3', 'order', 'create', '--provider', gateway.provider, ...resources)
  await until('the order is listed', async () => (await market.listed('orders')).length === 2)
  await untouched(gateway, steady, async () => {
    const height = await market.anvil.height()
    market.anvil.process.kill('SIGTERM')
    await market.anvil.ended
    await until('it is noticed', async () => await state() === 'unreachable')
    await market.anvil.restart('SIGTERM', ...options)
    await until('it goes on', async () => await state() === 'following')
    assert.ok(await market.anvil.height() >= height)
    await market.followed(gateway)
    await accept(gateway, 3, order)
  })
  assert.equal(await market.events('OrderActivated', order), 1)
  assert.equal((await market.order(steady.order)).status, running)
  await cancelled(3, order)
  await market.agreesWithFresh()
})

test('a network that has forgotten blocks: what it remembers again runs on, what it does not ends', async () => {
  const before = await credits(5)
  // Its state file is of the end of the process before.
  await market.anvil.restart('SIGTERM', ...options)
  await market.followed(gateway)
  const again = await take(gateway, 4, 'again')
  const kept = gateway.containers()
  const lost = await take(gateway, 5, 'lost')
  const [created] = (await market.contract('Market').getEvents.OrderCreated({}, { fromBlock: 0n })).filter(event => event.args.id === BigInt(again.order))
  const creation = await market.anvil.request('eth_getRawTransactionByHash', created.transactionHash)
  assert.equal(gateway.containers().length, 3)
  await untouched(gateway, steady, async () => {
    await untouched(gateway, again, async () => {
      await untouched(gateway, lost, async () => {
        await market.anvil.restart('SIGKILL', ...options)
        assert.deepEqual([(await market.order(again.order)).status, (await market.order(lost.order)).status], [none, none])
        await until('the new branch is followed', async () => {
          await market.anvil.request('anvil_mine', 1)
          return !(await market.listed('orders')).some(order => order.id === String(lost.order))
        })
      })
      await market.anvil.request('eth_sendRawTransaction', creation)
      await until('the order runs again', async () => (await market.order(again.order)).status === running)
      assert.equal(await market.events('OrderActivated', again.order), 1)
      await until('the lost order ends', async () => {
        await market.anvil.request('anvil_mine', 1)
        return await serves(lost) === 410
      })
      await until('its container is gone', () => gateway.containers().length === 2)
    }, kept)
  }, kept)
  assert.equal(await credits(5), before)
  await market.agreesWithFresh()
  await cancelled(4, again.order)
  await cancelled(2, steady.order)
  await until('the containers are gone', () => gateway.containers().length === 0)
  assert.equal(await credits(5), before)
  assert.equal(await market.contract('Credit').read.balanceOf([market.contract('Market').address]), 0n)
})
