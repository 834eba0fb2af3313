// A node with one order that bad input must leave alone, and what sees that it does.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { Node, api, sampleManifest, until, visit } from './node.mjs'
import { Chain, account, at, bearer, login } from './wallet.mjs'

export const resources = { cpuMilli: 100n, memoryMiB: 64n, storageMiB: 64n, gpus: 0n }
export const provider = account(1).address
export const sample = readFileSync(sampleManifest, 'utf8')
export const problem = (answer, status, code) => assert.deepEqual([answer.status, answer.json?.code], [status, code], answer.body)

/** Asks again as soon as the limit of requests for a wallet lets it. */
export const unhurried = ask => until('the wallet may ask again', async () => {
  const answer = await ask()
  if (answer.status !== 429) return answer
  assert.ok(Number(answer.headers['retry-after']) >= 1)
})

export class Untouched {
  /** A node whose provider is account 1; account 2 has an accepted order, account 3 credits. */
  static async start() {
    const world = new Untouched()
    const node = world.node = await Node.start({ roles: ['ledger', 'platform', 'gateway'], gateway: '  fetch_allow: [127.0.0.1/32]' })
    try {
      world.chain = new Chain(node)
      node.registerProvider()
      world.prices = (await world.chain.contract('Registry').read.get([provider])).prices
      for (const key of ['dev:2', 'dev:3']) node.grid('--key', key, 'credits', 'buy', 10)
      world.order = node.grid('--key', 'dev:2', 'order', 'create', '--provider', 'dev:1', '--cpu', '500m', '--memory', '128Mi', '--storage', '128Mi').order
      const session = await login(node, 2)
      const accepted = await api(`${node.gateway}/v1/orders/${world.order}/accept`, 'POST', undefined, bearer(session.token))
      assert.equal(accepted.status, 200, accepted.body)
      world.token = accepted.json.session.token
      world.cookie = accepted.headers['set-cookie'][0].split(';')[0]
      return world
    } catch (error) {
      await node.stop()
      throw error
    }
  }

  /** Everything that bad input must not change. */
  async state() {
    const { node, chain, order, token } = this
    const credits = await Promise.all([1, 2, 3, 9].map(i => chain.contract('Credit').read.balanceOf([account(i).address])))
    const { available } = await chain.contract('Registry').read.get([provider])
    const apps = await unhurried(() => api(`${node.gateway}/v1/apps`, 'GET', undefined, bearer(token)))
    return {
      credits, available, apps: [apps.status, apps.json],
      escrow: await chain.contract('Credit').read.balanceOf([at(4)]),
      order: await chain.contract('Market').read.get([BigInt(order)]),
      containers: node.containers()
    }
  }

  /** Runs what must fail, and sees that nothing changed and the node lives. `mined`: failed transactions are in blocks. */
  unchanged = async (act, { mined = false } = {}) => {
    const { node, chain } = this
    const before = await this.state(), height = await chain.reader.getBlockNumber({ cacheTime: 0 })
    await act()
    assert.deepEqual(await this.state(), before)
    if (!mined) assert.equal(await chain.transactionsSince(height), 0)
    assert.ok(node.alive(), node.log())
    for (const url of [node.platform, node.gateway]) assert.equal((await visit(`${url}/healthz`)).status, 200)
  }

  /** After all of it the order runs and its owner is served. */
  async check() {
    const answer = await api(`${this.node.gateway}/v1/leases`, 'GET', undefined, bearer(this.token))
    assert.deepEqual([answer.status, answer.json.leases.length], [200, 1], answer.body)
    assert.equal(this.node.grid('order', 'show', this.order).status, 'running')
  }
}
