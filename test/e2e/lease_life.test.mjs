// The life of applications under an order, as their user sees it: changes, states, events, commands, logs, and what is left
// after the end; and the provider's doctor.
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, readdirSync, renameSync, rmdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Node, api, build, root, sampleManifest, until, visit } from './node.mjs'
import { bearer, login } from './wallet.mjs'

const echoManifest = join(root, 'test', 'e2e', 'echo-app.yaml')
const resources = ['--cpu', '500m', '--memory', '128Mi', '--storage', '128Mi']
const user = (...words) => node.grid('--key', 'dev:2', ...words)
const app = (verb, ...words) => user('app', verb, '--order', order, ...words)
const exec = (words, options) => node.run(['--key', 'dev:2', 'app', 'exec', '--order', order, ...words], options)

// Questions that are asked again and again: without a login each time, which counts as several requests.
let token
const ask = async path => (await api(`${node.gateway}/v1/apps${path}`, 'GET', undefined, bearer(token))).json
const pods = async name => (await ask(`/${name}/status`)).pods

let node, order, url
before(async () => {
  node = await Node.start({ roles: ['ledger', 'platform', 'gateway'], gateway: '  suspend_after: 2s' })
  node.buildSampleImage()
  node.registerProvider()
  ;({ order, url } = user('rent', sampleManifest, '--name', 'web', '--public', ...resources))
  ;({ token } = await login(node, 2))
})
after(() => node.stop())

test('the state is told pod by pod, and what happened', () => {
  const status = app('status', 'web')
  assert.equal(status.state, 'ready')
  assert.equal(status.workloads, 'web x 1')
  assert.equal(status.pods.length, 1)
  assert.deepEqual([status.pods[0].pod, status.pods[0].ready, status.pods[0].restarts], ['web-0', true, 0])
  assert.match(status.pods[0].image, /grid-sample/)
  const reasons = app('events', 'web').map(event => event.reason)
  assert.ok(reasons.includes('Started') && reasons.includes('Ready'), reasons.join())
})

test('a command runs in the container: input, both outputs, exit code', () => {
  const done = exec(['web', '--', 'sh', '-c', 'cat; echo to err >&2; exit 42'], { input: 'to the command\n' })
  assert.deepEqual([done.code, done.out, done.err], [42, 'to the command\n', 'to err\n'])
  assert.equal(exec(['web', '--', 'true']).code, 0)
  const named = exec(['web', '--no-stdin', '--', 'sh', '-c', 'cat /etc/hostname'])
  assert.deepEqual([named.code, named.out, named.err], [0, 'web-0', ''])
  const refused = exec(['web', '--pod', 'web-7', '--', 'true'])
  assert.equal(refused.code, 1)
  assert.match(refused.err, /not_found/)
  // Nobody else's wallet.
  assert.equal(node.refused('--key', 'dev:3', 'app', 'exec', '--order', order, 'web', '--', 'true').code, 'not_yours')
})

test('with a terminal on both sides the command gets one, of its size', () => {
  const words = ['--key', 'dev:2', 'app', 'exec', '--order', order, 'web', '--', 'sh', '-c', '"tty; stty size; exit 5"']
  const line = `stty rows 33 cols 101; ${join(build, 'grid')} ${words.join(' ')}; echo "exit code $?"; stty -a | grep -c " icanon"`
  const { stdout } = spawnSync('script', ['--quiet', '--command', line, '/dev/null'], {
    encoding: 'utf8', timeout: 60_000, env: node.environment()
  })
  // The command's terminal, then this one's, as it was. (`script` echoes the end of its own input.)
  assert.match(stdout.replaceAll('\r', ''), /^(?:\^@)?\/dev\/pts\/\d+\n33 101\nexit code 5\n1\n$/)
})

test('an application is scaled within what was bought, restarted without an interruption, stopped and started', async () => {
  app('scale', 'web', 2)
  assert.equal(app('status', 'web').workloads, 'web x 2')
  await until('two pods are ready', async () => (await pods('web')).filter(pod => pod.ready).length === 2)
  const over = node.refused('--key', 'dev:2', 'app', 'scale', '--order', order, 'web', 9)
  assert.equal(over.code, 'too_large')
  assert.match(over.message, /900 millicores are asked, 500 are left of the order/)
  app('scale', 'web', 1)
  const earlier = node.containers()

  let missed = 0, restarting = true
  const visits = (async () => { while (restarting) missed += (await visit(url)).status !== 200 })()
  await new Promise((resolve, reject) => {
    const words = ['--key', 'dev:2', 'app', 'restart', '--order', String(order), 'web']
    const child = spawn(join(build, 'grid'), words, {
      stdio: 'ignore', env: node.environment()
    })
    child.on('exit', code => code === 0 ? resolve() : reject(new Error(`grid app restart: ${code}`)))
  })
  restarting = false
  await visits
  assert.equal(missed, 0, 'visitors met a restart')
  assert.notDeepEqual(node.containers(), earlier)
  assert.equal(app('status', 'web').restarts_asked, 1)

  assert.equal(app('stop', 'web').state, 'stopped')
  assert.deepEqual(node.containers(), [])
  const page = await visit(url)
  assert.equal(page.status, 503)
  assert.match(page.body, /stopped/)
  assert.match(exec(['web', '--', 'true']).err, /not_running/)
  assert.equal(app('start', 'web').state, 'ready')
  assert.equal((await visit(url)).status, 200)
})

test('an update that fails leaves the version before it', async () => {
  const broken = join(node.data, 'broken.yaml')
  writeFileSync(broken, readFileSync(sampleManifest, 'utf8').replace('imagePullPolicy: Never', 'imagePullPolicy: Never\n          command: [sh, -c, "echo it breaks; exit 3"]'))
  const earlier = node.containers()
  const refused = node.refused('--key', 'dev:2', 'app', 'update', '--order', order, 'web', broken, '--public')
  assert.equal(refused.code, 'failed_to_start')
  assert.match(refused.message, /exited with code 3.*it breaks.*the version before it is kept/s)
  assert.deepEqual(node.containers(), earlier)
  assert.equal((await visit(url)).status, 200)
  assert.equal(node.refused('--key', 'dev:2', 'app', 'update', '--order', order, 'none', sampleManifest).code, 'not_found')
})

test('an update leaves who may visit as it was, unless it says so', async () => {
  assert.equal(app('update', 'web', sampleManifest).state, 'ready')
  assert.equal((await visit(url)).status, 200)
  app('update', 'web', sampleManifest, '--private')
  assert.notEqual((await visit(url)).status, 200)
  app('update', 'web', sampleManifest)
  assert.notEqual((await visit(url)).status, 200)
  app('update', 'web', sampleManifest, '--public')
  assert.equal((await visit(url)).status, 200)
  assert.equal(node.run(['--key', 'dev:2', 'app', 'update', '--order', order, 'web', sampleManifest, '--public', '--private']).code, 2)
})

test('a call leaves its session to the next ones, for nobody else to read, and a dead one is renewed', async () => {
  const directory = join(node.data, 'sessions')
  app('status', 'web')
  const [file] = readdirSync(directory).filter(name => name.endsWith(`-${order}.json`)).map(name => join(directory, name))
  const kept = () => JSON.parse(readFileSync(file, 'utf8'))
  assert.equal(statSync(directory).mode & 0o777, 0o700)
  assert.equal(statSync(file).mode & 0o777, 0o600)
  const first = kept()
  assert.equal(first.order, Number(order))
  assert.ok(Date.parse(first.expires_at) > Date.now())
  // No login: the same session. Neither is the key opened, so nobody is asked for a password.
  app('status', 'web')
  app('events', 'web')
  assert.equal(exec(['web', '--', 'true']).code, 0)
  assert.equal(node.run(['--key', 'dev:2', '--sessions', 'none', 'app', 'ls', '--order', order]).code, 0)
  assert.deepEqual(kept(), first)
  // Revoked at the gateway: every kind of call logs in again.
  const calls = [
    () => app('status', 'web'), () => exec(['web', '--', 'true']).code === 0 || assert.fail('exec'),
    () => node.run(['--key', 'dev:2', 'app', 'logs', '--order', order, 'web']).code === 0 || assert.fail('logs')
  ]
  for (const call of calls) {
    const before = kept()
    assert.equal((await api(`${node.gateway}/v1/session`, 'DELETE', undefined, bearer(before.token))).status, 204)
    call()
    assert.notEqual(kept().token, before.token)
  }
  // What others could have read or written is not used.
  const read = kept()
  chmodSync(file, 0o644)
  app('status', 'web')
  assert.notEqual(kept().token, read.token)
  assert.equal(statSync(file).mode & 0o777, 0o600)
  writeFileSync(file, 'no json')
  app('status', 'web')
  assert.ok(kept().token);
  ({ token } = await login(node, 2))
})

test('a crash is told, and the lines before it are kept', async () => {
  const echo = app('deploy', echoManifest, '--name', 'echo', '--public')
  await visit(echo.url + 'before-the-crash')
  node.podman('kill', '--all')
  for (const name of ['web', 'echo'])
    await until('the pod has been restarted', async () => (await pods(name)).some(pod => pod.restarts > 0 && pod.ready), 60_000)
  assert.ok(app('events', 'echo').some(event => event.reason === 'Crashed' && event.kind === 'warning'))
  await visit(echo.url + 'after-the-crash')
  const previous = node.run(['--key', 'dev:2', 'app', 'logs', '--order', order, 'echo', '--previous'])
  assert.match(previous.out, /answered GET \/before-the-crash\n/)
  assert.doesNotMatch(previous.out, /after-the-crash/)
})

test('a stop that is killed on its way is done all the same', async () => {
  const child = spawn(join(build, 'grid'), ['--key', 'dev:2', 'app', 'stop', '--order', String(order), 'web'], {
    stdio: 'ignore', env: node.environment()
  })
  const ended = new Promise(resolve => child.on('exit', resolve))
  const state = async () => (await ask('')).apps.find(listed => listed.name === 'web').state
  await until('the stop is under way', async () => await state() !== 'ready')
  await node.kill()
  await ended
  node.keepPorts()
  await node.launch()
  await until('it is stopped', async () => await state() === 'stopped' && node.containers().length === 1, 60_000)
  assert.equal(app('start', 'web').state, 'ready')
})

test('while the cluster is out the order stands still, visitors are served, and it goes on afterwards', async () => {
  const since = () => user('order', 'show', order).suspended_since
  const running = since()
  // Podman's service dies, and no other can take its place: its socket's name is taken.
  const socket = join(node.data, 'podman', 'podman.sock'), service = node.podmanService()
  renameSync(socket, `${socket}.away`)
  mkdirSync(socket)
  process.kill(service, 'SIGKILL')
  await until('the order is suspended', () => since() !== running, 60_000)
  assert.equal((await visit(url)).status, 200)
  assert.equal((await ask('')).apps.find(listed => listed.name === 'web').state, 'unknown')
  const suspended = since()
  rmdirSync(socket)
  await until('the order is resumed', () => since() === running, 60_000)
  assert.notEqual(suspended, running)
  assert.equal((await visit(url)).status, 200)
  assert.equal(app('status', 'web').state, 'ready')
  const metrics = (await visit(`${node.gateway}/metrics`)).body
  for (const event of ['order_suspended', 'order_resumed'])
    assert.match(metrics, new RegExp(`grid_lease_events_total\\{event="${event}"\\} 1\n`))
})

test('the doctor finds what is amiss and says how to mend it', () => {
  const doctor = () => {
    const { code, out } = node.run(['--output', 'json', '--key', 'dev:1', 'provider', 'doctor'])
    const lines = {}
    for (const line of JSON.parse(out)) lines[line.check] ??= line  // of stock there are several
    return { code, lines }
  }
  node.grid('--key', 'dev:1', 'provider', 'register', '--host', 'localhost', '--port', new URL(node.gateway).port,
    '--cpu', 900, '--memory', '1Gi', '--storage', '1Gi', '--price-cpu', '0.36', '--price-memory', '0.02', '--price-storage', '0.0001')
  const ill = doctor()
  assert.equal(ill.code, 1)
  assert.equal(ill.lines.stock.state, 'fail')
  assert.match(ill.lines.stock.detail, /900000 millicores are registered, the cluster has \d+/)
  assert.match(ill.lines.stock.mend, /grid provider register/)
  for (const check of ['rpc', 'chain', 'clock', 'clocks', 'key', 'registration', 'prices', 'gateway', 'cluster', 'cluster.memory_limit'])
    assert.equal(ill.lines[check].state, 'ok', JSON.stringify(ill.lines[check]))
  // Nobody else is told.
  const other = node.run(['--output', 'json', '--key', 'dev:3', 'provider', 'doctor', '--provider', 'dev:1'])
  assert.equal(other.code, 1)
  assert.match(other.out, /the provider and its operator alone/)
})

test('after the order the log can be read, by its owner alone', async () => {
  await visit(app('ls').find(listed => listed.app === 'echo').url + 'the-last-words')
  user('order', 'cancel', order)
  await until('the containers are gone', () => node.containers().length === 0)
  const words = ['app', 'logs', '--order', order, 'echo']
  await until('the log was kept', () => node.run(['--key', 'dev:2', ...words]).out.includes('the-last-words\n'))
  assert.equal(node.refused('--key', 'dev:3', ...words).code, 'not_yours')
  const stranger = (await login(node, 3)).token
  const stolen = await api(`${node.gateway}/v1/apps/echo/logs?order=${order}`, 'GET', undefined, bearer(stranger))
  assert.equal(stolen.status, 404)
})
