// The main job with real containers: rent, open, visit, deploy more, remove, end, be paid.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { request } from 'node:http'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Node, api, build, root, sampleManifest, until, visit } from './node.mjs'
import { bearer, login } from './wallet.mjs'

const echoManifest = join(root, 'test', 'e2e', 'echo-app.yaml')
const resources = ['--cpu', '500m', '--memory', '128Mi', '--storage', '128Mi']
const user = (...words) => node.grid('--key', 'dev:2', ...words)

let node, rented
before(async () => {
  node = await Node.start({ roles: ['ledger', 'platform', 'gateway'] })
  node.buildSampleImage()
  node.registerProvider()
  const { code, out, err } = node.run(['--output', 'json', '--key', 'dev:2', 'rent', sampleManifest, '--name', 'hello', ...resources])
  assert.equal(code, 0, err)
  rented = { ...JSON.parse(out), progress: err.trim().split('\n') }
})
after(() => node.stop())

/** The token that belongs to the order's lease. */
async function leaseToken(index = 2, order = rented.order) {
  const { token } = await login(node, index)
  const accepted = await api(`${node.gateway}/v1/orders/${order}/accept`, 'POST', undefined, bearer(token))
  assert.equal(accepted.status, 200, accepted.body)
  return accepted.json.session.token
}

/** Deploys the echoing application under the order, for everybody, once. */
function echo() {
  echo.app ??= user('app', 'deploy', '--order', rented.order, '--name', 'echo', '--public', echoManifest)
  return echo.app.url
}

test('rent tells every step and ends with a URL', () => {
  assert.match(rented.url, /^http:\/\/hello--[0-9a-f]{20}\.apps\.localhost:\d+\/$/)
  assert.equal(rented.state, 'ready')
  assert.match(rented.lease, /^0x[0-9a-f]{64}$/)
  // On a network the gateway may wait for confirmations in between.
  const steps = rented.progress.filter(line => !line.includes('waits for'))
  for (const [step, words] of ['provider 0x', 'quoted: ', 'buying ', 'in escrow', 'accepted', 'deployed: hello is ready'].entries())
    assert.ok(steps[step].includes(words), `${words} is not in: ${steps[step]}`)
  // 0.5 cores at 0.36, 128 MiB at floor(0.02 / 1024), 128 MiB at floor(0.0001 / 1024), for an hour
  const rate = 500n * 360_000_000_000_000n + 128n * (20_000_000_000_000_000n / 1024n) + 128n * (100_000_000_000_000n / 1024n)
  assert.equal(BigInt(rented.deposit), rate)
  assert.equal(user('order', 'show', rented.order).status, 'running')
  assert.equal(node.containers().length, 1)
})

test('a private application is for its owner alone', async () => {
  assert.equal((await visit(rented.url)).status, 401)
  const page = await visit(rented.url, { headers: bearer(await leaseToken()) })
  assert.equal(page.status, 200)
  assert.match(page.body, /It runs\./)
  const { token: stranger } = await login(node, 3)
  assert.equal((await visit(rented.url, { headers: bearer(stranger) })).status, 403)
  assert.equal((await visit(rented.url, { headers: bearer('AQEAAAABCBQpnJhg') })).status, 401)
})

test('the one-time URL opens it in a browser, once', async () => {
  const { url } = user('app', 'open', '--order', rented.order, 'hello')
  assert.ok(url.startsWith(rented.url + '.grid/enter?t='))
  const entered = await visit(url)
  assert.equal(entered.status, 303)
  assert.equal(entered.headers.location, '/')
  const [cookie] = entered.headers['set-cookie']
  assert.match(cookie, /^grid-app=[^;]+; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Lax$/)
  const page = await visit(rented.url, { headers: { cookie: cookie.split(';')[0] } })
  assert.equal(page.status, 200)
  const again = await visit(url)
  assert.equal(again.status, 401)
  assert.equal(again.headers['set-cookie'], undefined)
  // What opens an application opens nothing else.
  const value = cookie.split(';')[0].slice('grid-app='.length)
  assert.equal((await api(`${node.gateway}/v1/apps`, 'GET', undefined, bearer(value))).status, 401)
})

test('several applications run under one order', () => {
  echo()
  assert.deepEqual(user('app', 'ls', '--order', rented.order).map(app => [app.app, app.state]).sort(), [['echo', 'ready'], ['hello', 'ready']])
  assert.equal(node.containers().length, 2)
})

test('all methods and statuses pass, and the request arrives without what is the gateway\'s', async () => {
  const url = echo()
  for (const [method, body] of [['GET'], ['POST', 'some text'], ['PUT', 'x'.repeat(3000)], ['PATCH', '{}'], ['DELETE'], ['OPTIONS']]) {
    const answer = await visit(`${url}a/b%20c?d=%2F`, { method, body })
    assert.equal(answer.status, 200, method)
    assert.ok(answer.body.startsWith(`${method} /a/b%20c?d=%2F\n`), answer.body)
    assert.ok(answer.body.endsWith(`\n\n${body ?? ''}`), answer.body)
    assert.deepEqual(answer.headers['set-cookie'], ['own=1', 'more=2'])
  }
  const head = await visit(url, { method: 'HEAD' })
  assert.equal(head.status, 200)
  assert.equal(head.body, '')
  assert.ok(Number(head.headers['content-length']) > 0)
  assert.equal((await visit(url + 'teapot')).status, 418)
  assert.equal((await visit(rented.url + 'missing', { headers: bearer(await leaseToken()) })).status, 404)

  const { token, cookie } = await login(node, 2)
  const seen = (await visit(url, {
    headers: { ...bearer(token), cookie: `theirs=1; ${cookie}; grid-app=abc`, 'x-forwarded-for': '6.6.6.6', connection: 'x-hop', 'x-hop': '1' }
  })).body
  assert.match(seen, /^cookie: theirs=1$/im)
  assert.match(seen, /^x-forwarded-for: 127\.0\.0\.1$/im)
  for (const word of [token, 'cpuser_', 'grid-app', '6.6.6.6', 'x-hop: 1']) assert.ok(!seen.includes(word), `${word} reached the application`)
})

test('answers stream while the application still writes', async () => {
  const url = new URL(echo())
  const pieces = []
  await new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port: url.port, path: '/stream', headers: { host: url.host }, agent: false }, answer => {
      answer.on('data', async piece => {
        pieces.push(String(piece))
        if (pieces.length === 1) await visit(url.href + 'go').catch(reject)
      })
      answer.on('end', resolve)
      answer.on('error', reject)
    })
    sent.on('error', reject)
    sent.end()
  })
  assert.deepEqual(pieces, ['first', 'second'])
})

test('an upgraded connection carries bytes both ways', async () => {
  const url = new URL(echo())
  const got = await new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port: url.port, path: '/socket', headers: { host: url.host, connection: 'Upgrade', upgrade: 'websocket' }, agent: false })
    sent.on('response', answer => reject(new Error(`not upgraded: ${answer.statusCode}`)))
    sent.on('upgrade', (answer, socket) => {
      let text = ''
      socket.on('data', piece => {
        text += piece
        if (text === 'ping') socket.write('pong')
        if (text === 'pingpong') socket.destroy()
      })
      socket.on('close', () => resolve([answer.statusCode, answer.headers.upgrade, text]))
      socket.write('ping')
    })
    sent.on('error', reject)
    sent.end()
  })
  assert.deepEqual(got, [101, 'websocket', 'pingpong'])
})

test('logs are shown, and followed', async () => {
  const url = echo()
  await visit(url + 'marked-one')
  const words = ['--key', 'dev:2', 'app', 'logs', '--order', String(rented.order), 'echo']
  await until('the log has the line', () => node.run(words).out.includes('answered GET /marked-one\n'))
  const following = spawn(join(build, 'grid'), [...words, '--follow', '--tail', '0'], {
    stdio: ['ignore', 'pipe', 'inherit'], env: node.environment()
  })
  try {
    let text = ''
    following.stdout.on('data', piece => { text += piece })
    await until('a new line is followed', async () => {
      await visit(url + 'marked-two')
      return text.includes('answered GET /marked-two\n')
    })
    assert.ok(!text.includes('marked-one'), 'lines before the tail were shown')
  } finally {
    following.kill('SIGKILL')
  }
})

test('the path form serves tools, sandboxed', async () => {
  const [app] = user('app', 'ls', '--order', rented.order).filter(listed => listed.app === 'echo')
  echo()
  const answer = await visit(app.path_url + 'sub')
  assert.equal(answer.status, 200)
  assert.match(answer.headers['content-security-policy'], /sandbox/)
  assert.equal(answer.headers['set-cookie'], undefined)
  assert.ok(answer.body.startsWith('GET /sub\n'), answer.body)
})

test('a removed application is gone, the others run on', async () => {
  const url = echo()
  assert.deepEqual(user('app', 'rm', '--order', rented.order, 'echo'), { app: 'echo', state: 'removed' })
  assert.equal((await visit(url)).status, 404)
  assert.equal(node.containers().length, 1)
  assert.equal((await visit(rented.url, { headers: bearer(await leaseToken()) })).status, 200)
  assert.equal(node.refused('--key', 'dev:2', 'app', 'rm', '--order', rented.order, 'echo').code, 'not_found')
})

test('the end of the order ends everything at once, and everybody has what is theirs', async () => {
  const token = await leaseToken()
  const entered = await visit(user('app', 'open', '--order', rented.order, 'hello').url)
  const cookie = entered.headers['set-cookie'][0].split(';')[0]
  const provider = node.grid('credits', 'balance', 'dev:1'), before = node.grid('credits', 'balance', 'dev:2')

  const order = user('order', 'cancel', rented.order)
  assert.equal(order.status, 'cancelled')
  const paid = BigInt(order.paid_provider), refunded = BigInt(order.paid_user)
  assert.equal(paid + refunded, BigInt(order.deposit))
  assert.equal(BigInt(node.grid('credits', 'balance', 'dev:1').credits) - BigInt(provider.credits), paid)
  assert.equal(BigInt(node.grid('credits', 'balance', 'dev:2').credits) - BigInt(before.credits), refunded)

  for (const headers of [{}, { cookie }, bearer(token)])
    await until('the URL answers 410', async () => (await visit(rented.url, { headers })).status === 410)
  const session = await api(`${node.gateway}/v1/session`, 'GET', undefined, bearer(token))
  assert.deepEqual([session.status, session.json.code], [401, 'revoked_token'])
  await until('the containers are gone', () => node.containers().length === 0)
  assert.equal(node.podman('network', 'ls', '--quiet', '--filter', 'name=grid'), '')
  const known = node.grid('provider', 'show', 'dev:1')
  assert.equal(known.available, known.total)
  assert.equal(node.refused('--key', 'dev:2', 'app', 'ls', '--order', rented.order).code, 'wrong_state')
})

test('grid up --once does the main job and gives account in one line', async () => {
  const own = await Node.prepare()
  try {
    const { code, out, err } = own.run(['up', '--once', '--data', own.data, '--config', own.config])
    assert.equal(code, 0, err + readFileSync(join(own.data, 'gridd.log'), 'utf8'))
    const account = JSON.parse(out.trim().split('\n').at(-1))
    assert.deepEqual(Object.keys(account), ['entrance_status', 'after_end_status', 'deposit', 'provider_paid', 'user_refunded', 'escrow_left', 'rent_to_first_200_ms'])
    assert.deepEqual([account.entrance_status, account.after_end_status, account.escrow_left], [200, 410, '0'])
    assert.ok(BigInt(account.provider_paid) > 0n)
    assert.equal(BigInt(account.deposit), BigInt(account.provider_paid) + BigInt(account.user_refunded))
    assert.deepEqual(own.containers(), [])
  } finally {
    await own.sweep()
  }
})
