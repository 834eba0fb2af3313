// The two sides: gridd's embedded chain, and anvil with the Solidity contracts at the same addresses.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { encodeAbiParameters } from 'viem'
import { Node } from '../e2e/node.mjs'
import { argumentsOf } from './genesis.mjs'

// viem keeps the code of Multicall3, as it is at its usual address on public networks, to itself.
const { multicall3Bytecode } = await import(new URL('constants/contracts.js', import.meta.resolve('viem')))
const here = dirname(fileURLToPath(import.meta.url))
const artifacts = join(here, '..', '..', 'chain', 'solidity', 'artifacts')
const artifact = name => JSON.parse(readFileSync(join(artifacts, `${name}.json`), 'utf8'))

export const chainId = 4743
export const names = ['GridToken', 'Credit', 'Registry', 'Market', 'Council', 'Pledge']
export const addressOf = Object.fromEntries(names.map((name, i) => [name, `0x4743${String(i + 1).padStart(36, '0')}`]))
export const hex = number => `0x${BigInt(number).toString(16)}`
/** More than any transaction here takes. */
export const gasLimit = 25_000_000n

const multicall3 = '0xcA11bde05977b3631167028862bE2a173976CA11'
const aggregate3 = '0x82ad56cb'
const aggregateInputs = [{ type: 'tuple[]', components: [{ name: 'target', type: 'address' }, { name: 'allowFailure', type: 'bool' }, { name: 'callData', type: 'bytes' }] }]

/** JSON-RPC over one kept connection. */
class Rpc {
  constructor(url) {
    this.url = new URL(url)
    this.agent = new Agent({ keepAlive: true, maxSockets: 1 })
  }

  #post(body) {
    return new Promise((resolve, reject) => {
      const text = JSON.stringify(body)
      const sent = request(this.url, {
        method: 'POST', agent: this.agent, headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }
      }, answer => {
        const pieces = []
        answer.on('data', piece => pieces.push(piece))
        answer.on('end', () => resolve(JSON.parse(Buffer.concat(pieces).toString('utf8'))))
        answer.on('error', reject)
      })
      // The server may have closed a connection that was idle while the other side took its time.
      sent.on('error', error => sent.reusedSocket && ['EPIPE', 'ECONNRESET'].includes(error.code) ? this.#post(body).then(resolve, reject) : reject(error))
      sent.end(text)
    })
  }

  /** Answers results and errors as they come, in the order of the requests. */
  async many(requests) {
    const answers = []
    for (let i = 0; i < requests.length; i += 50) {
      const part = requests.slice(i, i + 50).map(([method, params], id) => ({ jsonrpc: '2.0', id, method, params }))
      const sorted = []
      for (const answer of await this.#post(part)) sorted[answer.id] = answer
      answers.push(...sorted)
    }
    return answers
  }

  async call(method, params = []) {
    const { result, error } = await this.#post({ jsonrpc: '2.0', id: 1, method, params })
    if (error) throw new Error(`${method}: ${JSON.stringify(error)}`)
    return result
  }

  end() {
    this.agent.destroy()
  }
}

/** What a call came to: {ok, data}, or {refused} when the node itself refused it. */
function outcome({ result, error }) {
  if (error === undefined) return { ok: true, data: result }
  if (error.code === 3 || typeof error.data === 'string') return { ok: false, data: error.data ?? '0x' }
  return { refused: `${error.code} ${error.message}` }
}

class Chain {
  /** Simulates a call in the block to come. */
  async simulate(call, block) {
    const [answer] = await this.rpc.many([['eth_call', this.at(call, block, true)]])
    return outcome(answer)
  }

  /** Asks views as of the newest block. */
  async ask(calls, block) {
    return (await this.rpc.many(calls.map(call => ['eth_call', this.at(call, block, false)]))).map(outcome)
  }

  /** What Multicall3 answers to all of these calls together. */
  async askTogether(calls, block) {
    const data = aggregate3 + encodeAbiParameters(aggregateInputs, [calls.map(({ to, data }) => ({ target: to, allowFailure: true, callData: data }))]).slice(2)
    return (await this.ask([{ to: multicall3, data }], block))[0]
  }

  async receipts(hashes) {
    return (await this.rpc.many(hashes.map(hash => ['eth_getTransactionReceipt', [hash]]))).map(({ result }) => result && {
      status: result.status, blockNumber: Number(result.blockNumber),
      logs: result.logs.map(({ address, topics, data }) => ({ address, topics, data }))
    })
  }
}

/** gridd, which makes a block of every transaction as it comes. */
export class Embedded extends Chain {
  static async start(genesis) {
    const chain = new Embedded()
    const { market, pledge, council } = genesis
    chain.node = await Node.start({
      chain: [
        `activation_deadline: ${market.activationDeadline}s`, `max_orders_unactivated: ${market.maxUnactivated}`, `fee_bp: ${market.feeBp}`,
        `profit_bp: ${market.profitBp}`, 'council:', `  delay: ${council.delay}s`, 'pledge:', `  epoch: ${pledge.epochLength}s`,
        `  unbonding: ${pledge.unbondingPeriod}s`, `  slash_delay: ${pledge.slashDelay}s`, `  max_slash_bp: ${pledge.maxSlashBp}`,
        `  epoch_profit: "${pledge.epochProfit / 10n ** 18n}"`
      ]
    })
    chain.rpc = new Rpc(chain.node.rpc)
    return chain
  }

  at(call, block, coming) {
    return [call, coming ? 'pending' : 'latest']
  }

  /** All in one block at that time. They are one sender's: sent in the opposite order, all but the first wait for it. */
  async block(time, transactions) {
    await this.rpc.call('evm_setNextBlockTimestamp', [hex(time)])
    if (transactions.length === 0) return void await this.rpc.call('evm_mine')
    for (const raw of [...transactions].reverse()) await this.rpc.call('eth_sendRawTransaction', [raw])
  }

  async stop() {
    this.rpc.end()
    await this.node.stop()
  }
}

/** anvil with the contracts; `words` are further options of its. */
export class Evm extends Chain {
  /** Blocks when they are asked for, and as little of the past as possible. */
  static onDemand = ['--no-mining', '--base-fee', '0', '--gas-price', '0', '--disable-min-priority-fee', '--prune-history', '50', '--transaction-block-keeper', '64', '--gas-limit', '1000000000']

  static async start(genesis, words) {
    const chain = new Evm()
    chain.process = spawn(join(here, 'node_modules', '@foundry-rs', 'anvil-linux-amd64', 'bin', 'anvil'), [
      '--port', '0', '--chain-id', String(chainId), '--order', 'fifo', '--accounts', '50', '--hardfork', 'cancun', ...words
    ], { stdio: ['ignore', 'pipe', 'inherit'] })
    chain.ended = new Promise(resolve => chain.process.once('exit', resolve))
    const port = await new Promise((resolve, reject) => {
      createInterface({ input: chain.process.stdout }).on('line', line => {
        const listening = /Listening on .*:(\d+)$/.exec(line)
        if (listening) resolve(Number(listening[1]))
      })
      chain.process.once('exit', code => reject(new Error(`anvil ended with ${code}`)))
      chain.process.once('error', reject)
    })
    chain.url = `http://127.0.0.1:${port}/`
    chain.rpc = new Rpc(chain.url)
    try {
      await chain.rpc.call('anvil_setLoggingEnabled', [false])
      await chain.#deploy(genesis)
    } catch (error) {
      await chain.stop()
      throw error
    }
    return chain
  }

  /**
   * At the addresses of the embedded chain, where no transaction could create them: the creation code is put there and called,
   * so that it writes its storage there; what it returns is the code.
   */
  async #deploy(genesis) {
    const deployer = '0x00000000000000000000000000000000000000aa'
    await this.rpc.call('anvil_impersonateAccount', [deployer])
    await this.rpc.call('anvil_setBalance', [deployer, hex(10n ** 20n)])
    for (const name of names) {
      const { abi, bytecode } = artifact(name)
      const { inputs } = abi.find(({ type }) => type === 'constructor')
      const call = { from: deployer, to: addressOf[name], gas: hex(gasLimit), maxFeePerGas: hex(2n * 10n ** 9n), maxPriorityFeePerGas: '0x0' }
      await this.rpc.call('anvil_setCode', [call.to, bytecode + encodeAbiParameters(inputs, argumentsOf(name, genesis)).slice(2)])
      const runtime = await this.rpc.call('eth_call', [call, 'latest'])
      const hash = await this.rpc.call('eth_sendTransaction', [call])
      await this.rpc.call('evm_mine')
      const receipt = await this.rpc.call('eth_getTransactionReceipt', [hash])
      if (receipt?.status !== '0x1') throw new Error(`${name} could not be created on anvil`)
      await this.rpc.call('anvil_setCode', [call.to, runtime])
    }
    const multicall = await this.rpc.call('eth_call', [{ data: multicall3Bytecode }, 'latest'])
    await this.rpc.call('anvil_setCode', [multicall3, multicall])
  }

  at(call, { number, time }, coming) {
    const block = coming ? { number: hex(number + 1), time: hex(time) } : { number: hex(number), time: hex(time) }
    return [{ ...call, gas: hex(gasLimit) }, 'latest', {}, block]
  }

  async block(time, transactions) {
    await this.rpc.call('evm_setNextBlockTimestamp', [hex(time)])
    for (const raw of transactions) await this.rpc.call('eth_sendRawTransaction', [raw])
    await this.rpc.call('evm_mine')
  }

  async stop() {
    this.rpc.end()
    this.process.kill()
    await this.ended
  }
}
