// Stands between a gateway and its API server, under the server's own certificate, and kills the gateway at the write that a test means, or does to requests
// what clusters do. In a thread of its own, so that it goes on while the test waits for a command.
import { readFileSync, writeFileSync } from 'node:fs'
import { Agent, createServer, request } from 'node:https'
import { join } from 'node:path'
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads'
import { accessOf } from './cluster.mjs'

export class ApiProxy {
  /** Before a control plane; `kubeconfig` leads through it. */
  static async start(plane) {
    const proxy = new ApiProxy()
    proxy.worker = new Worker(new URL(import.meta.url), { workerData: { proxied: plane.directory } })
    proxy.waiting = []
    proxy.worker.on('message', answer => proxy.waiting.shift()(answer))
    proxy.worker.on('error', error => { throw error })
    const { server } = await proxy.#tell({})
    proxy.kubeconfig = join(plane.work, `proxied-${proxy.worker.threadId}`)
    const text = readFileSync(plane.kubeconfig, 'utf8')
    writeFileSync(proxy.kubeconfig, text.replace(accessOf(plane.kubeconfig).server, server), { mode: 0o600 })
    return proxy
  }

  #tell(order) {
    return new Promise(resolve => {
      this.waiting.push(resolve)
      this.worker.postMessage(order)
    })
  }

  /**
   * Kills a process at its n-th write from now on, n from 1: before the server hears of it; after the server has done it, with nobody told; or meanwhile:
   * the server has it and goes on with it. Writes to what `but` matches do not count.
   */
  arm(pid, write, when, but = /^$/) {
    return this.#tell({ strike: { pid, write, when, but } })
  }

  /** Ends that; tells whether it came to it: the write that it was, else undefined. */
  async disarm() {
    return (await this.#tell({ strike: 'none' })).struck
  }

  /** What becomes of requests from now on: none (they are forwarded), stall (held until this is over), or the status that is answered to all, or to writes. */
  set(fault, { writes = false } = {}) {
    return this.#tell({ fault, onlyWrites: writes })
  }

  stop() {
    return this.worker.terminate()
  }
}

function serve(directory) {
  const { server: to, ca } = accessOf(join(directory, 'kubeconfig'))
  const { hostname, port } = new URL(to)
  const agent = new Agent({ keepAlive: true })
  let strike, struck, fault = 'none', onlyWrites = false, seen = 0
  const held = []

  function kill(asked, response) {
    process.kill(strike.pid, 'SIGKILL')
    strike = undefined
    struck = `${asked.method} ${asked.url.split('?')[0].split('/').slice(-2).join('/')}`
    response.destroy()
  }

  /** Takes the request to the server; `then` has its reply. */
  function forward(asked, body, failed, then) {
    const { host, ...headers } = asked.headers
    const sent = request({ hostname, port, ca, agent, method: asked.method, path: asked.url, headers }, then)
    sent.on('error', failed)
    sent.end(body)
    return sent
  }

  const whole = (stream, then) => {
    const pieces = []
    stream.on('data', piece => pieces.push(piece))
    stream.on('end', () => then(Buffer.concat(pieces)))
    stream.on('error', () => {})
  }

  function take(asked, response, body) {
    const write = asked.method !== 'GET'
    if (fault !== 'none' && (write || !onlyWrites)) {
      if (fault === 'stall') return held.push(() => take(asked, response, body))
      response.writeHead(Number(fault), { 'content-type': 'application/json', 'retry-after': '1' })
      return response.end(JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', message: 'as the test wants', code: Number(fault) }))
    }
    const now = write && strike && !strike.but.test(asked.url) && ++seen === strike.write ? strike.when : undefined
    if (now === 'before') return kill(asked, response)
    const sent = forward(asked, body, () => response.destroy(), reply => {
      if (now === 'after') return whole(reply, () => kill(asked, response))
      response.writeHead(reply.statusCode, reply.headers)
      response.flushHeaders()
      reply.pipe(response)
      reply.on('error', () => response.destroy())
    })
    if (now === 'meanwhile') sent.on('finish', () => kill(asked, response))
    // Who watches and goes away watches no longer; what was written is not taken back.
    else response.on('close', () => { if (!write && !response.writableFinished) sent.destroy() })
  }

  const server = createServer({ cert: readFileSync(join(directory, 'api.crt')), key: readFileSync(join(directory, 'api.key')) }, (asked, response) => {
    response.on('error', () => {})
    whole(asked, body => take(asked, response, body))
  })
  server.keepAliveTimeout = 60_000
  server.listen(0, '127.0.0.1', () => parentPort.on('message', order => {
    if (order.strike) {
      parentPort.postMessage({ struck })
      strike = order.strike === 'none' ? undefined : order.strike
      struck = undefined
      seen = 0
      return
    }
    if (order.fault !== undefined) {
      fault = String(order.fault)
      onlyWrites = order.onlyWrites
      for (const late of held.splice(0)) late()
    }
    parentPort.postMessage({ server: `https://127.0.0.1:${server.address().port}` })
  }))
}

if (!isMainThread && workerData?.proxied) serve(workerData.proxied)
