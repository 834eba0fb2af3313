// What the generator of calls knows: the accounts, the contracts' ABIs, and the state of the market as the embedded chain tells it.
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { decodeAbiParameters, encodeAbiParameters, stringToHex, toEventSelector, toFunctionSelector, zeroAddress } from 'viem'
import { addressOf, chainId, names } from './chains.mjs'
import { signers } from './genesis.mjs'

const here = dirname(fileURLToPath(import.meta.url))
export const abis = Object.fromEntries(names.map(name => [name, JSON.parse(readFileSync(join(here, '..', '..', 'chain', 'abi', `${name}.json`), 'utf8'))]))
export const accounts = signers.map(({ address }) => address)
export const places = [...Object.values(addressOf), '0xcA11bde05977b3631167028862bE2a173976CA11', zeroAddress]
export const name32 = text => stringToHex(text, { size: 32 })

/** By contract and name: the function and its selector, which takes more time to find than all the rest. */
const functions = new Map(names.flatMap(contract => abis[contract].filter(({ type }) => type === 'function')
  .map(item => [`${contract}.${item.name}`, { item, selector: toFunctionSelector(item) }])))
const namesBySelector = new Map([...functions].map(([name, { selector }]) => [`${name.split('.')[0]} ${selector}`, name]))

export function encode(contract, name, args = []) {
  const { item, selector } = functions.get(`${contract}.${name}`)
  return item.inputs.length === 0 ? selector : selector + encodeAbiParameters(item.inputs, args).slice(2)
}
export const same = (a, b) => a.toLowerCase() === b.toLowerCase()

const quoteTypes = {
  Quote: [
    ['address', 'provider'], ['address', 'user'], ['uint64', 'cpuMilli'], ['uint64', 'memoryMiB'], ['uint64', 'storageMiB'], ['uint64', 'gpus'],
    ['uint96', 'cpuMilliPrice'], ['uint96', 'memoryMiBPrice'], ['uint96', 'storageMiBPrice'], ['uint96', 'gpuPrice'], ['uint64', 'duration'],
    ['uint64', 'probation'], ['bool', 'renewable'], ['uint64', 'validUntil'], ['uint64', 'replaces'], ['uint64', 'epoch'], ['bytes32', 'salt']
  ].map(([type, name]) => ({ type, name }))
}
const permitTypes = {
  Permit: [['address', 'owner'], ['address', 'spender'], ['uint256', 'value'], ['uint256', 'nonce'], ['uint256', 'deadline']]
    .map(([type, name]) => ({ type, name }))
}

export class World {
  constructor(chain, time, number) {
    Object.assign(this, { chain, time, number, orders: new Map(), proposals: new Map(), slashes: new Map(), quotes: [], salts: [], roles: {}, members: [], newest: 0n })
  }

  async read(contract, name, ...args) {
    const [answer] = await this.chain.ask([{ to: addressOf[contract], data: encode(contract, name, args) }], this)
    if (!answer.ok) throw new Error(`${contract}.${name}: ${JSON.stringify(answer)}`)
    const { outputs } = functions.get(`${contract}.${name}`).item
    const values = decodeAbiParameters(outputs, answer.data)
    return outputs.length === 1 ? values[0] : values
  }

  /** Who may do what; read at the start, and when it changed. */
  async readCouncil() {
    this.members = (await this.read('Council', 'members')).map(member => this.indexOf(member))
    for (const role of ['SLASHER', 'VETO']) {
      const held = await Promise.all(accounts.map(account => this.read('Council', 'hasRole', name32(role), account)))
      this.roles[role] = [...accounts.keys()].filter(i => held[i])
    }
  }

  /** Reads again what a receipt's logs are about. */
  async follow(logs) {
    for (const { address, topics } of logs) {
      if (same(address, addressOf.Council) && ['RoleChanged', 'MembersChanged'].includes(events.get(topics[0]))) await this.readCouncil()
      const id = topics[1] !== undefined && BigInt(topics[1]) < 2n ** 64n ? BigInt(topics[1]) : undefined
      if (id === undefined || id === 0n) continue
      if (same(address, addressOf.Market)) {
        for (const one of topics.slice(1, 3).map(BigInt)) {
          if (one >= 2n ** 64n) continue
          const order = await this.read('Market', 'get', one)
          if (order.status === 0) continue
          this.orders.set(one, order)
          if (one > this.newest) this.newest = one
        }
      }
      if (same(address, addressOf.Council)) {
        const proposal = await this.read('Council', 'proposal', id)
        if (proposal.status !== 0) this.proposals.set(id, proposal)
      }
      if (same(address, addressOf.Pledge)) {
        const slash = await this.read('Pledge', 'getSlash', id)
        if (slash.status !== 0) this.slashes.set(id, slash)
      }
    }
    for (const known of [this.orders, this.proposals, this.slashes])  // the oldest of those that have ended are forgotten
      if (known.size > 64)
        for (const [id, { status }] of known) if (known.size > 48 && status !== 1 && status !== 2) known.delete(id)
  }

  ordersIn(...statuses) {
    return [...this.orders.values()].filter(({ status }) => statuses.includes(status))
  }

  indexOf(address) {
    return accounts.findIndex(account => same(account, address))
  }

  async signQuote(by, quote) {
    const { resources, prices, ...rest } = quote
    const message = {
      ...rest, ...resources, cpuMilliPrice: prices.cpuMilli, memoryMiBPrice: prices.memoryMiB, storageMiBPrice: prices.storageMiB, gpuPrice: prices.gpus
    }
    return signers[by].signTypedData({
      domain: { name: 'GRID Market', version: '1', chainId, verifyingContract: addressOf.Market }, types: quoteTypes, primaryType: 'Quote', message
    })
  }

  /** {value, deadline, v, r, s} for a spender, with the owner's next nonce. */
  async signPermit(owner, spender, value, deadline) {
    const nonce = await this.read('GridToken', 'nonces', accounts[owner])
    const signature = await signers[owner].signTypedData({
      domain: { name: 'GRID', version: '1', chainId, verifyingContract: addressOf.GridToken }, types: permitTypes, primaryType: 'Permit',
      message: { owner: accounts[owner], spender, value, nonce, deadline }
    })
    return { value, deadline, v: Number(`0x${signature.slice(130)}`), r: signature.slice(0, 66), s: `0x${signature.slice(66, 130)}` }
  }
}

/** How a call reads in a report. */
export function describe({ to, data }) {
  const contract = names.find(name => same(addressOf[name], to))
  return namesBySelector.get(`${contract} ${data.slice(0, 10)}`) ?? `${contract ?? to}.${data.slice(0, 10)}`
}

const everything = Object.values(abis).flat()
const errors = new Map(everything.filter(({ type }) => type === 'error').map(entry => [toFunctionSelector({ ...entry, type: 'function', outputs: [], stateMutability: 'view' }), entry.name]))
const events = new Map(everything.filter(({ type }) => type === 'event').map(entry => [toEventSelector(entry), entry.name]))

export const errorName = data => data === undefined || data === '0x' ? 'nothing' : errors.get(data.slice(0, 10)) ?? data.slice(0, 74)
export const eventName = ({ address, topics }) => `${names.find(name => same(addressOf[name], address))}.${events.get(topics[0])}`
