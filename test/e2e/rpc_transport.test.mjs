// What reaches JSON-RPC over HTTP and WebSocket and is wrong: each gets a clear refusal, and the node serves everybody else as before.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createPublicClient, webSocket } from 'viem'
import { Node, rpc, until, visit } from './node.mjs'
import { account, Chain } from './wallet.mjs'
import { RawWebSocket, Wire, frame, opcodes } from './web_socket.mjs'

let node, chain

before(async () => {
  node = await Node.start()
  chain = new Chain(node)
})
after(() => node?.stop())

const chainId = { jsonrpc: '2.0', id: 7, method: 'eth_chainId', params: [] }

/** Runs what must fail; then the node lives, answers both ways, and has the same head. */
async function unharmed(act) {
  const head = (await rpc(node, 'eth_getBlockByNumber', ['latest', false])).result
  await act()
  assert.ok(node.alive(), node.log())
  assert.deepEqual((await rpc(node, 'eth_getBlockByNumber', ['latest', false])).result, head)
  const socket = await RawWebSocket.open(node)
  assert.equal((await socket.ask(chainId)).result, '0x1287')
  socket.end()
}

const post = (body, headers = { 'content-type': 'application/json' }, method = 'POST') =>
  visit(node.rpc, { method, headers, body })

test('HTTP: bodies that are no JSON-RPC, wrong types, wrong methods, other origins', () => unharmed(async () => {
  for (const [name, body, code] of [
    ['malformed', '{"jsonrpc":', -32700], ['too deep', '['.repeat(5000), -32600], ['nothing', ' ', -32700],
    ['invalid UTF-8', Buffer.from('7b2261223a22fffe227d', 'hex'), -32700],
    ['an empty batch', '[]', -32600], ['a batch too long', JSON.stringify(Array(1001).fill(chainId)), -32600]
  ]) {
    const answer = await post(body)
    assert.equal(answer.status, 200, name)
    assert.equal(JSON.parse(answer.body).error.code, code, name)
  }
  for (const [name, status, answer] of [
    ['a body too large', 413, await post(' '.repeat(1024 * 1024 + 1))],
    ['a body much too large', 413, await post(' '.repeat(3 * 1024 * 1024))],
    ['text', 415, await post('{}', { 'content-type': 'text/plain' })],
    ['no type', 415, await post('{}', {})],
    ['GET', 405, await post(undefined, {}, 'GET')],
    ['PUT', 405, await post('{}', undefined, 'PUT')],
    ['another host', 421, await post('{}', { 'content-type': 'application/json', host: 'evil.example.org' })]
  ]) assert.equal(answer.status, status, name)
  const page = await post(JSON.stringify(chainId), { 'content-type': 'application/json', origin: 'https://evil.example.org' })
  assert.equal(page.headers['access-control-allow-origin'], undefined)
}))

test('HTTP: many requests on one connection, one after the other and pipelined', () => unharmed(async () => {
  const wire = new Wire(node)
  const body = id => JSON.stringify({ ...chainId, id })
  const request = id => `POST /rpc HTTP/1.1\r\nHost: ${wire.url.host}\r\nContent-Type: application/json\r\nContent-Length: ${body(id).length}\r\n\r\n${body(id)}`
  wire.send(Array.from({ length: 100 }, (_, i) => request(i + 100)).join(''))
  for (let i = 0; i < 100; ++i) assert.equal((await wire.answer()).json.id, i + 100)
  wire.end()
}))

test('WebSocket: handshakes that are none, or come from a page of another origin', () => unharmed(async () => {
  for (const [status, options] of [
    [426, { version: '8' }], [400, { key: 'short' }], [400, { key: '' }],
    [403, { headers: ['Origin: https://evil.example.org'] }], [403, { headers: ['Origin: null'] }]
  ]) {
    const socket = new RawWebSocket(node)
    const answer = await socket.handshake(options).answer()
    assert.equal(answer.status, status, JSON.stringify(options))
    assert.ok(answer.json.error.message.length > 10)
    socket.end()
  }
  // Half of a handshake, and nothing more: the node keeps nothing of it.
  for (let i = 0; i < 50; ++i) new RawWebSocket(node).send(`GET /rpc HTTP/1.1\r\nHost: localhost\r\nUpgr`).socket.end()
  const own = await RawWebSocket.open(node, { headers: [`Origin: ${node.platform}`] })
  own.end()
}))

test('WebSocket: frames against the protocol close it with the code that says why', () => unharmed(async () => {
  for (const [name, bytes, code] of [
    ['unmasked', frame(opcodes.text, '{}', { masked: false }), 1002],
    ['invalid UTF-8', frame(opcodes.text, Buffer.from([0xff, 0xfe])), 1007],
    ['too large', frame(opcodes.text, ' '.repeat(1024 * 1024 + 1)), 1009],
    ['too large in fragments', Buffer.concat([
      frame(opcodes.text, ' '.repeat(700_000), { last: false }), frame(opcodes.more, ' '.repeat(700_000))]), 1009],
    ['a fragment of nothing', frame(opcodes.more, 'x'), 1002],
    ['a message within a message', Buffer.concat([frame(opcodes.text, 'a', { last: false }), frame(opcodes.text, 'b')]), 1002],
    ['an unknown opcode', frame(3, 'x'), 1002]
  ]) {
    const socket = await RawWebSocket.open(node)
    socket.send(bytes)
    assert.equal((await socket.next()).code, code, name)
    socket.end()
  }
}))

test('WebSocket: messages that are no JSON-RPC are answered, and the next one too', () => unharmed(async () => {
  const socket = await RawWebSocket.open(node)
  for (const [name, message, code] of [
    ['malformed', '{"jsonrpc":', -32700], ['too deep', '['.repeat(5000), -32600], ['an empty batch', '[]', -32600],
    ['a batch too long', JSON.stringify(Array(1001).fill(chainId)), -32600]
  ]) assert.equal((await socket.ask(message)).error.code, code, name)
  // Not valid as text, and no frame says that it is.
  assert.equal((await socket.ask(Buffer.from('7b2261223a22fffe227d', 'hex').toString('latin1'), opcodes.binary)).error.code < 0, true)
  assert.equal((await socket.ask(chainId, opcodes.binary)).result, '0x1287')
  const text = JSON.stringify(chainId)
  socket.send(Buffer.concat([...text].map((c, i) => frame(i === 0 ? opcodes.text : opcodes.more, c, { last: i === text.length - 1 }))))
  assert.equal(JSON.parse((await socket.next()).payload.toString()).result, '0x1287')
  socket.send(frame(opcodes.close, Buffer.from([0x03, 0xe8])))
  assert.equal((await socket.next()).code, 1000)
}))

test('WebSocket: a client that sends and never reads is cut off, others are served', () => unharmed(async () => {
  const slow = await RawWebSocket.open(node)
  slow.socket.pause()
  // Each answer is some 100 KB: after a few megabytes nothing more is read from this client.
  const greedy = frame(opcodes.text, JSON.stringify(Array(100).fill({ ...chainId, method: 'eth_getBlockByNumber', params: ['latest', true] })))
  for (let i = 0; i < 500; ++i) slow.send(greedy)
  assert.equal((await rpc(node, 'eth_chainId')).result, '0x1287')
  slow.end()
}))

test('WebSocket: more than the node has room for are refused by name', () => unharmed(async () => {
  const open = []
  let refused
  for (let i = 0; i < 1100 && !refused; ++i) {
    const socket = new RawWebSocket(node)
    open.push(socket)
    const answer = await socket.handshake().answer()
    if (answer.status !== 101) refused = answer
  }
  assert.equal(refused?.status, 503)
  assert.equal(refused.json.error.code, -32005)
  assert.match(refused.head, /retry-after: \d+/i)
  for (const socket of open) socket.end()
  await until('there is room again', async () => {
    const socket = new RawWebSocket(node)
    const { status } = await socket.handshake().answer()
    socket.end()
    return status === 101
  })
}))

test('viem sends transactions through its WebSocket transport', async () => {
  const transport = webSocket(node.rpc.replace('http', 'ws'), { reconnect: false })
  const reader = createPublicClient({ chain: chain.chain, transport, pollingInterval: 20 })
  assert.equal(await reader.getChainId(), 4743)
  const sender = account(5)
  const nonce = await reader.getTransactionCount({ address: sender.address })
  const raw = await sender.signTransaction({
    type: 'eip1559', chainId: 4743, nonce, to: account(6).address, gas: 100_000n, maxFeePerGas: 0n, maxPriorityFeePerGas: 0n
  })
  const hash = await reader.sendRawTransaction({ serializedTransaction: raw })
  assert.equal((await reader.getTransactionReceipt({ hash })).status, 'success')
  ;(await reader.transport.getRpcClient()).close()
})
