// From renting to the first 200 through the gateway, and from bare `podman kube play` to the first 200 of the same
// YAML, in turns, on the same images and with the same configuration of podman.
import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { Node, build, sampleManifest, until, visit } from '../test/e2e/node.mjs'

const rounds = 15

const freePort = () => new Promise(resolve => {
  const server = createServer().listen(0, '127.0.0.1', () => {
    const { port } = server.address()
    server.close(() => resolve(port))
  })
})

/** Runs a command without waiting: {ended: a promise of what it printed}. Fails with what it said. */
function start(program, words, env) {
  const child = spawn(program, words, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let out = '', err = ''
  child.stdout.on('data', piece => { out += piece })
  child.stderr.on('data', piece => { err += piece })
  return new Promise((resolve, reject) =>
    child.on('exit', code => code === 0 ? resolve(out) : reject(new Error(`${program} ${words.join(' ')}: ${code}\n${out}${err}`))))
}

const served = url => until(`200 from ${url}`, async () => {
  const answer = await visit(url).catch(() => undefined)
  return answer?.status === 200
})

const median = times => times.sort((a, b) => a - b)[Math.floor(times.length / 2)]

/** The Deployment of the sample application at a free port (play kube knows no Service, and publishes its port). */
async function manifestOf(directory) {
  const port = await freePort()
  const [deployment] = readFileSync(sampleManifest, 'utf8').split('\n---\n')
  const file = join(directory, 'bench.yaml')
  writeFileSync(file, deployment.replace('containerPort: 8080', `containerPort: ${port}`)
    .replace('          ports:', `          env: [{name: PORT, value: "${port}"}]\n          ports:`))
  return { file, port }
}

async function bare(node, { file, port }) {
  const begin = performance.now()
  const played = start('podman', ['kube', 'play', file], node.podmanEnvironment())
  await Promise.all([played, served(`http://127.0.0.1:${port}/`)])
  const took = performance.now() - begin
  node.podman('kube', 'down', file)
  return took
}

async function rented(node, { file }) {
  const env = { ...process.env, GRID_HOME: node.data, GRID_RPC: node.rpc, GRID_GATEWAY: node.gateway }
  const words = ['--output', 'json', '--key', 'dev:2', 'rent', file, '--name', 'bench', '--public', '--cpu', '500m', '--memory', '128Mi', '--storage', '128Mi']
  const begin = performance.now()
  const { url, order } = JSON.parse(await start(join(build, 'grid'), words, env))
  await served(url)
  const took = performance.now() - begin
  node.grid('--key', 'dev:2', 'order', 'cancel', order)
  return took
}

const node = await Node.start({ roles: ['ledger', 'platform', 'gateway'] })
try {
  node.buildSampleImage()
  node.registerProvider()
  const manifest = await manifestOf(node.data)
  const ways = { bare, rented }
  const times = { bare: [], rented: [] }
  for (let round = -1; round < rounds; ++round)  // the first is for warmth
    for (const name of round % 2 === 0 ? ['bare', 'rented'] : ['rented', 'bare']) {
      const took = await ways[name](node, manifest)
      if (round >= 0) times[name].push(took)
      await until('nothing runs', () => node.containers().length === 0)
    }
  const bareMs = Math.round(median(times.bare)), gatewayMs = Math.round(median(times.rented))
  const row = (name, list) => console.log(`${name.padEnd(32)} median ${String(Math.round(median(list))).padStart(4)} ms, ${Math.round(list[0])} to ${Math.round(list.at(-1))}`)
  row('podman kube play to first 200', times.bare)
  row('rent to first 200', times.rented)
  console.log(JSON.stringify({ bench: 'deploy', bare_ms: bareMs, gateway_ms: gatewayMs, over_bare_ms: gatewayMs - bareMs }))
} finally {
  await node.stop()
}
