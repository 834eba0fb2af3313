// The contracts as viem calls them: through its contract objects, its simulation and its decoders.
import assert from 'node:assert/strict'
import {
  BaseError, ContractFunctionRevertedError, createPublicClient, createTestClient, createWalletClient, decodeEventLog, defineChain, encodeFunctionData,
  getContract, http
} from 'viem'
import { abi, account, addressOf, chainId, gasLimitFor, published } from '../wallet.mjs'
import { Coverage, named, results } from './coverage.mjs'

export class ViemClient {
  constructor(node) {
    this.coverage = new Coverage()
    const chain = defineChain({
      id: chainId, name: 'GRID', nativeCurrency: { name: 'none', symbol: 'NONE', decimals: 18 }, rpcUrls: { default: { http: [node.rpc] } }
    })
    const transport = http(node.rpc)
    this.reader = createPublicClient({ chain, transport, pollingInterval: 20 })
    this.tester = createTestClient({ mode: 'anvil', chain, transport })
    this.wallet = index => createWalletClient({ account: account(index), chain, transport })
    this.entries = new Map(published.flatMap(contract => abi(contract).map(entry => [`${entry.type} ${contract}.${entry.name}`, entry])))
  }

  address(index) {
    return account(index).address.toLowerCase()
  }

  contract(name, index) {
    const wallet = index === undefined ? undefined : this.wallet(index)
    return getContract({ address: addressOf(name), abi: abi(name), client: { public: this.reader, wallet } })
  }

  entry(contract, name) {
    const entry = this.entries.get(`function ${contract}.${name}`)
    assert.ok(entry, `${contract} has no function ${name}`)
    return entry
  }

  /** Calls without sending; `by` is an account's index or any address. */
  async ask(by, contract, name, ...args) {
    const entry = this.entry(contract, name)
    const from = typeof by === 'number' ? this.address(by) : by
    const view = ['view', 'pure'].includes(entry.stateMutability)
    const value = view
      ? await this.contract(contract).read[name](args, { account: from })
      : (await this.contract(contract).simulate[name](args, { account: from })).result
    this.coverage.called(contract, name)
    return results(entry.outputs, value)
  }

  read(contract, name, ...args) {
    return this.ask(0, contract, name, ...args)
  }

  /** Sends and waits; answers the decoded events and the block's time. */
  async send(by, contract, name, ...args) {
    const bound = this.contract(contract, by)
    const gas = gasLimitFor(await bound.estimateGas[name](args, { account: this.address(by) }))
    const hash = await bound.write[name](args, { gas })
    const receipt = await this.reader.waitForTransactionReceipt({ hash })
    assert.equal(receipt.status, 'success', `${contract}.${name}`)
    this.coverage.called(contract, name)
    const { timestamp } = await this.reader.getBlock({ blockNumber: receipt.blockNumber })
    return { events: receipt.logs.map(log => this.decode(log)), at: timestamp }
  }

  decode(log) {
    const contract = published.find(each => addressOf(each) === log.address)
    const { eventName, args } = decodeEventLog({ abi: abi(contract), data: log.data, topics: log.topics })
    this.coverage.seen(contract, eventName)
    return { contract, name: eventName, args: named(this.entries.get(`event ${contract}.${eventName}`).inputs, args) }
  }

  /** The custom error that a call is refused with: {name, args}. */
  async fails(by, contract, name, ...args) {
    try {
      await this.ask(by, contract, name, ...args)
    } catch (error) {
      const reverted = error instanceof BaseError && error.walk(each => each instanceof ContractFunctionRevertedError)
      if (!reverted?.data) throw error
      const { errorName, args: values = [] } = reverted.data
      this.coverage.raised(contract, errorName)
      return { name: errorName, args: named(this.entries.get(`error ${contract}.${errorName}`).inputs, values) }
    }
    assert.fail(`${contract}.${name} was not refused`)
  }

  encode(contract, name, ...args) {
    return encodeFunctionData({ abi: abi(contract), functionName: name, args })
  }

  /** An EIP-712 signature: r, s, v. */
  sign(by, domain, types, message) {
    return account(by).signTypedData({ domain, types, primaryType: Object.keys(types)[0], message })
  }

  async now() {
    return (await this.reader.getBlock({ blockTag: 'pending' })).timestamp
  }

  /** When the newest block was made: the time of calls that send nothing. */
  async latest() {
    return (await this.reader.getBlock()).timestamp
  }

  /** What a contract in the newest block may ask of its surroundings. */
  async facts(account) {
    const { baseFeePerGas: baseFee, mixHash, gasLimit } = await this.reader.getBlock()
    return { baseFee, difficulty: BigInt(mixHash), gasLimit, balance: await this.reader.getBalance({ address: account }) }
  }

  /** The next block is not before this time. */
  async moveTo(time) {
    await this.tester.setNextBlockTimestamp({ timestamp: time })
    await this.tester.mine({ blocks: 1 })
  }

  end() {}
}
