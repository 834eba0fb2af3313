// Transactions a second of anvil at its fastest setting: one WebSocket, a gas limit of 1e9; of the ways to mine,
// the faster one. They are plain token transfers, which cost the EVM less than an order would. Prints the number.
import { Anvil, token } from './anvil.mjs'
import { accepted, body, call, overWebSocket } from './clients.mjs'
import { senders, signTransfers } from './transfers.mjs'

const accounts = senders(64)
const lists = await signTransfers(accounts, 128)
const count = lists.length * lists[0].length
// Round by round, so that no sender has a gap.
const bodies = lists[0].flatMap((_, nonce) => lists.map((list, i) => body('eth_sendRawTransaction', [list[nonce]], nonce * lists.length + i)))

async function rate(name, words) {
  const anvil = await Anvil.start(words)
  try {
    for (const account of accounts) await anvil.transact('ReferenceToken', token, 'mint', [account.address, 1_000_000n])
    // Under load anvil may forget to mine what it has accepted: it is told to until nothing waits.
    const mined = async () => {
      while (Number((await call(anvil.url, 'txpool_status')).pending) > 0) await call(anvil.url, 'evm_mine')
    }
    const seconds = await overWebSocket(anvil.url, bodies, 1024, accepted, mined)
    for (const account of accounts)
      if (Number(await call(anvil.url, 'eth_getTransactionCount', [account.address, 'latest'])) !== lists[0].length)
        throw new Error('anvil did not mine every transfer')
    process.stderr.write(`anvil, ${name}: ${Math.round(count / seconds)} transfers a second\n`)
    return count / seconds
  } finally {
    await anvil.stop()
  }
}

const rates = [
  await rate('a block as transactions come', ['--prune-history']),
  await rate('blocks on demand', ['--prune-history', '--no-mining'])
]
console.log(Math.round(Math.max(...rates)))
