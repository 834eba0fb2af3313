// Stands between a gateway and its podman service, and kills the gateway at the write that a test means. In a thread of its own, so that it goes on while the
// test waits for a command.
import { Agent, createServer, request } from 'node:http'
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads'

export class PodmanProxy {
  /** Listens on one socket, before the service that listens on the other. */
  static async start(listen, to) {
    const proxy = new PodmanProxy()
    proxy.worker = new Worker(new URL(import.meta.url), { workerData: { listen, to } })
    proxy.waiting = []
    proxy.worker.on('message', answer => proxy.waiting.shift()(answer))
    proxy.worker.on('error', error => { throw error })
    await proxy.disarm()
    return proxy
  }

  #tell(order) {
    return new Promise(resolve => {
      this.waiting.push(resolve)
      this.worker.postMessage(order)
    })
  }

  /** Kills a process at its n-th write from now on, n from 1: before podman hears of it; after podman has done it; or meanwhile: podman goes on with it. */
  arm(pid, write, when) {
    return this.#tell({ pid, write, when })
  }

  /** Ends that; tells whether it came to it: the write that it was, else undefined. */
  disarm() {
    return this.#tell(undefined)
  }

  stop() {
    return this.worker.terminate()
  }
}

/** Reads that podman has as POST. */
const harmless = /\/(wait|exec\/[^/]+\/start)(\?|$)/

function serve({ listen, to }) {
  const agent = new Agent({ keepAlive: true })
  let strike, struck, seen = 0

  function kill(asked, response) {
    process.kill(strike.pid, 'SIGKILL')
    strike = undefined
    struck = `${asked.method} ${asked.url.split('?')[0].replace(/^\/v[^/]*\/libpod/, '').replace(/[0-9a-f]{64}/, 'ID')}`
    response.destroy()
  }

  const server = createServer((asked, response) => {
    response.on('error', () => {})
    const pieces = []
    asked.on('data', piece => pieces.push(piece))
    asked.on('error', () => {})
    asked.on('end', () => {
      const write = asked.method !== 'GET' && !harmless.test(asked.url)
      const now = write && strike && ++seen === strike.write ? strike.when : undefined
      if (now === 'before') return kill(asked, response)
      const sent = request({ socketPath: to, agent, method: asked.method, path: asked.url, headers: asked.headers }, reply => {
        if (now === 'after') {
          reply.resume()
          return reply.on('end', () => kill(asked, response))
        }
        response.writeHead(reply.statusCode, reply.headers)
        response.flushHeaders()
        reply.pipe(response)
        reply.on('error', () => response.destroy())
      })
      sent.on('error', () => response.destroy())
      sent.end(Buffer.concat(pieces))
      if (now === 'meanwhile') sent.on('finish', () => kill(asked, response))
      else response.on('close', () => { if (!write && !response.writableFinished) sent.destroy() })
    })
  })
  // Commands in containers and their terminals: bytes.
  server.on('upgrade', (asked, socket) => socket.destroy())
  server.listen(listen, () => parentPort.on('message', order => {
    parentPort.postMessage(struck)
    strike = order
    struck = undefined
    seen = 0
  }))
}

if (!isMainThread && workerData?.listen) serve(workerData)
