// anvil for a test: on a free port, ended with the test.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { root } from './node.mjs'

const program = join(root, 'test', 'e2e', 'node_modules', '@foundry-rs', 'anvil-linux-amd64', 'bin', 'anvil')

export class Anvil {
  static async start(...options) {
    const anvil = new Anvil()
    anvil.process = spawn(program, ['--port', '0', '--chain-id', '31337', ...options], { stdio: ['ignore', 'pipe', 'inherit'] })
    anvil.ended = new Promise(resolve => anvil.process.once('exit', resolve))
    anvil.url = await new Promise((resolve, reject) => {
      createInterface({ input: anvil.process.stdout }).on('line', line => {
        const listening = /Listening on (.*:\d+)$/.exec(line)
        if (listening) resolve(`http://${listening[1]}`)
      })
      anvil.process.once('exit', code => reject(new Error(`anvil ended with ${code}`)))
    })
    return anvil
  }

  async stop() {
    this.process.kill()
    await this.ended
  }
}
