// Calls at random, so chosen that most of them do something: of an order's own parties, near its deadlines, with what is there. The rest are
// calls by the wrong account, with absurd numbers, in the wrong state.
import { addressOf } from './chains.mjs'
import { Values, max256, max64, tenYears, unit } from './values.mjs'
import { accounts, encode, name32, places } from './world.mjs'

/** The calls of one run. Each answers {by, to, data}. */
export class Moves extends Values {
  constructor(random, world) {
    super(random, world)
    this.plan = []
  }

  async next() {
    if (this.plan.length === 0 && this.random.chance(1)) this.plan = this.#planned()
    const move = await (this.plan.length > 0 && this.random.chance(70) ? this.plan.shift()() : this.#pick())
    return this.random.chance(2) ? this.#damaged(move) : move
  }

  /** Some calls that chance would hardly bring together: what bounds a list, a pool or an epoch. */
  #planned() {
    const { random } = this
    const by = this.anybody()
    const provider = accounts[random.below(6)]
    const times = (n, move) => Array.from({ length: n }, (_, i) => () => move(i))
    return random.of([
      () => [
        () => this.call(by, 'Pledge', 'pledge', 1000n, provider), ...times(10, i => this.call(by, 'Pledge', 'unpledge', BigInt(i + 1), provider))
      ],
      () => times(7, i => this.call(by, 'Market', 'createOrder', accounts[i % 6], { cpuMilli: 1n, memoryMiB: 1n, storageMiB: 0n, gpus: 0n }, { cpuMilli: unit / 1000n, memoryMiB: unit / 1000n, storageMiB: 10n ** 12n, gpus: 10n ** 12n }, 600n, 0n)),
      () => {
        const slash = async () => this.call(this.oneOf(this.world.roles.SLASHER), 'Pledge', 'slash', provider, (await this.world.read('Pledge', 'pool', provider)).total * 2n / 3n, '')
        const execute = async back => {
          const count = await this.world.read('Pledge', 'slashCount')
          return this.call(by, 'Pledge', 'executeSlash', count > back ? count - back : count)
        }
        return [slash, slash, ...times(12, i => execute(BigInt(i % 2)))]
      },
      () => {
        const member = () => this.oneOf(this.world.members)
        const newest = () => this.world.read('Council', 'count')
        return [
          () => this.call(member(), 'Council', 'propose', addressOf.Council, encode('Council', 'execute', [1n])),
          ...times(4, async () => this.call(member(), 'Council', 'approve', await newest())), ...times(12, async () => this.call(by, 'Council', 'execute', await newest()))
        ]
      },
      () => {  // free time, given up again and again; some of it after the provider's own suspension
        const suspends = random.chance(60)
        const seller = provider => accounts.indexOf(provider)
        const round = i => {
          const of = accounts[1 + (i + by) % 5]
          const on = (who, name) => async () => this.call(who, 'Market', name, await this.world.read('Market', 'current', accounts[by], of))
          return [
            () => this.call(seller(of), 'Registry', 'set', { ...this.info(accounts[9]), host: 'a', port: 1, attributes: '', probation: 3000n, probationPledge: 0n, acceptsOffers: true }),
            () => this.call(by, 'Market', 'createOrder', of, { cpuMilli: 1n, memoryMiB: 1n, storageMiB: 0n, gpus: 0n }, { cpuMilli: unit / 1000n, memoryMiB: unit / 1000n, storageMiB: 10n ** 12n, gpus: 10n ** 12n }, 600n, random.of([0n, 1n])),
            on(seller(of), 'activateOrder'), ...suspends ? [on(seller(of), 'suspend')] : [], ...suspends && random.chance(50) ? [on(seller(of), 'resume')] : [], on(by, 'cancelOrder')
          ]
        }
        return [0, 1, 2, 3, 4, 5].flatMap(round)
      },
      () => [() => this.call(6, 'Registry', 'set', { ...this.info(accounts[9]), probation: 60n, probationPledge: unit * 500n, acceptsOffers: true }), ...times(3, i => this.call(i, 'Market', 'createOrder', accounts[6], this.resources(), this.prices(), 60n, BigInt(i)))]
    ])()
  }

  #pick() {
    return this.random.weighted([
      [12, () => this.#token()], [8, () => this.#credit()], [6, () => this.#registry()], [18, () => this.#create()], [16, () => this.#activate()], [26, () => this.#life()],
      [6, () => this.#end()], [3, () => this.#revoke()], [14, () => this.#pledge()], [6, () => this.#slash()], [9, () => this.#council()]
    ])()
  }

  // --- tokens and credits

  async #token() {
    const by = this.anybody()
    return this.random.weighted([
      [5, () => this.call(by, 'GridToken', 'transfer', this.address(), this.amount())],
      [3, () => this.call(by, 'GridToken', 'transfer', addressOf.Credit, this.amount())],
      [6, () => this.call(by, 'GridToken', 'approve', this.random.chance(70) ? addressOf.Credit : this.address(), this.random.chance(20) ? max256 : this.amount(unit * 100n))],
      [4, () => this.call(by, 'GridToken', 'transferFrom', this.address(), this.address(), this.amount())],
      [2, () => this.call(by, 'GridToken', 'burn', this.amount())],
      [3, () => this.call(this.mostly(0), 'GridToken', 'mint', this.address(), this.random.chance(90) ? this.amount() : this.random.between(1, 2n ** 90n))],
      [1, () => this.#toTheCap()],
      [2, () => this.call(by, 'GridToken', 'faucet', this.random.chance(80) ? this.amount() : this.random.of([10_000n * unit, 10_000n * unit + 1n]))],
      [4, async () => {
        const spender = this.random.chance(70) ? addressOf.Credit : this.address()
        const { value, deadline, v, r, s } = await this.permit(by, spender)
        return this.call(this.anybody(), 'GridToken', 'permit', accounts[this.mostly(by)], spender, value, deadline, v, r, s)
      }]
    ])()
  }

  /** Mints all but a little that the cap leaves, or burns that again: in between there is hardly any profit. */
  async #toTheCap() {
    const room = await this.world.read('GridToken', 'cap') - await this.world.read('GridToken', 'totalSupply')
    if (room > unit) return this.call(this.mostly(0), 'GridToken', 'mint', accounts[9], room - this.random.between(0, 10n ** 14n) + this.random.of([0n, 0n, 10n ** 15n]))
    return this.call(9, 'GridToken', 'burn', await this.world.read('GridToken', 'balanceOf', accounts[9]) / 2n)
  }

  async #credit() {
    const by = this.anybody()
    return this.random.weighted([
      [10, () => this.call(by, 'Credit', 'purchase', this.amount(unit * 20n))],
      [6, async () => {
        const { value, deadline, v, r, s } = await this.permit(by)
        return this.call(this.mostly(by), 'Credit', 'purchaseWithPermit', value, deadline, v, r, s)
      }],
      [4, () => this.call(by, 'Credit', 'redeem', this.amount())],
      [4, () => this.call(by, 'Credit', 'claimTransfer', this.address())],
      [1, () => this.call(by, 'Credit', this.random.of(['noteTransfer', 'escrow', 'release']), this.address(), this.amount())],
      [1, () => this.call(by, 'Credit', this.random.of(['burn', 'issue']), this.amount())],
      [1, async () => {
        const { value, deadline, v, r, s } = await this.permit(by)
        return this.call(by, 'Credit', 'purchaseFor', this.address(), value, deadline, v, r, s)
      }]
    ])()
  }

  // --- the registry

  #registry() {
    const by = this.random.chance(90) ? this.random.below(6) : this.anybody()
    const operator = this.random.chance(50) ? accounts[6 + this.random.below(4)] : places.at(-1)
    const part = () => this.random.of([0n, -1n, 1n, -5n, 7n, 2n ** 64n, -(2n ** 127n)])
    return this.random.weighted([
      [12, () => this.call(by, 'Registry', 'set', this.info(operator))],
      [1, () => this.call(by, 'Registry', 'deregister')],
      [1, () => this.call(by, 'Registry', 'update', this.address(), { cpuMilli: part(), memoryMiB: part(), storageMiB: part(), gpus: part() }, this.random.word())]
    ])()
  }

  // --- orders

  async #create() {
    const by = this.anybody()
    const provider = this.provider()
    const terms = [provider, this.resources(), await this.asked(provider), this.duration(), this.random.chance(85) ? 0n : this.random.between(1, 3600)]
    return this.random.weighted([
      [8, () => this.call(by, 'Market', 'createOrder', ...terms)],
      [2, async () => this.call(by, 'Market', 'createOrderWithPermit', ...terms, await this.permit(by))],
      [7, () => this.#quoted(by, 'createOrderWithQuote')],
      [2, () => this.#quoted(by, 'createOrderWithQuoteAndPermit')],
      [5, () => this.#replacement()]
    ])()
  }

  async #quoted(by, name) {
    const [quote, signature] = await this.signed(by, this.provider(), 0n)
    const caller = this.mostly(this.world.indexOf(quote.user))
    return this.call(caller, 'Market', name, quote, signature, ...name.endsWith('Permit') ? [await this.permit(caller)] : [])
  }

  async #replacement() {
    const old = this.order(2)
    if (!old && this.random.chance(90)) return this.#activate()
    const by = old ? this.world.indexOf(old.user) : this.anybody()
    const [quote, signature] = await this.signed(by, old && this.random.chance(96) ? old.provider : this.provider(), this.id(old))
    return this.call(this.mostly(this.world.indexOf(quote.user)), 'Market', 'replaceOrder', quote, signature)
  }

  async #activate() {
    const known = this.order(1)
    if (!known && this.random.chance(90)) return this.#create()
    const late = known && known.activationDeadline <= this.world.time
    if (late && this.random.chance(80)) return this.call(this.anybody(), 'Market', 'cancelOrder', known.id)
    const byUser = known?.providerCheck && this.random.chance(40)
    return this.call(byUser ? this.world.indexOf(known.user) : await this.providerSide(known), 'Market', 'activateOrder', this.id(known))
  }

  async #life() {
    const known = this.order(2)
    if (!known && this.random.chance(90)) return this.random.chance(50) ? this.#activate() : this.#create()
    const id = this.id(known)
    const user = this.mostly(known ? this.world.indexOf(known.user) : -1)
    const secs = () => this.random.weighted([[85, this.random.between(1, 3600)], [5, 0n], [5, tenYears], [5, max64]])
    return this.random.weighted([
      [6, async () => this.call(await this.providerSide(known), 'Market', known?.suspendedSince ? 'resume' : 'suspend', id)],
      [1, async () => this.call(await this.providerSide(known), 'Market', this.random.of(['resume', 'suspend']), id)],
      [4, () => this.call(user, 'Market', 'extendOrder', id, secs())],
      [1, async () => this.call(user, 'Market', 'extendOrderWithPermit', id, secs(), await this.permit(user))],
      [2, () => this.call(user, 'Market', 'reportUnserved', id)],
      [8, () => this.call(this.anybody(), 'Market', 'settle', id)],
      [3, () => {
        const size = this.random.chance(97) ? this.random.below(8) : this.random.of([256, 257])
        return this.call(this.anybody(), 'Market', 'settleMany', Array.from({ length: size }, () => this.id(this.order(1, 2, 3, 4))))
      }]
    ])()
  }

  #end() {
    const live = this.order(1, 2)
    if (!live && this.random.chance(80)) return this.#create()
    const ended = this.order(3, 4, 2)
    const party = known => this.mostly(known ? this.world.indexOf(this.random.chance(60) ? known.user : known.provider) : -1)
    return this.random.weighted([
      [6, () => this.call(party(live), 'Market', 'cancelOrder', this.id(live))],
      [2, () => this.call(this.anybody(), 'Market', 'cancelOrder', this.id(this.order(1, 2, 3, 4)))],
      [3, () => this.call(party(ended), 'Market', 'withdraw', this.id(ended), this.amount(10n ** 15n))]
    ])()
  }

  #revoke() {
    const by = this.random.below(8)
    if (this.random.chance(30)) return this.call(by, 'Market', 'bumpQuoteEpoch')
    if (this.random.chance(10)) return this.call(by, 'Market', 'setParameter', name32('feeBp'), 5n)
    return this.call(by, 'Market', 'cancelQuote', this.world.salts.length > 0 ? this.random.of(this.world.salts) : this.random.word())
  }

  // --- pledges

  async #pledge() {
    // One pair meets again and again: its unbonding entries pile up.
    const often = this.random.chance(35)
    const by = often ? 7 : this.anybody()
    const provider = often ? accounts[1] : this.provider()
    const pledged = (await this.world.read('Pledge', 'position', accounts[by], provider)).pledged
    const back = () => this.random.weighted([[30, pledged], [40, this.random.between(0, pledged)], [10, pledged + 1n], [20, this.amount(10n ** 15n)]])
    return this.random.weighted([
      [9, () => this.call(by, 'Pledge', 'pledge', this.random.chance(70) ? this.amount() : this.random.between(1, 1000), provider)],
      [6, () => this.call(by, 'Pledge', 'unpledge', back(), provider)],
      [4, () => this.call(by, 'Pledge', 'withdrawUnbonded', provider)],
      [3, () => this.call(by, 'Pledge', 'claim', provider)],
      [1, () => this.call(by, 'Pledge', this.random.of(['promiseProfit', 'lapseProfit']), this.amount())],
      [1, () => this.call(by, 'Pledge', 'mintProfit', provider, this.id(), this.amount())]
    ])()
  }

  async #slash() {
    const known = this.random.of([...this.world.slashes.values()].filter(({ status }) => status === 1 || this.random.chance(5)))
    if (known && this.random.chance(60)) {
      return this.random.chance(85)
        ? this.call(this.anybody(), 'Pledge', 'executeSlash', known.id)
        : this.call(this.oneOf(this.world.roles.VETO), 'Pledge', 'vetoSlash', known.id)
    }
    if (this.random.chance(10)) return this.call(this.mostly(1), 'Pledge', this.random.of(['vetoSlash', 'executeSlash']), this.random.between(0, 50))
    // One pool is slashed more than the others, down to nothing.
    const provider = this.random.chance(60) ? accounts[5] : this.provider()
    const { total } = await this.world.read('Pledge', 'pool', provider)
    const { maxSlashBp } = await this.world.read('Pledge', 'parameters')
    const limit = total * BigInt(maxSlashBp) / 10_000n
    const amount = this.random.weighted([[40, limit], [40, this.random.between(0, limit)], [10, limit + 1n], [10, this.amount()]])
    return this.call(this.oneOf(this.world.roles.SLASHER), 'Pledge', 'slash', provider, amount, 'x'.repeat(this.random.weighted([[90, 20], [5, 256], [5, 257]])))
  }

  // --- the council

  #council() {
    const open = [...this.world.proposals.values()].slice(-12).filter(({ status }) => status === 1 || this.random.chance(5))
    const known = open.length > 0 ? this.random.of(open) : undefined
    const id = known?.id ?? this.random.between(0, 30)
    const member = () => this.oneOf(this.world.members)
    if (!known || this.random.chance(25)) return this.call(member(), 'Council', 'propose', ...this.#proposal())
    const ready = known.readyAt !== 0n
    return this.random.weighted([
      [ready ? 1 : 12, () => this.call(member(), 'Council', 'approve', id)],
      [1, () => this.call(member(), 'Council', 'veto', id)],
      [ready ? 12 : 1, () => this.call(this.anybody(), 'Council', 'execute', id)],
      [1, () => this.call(this.anybody(), 'Council', ...this.random.of([['setDelay', 5n], ['grantRole', name32('VETO'), accounts[0]], ['revokeRole', name32('VETO'), accounts[1]], ['setMembers', [accounts[0]], 1]]))]
    ])()
  }

  /** [target, data] */
  #proposal() {
    const { random } = this
    const key = random.of(['activationDeadline', 'maxUnactivated', 'minimumDeposit', 'probationWindow', 'maxProbationCancels', 'feeBp', 'profitBp', 'treasury', 'nothing'])
    const value = () => random.weighted([
      [70, {
        activationDeadline: random.between(1, 7200), maxUnactivated: random.between(1, 8), minimumDeposit: random.between(0, 10n ** 10n), probationWindow: random.of([0n, 60n, 86400n, 2592000n]),
        maxProbationCancels: random.between(0, 3), feeBp: random.between(0, 2000), profitBp: random.between(0, 500), treasury: random.chance(40) ? 0n : BigInt(this.address()), nothing: 1n
      }[key]],
      [30, random.of([0n, 1n, 10_000n, 10_001n, tenYears, tenYears + 1n, 2n ** 32n, 2n ** 96n, 2n ** 160n, max256])]
    ])
    const on = (contract, name, ...args) => [addressOf[contract], encode(contract, name, args)]
    const members = () => {
      const wanted = random.below(5)
      const list = random.chance(80) ? accounts.slice(0, 3 + random.below(2)) : Array.from({ length: wanted }, () => this.address())
      return on('Council', 'setMembers', list, random.chance(90) ? 2 : random.below(6))
    }
    const lost = ['SLASHER', 'VETO'].find(role => this.world.roles[role].length === 0)
    if (lost && random.chance(60)) return on('Council', 'grantRole', name32(lost), this.random.of(accounts))
    return random.weighted([
      [50, () => on('Market', 'setParameter', name32(key), value())],
      [8, () => on('Council', random.of(['grantRole', 'revokeRole']), name32(random.of(['SLASHER', 'VETO', 'OTHER'])), this.address())],
      [4, members],
      [4, () => on('Council', 'setDelay', random.of([0n, 10n, 30n, 2592000n, 2592001n]))],
      [5, () => on('Pledge', 'vetoSlash', random.between(1, 20))],
      [4, () => on('GridToken', 'faucet', this.amount())],
      [3, () => on('GridToken', 'approve', addressOf.Credit, max256)],
      [3, () => on('Credit', random.of(['purchase', 'redeem']), this.amount())],
      [2, () => on('GridToken', 'transfer', this.address(), this.amount())],
      [2, () => on('Pledge', random.of(['pledge', 'unpledge']), this.amount(), this.provider())],
      [3, () => on('Council', 'execute', random.between(1, 30))],
      [2, () => on('Registry', 'deregister')],
      [2, () => [addressOf.Market, this.random.of(['0x', '0x01', '0xdeadbeef', encode('Market', 'parameters')])]],
      [1, () => [addressOf.Market, `0x${'11'.repeat(4097)}`]],
      [2, () => [this.address(), '0x']]
    ])()
  }

  /** Calldata that was cut, or of which one word is not what its type allows. */
  #damaged({ by, to, data }) {
    const words = (data.length - 10) / 64
    if (words < 1) return { by, to, data: this.random.of([data.slice(0, 8), '0x', '0x12345678']) }
    const at = 10 + 64 * this.random.below(Math.min(words, 24))
    return {
      by, to,
      data: this.random.chance(40)
        ? data.slice(0, 10 + 2 * this.random.below((data.length - 10) / 2))
        : data.slice(0, at) + this.random.of(['f'.repeat(64), `8${'0'.repeat(63)}`, this.random.word().slice(2), '0'.repeat(63) + '2', `${'0'.repeat(47)}1${'0'.repeat(16)}`]) + data.slice(at + 64)
    }
  }
}
