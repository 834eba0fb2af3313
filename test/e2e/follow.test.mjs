// Followers: a second gridd executes the leader's blocks again, through a proxy of the test that can bend them.
import assert from 'node:assert/strict'
import { createServer, request } from 'node:http'
import { once } from 'node:events'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { createPublicClient, createTestClient, http, webSocket } from 'viem'
import { Node, api, rpc as asked, until, visit } from './node.mjs'
import { Chain, account } from './wallet.mjs'

let leader, follower, atLeader, atFollower
/** How the proxy bends the blocks of an answer; null: not at all. It counts what it has bent. */
let bend = null
let bent = 0
let proxy

/** The result; an error of JSON-RPC is thrown. */
async function rpc(node, method, ...params) {
  const { result, error } = await asked(node, method, params)
  if (error) throw new Error(error.message)
  return result
}
const health = async node => (await api(`${node.platform}/v1/health`, 'GET')).json
const height = async node => Number(BigInt(await rpc(node, 'eth_blockNumber')))
const hashAt = async (node, number) => (await rpc(node, 'eth_getBlockByNumber', `0x${number.toString(16)}`, false))?.hash
/** Until the follower has the leader's head. */
const level = (who = follower) => until('the follower has the head of the leader', async () =>
  await hashAt(who, await height(leader)) === await hashAt(leader, await height(leader)) && await height(who) === await height(leader))

/** Sends transfers of accounts 0 to 3 through a node, so many at a time; answers their hashes. */
async function load(node, count) {
  const hashes = []
  await Promise.all([0, 1, 2, 3].map(async index => {
    const from = account(index)
    let nonce = Number(BigInt(await rpc(node, 'eth_getTransactionCount', from.address, 'pending')))
    for (let i = 0; i < count / 4; i += 10) {
      const raws = await Promise.all(Array.from({ length: 10 }, (_, k) => from.signTransaction({
        chainId: 4743, nonce: nonce + k, gas: 100_000n, type: 'eip1559', to: `0x4743${'1'.padStart(36, '0')}`,
        data: `0xa9059cbb${account(9).address.slice(2).toLowerCase().padStart(64, '0')}${(i + k + 1).toString(16).padStart(64, '0')}`
      })))
      nonce += 10
      for (const raw of raws) hashes.push(await rpc(node, 'eth_sendRawTransaction', raw))
    }
  }))
  return hashes
}

async function startProxy() {
  const server = createServer((question, answer) => {
    const { port, host } = new URL(leader.platform)
    const on = request({ host: '127.0.0.1', port, method: question.method, path: question.url, agent: false,
      headers: { ...question.headers, host } }, came => {
      const pieces = []
      came.on('data', piece => pieces.push(piece))
      came.on('error', () => answer.destroy())
      came.on('end', () => {
        let body = Buffer.concat(pieces)
        // A head has 61 bytes and an end 44: between them are blocks.
        if (bend && question.url.startsWith('/chain/blocks') && body.length > 61 + 44) { body = bend(body); ++bent }
        answer.writeHead(came.statusCode, { 'content-type': came.headers['content-type'] ?? 'text/plain', 'content-length': body.length })
        answer.end(body)
      })
    })
    on.on('error', () => answer.destroy())
    question.pipe(on)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

const following = url => ({ roles: ['ledger-follower', 'platform'], chain: [`leader: ${url}`] })
const proxyUrl = () => `http://127.0.0.1:${proxy.address().port}`

before(async () => {
  leader = await Node.start()
  leader.keepPorts()
  proxy = await startProxy()
  follower = await Node.start(following(proxyUrl()))
  follower.keepPorts()
  atLeader = new Chain(leader)
  atFollower = new Chain(follower)
})
after(async () => {
  await follower?.stop()
  await leader?.stop()
  proxy?.closeAllConnections()
  proxy?.close()
})

test('it follows under load, and every read is the same', async () => {
  const filter = await rpc(follower, 'eth_newBlockFilter')
  const heads = []
  const pushed = createPublicClient({ chain: atFollower.chain, transport: webSocket(follower.rpc.replace('http', 'ws'), { reconnect: false }) })
  const stop = pushed.watchBlocks({ onBlock: block => heads.push(block.hash) })
  leader.registerProvider()
  leader.grid('--key', 'dev:2', 'credits', 'buy', 5)
  const { order } = leader.grid('--key', 'dev:2', 'order', 'create', '--provider', 'dev:1', '--cpu', '500m', '--memory', '128Mi', '--storage', '128Mi')
  const hashes = await load(leader, 200)
  await level()

  const newest = await height(leader)
  for (let number = 0; number <= newest; ++number) {
    const hex = `0x${number.toString(16)}`
    for (const [method, ...words] of [['eth_getBlockByNumber', hex, true], ['eth_getBlockReceipts', hex]])
      assert.deepEqual(await rpc(follower, method, ...words), await rpc(leader, method, ...words))
  }
  for (const words of [['eth_getLogs', { fromBlock: '0x0' }], ['eth_getTransactionByHash', hashes[7]],
    ['eth_getTransactionCount', account(1).address, 'latest'], ['eth_chainId']])
    assert.deepEqual(await rpc(follower, ...words), await rpc(leader, ...words))
  const balance = chain => chain.contract('GridToken').read.balanceOf([account(9).address])
  assert.equal(await balance(atFollower), await balance(atLeader))
  await until('the projection has the order', async () => (await api(`${follower.platform}/v1/orders/${order}`, 'GET')).status === 200)
  assert.deepEqual((await api(`${follower.platform}/v1/orders`, 'GET')).json, (await api(`${leader.platform}/v1/orders`, 'GET')).json)
  assert.deepEqual(follower.grid('provider', 'show', 'dev:1'), leader.grid('provider', 'show', 'dev:1'))

  const seen = await rpc(follower, 'eth_getFilterChanges', filter)
  assert.equal(seen.length, newest)
  await until('the heads were pushed', () => heads.length > 0 && heads.at(-1) === seen.at(-1))
  stop()
  ;(await pushed.transport.getRpcClient()).close()
  const { status, follower: state } = await health(follower)
  assert.deepEqual([status, state.state, state.behind, state.leader], ['ok', 'following', 0, proxyUrl()])
})

test('transactions are sent on to the leader, and so are its refusals', async () => {
  const [hash] = await load(follower, 4)
  await until('the follower has the receipt', () => rpc(follower, 'eth_getTransactionReceipt', hash))
  const old = await account(0).signTransaction({ chainId: 4743, nonce: 0, gas: 100_000n, type: 'eip1559', to: account(1).address })
  const refusal = node => rpc(node, 'eth_sendRawTransaction', old).then(() => assert.fail('taken'), error => error.message)
  assert.equal(await refusal(follower), await refusal(leader))
  await assert.rejects(rpc(follower, 'evm_mine'), /follows another one/)
})

test('kills of both do no harm, and verification beside them agrees', async () => {
  await follower.kill()
  const behind = await height(leader)
  await load(leader, 200)
  await leader.kill()
  await leader.launch()
  await follower.launch()
  assert.ok(await height(follower) <= await height(leader) && await height(leader) > behind)
  await level()
  const [ours, theirs] = [follower, leader].map(node => node.grid('chain', 'verify', '--data', node.data))
  assert.equal(ours.hash, theirs.hash)
  assert.equal(ours.commitment, theirs.commitment)
  assert.equal(Number(ours.height), await height(leader))
})

test('without its leader it answers, says so, and goes on when there is one again', async () => {
  const newest = await height(follower)
  await leader.kill()
  await until('it says so', async () => (await health(follower)).follower.state === 'unreachable')
  assert.equal((await health(follower)).status, 'ok')
  assert.equal(await height(follower), newest)
  assert.equal((await api(`${follower.platform}/v1/orders`, 'GET')).status, 200)
  const raw = await account(0).signTransaction({ chainId: 4743, nonce: 10_000, gas: 100_000n, type: 'eip1559', to: account(1).address })
  await assert.rejects(rpc(follower, 'eth_sendRawTransaction', raw), /127\.0\.0\.1/)
  await leader.launch()
  await load(leader, 40)
  await until('it follows', async () => (await health(follower)).follower.state === 'following')
  await level()
})

test('on a development chain it goes back with its leader', async () => {
  const tester = createTestClient({ mode: 'anvil', chain: atLeader.chain, transport: http(leader.rpc) })
  const snapshot = await tester.snapshot()
  const kept = await height(leader)
  await load(leader, 40)
  await level()
  const gone = await hashAt(follower, await height(follower))
  await tester.revert({ id: snapshot })
  await load(leader, 20)
  await level()
  assert.equal(await rpc(follower, 'eth_getBlockByHash', gone, false), null)
  assert.equal(await hashAt(follower, kept), await hashAt(leader, kept))
  assert.equal(leader.grid('chain', 'verify', '--data', follower.data).hash, await hashAt(leader, await height(leader)))
})

test('a block that was bent on its way stops it by name, and reads go on', async () => {
  for (const [where, place] of [['a transaction or a receipt', body => 300], ['a row at the end', body => body.length - 44 - 5]]) {
    const before = await height(follower)
    bent = 0
    bend = body => { const copy = Buffer.from(body); copy[place(body)] ^= 1; return copy }
    await load(leader, 20)
    await until(`it stops: ${where}`, async () => (await health(follower)).follower.state === 'stopped')
    assert.ok(bent > 0)
    const { status, follower: { code, reason } } = await health(follower)
    assert.equal(status, 'degraded')
    assert.ok(['block_differs', 'bad_stream', 'leader_reverted'].includes(code), code)
    assert.match(reason, new RegExp(`block ${before + 1}\\b`), where)
    assert.ok(follower.log().includes(`follower: stopped at block ${before}`))
    assert.match((await visit(`${follower.platform}/metrics`)).body, /grid_follower_state\{state="stopped"\} 1/)
    assert.equal(await height(follower), before)
    assert.equal(await hashAt(follower, before), await hashAt(leader, before))
    bend = null
    await follower.kill()
    await follower.launch()
    await level()
  }
})

test('a leader of another chain is not followed', async () => {
  const stranger = await Node.start({ ...following(proxyUrl()), chain: [`leader: ${proxyUrl()}`, 'max_orders_unactivated: 3'] })
  try {
    await until('it stops', async () => (await health(stranger)).follower.state === 'stopped')
    assert.equal((await health(stranger)).follower.code, 'foreign_chain')
    assert.equal(await height(stranger), 0)
  } finally {
    await stranger.stop()
  }
})

test('a chain that was exported and imported is one that a node runs on', async () => {
  const file = join(leader.data, 'blocks.grid')
  leader.grid('chain', 'export', '--data', leader.data, file)
  const copy = Node.place({ roles: ['ledger', 'platform'] })
  try {
    const imported = copy.grid('chain', 'import', '--data', copy.data, file)
    assert.equal(Number(imported.height), await height(leader))
    await copy.launch()
    assert.equal(await hashAt(copy, await height(copy)), await hashAt(leader, await height(leader)))
    const refused = copy.refused('chain', 'import', '--data', copy.data, file)
    assert.equal(refused.code, 'data_directory_in_use')
    await load(copy, 4)
    assert.equal(await height(copy) > await height(leader), true)
  } finally {
    await copy.stop()
  }
})

test('a new follower catches up, and follows a follower', async t => {
  await load(leader, 1_000)
  const blocks = await height(leader)
  const begun = Date.now()
  const second = await Node.start(following(leader.platform))
  let third
  try {
    await level(second)
    const seconds = (Date.now() - begun) / 1000
    t.diagnostic(`${blocks} blocks in ${seconds.toFixed(2)} s from the start of the process: ${(blocks / seconds).toFixed(0)} blocks/s`)
    third = await Node.start(following(second.platform))
    await level(third)
  } finally {
    await third?.stop()
    await second.stop()
  }
})
