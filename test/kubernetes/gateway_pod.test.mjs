// A gateway as what config/kubernetes makes of it: a Deployment of the cluster that it sells, with the rights of rbac.yaml and
// no more. Run by `./dev test kubernetes-node`.
import assert from 'node:assert/strict'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request as plainRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { build, root, sampleManifest, until } from '../e2e/node.mjs'
import { clusterOf } from './cluster.mjs'

const work = mkdtempSync(join(tmpdir(), 'gk-'))
const providerSecret = '0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d'  // dev:1 of the test mnemonic
let node, cluster, address

const folders = {
  Namespace: '/api/v1/namespaces', PersistentVolume: '/api/v1/persistentvolumes',
  ClusterRole: '/apis/rbac.authorization.k8s.io/v1/clusterroles', ClusterRoleBinding: '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
  Deployment: '/apis/apps/v1/namespaces/grid-system/deployments'
}
const folderOf = kind => folders[kind] ?? `/api/v1/namespaces/grid-system/${kind.toLowerCase()}s`

/** As `kubectl apply -f` does. */
async function apply(yaml) {
  for (const document of yaml.split(/^---$/m).filter(part => /^kind:/m.test(part))) {
    const kind = /^kind: (\S+)/m.exec(document)[1], name = /^metadata:\n(?:  .*\n)*?  name: (\S+)/m.exec(document)[1]
    const { status, json } = await cluster('PATCH', `${folderOf(kind)}/${name}?fieldManager=test&force=true`, document)
    assert.ok(status < 300, `${kind}/${name}: ${status} ${JSON.stringify(json)}`)
  }
}

const pods = async (namespace, selector = '') =>
  (await cluster('GET', `/api/v1/namespaces/${namespace}/pods?labelSelector=${encodeURIComponent(selector)}`)).json.items
const leaseNamespaces = async () =>
  (await cluster('GET', '/api/v1/namespaces?labelSelector=grid.gateway')).json.items.map(({ metadata }) => metadata.name)

/** The grid command; answers its JSON. */
function grid(...words) {
  const { status, stdout, stderr } = spawnSync(join(build, 'grid'), ['--output', 'json', ...words.map(String)], {
    encoding: 'utf8', timeout: 120_000,
    env: { ...process.env, GRID_HOME: work, GRID_RPC: `http://${address}:8080/rpc`, GRID_GATEWAY: `http://${address}:8090` }
  })
  if (status !== 0) throw new Error(`grid ${words.join(' ')}: exit code ${status}\n${stdout}${stderr}`)
  return JSON.parse(stdout)
}

/** The status of an application's page, asked at the gateway's Service. */
const visit = url => new Promise(resolve => {
  const { host, pathname } = new URL(url)
  const sent = plainRequest({ host: address, port: 8090, path: pathname, headers: { host }, agent: false }, answer => {
    answer.resume()
    answer.on('end', () => resolve(answer.statusCode))
  })
  sent.on('error', () => resolve(0))
  sent.end()
})

const gatewayReady = () => until('the gateway is ready', async () => {
  const { json } = await cluster('GET', `${folders.Deployment}/gateway`)
  return json.status?.readyReplicas === 1 && (await pods('grid-system', 'app=grid-gateway')).length === 1
}, 60_000).then(() => until('its Service leads to it', async () => await visit('http://localhost:8090/readyz') === 200)).catch(explain)

/** An error with what the gateway's pod says. */
async function explain(error) {
  const [pod] = await pods('grid-system', 'app=grid-gateway')
  const log = pod && await cluster('GET', `/api/v1/namespaces/grid-system/pods/${pod.metadata.name}/log`)
  const events = (await cluster('GET', '/api/v1/namespaces/grid-system/events')).json.items.map(({ reason, message }) => `${reason}: ${message}`)
  throw new Error([error.message, JSON.stringify(pod?.status?.containerStatuses), ...events, log?.text].join('\n'))
}

before(async () => {
  const image = join(work, 'gateway.tar')
  execFileSync(join(root, 'tools', 'build_gateway_image'), [image, 'grid/gridd:0.1.0'], { env: { ...process.env, GRID_BUILD: build } })
  const directory = join(work, 'k')
  node = spawn(join(root, 'test', 'kubernetes', 'node.sh'), [directory], { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, GRID_NODE_IMAGES: image } })
  node.ended = new Promise(resolve => node.on('exit', resolve))
  await new Promise((resolve, reject) => {
    node.stdout.on('data', piece => { if (String(piece).includes('ready')) resolve() })
    node.ended.then(code => reject(new Error(`node.sh ended with ${code}`)))
  })
  const kubeconfig = join(directory, 'kubeconfig')
  cluster = clusterOf(kubeconfig)
  address = /https:\/\/10\.120\.(\d+)/.exec(readFileSync(kubeconfig, 'utf8'))[1].replace(/.*/, n => `10.122.${n}.50`)

  const password = join(work, 'password')
  writeFileSync(password, 'a password\n')
  const key = spawnSync(join(build, 'grid'), ['--keys', join(work, 'keys'), '--password-file', password, 'key', 'import', 'provider'], { input: providerSecret, encoding: 'utf8' })
  assert.equal(key.status, 0, key.stderr)
  const [file] = execFileSync('find', [join(work, 'keys'), '-type', 'f'], { encoding: 'utf8' }).trim().split('\n')

  const volume = join(work, 'volume')
  mkdirSync(volume)
  chmodSync(volume, 0o777)  // a provisioner would give it to the pod's group
  const gateway = readFileSync(join(root, 'config', 'kubernetes', 'gateway.yaml'), 'utf8')
  const base64 = file => readFileSync(file).toString('base64')
  await apply(readFileSync(join(root, 'config', 'kubernetes', 'rbac.yaml'), 'utf8'))
  await apply(`
apiVersion: v1
kind: Secret
metadata:
  name: gateway-key
data: {key.json: ${base64(file)}, password: ${base64(password)}}
---
apiVersion: v1
kind: PersistentVolume
metadata:
  name: gateway
spec: {capacity: {storage: 10Gi}, accessModes: [ReadWriteOnce], hostPath: {path: ${volume}}}
`)
  // The committed manifests but for the chain, which is the gateway's own here, and for addresses instead of names.
  await apply(gateway
    .replace('roles: [platform, gateway]', 'roles: [ledger, platform, gateway]')
    .replace(/    chain:\n(      .*\n)+/, '')
    .replace('listen: 0.0.0.0:8080', `listen: 0.0.0.0:8080\n      hosts: ["${address}"]`)
    .replace('public_url: https://gateway.example.org', `public_url: http://${address}:8090`)
    .replace('apps_domain: apps.example.org', 'apps_domain: apps.localhost')
    .replace('local_images: false', 'local_images: true')
    .replace('storage_classes: [standard]', 'storage_classes: []')
    .replace('selector: {app: grid-gateway}\n', `clusterIP: ${address}\n  selector: {app: grid-gateway}\n`)
    .replace(/(name: \w+, port: \d+)/g, '$1, protocol: TCP')
    .replace(/(containerPort: \d+)/g, '$1, protocol: TCP'))
  await gatewayReady()
})
after(async () => {
  node?.stdin.end()
  await node?.ended
  rmSync(work, { recursive: true, force: true })
})

test('a gateway in the cluster sells the cluster, survives its own pod, and leaves nothing', async () => {
  grid('--key', 'dev:1', 'provider', 'register', '--host', address, '--port', 8090, '--cpu', 1, '--memory', '2Gi', '--storage', '4Gi',
    '--price-cpu', '0.36', '--price-memory', '0.02', '--price-storage', '0.0001', '--accept-offers')
  const rented = grid('--key', 'dev:2', 'rent', sampleManifest, '--name', 'hello', '--public', '--cpu', '500m', '--memory', '128Mi', '--storage', '128Mi')
  assert.equal(await visit(rented.url), 200)
  const [namespace, ...others] = await leaseNamespaces()
  assert.deepEqual(others, [])
  const uids = async () => (await pods(namespace)).map(({ metadata }) => metadata.uid).sort()
  const before = await uids()
  assert.equal(before.length, 1)

  const [pod] = await pods('grid-system', 'app=grid-gateway')
  await cluster('DELETE', `/api/v1/namespaces/grid-system/pods/${pod.metadata.name}`)
  await until('the pod is another one', async () => (await pods('grid-system', 'app=grid-gateway')).every(({ metadata }) => metadata.uid !== pod.metadata.uid), 120_000)
  await gatewayReady()
  let status
  await until('the application is served again', async () => (status = await visit(rented.url)) === 200).catch(error => explain(new Error(`${error.message}: ${status}`)))
  assert.deepEqual(await uids(), before)

  grid('--key', 'dev:2', 'order', 'cancel', rented.order)
  await until('the URL is gone', async () => await visit(rented.url) === 410)
  await until('the namespace is gone', async () => (await leaseNamespaces()).length === 0, 180_000)
})
