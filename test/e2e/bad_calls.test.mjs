// Transactions, calls and quotes that are wrong: each gets a clear error with a code, changes nothing, and kills nothing.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { BaseError, ContractFunctionRevertedError, encodeFunctionData, maxUint64 } from 'viem'
import { rpc } from './node.mjs'
import { Untouched, provider, resources } from './untouched.mjs'
import { abi, account, at, chainId, gasPrice } from './wallet.mjs'

let world, node, chain, prices, order, unchanged

before(async () => {
  world = await Untouched.start();
  ({ node, chain, prices, order, unchanged } = world)
})
after(async () => {
  await node?.stop()
})

const maxPrice = 2n ** 96n - 1n
const transaction = { type: 'eip1559', chainId, to: at(1), data: '0x', gas: 100_000n, maxFeePerGas: gasPrice, maxPriorityFeePerGas: 0n }
/** A request to the node, also where a network keeps the chain. */
const own = (...words) => rpc({ rpc: node.ownRpc }, ...words)
const sendRaw = async raw => (await own('eth_sendRawTransaction', [raw])).error

test('transactions: wrong signature, wrong chain id, nonce reuse', async () => {
  const sender = account(9)
  const nonce = await chain.reader.getTransactionCount({ address: sender.address })
  const good = await sender.signTransaction({ ...transaction, nonce })
  const approval = encodeFunctionData({ abi: abi('GridToken'), functionName: 'approve', args: [account(8).address, 1n] })
  const once = await sender.signTransaction({ ...transaction, nonce, data: approval })
  await unchanged(async () => {
    for (const [name, raw, reason] of [
      ['a signature that nobody could have made', good.slice(0, -130) + 'f'.repeat(64) + good.slice(-66), /sender|r between 1 and n-1/],
      ['s in the upper half', good.slice(0, -64) + 'f'.repeat(64), /EIP-2/],
      ['wrong chain id', await sender.signTransaction({ ...transaction, nonce, chainId: 1 }), /chain/],
      ['cut off', good.slice(0, -2), /./],
      ['something after it', good + '00', /./],
      ['no transaction at all', '0x', /./]
    ]) {
      const error = await sendRaw(raw)
      assert.ok(error && Number.isInteger(error.code), `${name} was taken`)
      assert.match(error.message, reason, name)
    }
  })
  // A signature with other bytes is another sender's: who signed stays as he was.
  await sendRaw(good.slice(0, -20) + (good.at(-20) === '1' ? '2' : '1') + good.slice(-19))
  assert.equal(await chain.reader.getTransactionCount({ address: sender.address }), nonce)
  await chain.reader.waitForTransactionReceipt({ hash: await chain.reader.request({ method: 'eth_sendRawTransaction', params: [once] }) })
  await unchanged(async () => {
    assert.match((await sendRaw(good)).message, /nonce/)
  })
})

/** A call that must revert with that error, asked and sent: {args}. */
async function reverts(index, contract, method, args, name) {
  let data
  try {
    await chain.contract(contract).simulate[method](args, { account: account(index) })
  } catch (error) {
    assert.ok(error instanceof BaseError, String(error))
    data = error.walk(e => e instanceof ContractFunctionRevertedError)?.data
    assert.ok(data, error.message)
  }
  assert.ok(data, `${method} did not revert`)
  assert.equal(data.errorName, name)
  await unchanged(async () => {
    const hash = await chain.contract(contract, index).write[method](args, { gas: 5_000_000n })
    assert.equal((await chain.reader.waitForTransactionReceipt({ hash })).status, 'reverted')
  }, { mined: true })
  return data
}

const terms = (change = {}) => {
  const t = { provider, resources, prices, duration: 3600n, minProbation: 0n, ...change }
  return [t.provider, t.resources, t.prices, t.duration, t.minProbation]
}

test('orders: too little money, unknown provider, a second one for the pair, strangers, stale ids', async () => {
  const short = await reverts(9, 'Market', 'createOrder', terms(), 'InsufficientCredits')
  assert.equal(short.args[1], 0n)
  await reverts(3, 'Market', 'createOrder', terms({ provider: account(8).address }), 'UnknownProvider')
  await reverts(2, 'Market', 'createOrder', terms(), 'OrderExists')
  await reverts(3, 'Market', 'createOrder', terms({ resources: { ...resources, cpuMilli: 4001n } }), 'InsufficientResources')
  await reverts(3, 'Market', 'createOrder', terms({ prices: { ...prices, cpuMilli: prices.cpuMilli - 1n } }), 'PriceTooLow')
  await reverts(3, 'Market', 'createOrder', terms({ duration: 0n }), 'InvalidDuration')
  await reverts(3, 'Market', 'createOrder', terms({ duration: 315_360_001n }), 'InvalidDuration')
  await reverts(3, 'Market', 'cancelOrder', [BigInt(order)], 'NotParty')
  await reverts(2, 'Market', 'cancelOrder', [10_000n], 'UnknownOrder')
  await reverts(2, 'Market', 'withdraw', [BigInt(order), 1n], 'WrongStatus')

  const first = await chain.contract('Market', 3).write.createOrder(terms(), { gas: 5_000_000n }).then(hash => chain.mined(hash))
  const stale = BigInt(first.logs.find(log => log.address === at(4)).topics[1])
  await reverts(4, 'Market', 'activateOrder', [stale], 'NotParty')
  await chain.mined(chain.contract('Market', 3).write.cancelOrder([stale]))
  await chain.mined(chain.contract('Market', 3).write.createOrder(terms()))
  await reverts(3, 'Market', 'cancelOrder', [stale], 'StaleOrder')
  await chain.mined(chain.contract('Market', 3).write.cancelOrder([stale + 1n]))
  await reverts(3, 'Market', 'cancelOrder', [stale + 1n], 'WrongStatus')
  await reverts(1, 'Market', 'activateOrder', [stale + 1n], 'WrongStatus')

  const refused = node.refused('--key', 'dev:9', 'order', 'create', '--provider', 'dev:1')
  assert.equal(refused.code, 'reverted')
  assert.match(refused.message, /InsufficientCredits/)
})

test('calldata: forged status and amounts, wrong widths, too short, unknown', async () => {
  const data = encodeFunctionData({ abi: abi('Market'), functionName: 'createOrder', args: terms() })
  const word = n => data.slice(10 + 64 * n, 74 + 64 * n)
  const replaced = (n, by) => data.slice(0, 10 + 64 * n) + by + data.slice(74 + 64 * n)
  const user = account(3)
  await unchanged(async () => {
    for (const [name, forged] of Object.entries({
      'an address of more than 160 bits': replaced(0, 'f'.repeat(24) + word(0).slice(24)),
      'an amount of more than 64 bits': replaced(1, '0'.repeat(47) + '1' + '0'.repeat(16)),
      'a negative amount': replaced(1, 'f'.repeat(64)),
      'a price of more than 96 bits': replaced(5, '0'.repeat(39) + '1' + '0'.repeat(24)),
      'a duration of more than 64 bits': replaced(9, 'f'.repeat(64)),
      'half a word missing': data.slice(0, -32),
      'no arguments': data.slice(0, 10),
      'no method': '0x',
      'an unknown method': '0xdeadbeef'
    })) {
      const call = { from: user.address, to: at(4), data: forged }
      assert.equal((await own('eth_call', [call, 'latest'])).error?.code, 3, name)
      const raw = await user.signTransaction({
        ...transaction, to: at(4), data: forged, gas: 5_000_000n, nonce: await chain.reader.getTransactionCount({ address: user.address })
      })
      const hash = (await own('eth_sendRawTransaction', [raw])).result
      assert.equal((await chain.reader.waitForTransactionReceipt({ hash })).status, 'reverted', name)
    }
  }, { mined: true })

  // As in Solidity, words after the arguments are not looked at: status, payments and checks are the contract's own.
  const forged = data + [2n, 10n ** 18n, 10n ** 18n, 1n, 1n].map(n => n.toString(16).padStart(64, '0')).join('')
  const sent = await chain.mined(chain.wallet(3).sendTransaction({ to: at(4), data: forged, gas: 5_000_000n }))
  const id = BigInt(sent.logs.find(log => log.address === at(4)).topics[1])
  const made = await chain.contract('Market').read.get([id])
  assert.deepEqual([made.status, made.paidProvider, made.paidUser, made.accrued, made.activatedAt], [1, 0n, 0n, 0n, 0n])
  const rate = resources.cpuMilli * prices.cpuMilli + resources.memoryMiB * prices.memoryMiB + resources.storageMiB * prices.storageMiB
  assert.equal(made.deposit, rate)
  await chain.mined(chain.contract('Market', 3).write.cancelOrder([id]))
})

test('prices times amounts that would overflow 64, 96 and 128 bits are what they are', async () => {
  const huge = account(7)
  const all = { cpuMilli: maxUint64, memoryMiB: maxUint64, storageMiB: maxUint64, gpus: maxUint64 }
  const dear = { cpuMilli: maxPrice, memoryMiB: maxPrice, storageMiB: maxPrice, gpus: maxPrice }
  await chain.mined(chain.contract('Registry', 7).write.set([{
    host: 'localhost', port: 1, prices: dear, minimumPrices: dear, total: all, attributes: '{}', probation: 0n, probationPledge: 0n, renewable: false,
    acceptsOffers: true, operatorKey: '0x0000000000000000000000000000000000000000'
  }]))
  const wanted = terms({ provider: huge.address, resources: all, prices: dear, duration: 315_360_000n })
  const { args: [needed] } = await reverts(3, 'Market', 'createOrder', wanted, 'InsufficientCredits')
  assert.equal(needed, 4n * maxUint64 * maxPrice * 315_360_000n / 3600n)
})

const quoteTypes = {
  Quote: [['provider', 'address'], ['user', 'address'], ['cpuMilli', 'uint64'], ['memoryMiB', 'uint64'], ['storageMiB', 'uint64'], ['gpus', 'uint64'],
    ['cpuMilliPrice', 'uint96'], ['memoryMiBPrice', 'uint96'], ['storageMiBPrice', 'uint96'], ['gpuPrice', 'uint96'],
    ['duration', 'uint64'], ['probation', 'uint64'], ['renewable', 'bool'], ['validUntil', 'uint64'], ['replaces', 'uint64'], ['epoch', 'uint64'],
    ['salt', 'bytes32']]
    .map(([name, type]) => ({ name, type }))
}
const domain = { name: 'GRID Market', version: '1', chainId, verifyingContract: at(4) }

/** [quote, signature] for account 3, signed by account `signer`. */
async function quoted(change = {}, { signer = 1, signedDomain = domain } = {}) {
  const quote = {
    provider, user: account(3).address, resources, prices, duration: 60n, probation: 0n, renewable: false,
    validUntil: BigInt(Math.floor(Date.now() / 1000) + 600), replaces: 0n, epoch: 0n, salt: `0x${'7'.repeat(64)}`, ...change
  }
  const { resources: r, prices: p, ...rest } = quote
  const signature = await account(signer).signTypedData({
    domain: signedDomain, types: quoteTypes, primaryType: 'Quote',
    message: { ...rest, ...r, cpuMilliPrice: p.cpuMilli, memoryMiBPrice: p.memoryMiB, storageMiBPrice: p.storageMiB, gpuPrice: p.gpus }
  })
  return [quote, signature]
}

test('quotes: expired, foreign, forged, changed, used', async () => {
  const refused = (args, name, index = 3) => reverts(index, 'Market', 'createOrderWithQuote', args, name)
  await refused(await quoted({ validUntil: BigInt(Math.floor(Date.now() / 1000) - 60) }), 'QuoteExpired')
  await refused(await quoted(), 'QuoteNotForCaller', 4)
  await refused(await quoted({}, { signer: 3 }), 'QuoteSignerUnknown')
  for (const foreign of [{ chainId: 1 }, { verifyingContract: at(3) }, { name: 'Another Market' }])
    await refused(await quoted({}, { signedDomain: { ...domain, ...foreign } }), 'QuoteSignerUnknown')
  const [quote, signature] = await quoted()
  await refused([{ ...quote, prices: { ...prices, cpuMilli: 1n } }, signature], 'QuoteSignerUnknown')
  await refused([quote, signature.slice(0, -2)], 'InvalidQuoteSignature')
  await refused([quote, signature.slice(0, -2) + '00'], 'InvalidQuoteSignature')
  await refused(await quoted({ replaces: BigInt(order) }), 'QuoteReplaces')
  await refused(await quoted({ epoch: 1n }), 'QuoteEpochPast')

  const [event] = (await chain.mined(chain.contract('Market', 3).write.createOrderWithQuote([quote, signature]))).logs.filter(log => log.address === at(4))
  assert.ok(event)
  const id = await chain.contract('Market').read.current([account(3).address, provider])
  await chain.mined(chain.contract('Market', 3).write.cancelOrder([id]))
  await refused([quote, signature], 'QuoteSpent')
})

test('after all of it the order runs and the owner is served', () => world.check())
