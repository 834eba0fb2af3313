// Accounts of the well-known test mnemonic, the contracts by their published ABI, and logins at a gateway.
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { createPublicClient, createWalletClient, defineChain, getContract, http, parseEventLogs } from 'viem'
import { account, at, chainId } from './chain.mjs'
import { api, root } from './node.mjs'

export { account, at, chainId, clientName, gasIsPaid, gasLimitFor, gasPrice, mnemonic } from './chain.mjs'
export const abi = name => JSON.parse(readFileSync(join(root, 'chain', 'abi', `${name}.json`), 'utf8'))
const places = { GridToken: 1, Credit: 2, Registry: 3, Market: 4, Council: 5, Pledge: 6 }
export const addressOf = name => name === 'Multicall3' ? '0xca11bde05977b3631167028862be2a173976ca11' : at(places[name])
/** The names of the contracts whose ABI is published. */
export const published = readdirSync(join(root, 'chain', 'abi')).filter(file => /^[A-Z]\w*\.json$/.test(file)).map(file => file.slice(0, -5))

/** viem's clients for a node. */
export class Chain {
  constructor(node) {
    this.chain = defineChain({
      id: chainId, name: 'GRID', nativeCurrency: { name: 'none', symbol: 'NONE', decimals: 18 },
      rpcUrls: { default: { http: [node.rpc] } }
    })
    this.transport = http(node.rpc)
    this.reader = createPublicClient({ chain: this.chain, transport: this.transport, pollingInterval: 20 })
  }

  wallet(index) {
    return createWalletClient({ account: account(index), chain: this.chain, transport: this.transport })
  }

  /** A contract as account `index` calls it. */
  contract(name, index) {
    const wallet = index === undefined ? undefined : this.wallet(index)
    return getContract({ address: addressOf(name), abi: abi(name), client: { public: this.reader, wallet } })
  }

  /** How many transactions the blocks after that one have. On a network blocks also come by themselves. */
  async transactionsSince(height) {
    let count = 0
    for (let number = await this.reader.getBlockNumber({ cacheTime: 0 }); number > height; --number)
      count += (await this.reader.getBlock({ blockNumber: number })).transactions.length
    return count
  }

  async mined(promise) {
    const receipt = await this.reader.waitForTransactionReceipt({ hash: await promise })
    if (receipt.status !== 'success') throw new Error(`reverted: ${receipt.transactionHash}`)
    return receipt
  }

  /** What a contract told of in a transaction: the arguments of its first event of that name. */
  told({ logs }, name, eventName) {
    return parseEventLogs({ abi: abi(name), logs, eventName })[0].args
  }
}

/** The fields of a signature's proof for a challenge; `change` edits the typed data before it is signed. */
export async function proofOf(node, index, change = () => {}) {
  const user = account(index)
  const { json: challenge } = await api(`${node.gateway}/v1/session/challenge`, 'POST', { address: user.address })
  const typed = JSON.parse(challenge.login_typed_data)
  change(typed)
  return {
    challenge,
    proof: {
      address: user.address, nonce: challenge.nonce, issued_at: challenge.issued_at, expires_at: challenge.expires_at,
      signature: await user.signTypedData(typed)
    }
  }
}

/** Logs in by EIP-712; answers {token, cookie}. */
export async function login(node, index) {
  const { proof } = await proofOf(node, index)
  const answer = await api(`${node.gateway}/v1/session`, 'POST', proof)
  if (answer.status !== 200) throw new Error(`no session: ${answer.body}`)
  return { token: answer.json.token, cookie: answer.headers['set-cookie'][0].split(';')[0] }
}

export const bearer = token => ({ authorization: `Bearer ${token}` })
