// Sends the same signed transactions to the embedded chain and to anvil with the Solidity contracts, in random sequences that a seed decides, and compares
// after each block: revert data, status, logs, and views. Prints every difference; the last line is JSON.
// Usage: node differential.mjs [--ops N] [--seed S] [--sweep N] [--era N]
// Both chains begin anew after an era: anvil hashes its whole state for every block, so that a long life is slow.
import { parseArgs } from 'node:util'
import { keccak256 } from 'viem'
import { Embedded, Evm, addressOf, chainId, gasLimit, hex } from './chains.mjs'
import { genesis, signers } from './genesis.mjs'
import { Moves } from './moves.mjs'
import { Random } from './random.mjs'
import { World, accounts, abis, describe, encode, errorName, eventName } from './world.mjs'
import { sweep, touched } from './questions.mjs'

const { values } = parseArgs({ options: { ops: { type: 'string', default: '2000' }, seed: { type: 'string', default: '1' }, sweep: { type: 'string', default: '200' }, era: { type: 'string', default: '5000' } } })
const ops = Number(values.ops)
const maxShown = 20

class Run {
  constructor(seed) {
    this.random = new Random(seed)
    this.mismatches = 0
    this.reverts = 0
    this.calls = new Map()
    this.errors = new Map()
    this.events = new Map()
    this.done = 0
  }

  differ(what, ...both) {
    if (++this.mismatches > maxShown) return
    console.log(`op ${this.done}: ${what} differs`)
    for (const [i, one] of both.entries()) console.log(`  ${['embedded', 'evm'][i]}: ${JSON.stringify(one, (_, value) => typeof value === 'bigint' ? value.toString() : value).slice(0, 3000)}`)
  }

  /** True when both sides say the same. */
  compare(what, a, b) {
    if (JSON.stringify(a) === JSON.stringify(b)) return true
    this.differ(what, a, b)
    return false
  }

  /** All together first, which is four times as fast; one by one where that differs, so that it is told which. */
  async viewsTogether(calls) {
    const [a, b] = await Promise.all(this.sides.map(side => side.askTogether(calls, this.world)))
    if (!a.ok || !b.ok || a.data !== b.data) await this.views(calls)
  }

  async views(calls) {
    const [a, b] = await Promise.all(this.sides.map(side => side.ask(calls, this.world)))
    for (const [i, call] of calls.entries()) this.compare(`view ${describe(call)} ${call.data}`, a[i], b[i])
  }

  /** A block of one call, or of some by one account. */
  async block(moves) {
    const { by } = moves[0]
    const raw = []
    for (const { to, data } of moves) {
      raw.push(await signers[by].signTransaction({
        chainId, nonce: this.nonces[by]++, to, data, gas: gasLimit, type: 'eip1559', maxFeePerGas: 0n, maxPriorityFeePerGas: 0n
      }))
    }
    const { time, number } = this.world.next
    const first = { from: accounts[by], to: moves[0].to, data: moves[0].data }
    await this.sides[0].rpc.call('evm_setNextBlockTimestamp', [hex(time)])
    const results = await Promise.all(this.sides.map(side => side.simulate(first, { number: number - 1, time })))
    const what = moves.map(move => `${describe(move)} by ${by} at ${time}: ${move.data}`).join('; ')
    this.compare(`the outcome of ${what}`, ...results)
    if (!results[0].ok) count(this.errors, `${describe(moves[0]).split('.')[0]} ${errorName(results[0].data)}`)
    await Promise.all(this.sides.map(side => side.block(time, raw)))
    Object.assign(this.world, { time: BigInt(time), number })
    const hashes = raw.map(one => keccak256(one))
    const [a, b] = await Promise.all(this.sides.map(side => side.receipts(hashes)))
    for (let i = 0; i < raw.length; ++i) {
      this.compare(`the receipt of ${what}`, lower(a[i]), lower(b[i]))
      if (a[i]?.status === '0x0') ++this.reverts
      const name = describe(moves[i])
      const counts = this.calls.get(name) ?? [0, 0]
      ++counts[a[i]?.status === '0x1' ? 0 : 1]
      this.calls.set(name, counts)
      ++this.done
      for (const log of a[i]?.logs ?? []) count(this.events, eventName(log))
      await this.world.follow(a[i]?.logs ?? [])
    }
    await this.viewsTogether(touched(this.world, moves, a))
  }

  /** When the next block is: soon, or just before, at or after something that is due. */
  nextTime() {
    const { random, world } = this
    const now = world.time
    if (random.chance(18)) {
      const due = []
      for (const o of world.ordersIn(1)) due.push(o.activationDeadline)
      for (const o of world.ordersIn(2)) due.push(o.activatedAt + o.probation, o.activatedAt + o.probation + o.duration)
      for (const { status, readyAt } of world.proposals.values()) if (status === 1) due.push(readyAt)
      for (const { status, executableAt } of world.slashes.values()) if (status === 1) due.push(executableAt)
      due.push((now / 60n + 1n) * 60n, now + 120n)
      const near = due.map(t => t + BigInt(random.below(3)) - 1n).filter(t => t > now && t < now + 86400n * 2n)
      if (near.length > 0) return near.sort((x, y) => (x < y ? -1 : 1))[random.below(Math.min(3, near.length))]
    }
    return now + random.weighted([[800, random.between(1, 5)], [150, random.between(1, 60)], [40, random.between(1, 1200)], [8, random.between(1, 86400)], [2, random.between(1, 40 * 86400)]])
  }

  /** Both chains, new, at the same height and at a time that neither has reached. */
  async enter(embedded, evm) {
    this.sides = [embedded, evm]
    this.nonces = signers.map(() => 0)
    const height = Number(await evm.rpc.call('eth_blockNumber'))
    const time = BigInt(startTime)
    for (let i = Number(await embedded.rpc.call('eth_blockNumber')); i < height; ++i) await embedded.rpc.call('evm_mine')
    await Promise.all(this.sides.map(side => side.block(time, [])))
    this.world = new World(embedded, time, height + 1)
    await this.world.readCouncil()
    this.moves = new Moves(this.random, this.world)
  }

  /** Everybody can do something from the first step on. */
  async prepare() {
    for (const by of signers.keys()) {
      for (const [contract, name, ...args] of [
        ['GridToken', 'approve', addressOf.Credit, 2n ** 256n - 1n], ['Credit', 'purchase', 1_000n * 10n ** 18n]
      ]) await this.step([{ by, to: addressOf[contract], data: encode(contract, name, args) }])
    }
  }

  async step(moves) {
    this.world.next = { time: this.nextTime(), number: this.world.number + 1 }
    await this.block(moves)
  }

  async run(limit) {
    await this.prepare()
    while (this.done < limit && this.mismatches < maxShown) {
      const moves = [await this.moves.next()]
      // Sometimes more by the same account in the same second.
      for (let more = this.random.chance(12) ? 1 + this.random.below(3) : 0, tries = 0; more > 0 && tries < 40; ++tries) {
        const other = await this.moves.next()
        if (other.by === moves[0].by) { moves.push(other); --more }
      }
      const before = this.done
      await this.step(moves)
      if (Math.floor(before / values.sweep) !== Math.floor(this.done / values.sweep)) await this.views(sweep(this.world))
      if (Math.floor(before / 5000) !== Math.floor(this.done / 5000)) console.error(`${this.done} operations, ${this.reverts} reverted, ${this.mismatches} mismatches`)
    }
    await this.views(sweep(this.world))
  }
}

function count(map, key) {
  map.set(key, (map.get(key) ?? 0) + 1)
}

/** What came about how often, and what of the ABI never did. */
function tell(run) {
  const counted = map => [...map].sort().map(([name, n]) => `${name} ${n}`).join(', ')
  for (const [name, [done, reverted]] of [...run.calls].sort()) console.error(`${name.padEnd(40)} ${String(done).padStart(6)} done ${String(reverted).padStart(6)} reverted`)
  console.error(`reverted with: ${counted(run.errors)}`)
  const seen = new Set([...run.errors.keys()].map(key => key.split(' ')[1]))
  const never = [...new Set(Object.values(abis).flat().filter(({ type }) => type === 'error').map(({ name }) => name))].filter(name => !seen.has(name))
  console.error(`never reverted with: ${never.join(', ')}`)
  console.error(`logged: ${counted(run.events)}`)
}

const lower = receipt => receipt && JSON.parse(JSON.stringify(receipt).toLowerCase())

/** The same for every run, so that a seed is all that decides; ahead of the clock, as far as the chains let time jump. */
const startTime = 2_000_000_000
const run = new Run(values.seed)
let sides = []
const leave = async () => {
  const ended = await Promise.allSettled(sides.map(side => side.stop()))
  sides = []
  const failed = ended.find(({ status }) => status === 'rejected')
  if (failed) throw failed.reason  // gridd says at its end what is wrong
}
const say = () => console.log(JSON.stringify({ ops: run.done, mismatches: run.mismatches, reverts: run.reverts, seed: Number(values.seed) }))
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {  // both sides end with this; what was done is told
    say()
    await leave().finally(() => process.exit(1))
  })
}
while (run.done < ops && run.mismatches < maxShown) {
  try {
    sides.push(await Embedded.start(genesis))
    sides.push(await Evm.start(genesis, [...Evm.onDemand, '--timestamp', String(startTime - 1000)]))
    await run.enter(...sides)
    await run.run(Math.min(ops, run.done + Number(values.era)))
  } finally {
    await leave()
  }
}
tell(run)
say()
process.exitCode = run.mismatches === 0 ? 0 : 1
