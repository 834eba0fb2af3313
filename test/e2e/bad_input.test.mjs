// What is wrong gets a clear error with a code, changes nothing, and kills nothing: chain, gateway, and the start itself.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { BaseError, ContractFunctionRevertedError, encodeFunctionData, maxUint64 } from 'viem'
import { Node, api, build, rpc, sampleManifest, until, visit } from './node.mjs'
import { Chain, abi, account, at, bearer, chainId, gasPrice, login, proofOf } from './wallet.mjs'

const maxPrice = 2n ** 96n - 1n
const resources = { cpuMilli: 100n, memoryMiB: 64n, storageMiB: 64n, gpus: 0n }
const provider = account(1).address
const sample = readFileSync(sampleManifest, 'utf8')

let node, chain, prices, order, token, cookie
let server, fetched

before(async () => {
  node = await Node.start({ roles: ['ledger', 'platform', 'gateway'], gateway: '  fetch_allow: [127.0.0.1/32]' })
  chain = new Chain(node)
  node.registerProvider()
  prices = (await chain.contract('Registry').read.get([provider])).prices
  for (const key of ['dev:2', 'dev:3']) node.grid('--key', key, 'credits', 'buy', 10)
  // The order that everything below must leave alone.
  order = node.grid('--key', 'dev:2', 'order', 'create', '--provider', 'dev:1', '--cpu', '500m', '--memory', '128Mi', '--storage', '128Mi').order
  const session = await login(node, 2)
  const accepted = await api(`${node.gateway}/v1/orders/${order}/accept`, 'POST', undefined, bearer(session.token))
  assert.equal(accepted.status, 200, accepted.body)
  token = accepted.json.session.token
  cookie = accepted.headers['set-cookie'][0].split(';')[0]
  server = createServer((request, answer) => {
    const url = new URL(request.url, 'http://x')
    fetched.push(url.pathname)
    if (url.searchParams.has('to')) return answer.writeHead(302, { location: url.searchParams.get('to') }).end()
    if (url.pathname === '/endless') {
      const more = () => { while (answer.write('#'.repeat(65536))); }
      answer.on('drain', more).on('error', () => {})
      return more()
    }
    answer.end(url.pathname === '/privileged' ? privileged : 'kind: [')
  })
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
})
after(async () => {
  server?.closeAllConnections()
  server?.close()
  await node?.stop()
})

/** Asks again as soon as the limit of requests for a wallet lets it. */
const unhurried = ask => until('the wallet may ask again', async () => {
  const answer = await ask()
  if (answer.status !== 429) return answer
  assert.ok(Number(answer.headers['retry-after']) >= 1)
})

/** Everything that bad input must not change. */
async function state() {
  const credits = await Promise.all([1, 2, 3, 9].map(i => chain.contract('Credit').read.balanceOf([account(i).address])))
  const { available } = await chain.contract('Registry').read.get([provider])
  const apps = await unhurried(() => api(`${node.gateway}/v1/apps`, 'GET', undefined, bearer(token)))
  return {
    credits, available, apps: [apps.status, apps.json],
    escrow: await chain.contract('Credit').read.balanceOf([at(4)]),
    order: await chain.contract('Market').read.get([BigInt(order)]),
    containers: node.containers()
  }
}

/** Runs what must fail, and sees that nothing changed and the node lives. `mined`: failed transactions are in blocks. */
async function unchanged(act, { mined = false } = {}) {
  const before = await state(), height = await chain.reader.getBlockNumber({ cacheTime: 0 })
  await act()
  assert.deepEqual(await state(), before)
  if (!mined) assert.equal(await chain.transactionsSince(height), 0)
  assert.ok(node.alive(), node.log())
  for (const url of [node.platform, node.gateway]) assert.equal((await visit(`${url}/healthz`)).status, 200)
}

// ---- the chain ----

const transaction = { type: 'eip1559', chainId, to: at(1), data: '0x', gas: 100_000n, maxFeePerGas: gasPrice, maxPriorityFeePerGas: 0n }
/** A request to the node, also where a network keeps the chain. */
const own = (...words) => rpc({ rpc: node.ownRpc }, ...words)
const sendRaw = async raw => (await own('eth_sendRawTransaction', [raw])).error

test('transactions: wrong signature, wrong chain id, nonce reuse', async () => {
  const sender = account(9)
  const nonce = await chain.reader.getTransactionCount({ address: sender.address })
  const good = await sender.signTransaction({ ...transaction, nonce })
  const approval = encodeFunctionData({ abi: abi('GridToken'), functionName: 'approve', args: [account(8).address, 1n] })
  const once = await sender.signTransaction({ ...transaction, nonce, data: approval })
  await unchanged(async () => {
    for (const [name, raw, reason] of [
      ['a signature that nobody could have made', good.slice(0, -130) + 'f'.repeat(64) + good.slice(-66), /sender|r between 1 and n-1/],
      ['s in the upper half', good.slice(0, -64) + 'f'.repeat(64), /EIP-2/],
      ['wrong chain id', await sender.signTransaction({ ...transaction, nonce, chainId: 1 }), /chain/],
      ['cut off', good.slice(0, -2), /./],
      ['something after it', good + '00', /./],
      ['no transaction at all', '0x', /./]
    ]) {
      const error = await sendRaw(raw)
      assert.ok(error && Number.isInteger(error.code), `${name} was taken`)
      assert.match(error.message, reason, name)
    }
  })
  // A signature with other bytes is another sender's: who signed stays as he was.
  await sendRaw(good.slice(0, -20) + (good.at(-20) === '1' ? '2' : '1') + good.slice(-19))
  assert.equal(await chain.reader.getTransactionCount({ address: sender.address }), nonce)
  await chain.reader.waitForTransactionReceipt({ hash: await chain.reader.request({ method: 'eth_sendRawTransaction', params: [once] }) })
  await unchanged(async () => {
    assert.match((await sendRaw(good)).message, /nonce/)
  })
})

/** A call that must revert with that error, asked and sent: {args}. */
async function reverts(index, contract, method, args, name) {
  let data
  try {
    await chain.contract(contract).simulate[method](args, { account: account(index) })
  } catch (error) {
    assert.ok(error instanceof BaseError, String(error))
    data = error.walk(e => e instanceof ContractFunctionRevertedError)?.data
    assert.ok(data, error.message)
  }
  assert.ok(data, `${method} did not revert`)
  assert.equal(data.errorName, name)
  await unchanged(async () => {
    const hash = await chain.contract(contract, index).write[method](args, { gas: 5_000_000n })
    assert.equal((await chain.reader.waitForTransactionReceipt({ hash })).status, 'reverted')
  }, { mined: true })
  return data
}

const terms = (change = {}) => {
  const t = { provider, resources, prices, duration: 3600n, minProbation: 0n, ...change }
  return [t.provider, t.resources, t.prices, t.duration, t.minProbation]
}

test('orders: too little money, unknown provider, a second one for the pair, strangers, stale ids', async () => {
  const short = await reverts(9, 'Market', 'createOrder', terms(), 'InsufficientCredits')
  assert.equal(short.args[1], 0n)
  await reverts(3, 'Market', 'createOrder', terms({ provider: account(8).address }), 'UnknownProvider')
  await reverts(2, 'Market', 'createOrder', terms(), 'OrderExists')
  await reverts(3, 'Market', 'createOrder', terms({ resources: { ...resources, cpuMilli: 4001n } }), 'InsufficientResources')
  await reverts(3, 'Market', 'createOrder', terms({ prices: { ...prices, cpuMilli: prices.cpuMilli - 1n } }), 'PriceTooLow')
  await reverts(3, 'Market', 'createOrder', terms({ duration: 0n }), 'InvalidDuration')
  await reverts(3, 'Market', 'createOrder', terms({ duration: 315_360_001n }), 'InvalidDuration')
  await reverts(3, 'Market', 'cancelOrder', [BigInt(order)], 'NotParty')
  await reverts(2, 'Market', 'cancelOrder', [10_000n], 'UnknownOrder')
  await reverts(2, 'Market', 'withdraw', [BigInt(order), 1n], 'WrongStatus')

  const first = await chain.contract('Market', 3).write.createOrder(terms(), { gas: 5_000_000n }).then(hash => chain.mined(hash))
  const stale = BigInt(first.logs.find(log => log.address === at(4)).topics[1])
  await reverts(4, 'Market', 'activateOrder', [stale], 'NotParty')
  await chain.mined(chain.contract('Market', 3).write.cancelOrder([stale]))
  await chain.mined(chain.contract('Market', 3).write.createOrder(terms()))
  await reverts(3, 'Market', 'cancelOrder', [stale], 'StaleOrder')
  await chain.mined(chain.contract('Market', 3).write.cancelOrder([stale + 1n]))
  await reverts(3, 'Market', 'cancelOrder', [stale + 1n], 'WrongStatus')
  await reverts(1, 'Market', 'activateOrder', [stale + 1n], 'WrongStatus')

  const refused = node.refused('--key', 'dev:9', 'order', 'create', '--provider', 'dev:1')
  assert.equal(refused.code, 'reverted')
  assert.match(refused.message, /InsufficientCredits/)
})

test('calldata: forged status and amounts, wrong widths, too short, unknown', async () => {
  const data = encodeFunctionData({ abi: abi('Market'), functionName: 'createOrder', args: terms() })
  const word = n => data.slice(10 + 64 * n, 74 + 64 * n)
  const replaced = (n, by) => data.slice(0, 10 + 64 * n) + by + data.slice(74 + 64 * n)
  const user = account(3)
  await unchanged(async () => {
    for (const [name, forged] of Object.entries({
      'an address of more than 160 bits': replaced(0, 'f'.repeat(24) + word(0).slice(24)),
      'an amount of more than 64 bits': replaced(1, '0'.repeat(47) + '1' + '0'.repeat(16)),
      'a negative amount': replaced(1, 'f'.repeat(64)),
      'a price of more than 96 bits': replaced(5, '0'.repeat(39) + '1' + '0'.repeat(24)),
      'a duration of more than 64 bits': replaced(9, 'f'.repeat(64)),
      'half a word missing': data.slice(0, -32),
      'no arguments': data.slice(0, 10),
      'no method': '0x',
      'an unknown method': '0xdeadbeef'
    })) {
      const call = { from: user.address, to: at(4), data: forged }
      assert.equal((await own('eth_call', [call, 'latest'])).error?.code, 3, name)
      const raw = await user.signTransaction({
        ...transaction, to: at(4), data: forged, gas: 5_000_000n, nonce: await chain.reader.getTransactionCount({ address: user.address })
      })
      const hash = (await own('eth_sendRawTransaction', [raw])).result
      assert.equal((await chain.reader.waitForTransactionReceipt({ hash })).status, 'reverted', name)
    }
  }, { mined: true })

  // As in Solidity, words after the arguments are not looked at: status, payments and checks are the contract's own.
  const forged = data + [2n, 10n ** 18n, 10n ** 18n, 1n, 1n].map(n => n.toString(16).padStart(64, '0')).join('')
  const sent = await chain.mined(chain.wallet(3).sendTransaction({ to: at(4), data: forged, gas: 5_000_000n }))
  const id = BigInt(sent.logs.find(log => log.address === at(4)).topics[1])
  const made = await chain.contract('Market').read.get([id])
  assert.deepEqual([made.status, made.paidProvider, made.paidUser, made.accrued, made.activatedAt], [1, 0n, 0n, 0n, 0n])
  const rate = resources.cpuMilli * prices.cpuMilli + resources.memoryMiB * prices.memoryMiB + resources.storageMiB * prices.storageMiB
  assert.equal(made.deposit, rate)
  await chain.mined(chain.contract('Market', 3).write.cancelOrder([id]))
})

test('prices times amounts that would overflow 64, 96 and 128 bits are what they are', async () => {
  const huge = account(7)
  const all = { cpuMilli: maxUint64, memoryMiB: maxUint64, storageMiB: maxUint64, gpus: maxUint64 }
  const dear = { cpuMilli: maxPrice, memoryMiB: maxPrice, storageMiB: maxPrice, gpus: maxPrice }
  await chain.mined(chain.contract('Registry', 7).write.set([{
    host: 'localhost', port: 1, prices: dear, minimumPrices: dear, total: all, attributes: '{}', probation: 0n, probationPledge: 0n, renewable: false,
    acceptsOffers: true, operatorKey: '0x0000000000000000000000000000000000000000'
  }]))
  const wanted = terms({ provider: huge.address, resources: all, prices: dear, duration: 315_360_000n })
  const { args: [needed] } = await reverts(3, 'Market', 'createOrder', wanted, 'InsufficientCredits')
  assert.equal(needed, 4n * maxUint64 * maxPrice * 315_360_000n / 3600n)
})

// ---- quotes ----

const quoteTypes = {
  Quote: [['provider', 'address'], ['user', 'address'], ['cpuMilli', 'uint64'], ['memoryMiB', 'uint64'], ['storageMiB', 'uint64'], ['gpus', 'uint64'],
    ['cpuMilliPrice', 'uint96'], ['memoryMiBPrice', 'uint96'], ['storageMiBPrice', 'uint96'], ['gpuPrice', 'uint96'],
    ['duration', 'uint64'], ['probation', 'uint64'], ['renewable', 'bool'], ['validUntil', 'uint64'], ['replaces', 'uint64'], ['epoch', 'uint64'],
    ['salt', 'bytes32']]
    .map(([name, type]) => ({ name, type }))
}
const domain = { name: 'GRID Market', version: '1', chainId, verifyingContract: at(4) }

/** [quote, signature] for account 3, signed by account `signer`. */
async function quoted(change = {}, { signer = 1, signedDomain = domain } = {}) {
  const quote = {
    provider, user: account(3).address, resources, prices, duration: 60n, probation: 0n, renewable: false,
    validUntil: BigInt(Math.floor(Date.now() / 1000) + 600), replaces: 0n, epoch: 0n, salt: `0x${'7'.repeat(64)}`, ...change
  }
  const { resources: r, prices: p, ...rest } = quote
  const signature = await account(signer).signTypedData({
    domain: signedDomain, types: quoteTypes, primaryType: 'Quote',
    message: { ...rest, ...r, cpuMilliPrice: p.cpuMilli, memoryMiBPrice: p.memoryMiB, storageMiBPrice: p.storageMiB, gpuPrice: p.gpus }
  })
  return [quote, signature]
}

test('quotes: expired, foreign, forged, changed, used', async () => {
  const refused = (args, name, index = 3) => reverts(index, 'Market', 'createOrderWithQuote', args, name)
  await refused(await quoted({ validUntil: BigInt(Math.floor(Date.now() / 1000) - 60) }), 'QuoteExpired')
  await refused(await quoted(), 'QuoteNotForCaller', 4)
  await refused(await quoted({}, { signer: 3 }), 'QuoteSignerUnknown')
  for (const foreign of [{ chainId: 1 }, { verifyingContract: at(3) }, { name: 'Another Market' }])
    await refused(await quoted({}, { signedDomain: { ...domain, ...foreign } }), 'QuoteSignerUnknown')
  const [quote, signature] = await quoted()
  await refused([{ ...quote, prices: { ...prices, cpuMilli: 1n } }, signature], 'QuoteSignerUnknown')
  await refused([quote, signature.slice(0, -2)], 'InvalidQuoteSignature')
  await refused([quote, signature.slice(0, -2) + '00'], 'InvalidQuoteSignature')
  await refused(await quoted({ replaces: BigInt(order) }), 'QuoteReplaces')
  await refused(await quoted({ epoch: 1n }), 'QuoteEpochPast')

  const [event] = (await chain.mined(chain.contract('Market', 3).write.createOrderWithQuote([quote, signature]))).logs.filter(log => log.address === at(4))
  assert.ok(event)
  const id = await chain.contract('Market').read.current([account(3).address, provider])
  await chain.mined(chain.contract('Market', 3).write.cancelOrder([id]))
  await refused([quote, signature], 'QuoteSpent')
})

test('quotes are given to sessions, for terms that the provider has', async () => {
  const session = bearer((await login(node, 3)).token)
  const ask = body => api(`${node.gateway}/v1/quotes`, 'POST', body, session)
  const wanted = { resources: { cpu_milli: 100, memory_mib: 64, storage_mib: 64, gpus: 0 }, duration_s: 3600 }
  await unchanged(async () => {
    for (const [body, status, code] of [
      [{ ...wanted, duration_s: 1 }, 422, 'not_acceptable'],
      [{ ...wanted, duration_s: -1 }, 400, 'bad_field'],
      [{ ...wanted, duration_s: 1.5 }, 400, 'bad_field'],
      [{ ...wanted, resources: { ...wanted.resources, cpu_milli: 1_000_000 } }, 422, 'not_acceptable'],
      [{ ...wanted, resources: { ...wanted.resources, cpu_milli: '18446744073709551616' } }, 400, 'bad_field'],
      [{ ...wanted, user: account(2).address }, 400, 'bad_field'],
      [{ ...wanted, discount: 1 }, 400, 'unknown_field'],
      [{ duration_s: 3600 }, 400, 'missing_field']
    ]) {
      const answer = await ask(body)
      assert.deepEqual([answer.status, answer.json.code], [status, code], `${JSON.stringify(body)}: ${answer.body}`)
      assert.equal(answer.headers['content-type'], 'application/problem+json')
    }
    assert.equal((await api(`${node.gateway}/v1/quotes`, 'POST', wanted)).status, 401)
  })
})

// ---- logins and sessions ----

const problem = (answer, status, code) => assert.deepEqual([answer.status, answer.json?.code], [status, code], answer.body)
const session = proof => api(`${node.gateway}/v1/session`, 'POST', proof)

test('logins: by another key, replayed, foreign, expired, from the future', async () => {
  await unchanged(async () => {
    const { proof } = await proofOf(node, 2)
    problem(await session({ ...proof, address: account(3).address }), 401, 'bad_signature')
    problem(await session({ ...proof, signature: `0x${'0'.repeat(130)}` }), 401, 'bad_signature')
    problem(await session({ ...proof, signature: proof.signature.slice(0, -2) }), 400, 'bad_field')
    problem(await session({ ...proof, expires_at: '2099-01-01T00:00:00Z' }), 401, 'bad_signature')
    assert.equal((await session(proof)).status, 200)
    problem(await session(proof), 401, 'used_nonce')
    for (const change of [
      typed => { typed.message.gateway = 'gateway.example.org' },
      typed => { typed.message.provider = account(4).address },
      typed => { typed.domain.chainId = 1 },
      typed => { typed.domain.verifyingContract = at(3) },
      typed => { typed.domain.name = 'Another Gateway' },
      typed => { typed.message.nonce = 'AAAAAAAAAAAAAAAA' }
    ]) problem(await session((await proofOf(node, 2, change)).proof), 401, 'bad_signature')
    const timed = async (issued, expiry) => {
      const { proof } = await proofOf(node, 2, typed => Object.assign(typed.message, { issuedAt: issued, expiry }))
      const text = seconds => new Date(seconds * 1000).toISOString().replace('.000', '')
      return session({ ...proof, issued_at: text(issued), expires_at: text(expiry) })
    }
    const now = Math.floor(Date.now() / 1000)
    problem(await timed(now - 600, now - 300), 401, 'expired_login')
    problem(await timed(now + 600, now + 900), 401, 'clock_skew')
    const made = await proofOf(node, 2, typed => { typed.message.nonce = 'MadeUpByTheClient' })
    problem(await session({ ...made.proof, nonce: 'MadeUpByTheClient' }), 401, 'used_nonce')
  })
})

test('logins by message: foreign domain, chain, provider; replayed', async () => {
  const user = account(2)
  const signed = async message => session({ address: user.address, message, signature: await user.signMessage({ message }) })
  await unchanged(async () => {
    const { challenge: { siwe_message: message } } = await proofOf(node, 2)
    const authority = new URL(node.gateway).host
    for (const [from, to] of [
      [`${authority} wants`, 'evil.example.org wants'],
      [`URI: http://${authority}`, 'URI: http://evil.example.org'],
      [`Chain ID: ${chainId}`, 'Chain ID: 1'],
      [`provider:${chainId}:${provider}`, `provider:${chainId}:${account(4).address}`]
    ]) {
      assert.ok(message.includes(from))
      problem(await signed(message.replace(from, to)), 401, 'foreign_login')
    }
    problem(await signed('let me in'), 400, 'bad_login')
    assert.equal((await signed(message)).status, 200)
    problem(await signed(message), 401, 'used_nonce')
  })
})

test('sessions: forged, of another gateway, of another lease, expired', async () => {
  const other = await Node.start({ roles: ['ledger', 'platform', 'gateway'], gateway: '  session_life: 1s' })
  try {
    const elsewhere = await login(other, 2)
    await unchanged(async () => {
      const flipped = at => token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1)
      for (const [name, forged] of Object.entries({
        'another user': flipped(45), 'another mac': flipped(token.length - 3), 'another version': flipped(0), 'cut off': token.slice(0, 40), 'no token': 'x'
      })) {
        for (const headers of [bearer(forged), { cookie: cookie.split('=')[0] + '=' + forged }]) {
          const answer = await api(`${node.gateway}/v1/session`, 'GET', undefined, headers)
          assert.ok(answer.status === 401 && ['bad_token', 'foreign_token'].includes(answer.json.code), `${name}: ${answer.body}`)
        }
      }
      const foreign = await api(`${node.gateway}/v1/session`, 'GET', undefined, bearer(elsewhere.token))
      assert.ok(foreign.status === 401 && ['bad_token', 'foreign_token'].includes(foreign.json.code), foreign.body)
      const { proof } = await proofOf(other, 2)
      problem(await session(proof), 401, 'bad_signature')
      // One bad cookie of the right name does not hide the good one.
      assert.equal((await api(`${node.gateway}/v1/session`, 'GET', undefined, { cookie: `${cookie.split('=')[0]}=junk; ${cookie}` })).status, 200)
      const { token: stranger } = await login(node, 3)
      problem(await api(`${node.gateway}/v1/orders/${order}/accept`, 'POST', undefined, bearer(stranger)), 403, 'not_yours')
      problem(await api(`${node.gateway}/v1/orders/9999/accept`, 'POST', undefined, bearer(stranger)), 404, 'not_found')
      const lease = (await api(`${node.gateway}/v1/session`, 'GET', undefined, bearer(token))).json.lease_key
      problem(await api(`${node.gateway}/v1/apps`, 'POST', { manifest: sample, lease_key: lease }, bearer(stranger)), 404, 'not_found')
      problem(await api(`${node.gateway}/v1/apps`, 'POST', { manifest: sample, lease_key: `0x${'1'.repeat(64)}` }, bearer(token)), 403, 'wrong_lease')
    })
    const expired = await until('the session expires', async () => {
      const answer = await api(`${other.gateway}/v1/session`, 'GET', undefined, { cookie: elsewhere.cookie })
      return answer.status === 200 ? undefined : answer
    })
    problem(expired, 401, 'expired_token')
  } finally {
    await other.stop()
  }
})

test('a page of a tenant cannot use the visitor\'s session', async () => {
  const { port } = new URL(node.gateway)
  const tenant = `http://evil--0123456789abcdef0123.apps.localhost:${port}`
  const deploy = headers => api(`${node.gateway}/v1/apps`, 'POST', { manifest: sample }, { cookie, ...headers })
  await unchanged(async () => {
    for (const headers of [{ origin: tenant }, { origin: 'http://evil.example.org' }, { origin: 'null' }, {}, { origin: `${node.gateway}.evil.org` }])
      problem(await deploy(headers), 403, 'forbidden_origin')
    for (const [method, path] of [['GET', '/v1/session'], ['DELETE', '/v1/session'], ['GET', '/v1/apps'], ['POST', `/v1/orders/${order}/accept`], ['OPTIONS', '/v1/apps']]) {
      const answer = await api(`${node.gateway}${path}`, method, undefined, { cookie, origin: tenant })
      problem(answer, 403, 'forbidden_origin')
      assert.equal(answer.headers['access-control-allow-origin'], undefined)
    }
    problem(await api(`${node.gateway}/v1/session`, 'GET', undefined, { cookie, host: 'evil.example.org' }), 421, 'wrong_host')
  })
  assert.equal((await api(`${node.gateway}/v1/session`, 'GET', undefined, { cookie, origin: node.gateway })).status, 200)
})

// ---- deployments ----

const deployed = body => unhurried(() => api(`${node.gateway}/v1/apps`, 'POST', body, bearer(token)))
const inContainer = line => sample.replace('          image: localhost/grid-sample:1\n', `          image: localhost/grid-sample:1\n${line}`)
const inPod = line => sample.replace('      containers:\n', `${line}      containers:\n`)
const privileged = inContainer('          securityContext:\n            privileged: true\n')

test('manifests: not YAML, bombs, not allowed, more than ordered', async () => {
  const bomb = ['a: &a [x, x, x, x, x, x, x, x, x, x]']
  for (let i = 1; i < 10; ++i) {
    const [from, to] = [String.fromCharCode(96 + i), String.fromCharCode(97 + i)]
    bomb.push(`${to}: &${to} [${Array(10).fill(`*${from}`).join(', ')}]`)
  }
  await unchanged(async () => {
    for (const [name, manifest, code, reason] of [
      ['a tab', sample.replace('  name: web', '\tname: web'), 'bad_manifest', /^line \d+, column \d+: /],
      ['a syntax error', 'kind: [', 'bad_manifest', /^line \d+, column \d+: /],
      ['nothing', '# nothing\n', 'bad_manifest', /./],
      ['an alias bomb', bomb.join('\n'), 'bad_manifest', /./],
      ['depth', '['.repeat(100_000), 'bad_manifest', /./],
      ['a key twice', sample.replace('kind: Deployment', 'kind: Deployment\nkind: Pod'), 'bad_manifest', /^line \d+, column \d+: .*twice/],
      ['an unknown kind', 'apiVersion: v1\nkind: Node\nmetadata: {name: x}\n', 'policy', /Node/],
      ['a privileged container', privileged, 'policy', /spec\.template\.spec\.containers\[0\]\.securityContext\.privileged/],
      ['a field that is not listed', inContainer('          resizePolicy: []\n'), 'policy', /containers\[0\]\.resizePolicy/],
      ['a host path', inPod('      volumes: [{name: h, hostPath: {path: /}}]\n'), 'policy', /volumes\[0\]\.hostPath/],
      ['the host\'s network', inPod('      hostNetwork: true\n'), 'policy', /hostNetwork/],
      ['a node port', sample.replace('type: ClusterIP', 'type: NodePort'), 'policy', /spec\.type/],
      ['more processors than ordered', sample.replaceAll('cpu: 100m', 'cpu: 501m'), 'too_large', /cpu/i],
      ['more memory by replicas', sample.replace('replicas: 1', 'replicas: 5'), 'too_large', /memory/i],
      ['a negative amount', sample.replaceAll('cpu: 100m', 'cpu: -100m'), 'bad_manifest', /cpu/]
    ]) {
      const answer = await deployed({ manifest })
      assert.deepEqual([name, answer.status, answer.json.code], [name, 422, code], answer.body)
      assert.match(answer.json.detail, reason, name)
    }
    problem(await deployed({ manifest: '#'.repeat(1024 * 1024 + 1) }), 400, 'bad_field')
    assert.equal((await deployed({ manifest: '#'.repeat(4 * 1024 * 1024) })).status, 413)
    problem(await deployed({ manifest: sample, url: 'http://example.org/' }), 400, 'bad_field')
    problem(await deployed({}), 400, 'missing_field')
    problem(await deployed({ manifest: sample, app: '../../etc' }), 400, 'bad_field')
    problem(await deployed({ manifest: sample, privileged: true }), 400, 'unknown_field')
    problem(await deployed({ template: 'no-such-template' }), 404, 'unknown_template')
  })
})

test('manifests by URL: never from a private address, not by a redirect either', async () => {
  const base = `http://127.0.0.1:${server.address().port}`
  const redirect = to => `${base}/?to=${encodeURIComponent(to)}`
  fetched = []
  await unchanged(async () => {
    for (const [url, code] of [
      ['http://10.0.0.1/', 'forbidden_address'], ['http://192.168.1.1/', 'forbidden_address'], ['http://172.16.0.1/', 'forbidden_address'],
      ['http://169.254.169.254/latest/meta-data/', 'forbidden_address'], ['http://100.64.0.1/', 'forbidden_address'],
      ['http://127.0.0.2/', 'forbidden_address'], ['http://2130706434/', 'forbidden_address'], ['http://0/', 'forbidden_address'],
      ['http://[::1]/', 'forbidden_address'], ['http://[::ffff:10.0.0.1]/', 'forbidden_address'], ['http://[fd00::1]/', 'forbidden_address'],
      ['http://224.0.0.1/', 'forbidden_address'],
      [redirect('http://10.0.0.1/'), 'forbidden_address'], [redirect('http://169.254.169.254/'), 'forbidden_address'],
      [redirect(redirect('http://[::ffff:169.254.169.254]/')), 'forbidden_address'],
      [redirect('file:///etc/passwd'), 'bad_url'], ['file:///etc/passwd', 'bad_url'], ['http://user:secret@example.org/', 'bad_url'], ['nonsense', 'bad_url']
    ]) {
      const answer = await deployed({ url })
      assert.deepEqual([url, answer.json.code], [url, code], answer.body)
      assert.ok(answer.status === 422 || answer.status === 400, answer.body)
    }
    const loop = `${base}/loop`
    problem(await deployed({ url: redirect(redirect(redirect(redirect(redirect(loop))))) }), 502, 'bad_status')
    assert.ok(!fetched.includes('/loop'), 'more than three redirects were followed')
    problem(await deployed({ url: `${base}/endless` }), 422, 'too_large')
    problem(await deployed({ url: `${base}/`, sha256: '0'.repeat(64) }), 422, 'wrong_sha256')
    // The listed network is reached, and what comes from there is judged like everything else.
    problem(await deployed({ url: redirect(`${base}/privileged`) }), 422, 'policy')
    assert.ok(fetched.includes('/privileged'))
  })
})

test('requests to the APIs: not JSON, wrong types, unknown', async () => {
  await unchanged(async () => {
    const post = (path, body, headers = { 'content-type': 'application/json' }) =>
      visit(node.gateway + path, { method: 'POST', headers, body }).then(answer => ({ ...answer, json: JSON.parse(answer.body) }))
    problem(await post('/v1/greet', '{'), 400, 'bad_json')
    problem(await post('/v1/greet', '['.repeat(10_000)), 400, 'bad_json')
    problem(await post('/v1/greet', '{}'), 400, 'missing_field')
    problem(await post('/v1/greet', '{"type": 4}'), 400, 'bad_field')
    problem(await post('/v1/greet', '{"type": 3}'), 401, 'no_token')
    problem(await post('/v1/session/challenge', '{"address": "0x12"}'), 400, 'bad_field')
    problem(await post('/v1/session/challenge', '{}', { 'content-type': 'text/plain' }), 415, 'wrong_content_type')
    problem(await api(`${node.gateway}/v1/greet?type=3`, 'GET'), 400, 'bad_query')
    problem(await api(`${node.gateway}/v1/nothing`, 'GET'), 404, 'not_found')
    problem(await api(`${node.gateway}/v1/quotes`, 'DELETE'), 405, 'method_not_allowed')
    problem(await api(`${node.platform}/v1/orders/zero`, 'GET'), 400, 'bad_path')
    problem(await api(`${node.platform}/v1/orders/9999`, 'GET'), 404, 'not_found')
    problem(await api(`${node.platform}/v1/providers?limit=-1`, 'GET'), 400, 'bad_query')
  })
})

// ---- the start ----

/** gridd with that configuration, which must refuse to start: what it says. */
function refusedStart(config, ...words) {
  const done = spawnSync(join(build, 'gridd'), config === undefined ? words : ['--config', config, ...words], { encoding: 'utf8', timeout: 20_000 })
  assert.equal(done.status, 1, `${done.stdout}${done.stderr}`)
  return done.stderr
}

test('a port in use, and a data directory in use', async () => {
  const place = await Node.prepare()
  try {
    const port = Number(new URL(node.platform).port)
    await unchanged(() => {
      for (const ports of [{ platformPort: port, gatewayPort: 0 }, { platformPort: 0, gatewayPort: port }]) {
        place.configure(ports)
        assert.match(refusedStart(place.config), new RegExp(`^gridd: .*127\\.0\\.0\\.1:${port} is in use by another program.*\\(\\w+\\)$`, 'm'))
      }
      const said = refusedStart(node.config)
      assert.match(said, /is in use by another process.*\(data_directory_in_use\)/)
      assert.ok(said.includes(node.data), said)
    })
    place.configure({ platformPort: 0, gatewayPort: 0 })
    await place.launch()
    await place.stop()
  } finally {
    await place.sweep()
  }
})

test('a damaged configuration: file, line and key are told', async () => {
  const place = Node.place()
  try {
    for (const [text, line, reason] of [
      ['roles: [ledger]\nplatfrom:\n  listen: x\n', 2, /platfrom: no such key/],
      ['platform:\n  listen: 127.0.0.1:70000\n', 2, /platform\.listen: expected HOST:PORT/],
      ['roles: [ledger, oracle]\n', 1, /roles: expected ledger, ledger-follower, platform or gateway/],
      ['roles: [ledger, ledger-follower]\n', 1, /roles: expected one of ledger and ledger-follower/],
      ['roles: [ledger-follower, platform]\nchain:\n  leader: ""\n', 3, /chain.leader: expected the platform of the node to follow/],
      ['roles: [ledger, platform]\nchain:\n  leader: http://localhost\n', 3, /chain.leader: only the role ledger-follower/],
      ['roles: [gateway]\n', 1, /roles: .*ledger/],
      ['chain:\n  kind: fancy\n', 2, /chain\.kind: expected one of embedded, evm/],
      ['chain:\n  kind: evm\n  rpc: [ftp://host]\n', 3, /chain\.rpc: expected http/],
      ['chain:\n  kind: evm\n  rpc: [http://localhost]\n  contracts: /no/such.yaml\n', 4, /chain\.contracts: .*cannot be read/],
      ['chain:\n  id: -1\n', 2, /chain\.id: expected a whole number/],
      ['gateway:\n  session_life: soon\n', 2, /gateway\.session_life: expected a duration/],
      ['gateway:\n  profile: anything\n', 2, /gateway\.profile: expected one of baseline, restricted/],
      ['gateway:\n\tlisten: x\n', 2, /./],
      ['gateway: [\n', 2, /./],
      ['- a list\n', 1, /./]
    ]) {
      writeFileSync(place.config, text)
      const said = refusedStart(place.config)
      assert.match(said, /\(bad_config\)/, text)
      assert.match(said, reason, text)
      assert.match(said, new RegExp(`${place.config}:${line}|line ${line}`), `${text}: ${said}`)
    }
    writeFileSync(place.config, `data: ${place.data}\ngateway:\n  fetch_allow: [10.0.0.0/64]\n`)
    assert.match(refusedStart(place.config), /gateway\.fetch_allow: .*\(bad_config\)/)
    assert.match(refusedStart(join(place.data, 'missing.yaml')), /missing\.yaml: cannot be read.*\(config_unreadable\)/)
  } finally {
    await place.sweep()
  }
})

test('an unreadable key file', async () => {
  const place = await Node.prepare()
  try {
    const key = join(place.data, 'key.json'), password = join(place.data, 'password')
    writeFileSync(password, 'right\n')
    const start = file => {
      place.gatewayLines = `  key_file: ${file}\n  key_password_file: ${password}`
      place.configure({ platformPort: 0, gatewayPort: 0 })
      return refusedStart(place.config)
    }
    assert.match(start(join(place.data, 'missing.json')), /gateway\.key_file .*missing\.json cannot be read.*\(key_unreadable\)/)
    mkdirSync(join(place.data, 'directory'))
    assert.match(start(join(place.data, 'directory')), /gateway\.key_file .*directory cannot be read.*\(key_unreadable\)/)
    writeFileSync(key, 'garbage')
    assert.match(start(key), /key\.json: .*\(bad_keystore\)/)
    assert.equal(place.run(['key', 'new', 'own', '--password-file', password]).code, 0)
    writeFileSync(password, 'wrong\n')
    assert.match(start(join(place.data, 'keys', 'own.json')), /own\.json: .*password.*\(wrong_password\)/)
  } finally {
    await place.sweep()
  }
})

test('after all of it the order runs and the owner is served', async () => {
  const answer = await api(`${node.gateway}/v1/leases`, 'GET', undefined, bearer(token))
  assert.deepEqual([answer.status, answer.json.leases.length], [200, 1], answer.body)
  assert.equal(node.grid('order', 'show', order).status, 'running')
})
