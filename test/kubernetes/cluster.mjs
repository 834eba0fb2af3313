// A cluster's API for tests, by its kubeconfig, and the control plane that a test starts for itself (control-plane.sh).
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { Agent, request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from '../e2e/node.mjs'

/** What a kubeconfig of this folder's scripts says: {server, token, ca}. */
export function accessOf(kubeconfig) {
  const text = readFileSync(kubeconfig, 'utf8')
  const value = name => new RegExp(`${name}: *"?([^"\\s,}]+)`).exec(text)[1]
  return { server: value('server'), token: value('token'), ca: Buffer.from(value('certificate-authority-data'), 'base64') }
}

/** The API server of a kubeconfig: request(method, path, body, content type) -> {status, text, json}. */
export function clusterOf(kubeconfig) {
  const { server, token, ca } = accessOf(kubeconfig)
  const agent = new Agent({ keepAlive: true })
  const ask = (method, path, body, type = 'application/apply-patch+yaml') => new Promise((resolve, reject) => {
    const sent = request(server + path, { method, ca, agent, headers: { authorization: `Bearer ${token}`, ...body === undefined ? {} : { 'content-type': type } } }, answer => {
      let said = ''
      answer.setEncoding('utf8')
      answer.on('data', piece => { said += piece })
      answer.on('end', () => resolve({ status: answer.statusCode, text: said, json: said.startsWith('{') ? JSON.parse(said) : undefined }))
      answer.on('error', reject)
    })
    // A connection that the server has closed since the last request, perhaps while this process waited for a command.
    sent.on('error', error => sent.reusedSocket && error.code === 'ECONNRESET' ? resolve(ask(method, path, body, type)) : reject(error))
    sent.end(body)
  })
  return ask
}

/** etcd, API server and controllers of its own; they end with this, or with this process. */
export class ControlPlane {
  static async start() {
    const plane = new ControlPlane()
    plane.work = mkdtempSync(join(tmpdir(), 'gk-'))
    plane.directory = join(plane.work, 'k')
    plane.kubeconfig = join(plane.directory, 'kubeconfig')
    plane.process = spawn(join(root, 'test', 'kubernetes', 'control-plane.sh'), [plane.directory], { stdio: ['pipe', 'pipe', 'inherit'] })
    plane.ended = new Promise(resolve => plane.process.on('exit', resolve))
    plane.said = ''
    plane.process.stdout.on('data', piece => {
      plane.said += piece
      plane.heard?.()
    })
    await plane.#hear('ready')
    plane.ask = clusterOf(plane.kubeconfig)
    return plane
  }

  #hear(line) {
    return new Promise((resolve, reject) => {
      this.heard = () => {
        const at = `\n${this.said}`.indexOf(`\n${line}\n`)
        if (at < 0) return
        this.said = this.said.slice(at + line.length + 1)
        resolve()
      }
      this.heard()
      this.ended.then(code => reject(new Error(`control-plane.sh ended with ${code}`)))
    })
  }

  /** kill -9 of etcd, apiserver or manager. */
  async kill(name) {
    this.process.stdin.write(`kill ${name}\n`)
    await this.#hear(`killed ${name}`)
  }

  /** It comes back with what it had on disk. */
  async restart(name) {
    this.process.stdin.write(`start ${name}\n`)
    await this.#hear(`started ${name}`)
  }

  async stop() {
    this.process.stdin.end()
    await this.ended
    rmSync(this.work, { recursive: true, force: true })
  }
}
