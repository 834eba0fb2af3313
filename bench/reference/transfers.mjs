// Signed token transfers of many senders, valid on GRID and on anvil alike.
import { encodeFunctionData, parseAbi } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { token } from './anvil.mjs'

const abi = parseAbi(['function transfer(address to, uint256 value) returns (bool)'])
const recipient = '0x00000000000000000000000000000000000000bb'

export const transferData = (to, value) => encodeFunctionData({ abi, functionName: 'transfer', args: [to, value] })

export const senders = count =>
  Array.from({ length: count }, (_, i) => privateKeyToAccount(`0x${(i + 1000).toString(16).padStart(64, '0')}`))

/** For each sender its transactions in the order of their nonces; `data` says what the n-th one calls. */
export function signEach(accounts, each, to, gas, data) {
  return Promise.all(accounts.map(account => Promise.all(Array.from({ length: each }, (_, nonce) => account.signTransaction({
    type: 'eip1559', chainId: 4743, nonce, to, data: data(nonce), gas, maxFeePerGas: 0n, maxPriorityFeePerGas: 0n
  })))))
}

/** For each sender its transfers of one base unit in the order of their nonces. */
export function signTransfers(accounts, each) {
  const data = transferData(recipient, 1n)
  return signEach(accounts, each, token, 100_000n, () => data)
}
