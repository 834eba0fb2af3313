// gridd whose cluster is a control plane with played pods, versions of an application whose pods are servers of this process, and the question whether chain,
// store and cluster agree.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { after } from 'node:test'
import { Node, api, until, visit } from '../e2e/node.mjs'
import { Chain, account, bearer, login } from '../e2e/wallet.mjs'
import { ApiProxy } from './api_proxy.mjs'
import { ControlPlane } from './cluster.mjs'
import { Kubelet } from './kubelet.mjs'

/** Chain, store and cluster must agree within so long after a fault (gateway.reconcile of the nodes here). */
export const period = 30_000

/** What is made by Kubernetes itself, or by others for it, in every namespace. */
const notOurs = new Set(['events', 'endpoints', 'endpointslices', 'controllerrevisions', 'replicasets', 'pods', 'leases'])
const running = 2, cancelled = 3  // of an order on the chain

/** `./dev test nightly`: all moments of all writes, all faults, a hundred deployments. */
export const long = process.env.GRID_LONG === '1'

let plane, kubelet
/** The control plane of this process. */
export async function controlPlane() {
  plane ??= await ControlPlane.start()
  kubelet ??= Kubelet.start(plane.kubeconfig)
  return plane
}
after(async () => {
  await kubelet?.stop()
  await plane?.stop()
})

/** A node that sells this process's cluster, with its provider registered; `proxy` stands between the two. */
export async function startGateway(...lines) {
  const proxy = await ApiProxy.start(await controlPlane())
  const node = await Node.start({
    roles: ['ledger', 'platform', 'gateway'],
    gateway: [
      `  reconcile: ${period / 1000}s`, ...lines.map(line => `  ${line}`),
      'cluster:', '  kind: kubernetes', `  kubeconfig: ${proxy.kubeconfig}`, '  total: {cpu_milli: 64000, memory_mib: 65536, storage_mib: 65536}'
    ].join('\n')
  })
  node.keepPorts()
  node.registerProvider()
  node.proxy = proxy
  return node
}

export async function stopGateway(node) {
  await node?.stop()
  await node?.proxy.stop()
}

/** A version of an application: what its pods answer, and the manifest that leads to them. (Where it is `inside`, nobody can visit it.) */
export async function version(word, manifestAt) {
  const server = createServer((_, response) => response.end(word))
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
  server.unref()
  return { word, manifest: manifestAt(server.address().port, word) }
}

const resources = 'requests: {cpu: 20m, memory: 16Mi, ephemeral-storage: 8Mi}, limits: {cpu: 20m, memory: 16Mi, ephemeral-storage: 8Mi}'
const container = (name, more = '') => `{name: ${name}, image: "localhost/grid-sample:1", imagePullPolicy: Never, resources: {${resources}}${more}}`
export const template = (name, more) => `template: {metadata: {labels: {app: ${name}}}, spec: {containers: [${container(name, more)}]`

export const service = (name, port, app = name) => `
---
apiVersion: v1
kind: Service
metadata: {name: ${name}}
spec: {selector: {app: ${app}}, ports: [{port: 80, targetPort: ${port}}]}`

export const deployment = (name, replicas = 1, more = '', volumes = '') => `
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}}
spec: {replicas: ${replicas}, selector: {matchLabels: {app: ${name}}}, ${template(name, more)}${volumes}}}}`

export const settings = word => `
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {word: ${word}}`

/** One application of a web server with a file, and whatever else. */
const mounted = [', volumeMounts: [{name: settings, mountPath: /settings}]', ', volumes: [{name: settings, configMap: {name: settings}}]']
export const webServer = (port, word, replicas = 1) => settings(word) + deployment('web', replicas, ...mounted) + service('web', port)

const nameOf = apps => Object.entries(apps).map(([app, { word }]) => `${app}: ${word}`).join() || 'nothing'
const digits = lease => lease.slice(2)

/** What an object is, without what differs from one time and one lease to the next. */
function content({ metadata: { labels }, spec, data }, { metadata }) {
  const { clusterIP, clusterIPs, ...rest } = spec ?? {}
  return JSON.stringify({ labels, spec: clusterIP === 'None' ? spec : rest, data })
    .replaceAll(metadata.labels['grid.lease'], 'LEASE')
    .replace(/(template\\*":\\*")[0-9a-f]{12}/g, '$1TEMPLATE')
}

/** A gateway's orders as they ought to be, and whether they are: on the chain, in its store, in the cluster. */
export class Agreement {
  constructor(node) {
    this.node = node
    this.ask = plane.ask     // as the cluster's administrator
    this.chain = new Chain(node)
    this.leases = new Map()  // by order: {user, key, token, apps: {name: version}}
    this.known = new Map()   // what a set of applications is in the cluster, from one that nobody disturbed
    this.tokens = new Map()  // of the users
    this.forged = new Set()  // namespaces that others made
  }

  /** An order of account `user`, who has none yet, for an hour at the provider's prices; it is accepted, and has no applications. */
  async order(user, { cpuMilli = 500n, memoryMiB = 256n, storageMiB = 256n } = {}) {
    const [token, credit, market] = ['GridToken', 'Credit', 'Market'].map(name => this.chain.contract(name, user))
    if (!this.tokens.has(user)) {
      await this.node.fund(account(user).address)
      await this.chain.mined(token.write.faucet([10n ** 20n]))
      await this.chain.mined(token.write.approve([credit.address, 10n ** 20n]))
      await this.chain.mined(credit.write.purchase([10n ** 20n]))
      this.tokens.set(user, (await login(this.node, user)).token)
    }
    const provider = account(1).address
    const { prices } = await this.chain.contract('Registry').read.get([provider])
    const created = await this.chain.mined(market.write.createOrder([provider, { cpuMilli, memoryMiB, storageMiB, gpus: 0n }, prices, 3600n, 0n]))
    const order = Number(this.chain.told(created, 'Market', 'OrderCreated').id)
    const accepted = await api(`${this.node.gateway}/v1/orders/${order}/accept`, 'POST', undefined, bearer(this.tokens.get(user)))
    assert.equal(accepted.status, 200, accepted.body)
    const { token: session } = accepted.json.session
    const { json } = await api(`${this.node.gateway}/v1/session`, 'GET', undefined, bearer(session))
    this.leases.set(order, { order, user, token: session, key: json.lease_key, apps: {} })
    return order
  }

  /** A request about the applications of an order; the answer, or undefined when nobody lived to give it. */
  request(order, method, path = '', body = undefined) {
    return api(`${this.node.gateway}/v1/apps${path}`, method, body, bearer(this.leases.get(order).token)).catch(() => undefined)
  }

  deploy(order, app, { manifest }) {
    return this.request(order, 'POST', '', { app, manifest, public: true })
  }

  /** Every object of every namespace that says to be this gateway's, by namespace: {metadata, objects, pods}; pods: by template, those beyond the replicas. */
  async cluster() {
    const namespaces = await this.#list('/api/v1/namespaces?labelSelector=grid.gateway')
    const keys = [...this.leases.values()].map(({ key }) => digits(key))
    this.gateway ??= namespaces.find(({ metadata }) => keys.includes(metadata.annotations?.['grid.lease-key']))?.metadata.labels['grid.gateway']
    const found = new Map(namespaces.filter(({ metadata: { name, labels } }) => labels['grid.gateway'] === this.gateway && !this.forged.has(name))
      .map(({ metadata }) => [metadata.name, { metadata, objects: new Map(), pods: new Map() }]))
    for (const { path, name } of await this.#kinds()) {
      for (const object of await this.#list(path)) {
        const space = found.get(object.metadata.namespace)
        if (!space || notOurs.has(name) && name !== 'pods') continue
        const count = (template, n) => space.pods.set(template, (space.pods.get(template) ?? 0) + n)
        if (name === 'pods') count(object.metadata.deletionTimestamp ? 'ending' : object.metadata.labels['grid.template'], 1)
        if (name === 'deployments' || name === 'statefulsets') count(object.spec.template.metadata.labels['grid.template'], -object.spec.replicas)
        if (name === 'pods') continue
        if (!(name === 'secrets' && object.type === 'kubernetes.io/service-account-token') && !(name === 'serviceaccounts' && object.metadata.name === 'default')
          && !(name === 'configmaps' && object.metadata.name === 'kube-root-ca.crt') && !object.metadata.ownerReferences) {
          space.objects.set(`${name}/${object.metadata.name}`, object.metadata.deletionTimestamp ? 'being deleted' : content(object, space))
        }
      }
    }
    return found
  }

  async #list(path) {
    const { status, json, text } = await this.ask('GET', path)
    if (status !== 200) throw new Error(`${path}: ${status} ${text}`)
    return json.items
  }

  /** All kinds of objects that namespaces may have, as the server tells. */
  async #kinds() {
    if (this.kinds) return this.kinds
    const groups = (await this.ask('GET', '/apis')).json.groups.flatMap(({ versions }) => versions.map(({ groupVersion }) => `/apis/${groupVersion}`))
    const kinds = []
    for (const group of ['/api/v1', ...groups])
      for (const { name, namespaced, verbs } of (await this.ask('GET', group)).json.resources)
        if (namespaced && verbs.includes('list') && (name === 'pods' || !notOurs.has(name)) && !kinds.some(kind => kind.name === name)) kinds.push({ name, path: `${group}/${name}` })
    return this.kinds = kinds
  }

  #spaceOf(found, key) {
    return [...found.values()].find(({ metadata }) => metadata.annotations?.['grid.lease-key'] === digits(key))
  }

  /** Takes what the cluster has of an order now as what these applications are; nothing had disturbed them. */
  async learn(order) {
    const { key, apps } = this.leases.get(order)
    this.known.set(nameOf(apps), this.#spaceOf(await this.cluster(), key).objects)
  }

  /** What does not agree, in words. Orders whose `status` is given are over. */
  async differences() {
    const told = []
    const found = await this.cluster()
    const live = [...this.leases.values()].filter(({ status }) => status === undefined)
    for (const { order, status = running } of this.leases.values()) {
      const now = await this.chain.contract('Market').read.get([BigInt(order)])
      if (now.status !== status) told.push(`chain: order ${order} has status ${now.status}, not ${status}`)
      if (status === running && now.suspendedSince !== 0n) told.push(`chain: order ${order} is suspended`)
    }
    for (const [user, token] of this.tokens) {
      const { json } = await api(`${this.node.gateway}/v1/leases`, 'GET', undefined, bearer(token))
      const listed = (json.leases ?? []).map(({ order }) => Number(order)).sort().join()
      const wanted = live.filter(lease => lease.user === user).map(({ order }) => Number(order)).sort().join()
      if (listed !== wanted) told.push(`store: user ${user} has leases of orders ${listed || 'none'}, not ${wanted || 'none'}: ${JSON.stringify(json)}`)
    }
    for (const { order, key, apps } of live) {
      const { json } = await this.request(order, 'GET') ?? {}
      for (const { name, state, reason } of json?.apps ?? [{ name: '?', state: JSON.stringify(json) }])
        if (state !== 'ready' || !apps[name]) told.push(`store: application ${name} of order ${order} is ${state} ${reason ?? ''}`)
      for (const [name, { word, inside }] of Object.entries(apps)) {
        const app = json?.apps?.find(one => one.name === name)
        if (!app) told.push(`store: order ${order} has no application ${name}`)
        else if (!inside) {
          const { status, body } = await visit(app.url)
          if (status !== 200 || body !== word) told.push(`application ${name} of order ${order} answers ${status} ${body.slice(0, 40)}, not ${word}`)
        }
      }
      const space = this.#spaceOf(found, key)
      if (space) this.#compare(told, order, space, apps)
      else if (Object.keys(apps).length > 0) told.push(`cluster: order ${order} has no namespace`)
    }
    for (const [name, { metadata }] of found) {
      if (!live.some(({ key }) => digits(key) === metadata.annotations?.['grid.lease-key'])) told.push(`cluster: namespace ${name} is of no live order`)
    }
    return told
  }

  #compare(told, order, { metadata, objects, pods }, apps) {
    if (metadata.deletionTimestamp) told.push(`cluster: namespace ${metadata.name} of order ${order} is being deleted`)
    const wanted = this.known.get(nameOf(apps))
    if (!wanted) throw new Error(`nobody has said what ${nameOf(apps)} is in the cluster`)
    for (const [name, what] of wanted) {
      const has = objects.get(name)
      if (has === undefined) told.push(`cluster: ${name} of order ${order} is not there`)
      else if (has !== what) told.push(`cluster: ${name} of order ${order} is ${has}, not ${what}`)
    }
    for (const name of objects.keys()) if (!wanted.has(name)) told.push(`cluster: order ${order} has ${name} still`)
    for (const [template, over] of pods) if (over !== 0) told.push(`cluster: order ${order} has ${over} pods of template ${template} beyond its replicas`)
  }

  /** Waits until chain, store and cluster agree, at most for a reconcile period. */
  async agree(what, limit = period) {
    const end = Date.now() + limit
    for (;;) {
      const told = await this.differences().catch(error => [String(error)])
      if (told.length === 0) return
      if (Date.now() > end) throw new Error(`${what}: not within ${limit} ms:\n${told.join('\n')}\n${this.node.log()}`)
      await new Promise(resolve => setTimeout(resolve, 100))
    }
  }

  /** Deploys without a disturbance, and learns what that is. */
  async settle(order, app, version) {
    const answer = await this.deploy(order, app, version)
    assert.equal(answer?.status, 200, answer?.body)
    this.leases.get(order).apps[app] = version
    // Until the old pods have gone.
    await until('nothing changes any more', async () => {
      const space = this.#spaceOf(await this.cluster(), this.leases.get(order).key)
      return [...space.pods.values()].every(over => over === 0)
    })
    await this.learn(order)
    await this.agree(`${app} is ${version.word}`)
  }

  /** Removes without a disturbance, and learns what is left. */
  async drop(order, app) {
    const answer = await this.request(order, 'DELETE', `/${app}`)
    assert.ok(answer?.status < 300, answer?.body)
    delete this.leases.get(order).apps[app]
    await this.learn(order)
  }

  /** The user ends the order. Whether that has come about the chain says: a node that is killed over it tells nobody. */
  async cancel(order) {
    const lease = this.leases.get(order)
    await this.chain.contract('Market', lease.user).write.cancelOrder([BigInt(order)]).catch(() => {})
    lease.status = cancelled
  }
}
