// A real node for a test: gridd on free ports in a directory of its own, ended with the test without a trace. Its chain is the one that this run is
// on (chain.mjs): a ledger of its own, or an anvil of its own with the contracts.
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chainName, gasIsPaid } from './chain.mjs'

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
export const build = process.env.GRID_BUILD ?? join(root, 'build', 'dev')
export const sampleManifest = join(root, 'config', 'sample-app.yaml')
// The binary itself: the wrapper beside it loses the exit code.
export const cast = join(root, 'test', 'e2e', 'node_modules', '@foundry-rs', 'cast-linux-amd64', 'bin', 'cast')

/** Commands of cast that ask no node. */
const offline = new Set(['keccak', 'calldata', 'decode-error', 'decode-event', 'sig-event'])

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

/**
 * One HTTP request to this machine, whatever the host of the URL is: names under localhost are not resolved everywhere.
 * Redirects are not followed. Answers {status, headers, body}.
 */
export function visit(url, { method = 'GET', headers = {}, body } = {}) {
  const { host, port, pathname, search } = new URL(url)
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, method, path: pathname + search, headers: { host, ...headers }, agent: false },
      answer => {
        let text = ''
        answer.setEncoding('utf8')
        answer.on('data', piece => { text += piece })
        answer.on('end', () => resolve({ status: answer.statusCode, headers: answer.headers, body: text }))
        answer.on('error', reject)
      })
    sent.on('error', reject)
    sent.end(body)
  })
}

/** The same with JSON both ways, for the APIs: {status, headers, json}. */
export async function api(url, method, body, headers = {}) {
  const answer = await visit(url, {
    method,
    headers: body === undefined ? headers : { 'content-type': 'application/json', ...headers },
    body: body === undefined ? undefined : JSON.stringify(body)
  })
  return { ...answer, json: answer.body === '' ? undefined : JSON.parse(answer.body) }
}

/** Raw JSON-RPC, for requests that no library would send. */
export async function rpc(node, method, params = []) {
  return (await api(node.rpc, 'POST', { jsonrpc: '2.0', id: 1, method, params })).json
}

function childrenOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(child => child !== '').map(Number)
  } catch {
    return []
  }
}

export class Node {
  /** A data directory with a configuration, and nothing that runs. */
  static place({ roles = ['ledger', 'platform', 'gateway'], gateway = '', chain = [] } = {}) {
    const node = new Node()
    node.roles = roles
    node.gatewayLines = gateway
    node.chainLines = chain
    node.data = mkdtempSync(join(tmpdir(), 'grid-e2e-'))
    node.config = join(node.data, 'gridd.yaml')
    node.configure({ platformPort: 0, gatewayPort: 0 })
    return node
  }

  /**
   * The same with the chain of this run: on anvil the network is there, and ends with the node. `gateway`: further lines of that section; `chain`: the
   * lines of that one, for an embedded ledger.
   */
  static async prepare({ roles = ['ledger', 'platform', 'gateway'], gateway, chain } = {}) {
    if (chainName === 'embedded') return Node.place({ roles, gateway, chain })
    if (chain) throw new Error('lines of an embedded ledger for a node on a network')
    const { Anvil } = await import('./anvil.mjs')
    // A gateway lives by the time of blocks, which come by themselves; where there is none a test decides alone when there is a block.
    const network = await Anvil.deployed('--accounts', '50', '--balance', '1', ...roles.includes('gateway') ? ['--block-time', '1', '--mixed-mining'] : [])
    const node = Node.placeOn(network, { roles: roles.filter(role => role !== 'ledger'), gateway, chain: ['confirmations: 0'] })
    node.endsWith = network
    return node
  }

  static async start({ roles = ['ledger', 'platform'], gateway, chain } = {}) {
    return Node.#launched(await Node.prepare({ roles, gateway, chain }))
  }

  /**
   * On a network with GRID's contracts (Anvil.deployed) instead of a ledger of its own. `through`: the endpoints that the node
   * asks, when they are others than the network's own; the grid command asks that.
   */
  static placeOn(network, { roles = ['platform', 'gateway'], chain = [], gateway, through = [network.url] } = {}) {
    const node = Node.place({
      roles, gateway,
      chain: ['kind: evm', 'development: true', `rpc: [${through.join(', ')}]`, `contracts: ${network.contracts}`, 'poll: 50ms', ...chain]
    })
    node.network = network
    node.rpc = network.url
    return node
  }

  static startOn(network, options) {
    return Node.#launched(Node.placeOn(network, options))
  }

  static async #launched(node) {
    try {
      await node.launch()
    } catch (error) {
      await node.sweep()
      throw error
    }
    return node
  }

  configure({ platformPort, gatewayPort }) {
    writeFileSync(this.config, [
      `data: ${this.data}`,
      `roles: [${this.roles.join(', ')}]`,
      ...(this.chainLines.length > 0 ? ['chain:', ...this.chainLines.map(line => `  ${line}`)] : []),
      'platform:', `  listen: 127.0.0.1:${platformPort}`,
      'gateway:', `  listen: 127.0.0.1:${gatewayPort}`, this.gatewayLines, ''
    ].join('\n'))
  }

  /** The next launch listens on the ports of this one. */
  keepPorts() {
    const portOf = url => url ? new URL(url).port : 0
    this.configure({ platformPort: portOf(this.platform), gatewayPort: portOf(this.gateway) })
  }

  /** Starts the process, with further words on its command line, and does not wait for it. */
  spawn(...words) {
    const log = openSync(join(this.data, 'gridd.log'), 'a')
    this.process = spawn(join(build, 'gridd'), ['--config', this.config, ...words], { stdio: ['ignore', log, log] })
    closeSync(log)
    this.ended = new Promise(resolve => this.process.on('exit', (code, signal) => resolve({ code, signal })))
  }

  async launch(...words) {
    const ready = join(this.data, 'node.json')
    rmSync(ready, { force: true })
    this.spawn(...words)
    await until('the node is ready', () => {
      if (!this.alive()) throw new Error(`gridd ended at its start:\n${this.log()}`)
      return existsSync(ready)
    }, 240_000)
    const addresses = JSON.parse(readFileSync(ready, 'utf8'))
    this.platform = addresses.platform
    this.gateway = addresses.gateway
    this.ownRpc = `${this.platform}/rpc`
    this.rpc = this.network?.url ?? this.ownRpc
  }

  /** What gridd has written, from a place on; by default the end. */
  log(from = -4000) {
    return readFileSync(join(this.data, 'gridd.log'), 'utf8').slice(from)
  }

  /** Ends it in order and leaves nothing of it: no process, no container, no mount, no directory. */
  async stop() {
    if (this.process.exitCode === null && this.process.signalCode === null) this.process.kill('SIGTERM')
    const how = await this.ended
    const log = this.log()
    await this.sweep()
    if (how.code !== 0 && how.signal === null) throw new Error(`gridd ended with ${how.code}:\n${log}`)
  }

  /** As a power cut would: no handler runs. Applications and podman's service run on. */
  async kill() {
    this.process.kill('SIGKILL')
    await this.ended
  }

  alive() {
    return this.process.exitCode === null && this.process.signalCode === null
  }

  /**
   * What a gateway leaves on purpose, so that leases outlive it: containers, their networks, podman's service and mounts.
   * Containers that run, but that podman does not know, are nobody's purpose: an error.
   */
  async sweep() {
    const storage = join(this.data, 'podman', 'storage.conf')
    let orphans = []
    if (existsSync(storage)) {
      const [, run] = readFileSync(storage, 'utf8').match(/runroot = "(.*)\/storage"/)
      const podman = (...words) => spawnSync('podman', words, { encoding: 'utf8', env: this.podmanEnvironment() })
      const known = podman('ps', '--all', '--quiet', '--no-trunc').stdout
      const unknown = () => this.monitors().filter(({ container }) => !known.includes(container))
      // The monitor of a command (exec) stays for ten seconds after its end, also when the container is gone.
      await until('monitors of containers that were removed end', () => unknown().length === 0, 20_000).catch(() => {
        orphans = unknown()
        for (const { pid } of orphans)
          for (const child of childrenOf(pid)) process.kill(child, 'SIGKILL')
      })
      // First killed, then removed: podman forgets a stopping container without ending it.
      const ids = podman('ps', '--all', '--quiet').stdout.split('\n').filter(id => id !== '')
      if (ids.length > 0) podman('kill', ...ids)
      await until('the containers have ended', () => this.monitors().length === 0)
      // Twice: a container that has just ended is also cleaned by podman itself, and the two disturb each other.
      for (let i = 0; i < 2; ++i) podman('rm', '--all', '--force')
      podman('network', 'prune', '--force')
      const service = this.podmanService()
      if (service !== undefined) process.kill(service, 'SIGKILL')
      const mounts = readFileSync('/proc/mounts', 'utf8').split('\n').map(line => line.split(' ')[1] ?? '')
      for (const mount of mounts.reverse())
        if (mount.startsWith(this.data + '/') || mount.startsWith(run + '/')) spawnSync('umount', [mount], { stdio: 'ignore' })
      rmSync(run, { recursive: true, force: true })
    }
    rmSync(this.data, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 })
    await this.endsWith?.stop()
    this.endsWith = undefined
    if (orphans.length > 0) throw new Error(`containers ran that podman did not know: ${JSON.stringify(orphans)}`)
  }

  /** The processes that watch a container each, as long as it runs. */
  monitors() {
    return readdirSync('/proc').filter(name => /^\d+$/.test(name)).flatMap(name => {
      try {
        const words = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0')
        const ours = words[0].endsWith('conmon') && words.some(word => word.startsWith(this.data + '/'))
        return ours ? [{ pid: Number(name), container: words[words.indexOf('-c') + 1] }] : []
      } catch {
        return []  // it has ended
      }
    })
  }

  /** The pid of the node's podman service, when it runs. */
  podmanService() {
    const file = join(this.data, 'podman', 'podman.pid')
    if (!existsSync(file)) return undefined
    const pid = Number(readFileSync(file, 'utf8'))
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(this.data) ? pid : undefined
    } catch {
      return undefined
    }
  }

  /** The podman command over the node's own storage, without its service. */
  podman(...words) {
    return execFileSync('podman', words, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: this.podmanEnvironment()
    }).trim()
  }

  podmanEnvironment() {
    return {
      ...process.env,
      CONTAINERS_CONF: join(this.data, 'podman', 'containers.conf'),
      CONTAINERS_STORAGE_CONF: join(this.data, 'podman', 'storage.conf')
    }
  }

  /** Ids of the containers, running or not. */
  containers() {
    const ids = this.podman('ps', '--all', '--quiet', '--no-trunc')
    return ids === '' ? [] : ids.split('\n').sort()
  }

  buildSampleImage() {
    execFileSync(join(root, 'tools', 'build_sample_image'), [join(this.data, 'podman')], { stdio: ['ignore', 'ignore', 'pipe'] })
  }

  /** Registers the gateway's provider (dev:1) with prices that are easy to follow by eye. */
  registerProvider(...words) {
    return this.grid('--key', 'dev:1', 'provider', 'register', '--host', 'localhost', '--port', new URL(this.gateway || 'http://localhost:8090').port,
      '--cpu', 4, '--memory', '8Gi', '--storage', '32Gi', '--price-cpu', '0.36', '--price-memory', '0.02', '--price-storage', '0.0001',
      '--attributes', '{"region":"local"}', '--accept-offers', ...words)
  }

  /** An account that has never been there can pay for gas, where gas is paid. */
  async fund(address) {
    const answer = gasIsPaid ? await rpc(this, 'anvil_setBalance', [address, '0xde0b6b3a7640000']) : {}
    if (answer.error) throw new Error(answer.error.message)
  }

  /** What the grid command finds this node and its chain by. */
  environment() {
    const { GRID_KEY, GRID_KEYS, GRID_RPC, GRID_CONTRACTS, GRID_GATEWAY, GRID_PASSWORD_FILE, ...inherited } = process.env
    return { ...inherited, GRID_HOME: this.data, GRID_RPC: this.rpc ?? '', GRID_CONTRACTS: this.network?.contracts ?? '', GRID_GATEWAY: this.gateway ?? '' }
  }

  /** The grid command however it ends: {code, out, err}. */
  run(words, { env = {}, input = '' } = {}) {
    const done = spawnSync(join(build, 'grid'), words.map(String), { encoding: 'utf8', input, timeout: 60_000, env: { ...this.environment(), ...env } })
    if (done.error) throw done.error
    return { code: done.status, out: done.stdout, err: done.stderr }
  }

  /** The grid command; answers its JSON, or throws with what it printed. */
  grid(...words) {
    const { code, out, err } = this.run(['--output', 'json', ...words])
    if (code !== 0) throw new Error(`grid ${words.join(' ')}: exit code ${code}\n${out}${err}`)
    return JSON.parse(out)
  }

  /** The grid command that must be refused; answers {code, message, exit}. */
  refused(...words) {
    const { code, out, err } = this.run(['--output', 'json', ...words])
    if (code === 0) throw new Error(`not refused: grid ${words.join(' ')}`)
    try {
      return { ...JSON.parse(out).error, exit: code }
    } catch {
      throw new Error(`no error as JSON: grid ${words.join(' ')}: exit code ${code}\n${out}${err}`)
    }
  }

  cast(...words) {
    return this.castAlone(...words, ...offline.has(words[0]) ? [] : ['--rpc-url', this.rpc])
  }

  /** cast without a node. */
  castAlone(...words) {
    return execFileSync(cast, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim()
  }
}
