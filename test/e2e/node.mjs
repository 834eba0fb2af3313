// A real node for a test: gridd on free ports in a directory of its own, ended with the test.
import { spawn, execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
export const build = process.env.GRID_BUILD ?? join(root, 'build', 'dev')
// The binary itself: the wrapper beside it loses the exit code.
export const cast = join(root, 'test', 'e2e', 'node_modules', '@foundry-rs', 'cast-linux-amd64', 'bin', 'cast')

/** Polls until the function answers something true; fails loudly instead of waiting for ever. */
export async function until(what, condition, milliseconds = 30_000) {
  const end = Date.now() + milliseconds
  for (;;) {
    const value = await condition()
    if (value) return value
    if (Date.now() > end) throw new Error(`not within ${milliseconds} ms: ${what}`)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

export class Node {
  /** extra: YAML of further top-level keys, e.g. "gateway:\n  ..." replaces the default section. */
  static async start({ roles = ['ledger', 'platform'], gateway = '', data, config } = {}) {
    const node = new Node()
    node.data = data ?? mkdtempSync(join(tmpdir(), 'grid-e2e-'))
    node.config = join(node.data, 'gridd.yaml')
    writeFileSync(node.config, config ?? [
      `data: ${node.data}`,
      `roles: [${roles.join(', ')}]`,
      'platform:', '  listen: 127.0.0.1:0',
      'gateway:', '  listen: 127.0.0.1:0', '  public_url: ""', gateway, ''
    ].join('\n'))
    await node.launch()
    return node
  }

  async launch() {
    const ready = join(this.data, 'node.json')
    rmSync(ready, { force: true })
    this.log = ''
    this.process = spawn(join(build, 'gridd'), ['--config', this.config], { stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [this.process.stdout, this.process.stderr])
      stream.on('data', text => { this.log += text })
    this.ended = new Promise(resolve => this.process.on('exit', (code, signal) => resolve({ code, signal })))
    let ended = null
    this.ended.then(how => { ended = how })
    await until('the node is ready', () => {
      if (ended) throw new Error(`gridd ended at its start (${JSON.stringify(ended)}):\n${this.log}`)
      return existsSync(ready)
    }, 60_000)
    const addresses = JSON.parse(readFileSync(ready, 'utf8'))
    this.platform = addresses.platform
    this.gateway = addresses.gateway
    this.rpc = `${this.platform}/rpc`
  }

  /** Ends it in order and removes its directory. */
  async stop() {
    if (this.process.exitCode === null && this.process.signalCode === null) this.process.kill('SIGTERM')
    const how = await this.ended
    rmSync(this.data, { recursive: true, force: true })
    if (how.code !== 0 && how.signal === null) throw new Error(`gridd ended with ${how.code}:\n${this.log.slice(-4000)}`)
  }

  /** As a power cut would: no handler runs. */
  async kill() {
    this.process.kill('SIGKILL')
    await this.ended
  }

  /** The grid command; answers its JSON, or throws with what it printed. */
  grid(...words) {
    const text = execFileSync(join(build, 'grid'),
      ['--rpc', this.rpc, '--gateway', this.gateway ?? '', '--output', 'json', ...words.map(String)],
      { encoding: 'utf8', env: { ...process.env, GRID_HOME: this.data }, stdio: ['ignore', 'pipe', 'pipe'] })
    return JSON.parse(text)
  }

  /** The grid command that must be refused; answers {code, message}. */
  refused(...words) {
    try {
      this.grid(...words)
    } catch (error) {
      if (error.stdout === undefined) throw error
      return JSON.parse(error.stdout).error
    }
    throw new Error(`not refused: grid ${words.join(' ')}`)
  }

  cast(...words) {
    return execFileSync(cast, [...words, '--rpc-url', this.rpc], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim()
  }
}

/** Raw JSON-RPC, for requests that no library would send. */
export async function rpc(node, method, params = []) {
  const answer = await fetch(node.rpc, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
  })
  return answer.json()
}
