// The contracts as ethers calls them: through its contracts, its wallets and its interfaces.
import assert from 'node:assert/strict'
import { Contract, HDNodeWallet, Interface, JsonRpcProvider, Network } from 'ethers'
import { abi, addressOf, chainId, gasLimitFor, mnemonic, published } from '../wallet.mjs'
import { Coverage, named, results } from './coverage.mjs'

export class EthersClient {
  constructor(node) {
    this.coverage = new Coverage()
    const network = new Network('GRID', chainId)
    this.provider = new JsonRpcProvider(node.rpc, network, { staticNetwork: network, cacheTimeout: -1, polling: true, pollingInterval: 20 })
    this.interfaces = new Map(published.map(name => [name, new Interface(abi(name))]))
    this.wallets = []
  }

  wallet(index) {
    this.wallets[index] ??= HDNodeWallet.fromPhrase(mnemonic, '', `m/44'/60'/0'/0/${index}`).connect(this.provider)
    return this.wallets[index]
  }

  address(index) {
    return this.wallet(index).address.toLowerCase()
  }

  contract(name, runner = this.provider) {
    return new Contract(addressOf(name), this.interfaces.get(name), runner)
  }

  entry(contract, name) {
    const entry = this.interfaces.get(contract).getFunction(name)
    assert.ok(entry, `${contract} has no function ${name}`)
    return JSON.parse(entry.format('json'))
  }

  /** Calls without sending; `by` is an account's index or any address. */
  async ask(by, contract, name, ...args) {
    const { outputs } = this.entry(contract, name)
    const from = typeof by === 'number' ? this.address(by) : by
    const value = await this.contract(contract)[name].staticCall(...args, { from })
    this.coverage.called(contract, name)
    return results(outputs, value)
  }

  read(contract, name, ...args) {
    return this.ask(0, contract, name, ...args)
  }

  /** Sends and waits; answers the decoded events and the block's time. */
  async send(by, contract, name, ...args) {
    const call = this.contract(contract, this.wallet(by))[name]
    const sent = await call(...args, { gasLimit: gasLimitFor(await call.estimateGas(...args)) })
    const receipt = await sent.wait()
    assert.equal(receipt.status, 1, `${contract}.${name}`)
    this.coverage.called(contract, name)
    const { timestamp } = await this.provider.getBlock(receipt.blockNumber)
    return { events: receipt.logs.map(log => this.decode(log)), at: BigInt(timestamp) }
  }

  decode(log) {
    const contract = published.find(each => addressOf(each) === log.address.toLowerCase())
    const { name, args, fragment } = this.interfaces.get(contract).parseLog(log)
    this.coverage.seen(contract, name)
    return { contract, name, args: named(JSON.parse(fragment.format('json')).inputs, args) }
  }

  /** The custom error that a call is refused with: {name, args}. */
  async fails(by, contract, name, ...args) {
    try {
      await this.ask(by, contract, name, ...args)
    } catch (error) {
      if (error.code !== 'CALL_EXCEPTION' || !error.revert) throw error
      this.coverage.raised(contract, error.revert.name)
      const fragment = this.interfaces.get(contract).getError(error.revert.name)
      return { name: error.revert.name, args: named(JSON.parse(fragment.format('json')).inputs, error.revert.args) }
    }
    assert.fail(`${contract}.${name} was not refused`)
  }

  encode(contract, name, ...args) {
    return this.interfaces.get(contract).encodeFunctionData(name, args)
  }

  /** An EIP-712 signature: r, s, v. */
  sign(by, domain, types, message) {
    return this.wallet(by).signTypedData(domain, types, message)
  }

  async now() {
    return BigInt((await this.provider.getBlock('pending')).timestamp)
  }

  /** When the newest block was made: the time of calls that send nothing. */
  async latest() {
    return BigInt((await this.provider.getBlock('latest')).timestamp)
  }

  /** What a contract in the newest block may ask of its surroundings. */
  async facts(account) {
    const { baseFeePerGas: baseFee, prevRandao, gasLimit } = await this.provider.getBlock('latest')
    return { baseFee, difficulty: BigInt(prevRandao), gasLimit, balance: await this.provider.getBalance(account) }
  }

  /** The next block is not before this time. */
  async moveTo(time) {
    await this.provider.send('evm_setNextBlockTimestamp', [Number(time)])
    await this.provider.send('evm_mine', [])
  }

  end() {
    this.provider.destroy()
  }
}
