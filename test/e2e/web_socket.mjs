// A WebSocket byte by byte (RFC 6455), so that a test can also do it wrong.
import { once } from 'node:events'
import { connect } from 'node:net'
import { randomBytes } from 'node:crypto'

export const opcodes = { more: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 }

/** One frame as a client sends it; `masked: false` is against the protocol. */
export function frame(opcode, payload, { last = true, masked = true } = {}) {
  const bytes = Buffer.from(payload)
  const head = [opcode | (last ? 0x80 : 0)], mask = masked ? 0x80 : 0
  if (bytes.length < 126) head.push(bytes.length | mask)
  else if (bytes.length < 65536) head.push(126 | mask, bytes.length >> 8, bytes.length & 255)
  else head.push(127 | mask, 0, 0, 0, 0, ...[24, 16, 8, 0].map(shift => (bytes.length >> shift) & 255))
  if (!masked) return Buffer.concat([Buffer.from(head), bytes])
  const key = randomBytes(4)
  return Buffer.concat([Buffer.from(head), key, bytes.map((byte, i) => byte ^ key[i % 4])])
}

/** A TCP connection to the node: `send` bytes, `until` a number of bytes or the end has come. */
export class Wire {
  constructor(node) {
    this.url = new URL(node.rpc)
    this.socket = connect({ host: '127.0.0.1', port: this.url.port })
    this.received = Buffer.alloc(0)
    this.over = false
    this.socket.on('data', piece => { this.received = Buffer.concat([this.received, piece]) })
    this.socket.on('close', () => { this.over = true; this.socket.emit('data', Buffer.alloc(0)) })
    this.socket.on('error', () => {})
  }

  send(bytes) {
    this.socket.write(bytes)
    return this
  }

  /** The first bytes for which the function answers a length, taken out; what is left when the connection ends first. */
  async take(length) {
    const limit = AbortSignal.timeout(30_000)
    for (;;) {
      const n = length(this.received)
      if (n !== undefined || this.over) {
        const taken = this.received.subarray(0, n ?? this.received.length)
        this.received = this.received.subarray(taken.length)
        return taken
      }
      await once(this.socket, 'data', { signal: limit })
    }
  }

  async head() {
    const bytes = await this.take(all => { const at = all.indexOf('\r\n\r\n'); return at < 0 ? undefined : at + 4 })
    return bytes.toString()
  }

  /** The status of one HTTP answer, and its JSON. */
  async answer() {
    const head = await this.head()
    const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0)
    const body = (await this.take(all => all.length >= length ? length : undefined)).toString()
    return { status: Number(head.split(' ')[1]), head, json: body.startsWith('{') ? JSON.parse(body) : undefined }
  }

  end() {
    this.socket.destroy()
  }
}

export class RawWebSocket extends Wire {
  handshake({ key = 'dGhlIHNhbXBsZSBub25jZQ==', version = '13', headers = [] } = {}) {
    return this.send([
      'GET /rpc HTTP/1.1', `Host: ${this.url.host}`, 'Connection: Upgrade', 'Upgrade: websocket',
      `Sec-WebSocket-Key: ${key}`, `Sec-WebSocket-Version: ${version}`, ...headers, '', ''
    ].join('\r\n'))
  }

  static async open(node, options) {
    const socket = new RawWebSocket(node)
    const head = await socket.handshake(options).head()
    if (!head.startsWith('HTTP/1.1 101')) throw new Error(head)
    return socket
  }

  /** The next frame: {opcode, payload, code (of a closing one)}; undefined when the connection has ended. */
  async next() {
    const size = all => {
      if (all.length < 2) return undefined
      const short = all[1] & 127, more = short === 126 ? 2 : short === 127 ? 8 : 0
      if (all.length < 2 + more) return undefined
      const length = more === 0 ? short : more === 2 ? all.readUInt16BE(2) : Number(all.readBigUInt64BE(2))
      return all.length < 2 + more + length ? undefined : [2 + more, length]
    }
    let parts
    const bytes = await this.take(all => { parts = size(all); return parts && parts[0] + parts[1] })
    if (!parts) return undefined
    const payload = bytes.subarray(parts[0])
    const opcode = bytes[0] & 15
    return { opcode, payload, code: opcode === opcodes.close ? payload.readUInt16BE(0) : undefined }
  }

  /** One JSON-RPC message; answers the next text frame. */
  async ask(message, opcode = opcodes.text) {
    this.send(frame(opcode, typeof message === 'string' ? message : JSON.stringify(message)))
    const { payload } = await this.next()
    return JSON.parse(payload.toString())
  }
}
