// A market of several processes: one anvil, a platform, and gateways of different providers, each with its own key and data.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { createPublicClient, getContract, http } from 'viem'
import { Anvil } from './anvil.mjs'
import { Node, api, build, sampleManifest, until, visit } from './node.mjs'
import { abi, account, bearer, login } from './wallet.mjs'

export const resources = ['--cpu', '500m', '--memory', '128Mi', '--storage', '128Mi']

/** A keystore of a well-known account, as an operator has one for a gateway: the lines of its section. */
function keyLines(directory, index) {
  const home = join(directory, `key-${index}`)
  mkdirSync(home)
  const password = join(home, 'password')
  writeFileSync(password, 'gateway\n')
  const secret = Buffer.from(account(index).getHdKey().privateKey).toString('hex')
  const done = spawnSync(join(build, 'grid'), ['key', 'import', 'gateway'], {
    encoding: 'utf8', input: `${secret}\n`, env: { ...process.env, GRID_HOME: home, GRID_PASSWORD_FILE: password }
  })
  assert.equal(done.status, 0, done.stderr)
  return `  key_file: ${join(home, 'keys', 'gateway.json')}\n  key_password_file: ${password}`
}

export class Market {
  /**
   * `providers`: accounts that have a gateway each. `through`: a function of the anvil that answers the endpoints of the nodes.
   * `anvil`: its options; by default a block for each transaction, and one a second.
   */
  static async start({ providers = [1], confirmations = 0, anvil = ['--block-time', '1', '--mixed-mining'], through = network => [network.url] } = {}) {
    const market = new Market()
    market.gateways = []
    try {
      market.anvil = await Anvil.deployed(...anvil)
      market.confirmations = confirmations
      market.chain = [`confirmations: ${confirmations}`]
      market.through = await through(market.anvil)
      market.platform = await market.node(['platform'])
      for (const index of providers) {
        const gateway = await market.node(['gateway'], keyLines(market.anvil.directory, index))
        market.gateways.push(gateway)
        gateway.provider = account(index).address
        gateway.buildSampleImage()
        gateway.grid('--key', `dev:${index}`, 'provider', 'register', '--host', 'localhost', '--port', new URL(gateway.gateway).port,
          '--cpu', 4, '--memory', '8Gi', '--storage', '32Gi', '--price-cpu', '0.36', '--price-memory', '0.02', '--price-storage', '0.0001',
          '--attributes', '{"region":"local"}', '--accept-offers')
      }
      await until('the providers are listed', async () => (await market.listed('providers')).length === providers.length)
    } catch (error) {
      await market.stop()
      throw error
    }
    return market
  }

  /** A node of this market that keeps its ports when it is started again. */
  async node(roles, gateway) {
    const node = await Node.startOn(this.anvil, { roles, gateway, chain: this.chain, through: this.through })
    node.keepPorts()
    node.market = this
    return node
  }

  async stop() {
    const problems = []
    for (const part of [...this.gateways, this.platform, this.anvil]) await part?.stop().catch(error => problems.push(error))
    if (problems.length > 0) throw problems[0]
  }

  /** What is in a block now counts after this. */
  async confirm() {
    if (this.confirmations > 0) await this.anvil.request('anvil_mine', this.confirmations)
  }

  /** What a platform lists: `providers` or `orders`. */
  async listed(what, platform = this.platform) {
    return (await api(`${platform.platform}/v1/${what}`, 'GET')).json[what]
  }

  /** Waits until a node has seen a block that comes now: after this it can be asked. */
  async followed(node) {
    await this.anvil.request('anvil_mine', 1)
    const height = await this.anvil.height()
    await until('the node follows the network', async () => {
      const { body } = await visit(`${node.gateway || node.platform}/metrics`)
      return Number(/^grid_follower_leader_height (\d+)/m.exec(body)[1]) >= height
    })
  }

  /** What the platform lists becomes what one lists that has only ever seen the chain as it is now. */
  async agreesWithFresh() {
    const fresh = await Node.startOn(this.anvil, { roles: ['platform'], chain: this.chain })
    try {
      const at = await this.anvil.height() - this.confirmations
      const { orders } = (await api(`${fresh.platform}/v1/orders?at_least_block=${at}`, 'GET')).json
      await until('the platform lists the orders of this branch', async () => isDeepStrictEqual(await this.listed('orders'), orders), 10_000)
        .catch(async () => assert.deepEqual(await this.listed('orders'), orders))
      await until('the platforms list the same providers', async () =>
        isDeepStrictEqual(await this.listed('providers'), await this.listed('providers', fresh)), 10_000)
    } finally {
      await fresh.stop()
    }
  }

  /** A contract as it is at a block; without a wallet. */
  contract(name) {
    const book = readFileSync(this.anvil.contracts, 'utf8')
    const [, address] = new RegExp(`^  ${name.replace('GridToken', 'token').toLowerCase()}: (0x\\w+)$`, 'm').exec(book)
    return getContract({ address, abi: abi(name), client: createPublicClient({ transport: http(this.anvil.url), cacheTime: 0 }) })
  }

  order(id) {
    return this.contract('Market').read.get([BigInt(id)])
  }

  /** How often the network has an event of the Market about an order. */
  async events(name, id) {
    const market = this.contract('Market')
    const events = await market.getEvents[name]({}, { fromBlock: 0n })
    return events.filter(event => event.args.id === BigInt(id)).length
  }

  /** Transactions of an account that are in blocks. */
  async mined(address) {
    return Number(await this.anvil.request('eth_getTransactionCount', address, 'latest'))
  }
}

/** Rents the sample application at a gateway and answers what the command says, with a token of the lease. */
export async function rent(gateway, index, ...words) {
  const rented = gateway.grid('--key', `dev:${index}`, 'rent', sampleManifest, '--provider', gateway.provider, ...resources, ...words)
  rented.token = await accept(gateway, index, rented.order)
  return rented
}

/** The same at the provider's listed prices, which may be for a shorter time than a quote. */
export async function take(gateway, index, name, ...words) {
  const user = (...rest) => gateway.grid('--key', `dev:${index}`, ...rest)
  const { order } = user('order', 'create', '--provider', gateway.provider, ...resources, ...words)
  await gateway.market.confirm()
  const token = await accept(gateway, index, order)
  return { order, token, ...user('app', 'deploy', '--order', order, '--name', name, sampleManifest) }
}

/** Accepts an order that counts at its gateway: a token of its lease. */
export async function accept(gateway, index, order) {
  const { token } = await login(gateway, index)
  // What is left of an order that ended, and runs again, is removed first.
  const accepted = await until('nothing of the order is being removed', async () => {
    const answer = await api(`${gateway.gateway}/v1/orders/${order}/accept`, 'POST', undefined, bearer(token))
    return answer.json?.code === 'busy' ? undefined : answer
  })
  assert.equal(accepted.status, 200, accepted.body)
  return accepted.json.session.token
}

/** The same where a block comes only when a test wants one. */
export async function acceptWithBlocks(gateway, index, order) {
  let over = false
  const accepting = accept(gateway, index, order).finally(() => { over = true })
  const blocks = until(`order ${order} is accepted`, async () => over || void await gateway.network.request('anvil_mine', 1))
  return (await Promise.all([accepting, blocks]))[0]
}

/** Does something while the application answers 200, before, during and after; then the gateway has these containers, or those from before. */
export async function untouched(gateway, rented, deed, containers = gateway.containers()) {
  let done = false
  const answers = new Set()
  const visitor = (async () => {
    for (;;) {
      answers.add(await serves(rented))
      if (done) return
      await new Promise(resolve => setTimeout(resolve, 10))
    }
  })()
  try {
    await deed()
  } finally {
    done = true
    await visitor
  }
  assert.deepEqual([...answers], [200])
  assert.ok(containers.length > 0)
  assert.deepEqual(gateway.containers(), containers)
}

/** The status with which the application answers its owner. */
export async function serves(rented) {
  return (await visit(rented.url, { headers: bearer(rented.token) })).status
}
