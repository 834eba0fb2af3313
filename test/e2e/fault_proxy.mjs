// Stands between nodes and the HTTP port of a network, and does to requests and replies what networks do; or kills a node at the moment that a test
// means. It has a thread of its own, so it goes on while the test waits for a command.
import { Agent, createServer, request } from 'node:http'
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads'
import { until } from './node.mjs'

export class FaultProxy {
  /** Before a network's URL. */
  static async start(to) {
    const proxy = new FaultProxy()
    proxy.worker = new Worker(new URL(import.meta.url), { workerData: { to } })
    proxy.waiting = []
    proxy.struck = []
    proxy.worker.on('message', ({ struck, ...answer }) => struck ? proxy.struck.shift()() : proxy.waiting.shift()(answer))
    proxy.worker.on('error', error => { throw error })
    ;({ url: proxy.url } = await proxy.#tell({}))
    return proxy
  }

  #tell(order) {
    return new Promise(resolve => {
      this.waiting.push(resolve)
      this.worker.postMessage(order)
    })
  }

  /**
   * From now on: none, refused (nobody listens), reset (the connection ends without a reply), stall (no reply before this is over), 429, 500, no_json,
   * truncated (HTTP ends in the middle), cut_json (whole HTTP, half a text), wrong_chain (another chain id), lag (the newest block is the one of that
   * number).
   */
  set(fault, block) {
    return this.#tell({ fault, block })
  }

  /**
   * The next transaction with this calldata kills a process: before it is sent on (it never is), or after the network has taken it, before
   * the node hears of that. Answers a function that waits for it.
   */
  async strike(calldata, when, pid) {
    let done = false
    this.struck.push(() => { done = true })
    await this.#tell({ strike: { calldata: calldata.slice(2), when, pid } })
    return () => until('the transaction comes', () => done)
  }

  /** The different transactions with this calldata that came by. */
  async sent(calldata) {
    const { raw } = await this.#tell({})
    return [...new Set(raw.filter(each => each.includes(calldata.slice(2))))]
  }

  stop() {
    return this.worker.terminate()
  }
}

function serve() {
  const { hostname, port } = new URL(workerData.to)
  const agent = new Agent({ keepAlive: true })
  const raw = []
  const held = []
  let fault = 'none', newest, strike, own

  const answer = (response, status, body, headers = {}) => {
    response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...headers })
    response.end(body)
  }

  function spoil(response, status, body) {
    if (fault === 'cut_json') return answer(response, status, body.slice(0, body.length / 2))
    if (fault === 'wrong_chain') return answer(response, status, body.replaceAll('"result":"0x7a69"', '"result":"0x1"'))
    if (fault !== 'truncated') return answer(response, status, body)
    response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
    response.write(body.slice(0, body.length / 2), () => response.destroy())
  }

  function kill(response) {
    process.kill(strike.pid, 'SIGKILL')
    strike = undefined
    response.destroy()
    parentPort.postMessage({ struck: true })
  }

  function forward(response, body, struck) {
    const sent = request({ hostname, port, agent, method: 'POST', headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) } },
      reply => {
        let text = ''
        reply.setEncoding('utf8')
        reply.on('data', piece => { text += piece })
        reply.on('end', () => struck ? kill(response) : spoil(response, reply.statusCode, text))
        reply.on('error', () => response.destroy())
      })
    sent.on('error', () => response.destroy())
    sent.end(body)
  }

  function take(response, body) {
    if (fault === 'reset') return response.socket.resetAndDestroy()
    if (fault === 'stall') return held.push(() => take(response, body))
    if (fault === '429') return answer(response, 429, 'slow down', { 'retry-after': '0' })
    if (fault === '500') return answer(response, 500, 'oops')
    if (fault === 'no_json') return answer(response, 200, '<html>maintenance</html>')
    for (const each of [JSON.parse(body)].flat()) if (each.method === 'eth_sendRawTransaction') raw.push(each.params[0])
    const struck = strike && body.includes('eth_sendRawTransaction') && body.includes(strike.calldata)
    if (struck && strike.when === 'before') return kill(response)
    forward(response, fault === 'lag' ? body.replaceAll('"latest"', `"0x${newest.toString(16)}"`) : body, struck)
  }

  const server = createServer((asked, response) => {
    let body = ''
    asked.setEncoding('utf8')
    asked.on('data', piece => { body += piece })
    asked.on('end', () => take(response, body))
    asked.on('error', () => {})
    response.on('error', () => {})
  })
  const listen = () => new Promise(resolve => server.listen(own ?? 0, '127.0.0.1', () => {
    own = server.address().port
    resolve()
  }))

  async function obey(order) {
    if (order.strike) strike = order.strike
    if (order.fault) {
      fault = order.fault
      newest = order.block
      if (fault === 'refused') {
        const closed = new Promise(resolve => server.close(resolve))
        server.closeAllConnections()
        await closed
      } else if (!server.listening) {
        await listen()
      }
      for (const late of held.splice(0)) late()
    }
    parentPort.postMessage({ url: `http://127.0.0.1:${own}`, raw })
  }
  listen().then(() => parentPort.on('message', obey))
}

if (!isMainThread && workerData?.to) serve()
