// anvil with the reference contracts at GRID's own addresses: the same signed bytes go to both.
import { spawn } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import solc from 'solc'
import { decodeFunctionResult, encodeFunctionData } from 'viem'
import { call } from './clients.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const root = join(here, '..', '..')

export const at = n => `0x4743${String(n).padStart(36, '0')}`
export const token = at(1)
export const market = at(4)

function compile() {
  const sources = { 'Reference.sol': { content: readFileSync(join(here, 'Reference.sol'), 'utf8') } }
  const interfaces = join(root, 'chain', 'abi')
  for (const file of readdirSync(interfaces).filter(name => name.endsWith('.sol')))
    sources[file] = { content: readFileSync(join(interfaces, file), 'utf8') }
  const output = JSON.parse(solc.compile(JSON.stringify({
    language: 'Solidity',
    sources,
    settings: {
      optimizer: { enabled: true, runs: 1_000_000 },
      viaIR: true,
      outputSelection: { 'Reference.sol': { '*': ['abi', 'evm.deployedBytecode.object'] } }
    }
  })))
  const faults = (output.errors ?? []).filter(problem => problem.severity === 'error')
  if (faults.length > 0) throw new Error(faults.map(fault => fault.formattedMessage).join('\n'))
  return output.contracts['Reference.sol']
}

/** Ended by stop(). `extra`: further words of its command line. */
export class Anvil {
  static async start(extra = []) {
    const anvil = new Anvil()
    anvil.contracts = compile()
    anvil.process = spawn(join(here, 'node_modules', '@foundry-rs', 'anvil-linux-amd64', 'bin', 'anvil'), [
      '--port', '0', '--chain-id', '4743', '--gas-limit', '1000000000', '--base-fee', '0',
      '--disable-min-priority-fee', '--order', 'fifo', '--accounts', '1', ...extra
    ], { stdio: ['ignore', 'pipe', 'inherit'] })
    anvil.ended = new Promise(resolve => anvil.process.once('exit', resolve))
    anvil.port = await new Promise((resolve, reject) => {
      createInterface({ input: anvil.process.stdout }).on('line', line => {
        const listening = /Listening on .*:(\d+)$/.exec(line)
        if (listening) resolve(Number(listening[1]))
      })
      anvil.process.once('exit', code => reject(new Error(`anvil ended with ${code}`)))
      anvil.process.once('error', reject)
    })
    anvil.url = `http://127.0.0.1:${anvil.port}/`
    for (const [address, name] of [[token, 'ReferenceToken'], [market, 'ReferenceMarket']])
      await call(anvil.url, 'anvil_setCode', [address, `0x${anvil.contracts[name].evm.deployedBytecode.object}`])
    await call(anvil.url, 'anvil_setLoggingEnabled', [false])
    return anvil
  }

  /** Runs a function of a reference contract as an account without a key, and mines it. */
  async transact(name, to, functionName, args) {
    const from = '0x00000000000000000000000000000000000000aa'
    await call(this.url, 'anvil_impersonateAccount', [from])
    const data = encodeFunctionData({ abi: this.contracts[name].abi, functionName, args })
    const hash = await call(this.url, 'eth_sendTransaction', [{ from, to, data, gas: '0xf4240', maxFeePerGas: '0x0', maxPriorityFeePerGas: '0x0' }])
    await call(this.url, 'evm_mine')
    const receipt = await call(this.url, 'eth_getTransactionReceipt', [hash])
    if (receipt?.status !== '0x1') throw new Error(`${name}.${functionName} failed on anvil`)
  }

  /** The result of a view of a reference contract. */
  async view(name, to, functionName, args = []) {
    const { abi } = this.contracts[name]
    return decodeFunctionResult({
      abi, functionName, data: await call(this.url, 'eth_call', [{ to, data: encodeFunctionData({ abi, functionName, args }) }, 'latest'])
    })
  }

  async stop() {
    this.process.kill()
    await this.ended
  }
}
