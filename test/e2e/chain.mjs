// The chain that this run of the tests is on, as GRID_CHAIN says: the embedded ledger, or anvil, an EVM network with the contracts of chain/solidity.
// Node.start starts what is needed of it (node.mjs); what else a test has to know of the one or the other is here, so that the tests are the same.
import { getContractAddress } from 'viem'
import { mnemonicToAccount } from 'viem/accounts'

export const mnemonic = 'test test test test test test test test test test test junk'
const known = []
/** An account of the mnemonic; deriving one takes milliseconds, so each is derived once. */
export const account = index => known[index] ??= mnemonicToAccount(mnemonic, { addressIndex: index })

const embedded = {
  id: 4743,
  client: /^GRID\//,
  gasIsPaid: false,
  place: n => `0x4743${String(n).padStart(36, '0')}`
}
const anvil = {
  id: 31337,
  client: /^anvil\//,
  gasIsPaid: true,
  place: n => created[n - 1] ?? embedded.place(n)
}
/** What the first six transactions of dev:0 have created (Anvil.deployed). */
const created = [0n, 1n, 2n, 3n, 4n, 5n].map(nonce => getContractAddress({ from: account(0).address, nonce }).toLowerCase())

const chains = { embedded, anvil }
export const chainName = process.env.GRID_CHAIN ?? 'embedded'
if (!Object.hasOwn(chains, chainName)) throw new Error(`GRID_CHAIN=${chainName}: expected one of ${Object.keys(chains).join(', ')}`)

export const chainId = chains[chainName].id
/** What web3_clientVersion says. */
export const clientName = chains[chainName].client
/** Whether blocks have a base fee, and senders pay for gas. */
export const gasIsPaid = chains[chainName].gasIsPaid
/** Wei for a unit of gas that any chain here takes. */
export const gasPrice = 2_000_000_000n
/** The gas limit for a call of the market that was estimated so: it may cost more when it is mined (docs/evm.md, wallets). */
export const gasLimitFor = estimate => estimate * 5n / 4n + 250_000n
/** Where the contracts are: 1 GridToken, 2 Credit, 3 Registry, 4 Market, 5 Council, 6 Pledge. From 7 on there is nothing. */
export const at = n => chains[chainName].place(n)
