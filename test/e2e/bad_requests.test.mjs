// Requests to the APIs that are wrong: each gets a clear error with a code, changes nothing, and kills nothing.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { after, before, test } from 'node:test'
import { Node, api, until, visit } from './node.mjs'
import { Untouched, problem, provider, sample, unhurried } from './untouched.mjs'
import { account, at, bearer, chainId, login, proofOf } from './wallet.mjs'

let world, node, order, token, cookie, unchanged
let server, fetched

before(async () => {
  world = await Untouched.start();
  ({ node, order, token, cookie, unchanged } = world)
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

// ---- quotes ----

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

test('after all of it the order runs and the owner is served', () => world.check())
