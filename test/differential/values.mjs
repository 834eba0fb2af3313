// What the calls at random carry: who calls, and addresses, amounts, prices, permits and signed quotes; mostly such as do something.
import { addressOf } from './chains.mjs'
import { accounts, encode, places } from './world.mjs'

export const unit = 10n ** 18n
export const max64 = 2n ** 64n - 1n
export const max256 = 2n ** 256n - 1n
export const tenYears = 10n * 365n * 24n * 3600n
/** The order of secp256k1's group: n - s is the other half of a signature. */
const curveOrder = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
const callers = accounts.map((_, i) => i)

/** Values of one run, by its random numbers and what is known of its world. */
export class Values {
  constructor(random, world) {
    Object.assign(this, { random, world })
  }

  call(by, contract, name, ...args) {
    return { by, to: addressOf[contract], data: encode(contract, name, args) }
  }

  /** The account that may, mostly. */
  mostly(by) {
    return by >= 0 && this.random.chance(92) ? by : this.random.of(callers)
  }

  /** One of those who may, mostly. */
  oneOf(list) {
    return this.mostly(this.random.of(list) ?? -1)
  }

  anybody() {
    return this.random.of(callers)
  }

  /** The provider, or its operator. */
  async providerSide(known) {
    if (!known) return this.anybody()
    const { operatorKey } = await this.world.read('Registry', 'get', known.provider)
    const operator = this.world.indexOf(operatorKey)
    return this.mostly(operator >= 0 && this.random.chance(40) ? operator : this.world.indexOf(known.provider))
  }

  address() {
    return this.random.chance(85) ? this.random.of(accounts) : this.random.of(places)
  }

  amount(scale = unit) {
    return this.random.weighted([
      [60, this.random.between(1, scale * 10n)], [25, this.random.between(1, scale)], [5, 0n], [4, 1n], [3, this.random.between(1, 2n ** 100n)], [3, max256]
    ])
  }

  /** Provider accounts are the first six, as it happens. */
  provider() {
    return this.random.chance(95) ? accounts[this.random.below(6)] : this.address()
  }

  /** One that is known to be so, mostly one whose time has not run out. */
  order(...statuses) {
    const all = this.world.ordersIn(...statuses)
    const inTime = all.filter(one => one.status === 1 ? one.activationDeadline > this.world.time : one.activatedAt + one.probation + one.duration > this.world.time)
    return this.random.of(inTime.length > 0 && this.random.chance(85) ? inTime : all)
  }

  id(known) {
    return known?.id ?? (this.random.chance(80) ? this.random.between(0, 60) : this.random.of([0n, max64, 2n ** 40n]))
  }

  prices(most = 10n ** 12n) {
    const price = () => this.random.weighted([[80, this.random.between(0, most)], [18, 0n], [2, 2n ** 96n - 1n]])
    return { cpuMilli: price(), memoryMiB: price(), storageMiB: price(), gpus: price() }
  }

  resources(most = 4000) {
    const amount = () => this.random.weighted([[75, this.random.between(0, most)], [24, 0n], [1, max64]])
    return { cpuMilli: amount(), memoryMiB: amount(), storageMiB: amount(), gpus: this.random.chance(80) ? 0n : this.random.between(0, 4) }
  }

  info(operator) {
    const minimumPrices = this.random.chance(70) ? { cpuMilli: 0n, memoryMiB: 0n, storageMiB: 0n, gpus: 0n } : this.prices(10n ** 10n)
    const plus = part => minimumPrices[part] + this.random.between(0, 10n ** 11n)
    const prices = { cpuMilli: plus('cpuMilli'), memoryMiB: plus('memoryMiB'), storageMiB: plus('storageMiB'), gpus: plus('gpus') }
    if (Object.values(prices).some(price => price >= 2n ** 96n)) return this.info(operator)
    const total = () => this.random.between(8_000, 60_000)
    return {
      host: this.random.weighted([[60, 'provider.example'], [20, '[2001:db8::1]'], [5, ''], [5, 'a b'], [5, 'x'.repeat(253)], [5, 'x'.repeat(254)]]),
      port: this.random.chance(95) ? 8090 : 0, prices: this.random.chance(96) ? prices : this.prices(10n ** 9n), minimumPrices,
      total: this.random.chance(90) ? { cpuMilli: total(), memoryMiB: total(), storageMiB: total(), gpus: 16n } : this.resources(6000),
      attributes: this.random.weighted([[60, '{"region":"eu"}'], [30, ''], [5, 'x'.repeat(4096)], [5, 'x'.repeat(4097)]]),
      probation: this.random.weighted([[40, 0n], [50, this.random.between(1, 3600)], [5, tenYears], [5, tenYears + 1n]]),
      probationPledge: this.random.chance(80) ? 0n : this.random.between(0, unit * 4n), renewable: this.random.chance(80), acceptsOffers: this.random.chance(92),
      operatorKey: operator
    }
  }

  duration() {
    return this.random.weighted([[70, this.random.between(1, 7200)], [15, this.random.between(1, 30)], [10, this.random.between(1, 90 * 86400)], [2, 0n], [2, tenYears], [1, tenYears + 1n]])
  }

  /** The prices that a provider asks, mostly. */
  async asked(provider) {
    const { prices, status } = await this.world.read('Registry', 'get', provider)
    return status !== 0 && this.random.chance(85) ? prices : this.prices()
  }

  /** A permit, sometimes one that cannot be. */
  async permit(owner, spender = addressOf.Credit) {
    const deadline = this.random.weighted([[80, this.world.time + 3600n], [8, this.world.time], [6, this.world.time - 1n], [6, max256]])
    const permit = await this.world.signPermit(owner, spender, this.amount(unit * 10n), deadline)
    return this.random.weighted([
      [84, permit], [3, { ...permit, value: permit.value === 0n ? 1n : permit.value - 1n }], [3, { ...permit, v: this.random.of([0, 1, 26, 29, 255]) }],
      [3, { ...permit, s: `0x${(curveOrder - BigInt(permit.s)).toString(16).padStart(64, '0')}`, v: 55 - permit.v }], [2, { ...permit, v: 55 - permit.v }],
      [2, { ...permit, r: this.random.word() }], [2, { ...permit, r: `0x${'0'.repeat(64)}` }], [1, { ...permit, s: `0x${'0'.repeat(64)}` }]
    ])
  }

  async quote(by, provider, replaces = 0n) {
    const { random, world } = this
    const epoch = await world.read('Market', 'quoteEpoch', provider)
    return {
      provider, user: accounts[this.mostly(by)], resources: this.resources(), prices: await this.asked(provider), duration: this.duration(),
      probation: random.weighted([[60, 0n], [36, random.between(1, 3600)], [2, tenYears], [2, tenYears + 1n]]), renewable: random.chance(70),
      validUntil: random.weighted([[92, world.time + 600n], [4, world.time], [4, world.time + 1n]]), replaces: random.chance(96) ? replaces : random.between(0, 50),
      epoch: random.chance(95) ? epoch : epoch + 1n, salt: world.salts.length > 0 && random.chance(10) ? random.of(world.salts) : random.word()
    }
  }

  /** A quote and its signature: sometimes one that was used, sometimes one that nobody signed. */
  async signed(by, provider, replaces) {
    const { random, world } = this
    if (world.quotes.length > 0 && random.chance(8)) return random.of(world.quotes)
    const quote = await this.quote(by, provider, replaces)
    const { operatorKey } = await world.read('Registry', 'get', provider)
    const own = world.indexOf(provider)
    const operator = world.indexOf(operatorKey)
    const signer = this.mostly(operator >= 0 && random.chance(40) ? operator : own)
    let signature = await world.signQuote(signer, quote)
    if (random.chance(6)) {
      const v = Number(`0x${signature.slice(130)}`)
      signature = random.of([
        signature.slice(0, 130), `${signature}00`, `${signature.slice(0, 130)}00`, '0x', `0x${'0'.repeat(128)}1b`, `0x${'f'.repeat(64)}${signature.slice(66)}`,
        `${signature.slice(0, 66)}${(curveOrder - BigInt(`0x${signature.slice(66, 130)}`)).toString(16).padStart(64, '0')}${(55 - v).toString(16)}`
      ])
    }
    const signed = [quote, signature]
    world.salts = [...world.salts.slice(-20), quote.salt]
    world.quotes = [...world.quotes.slice(-20), signed]
    return signed
  }
}
