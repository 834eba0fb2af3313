// Which test files are run on which chain: all on both, but for those that are listed here.
// `node suite.mjs embedded|anvil` prints the files; what is left out, and why, goes to standard error.
import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))

/** File names, or what they begin with and a star, and why they are not run on a chain. */
const leftOut = {
  embedded: {
    'evm*': 'about EVM networks alone: starts anvils of its own, whatever the chain'
  },
  anvil: {
    'provider_docs.test.mjs': 'keys that have just been made have no coin for gas on a network; the commands are the same',
    'follow.test.mjs': 'a follower executes the blocks of an embedded ledger again; nobody copies a network in that way',
    'spec.test.mjs': "the embedded ledger's JSON-RPC server, method by method; on anvil it would be anvil's own",
    'rpc_transport.test.mjs': "the embedded ledger's JSON-RPC server over HTTP and WebSocket; on anvil it would be anvil's own",
    'subscriptions.test.mjs': "the embedded ledger's filters and subscriptions; on anvil they would be anvil's own"
  }
}

const matches = (pattern, file) => pattern.endsWith('*') ? file.startsWith(pattern.slice(0, -1)) : file === pattern

const chain = process.argv[2]
if (!Object.hasOwn(leftOut, chain)) throw new Error(`expected one of ${Object.keys(leftOut).join(', ')}, came ${chain}`)
const files = readdirSync(here).filter(file => file.endsWith('.test.mjs')).sort()
for (const [pattern, reason] of Object.entries(leftOut[chain])) {
  const left = files.filter(file => matches(pattern, file))
  if (left.length === 0) throw new Error(`${pattern}: no such test file`)
  console.error(`not on ${chain}: ${left.join(', ')}: ${reason}`)
}
for (const file of files)
  if (!Object.keys(leftOut[chain]).some(pattern => matches(pattern, file))) console.log(join(here, file))
