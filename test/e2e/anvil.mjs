// anvil for a test: on a free port, ended with the test.
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { api, build, root } from './node.mjs'

// viem keeps the code to itself.
const { multicall3Bytecode } = await import(new URL('constants/contracts.js', import.meta.resolve('viem')))

const program = join(root, 'test', 'e2e', 'node_modules', '@foundry-rs', 'anvil-linux-amd64', 'bin', 'anvil')

export class Anvil {
  static async start(...options) {
    const anvil = new Anvil()
    await anvil.#launch(0, options)
    return anvil
  }

  async #launch(port, options) {
    this.process = spawn(program, ['--port', port, '--chain-id', '31337', ...options], { stdio: ['ignore', 'pipe', 'inherit'] })
    this.ended = new Promise(resolve => this.process.once('exit', resolve))
    this.url = await new Promise((resolve, reject) => {
      createInterface({ input: this.process.stdout }).on('line', line => {
        const listening = /Listening on (.*:\d+)$/.exec(line)
        if (listening) resolve(`http://${listening[1]}`)
      })
      this.process.once('exit', code => reject(new Error(`anvil ended with ${code}`)))
    })
    // Commands run while nobody reads what anvil says: it would stand still at a full pipe.
    await this.request('anvil_setLoggingEnabled', false)
  }

  /** Ends it (with SIGTERM it writes its state file first), and starts it again on the same port. */
  async restart(signal, ...options) {
    this.process.kill(signal)
    await this.ended
    await this.#launch(new URL(this.url).port, options)
  }

  /** With the contracts of a development chain, whose address book is `contracts`. */
  static async deployed(...options) {
    const anvil = await Anvil.start(...options)
    await anvil.#placeMulticall()
    anvil.directory = mkdtempSync(join(tmpdir(), 'grid-anvil-'))
    anvil.contracts = join(anvil.directory, 'addresses.yaml')
    const words = ['--rpc', anvil.url, '--key', 'dev:0', 'chain', 'deploy', '--development', '--addresses', anvil.contracts]
    const { status, stderr } = spawnSync(join(build, 'grid'), words, { encoding: 'utf8', env: { ...process.env, GRID_HOME: anvil.directory } })
    if (status !== 0) {
      await anvil.stop()
      throw new Error(`the contracts were not deployed: ${stderr}`)
    }
    return anvil
  }

  /** A request of the network itself, its own methods among them. */
  async request(method, ...params) {
    const { json } = await api(this.url, 'POST', { jsonrpc: '2.0', id: 1, method, params })
    if (json.error) throw new Error(`${method}: ${json.error.message}`)
    return json.result
  }

  async height() {
    return Number(await this.request('eth_blockNumber'))
  }

  /** Multicall3 at its usual address, as public networks have it. */
  async #placeMulticall() {
    const code = await this.request('eth_call', { data: multicall3Bytecode }, 'latest')
    await this.request('anvil_setCode', '0xcA11bde05977b3631167028862bE2a173976CA11', code)
  }

  async stop() {
    this.process.kill()
    await this.ended
    if (this.directory) rmSync(this.directory, { recursive: true })
  }
}
