// One story of the whole market, told by a client: every function, event and custom error of the published ABI, chapter by chapter.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Node, api, rpc, until } from '../node.mjs'
import { addressOf, chainId } from '../wallet.mjs'
import { councilChapter } from './council.mjs'
import { creditChapter } from './credit.mjs'
import { marketChapter } from './market.mjs'
import { multicallChapter } from './multicall.mjs'
import { ordersChapter } from './orders.mjs'
import { pledgeChapter } from './pledge.mjs'
import { profitChapter } from './profit.mjs'
import { quotesChapter } from './quotes.mjs'
import { registryChapter } from './registry.mjs'
import { tokenChapter } from './token.mjs'

/** What no client can reach, and why. */
const exceptions = {
  'error GridToken.FaucetClosed': 'a development chain has its faucet open',
  'event Market.Withdrawn': 'whatever ends an order pays both parties at once, so nothing is left to withdraw'
}

export class Story {
  constructor(node, client) {
    this.node = node
    this.client = client
    for (const act of ['ask', 'read', 'send', 'encode', 'sign', 'now', 'latest', 'moveTo', 'facts', 'address']) this[act] = (...words) => client[act](...words)
  }

  /** The call is refused with this error, by name, and with these arguments when they are given. */
  async refused(name, args, by, contract, call, ...parameters) {
    const error = await this.client.fails(by, contract, call, ...parameters)
    assert.equal(error.name, name, `${contract}.${call}`)
    if (args !== undefined) assert.deepEqual(error.args, args, `${contract}.${call}: ${name}`)
  }

  /** Sends, and answers the arguments of the only event of that name. */
  async event(name, by, contract, call, ...parameters) {
    const { events } = await this.send(by, contract, call, ...parameters)
    const found = events.filter(event => event.name === name && event.contract === contract)
    assert.equal(found.length, 1, `${contract}.${call} emits ${name} once: ${events.map(event => event.name)}`)
    return found[0].args
  }

  /** r, s, v of an EIP-2612 permit by an account for the next of its nonces. */
  async permit(owner, spender, value, deadline) {
    const domain = { name: 'GRID', version: '1', chainId, verifyingContract: addressOf('GridToken') }
    const types = {
      Permit: [['address', 'owner'], ['address', 'spender'], ['uint256', 'value'], ['uint256', 'nonce'], ['uint256', 'deadline']]
        .map(([type, name]) => ({ type, name }))
    }
    const nonce = await this.read('GridToken', 'nonces', this.address(owner))
    const signature = await this.sign(owner, domain, types, { owner: this.address(owner), spender, value, nonce, deadline })
    return { value, deadline, v: BigInt(`0x${signature.slice(130)}`), r: signature.slice(0, 66), s: `0x${signature.slice(66, 130)}` }
  }

  /** The council decides and carries out a call of its own or of another contract; answers the execution's events. */
  async decide(contract, call, ...args) {
    const { id } = await this.event('ProposalCreated', 0, 'Council', 'propose', addressOf(contract), this.encode(contract, call, ...args))
    const { readyAt } = await this.event('ProposalApproved', 1, 'Council', 'approve', id)
    await this.moveTo(readyAt)
    return this.send(5, 'Council', 'execute', id)
  }

  async credits(account, value) {
    await this.send(account, 'GridToken', 'approve', addressOf('Credit'), value)
    await this.send(account, 'Credit', 'purchase', value)
  }
}

/** Registers the tests of every chapter for a client. */
export function tell(Client) {
  const story = {}
  before(async () => {
    const node = await Node.start()
    Object.setPrototypeOf(story, Story.prototype)
    Object.assign(story, new Story(node, new Client(node)))
  })
  after(async () => {
    story.client?.end()
    await story.node?.stop()
  })
  for (const chapter of [
    tokenChapter, creditChapter, registryChapter, marketChapter, ordersChapter, quotesChapter, pledgeChapter, councilChapter, multicallChapter,
    profitChapter
  ]) chapter(story)
  test('the node has followed it all', async () => {
    const newest = BigInt((await rpc(story.node, 'eth_blockNumber')).result)
    await until('its projections have the newest block', async () => BigInt((await api(`${story.node.platform}/v1/health`, 'GET')).json.chain.height) === newest)
    const count = await story.read('Market', 'count')
    assert.equal((await api(`${story.node.platform}/v1/orders/${count}`, 'GET')).status, 200)
  })
  test('the client has used every function, event and error of the published ABI', () => story.client.coverage.check(exceptions))
}
