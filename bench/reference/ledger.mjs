// Transactions a second of anvil at its fastest setting: one WebSocket, a gas limit of 1e9; of the ways to mine,
// the faster one. They are createOrder calls of a reference market that does less than ours, so that both sides do the
// same kind of work; plain token transfers are measured, too, and told beside. Prints both numbers.
import { encodeFunctionData } from 'viem'
import { privateKeyToAddress } from 'viem/accounts'
import { Anvil, market, token } from './anvil.mjs'
import { accepted, body, call, overWebSocket } from './clients.mjs'
import { senders, signEach, signTransfers } from './transfers.mjs'

const each = 128
const accounts = senders(64)
const providers = Array.from({ length: each }, (_, i) => privateKeyToAddress(`0x${(i + 5000).toString(16).padStart(64, '0')}`))
const resources = { cpuMilli: 100n, memoryMiB: 128n, storageMiB: 256n, gpus: 0n }
const prices = { cpuMilli: 10n, memoryMiB: 10n, storageMiB: 1n, gpus: 1000n }

/** What a kind of transaction needs on anvil before it is measured. */
const kinds = {
  orders: {
    prepare: async anvil => {
      const total = { cpuMilli: 10_000_000n, memoryMiB: 10_000_000n, storageMiB: 10_000_000n, gpus: 0n }
      for (const provider of providers) await anvil.transact('ReferenceMarket', market, 'list', [provider, total, prices])
      for (const { address } of accounts) await anvil.transact('ReferenceMarket', market, 'fund', [address, 10n ** 18n])
    },
    sign: abi => signEach(accounts, each, market, 1_000_000n, nonce => encodeFunctionData({
      abi, functionName: 'createOrder', args: [providers[nonce], resources, prices, 3600n, 0n]
    })),
    check: async anvil => Number(await anvil.view('ReferenceMarket', market, 'count')) === accounts.length * each
  },
  transfers: {
    prepare: async anvil => {
      for (const { address } of accounts) await anvil.transact('ReferenceToken', token, 'mint', [address, 1_000_000n])
    },
    sign: () => signTransfers(accounts, each),
    check: async () => true
  }
}

async function rate(kind, name, words) {
  const anvil = await Anvil.start(words)
  try {
    await kinds[kind].prepare(anvil)
    const lists = await kinds[kind].sign(anvil.contracts.ReferenceMarket.abi)
    // Round by round, so that no sender has a gap.
    const bodies = lists[0].flatMap((_, nonce) => lists.map((list, i) => body('eth_sendRawTransaction', [list[nonce]], nonce * lists.length + i)))
    // Under load anvil may forget to mine what it has accepted: it is told to until nothing waits.
    const mined = async () => {
      while (Number((await call(anvil.url, 'txpool_status')).pending) > 0) await call(anvil.url, 'evm_mine')
    }
    const seconds = await overWebSocket(anvil.url, bodies, 1024, accepted, mined)
    for (const account of accounts)
      if (Number(await call(anvil.url, 'eth_getTransactionCount', [account.address, 'latest'])) !== each)
        throw new Error(`anvil did not mine all ${kind}`)
    if (!await kinds[kind].check(anvil)) throw new Error(`not all ${kind} had their effect on anvil`)
    process.stderr.write(`anvil, ${name}: ${Math.round(bodies.length / seconds)} ${kind} a second\n`)
    return bodies.length / seconds
  } finally {
    await anvil.stop()
  }
}

const fastest = async kind => Math.round(Math.max(
  await rate(kind, 'a block as transactions come', ['--prune-history']),
  await rate(kind, 'blocks on demand', ['--prune-history', '--no-mining'])
))
console.log(await fastest('orders'), await fastest('transfers'))
