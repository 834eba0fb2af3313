// The clients of both sides: keep-alive HTTP connections and one WebSocket, as thin as they can be, so that the
// server is what is measured.
import { connect } from 'node:net'
import WebSocket from 'ws'

/** One JSON-RPC call; answers its result. */
export async function call(url, method, params = []) {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
  })
  const { result, error } = await answer.json()
  if (error) throw new Error(`${method}: ${JSON.stringify(error)}`)
  return result
}

/** The body of a JSON-RPC request. */
export const body = (method, params, id = 1) => JSON.stringify({ jsonrpc: '2.0', id, method, params })

/**
 * Sends each list of bodies over a connection of its own, the next when the one before is answered. `check` sees the
 * text of every reply. Answers the seconds that it took.
 */
export async function overHttp(url, lists, check) {
  const { hostname, port, pathname } = new URL(url)
  const requests = lists.map(list => list.map(text =>
    `POST ${pathname} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`))
  const begin = performance.now()
  await Promise.all(requests.map(list => new Promise((resolve, reject) => {
    let next = 0
    let received = ''
    const socket = connect({ host: hostname, port: Number(port), noDelay: true })
    const send = () => socket.write(list[next++])
    socket.setEncoding('latin1')
    socket.on('connect', send)
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('the server closed a connection')))
    socket.on('data', piece => {
      received += piece
      const end = received.indexOf('\r\n\r\n')
      if (end < 0) return
      const length = /\r\ncontent-length: *(\d+)/i.exec(received)
      if (!length) return reject(new Error(`a reply without its length: ${received.slice(0, end)}`))
      if (received.length < end + 4 + Number(length[1])) return
      try {
        check(received.slice(end + 4))
      } catch (error) {
        return reject(error)
      }
      received = ''
      if (next < list.length) return send()
      socket.removeAllListeners('close')
      socket.destroy()
      resolve()
    })
  })))
  return (performance.now() - begin) / 1000
}

/** Sends all bodies over one WebSocket with at most `window` unanswered; then `finish`. Answers the seconds. */
export async function overWebSocket(url, bodies, window, check, finish) {
  const socket = new WebSocket(url.replace(/^http/, 'ws'))
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  const begin = performance.now()
  await new Promise((resolve, reject) => {
    let sent = 0
    let answered = 0
    const fill = () => { while (sent < bodies.length && sent - answered < window) socket.send(bodies[sent++]) }
    socket.on('error', reject)
    socket.on('message', text => {
      try {
        check(String(text))
      } catch (error) {
        return reject(error)
      }
      ++answered
      fill()
      if (answered === bodies.length) resolve()
    })
    fill()
  })
  await finish()
  const seconds = (performance.now() - begin) / 1000
  socket.close()
  return seconds
}

/** Fails for a reply that is an error. */
export function accepted(text) {
  if (text.includes('"error"')) throw new Error(`refused: ${text}`)
}
