// What Ethereum's execution API specification says of replies, as data.
// Source: github.com/ethereum/execution-apis, src/schemas/{base-types,block,transaction,receipt,filter}.yaml and the results in
// src/eth/*.yaml; for subscriptions, which it does not have, geth.ethereum.org/docs/interacting-with-geth/rpc/pubsub.
//
// A schema is a format by name, { object }, [item] for an array, { anyOf } or a literal. In an object a name with "?" may be absent; other
// members than these are an error, but for those that `beyond` names: what we add, as other clients do.
import assert from 'node:assert/strict'

const formats = {
  uint: /^0x(0|[1-9a-f][0-9a-f]*)$/,
  uint64: /^0x(0|[1-9a-f][0-9a-f]{0,15})$/,
  uint256: /^0x(0|[1-9a-f][0-9a-f]{0,63})$/,
  bytes: /^0x([0-9a-f]{2})*$/,
  bytes8: /^0x[0-9a-f]{16}$/,
  bytes32: /^0x[0-9a-f]{64}$/,
  bytes256: /^0x[0-9a-f]{512}$/,
  address: /^0x[0-9a-f]{40}$/,
  hash32: /^0x[0-9a-f]{64}$/,
  byte: /^0x([0-9a-f]|[1-9a-f][0-9a-f])$/,
  ratio: value => typeof value === 'number' && value >= 0 && value <= 1,
  boolean: value => typeof value === 'boolean',
  text: value => typeof value === 'string' && value.length > 0,
  null: value => value === null,
  array: value => Array.isArray(value)
}

const accessList = [{ object: { address: 'address', storageKeys: ['bytes32'] } }]
const either = (...schemas) => ({ anyOf: schemas })

// --- transactions: TransactionInfo, one for each type

const place = { blockHash: 'hash32', blockNumber: 'uint', transactionIndex: 'uint' }
const noPlace = { blockHash: 'null', blockNumber: 'null', transactionIndex: 'null' }
const signedTransaction = {
  hash: 'hash32', from: 'address', to: either('address', 'null'), nonce: 'uint64', gas: 'uint', value: 'uint256', input: 'bytes',
  r: 'uint256', s: 'uint256', chainId: 'uint'
}
const legacy = { ...signedTransaction, type: { literal: '0x0' }, gasPrice: 'uint256', v: 'uint' }
const eip2930 = { ...signedTransaction, type: { literal: '0x1' }, gasPrice: 'uint256', accessList, yParity: 'uint', v: 'uint' }
const eip1559 = {
  ...signedTransaction, type: { literal: '0x2' }, gasPrice: 'uint256', maxFeePerGas: 'uint256', maxPriorityFeePerGas: 'uint256', accessList,
  yParity: 'uint', v: 'uint'
}
const minedIn = fields => ({ object: { ...fields, ...place, 'blockTimestamp?': 'uint' } })
export const transactions = { legacy: minedIn(legacy), eip2930: minedIn(eip2930), eip1559: minedIn(eip1559) }
export const anyTransaction = either(...Object.values(transactions))
export const waitingTransaction = either(...[legacy, eip2930, eip1559].map(fields => ({ object: { ...fields, ...noPlace } })))

// --- logs and receipts

export const log = {
  object: {
    address: 'address', topics: ['bytes32'], data: 'bytes', blockNumber: 'uint', blockHash: 'hash32', 'blockTimestamp?': 'uint',
    transactionHash: 'hash32', transactionIndex: 'uint', logIndex: 'uint', removed: 'boolean'
  }
}
export const receipt = {
  object: {
    type: 'byte', transactionHash: 'hash32', transactionIndex: 'uint', blockHash: 'hash32', blockNumber: 'uint', from: 'address',
    to: either('address', 'null'), cumulativeGasUsed: 'uint', gasUsed: 'uint', contractAddress: either('address', 'null'), logs: [log],
    logsBloom: 'bytes256', status: either({ literal: '0x1' }, { literal: '0x0' }), effectiveGasPrice: 'uint'
  },
  beyond: { revertReason: 'bytes' }  // of failed ones, as Hyperledger Besu and Erigon have it
}

// --- blocks

const header = {
  number: 'uint', parentHash: 'hash32', sha3Uncles: 'hash32', miner: 'address', stateRoot: 'hash32', transactionsRoot: 'hash32',
  receiptsRoot: 'hash32', logsBloom: 'bytes256', difficulty: 'uint', gasLimit: 'uint', gasUsed: 'uint', timestamp: 'uint', extraData: 'bytes',
  mixHash: 'hash32', baseFeePerGas: 'uint'
}
const block = { ...header, hash: 'hash32', nonce: 'bytes8', size: 'uint', uncles: ['hash32'] }
export const blockOfHashes = { object: { ...block, transactions: ['hash32'] } }
export const blockOfTransactions = { object: { ...block, transactions: [anyTransaction] } }
/** Not mined: without hash and nonce, as clients know it from geth. */
export const pendingBlock = { object: { ...block, hash: 'null', nonce: 'null', transactions: 'array' } }
/** What newHeads pushes: a header. */
export const head = { object: { ...header, hash: 'hash32', nonce: 'bytes8' } }

// --- the rest

const feeHistory = { oldestBlock: 'uint', baseFeePerGas: ['uint'], gasUsedRatio: ['ratio'] }
export const feeHistoryWithout = { object: feeHistory }
export const feeHistoryWithRewards = { object: { ...feeHistory, reward: [['uint']] } }
export const orNull = schema => either('null', schema)

/** Fails where a value is not as its schema says, and names the place. */
export function conforms(value, schema, where = 'result') {
  const shown = () => JSON.stringify(value)?.slice(0, 200)
  if (typeof schema === 'string') {
    const format = formats[schema]
    assert.ok(format, `no format named ${schema}`)
    const right = typeof format === 'function' ? format(value) : typeof value === 'string' && format.test(value)
    assert.ok(right, `${where}: expected ${schema}, came ${shown()}`)
  } else if (Array.isArray(schema)) {
    assert.ok(Array.isArray(value), `${where}: expected an array, came ${shown()}`)
    value.forEach((item, i) => conforms(item, schema[0], `${where}[${i}]`))
  } else if ('literal' in schema) {
    assert.equal(value, schema.literal, where)
  } else if (schema.anyOf) {
    const reasons = []
    for (const one of schema.anyOf) {
      try {
        return conforms(value, one, where)
      } catch (error) {
        reasons.push(error.message)
      }
    }
    assert.fail(`${where}: none of these: ${reasons.join('; ')}`)
  } else {
    assert.ok(value !== null && typeof value === 'object' && !Array.isArray(value), `${where}: expected an object, came ${shown()}`)
    const known = new Set()
    for (const [name, part] of Object.entries(schema.object)) {
      const member = name.replace('?', '')
      known.add(member)
      if (member in value) conforms(value[member], part, `${where}.${member}`)
      else assert.ok(name.endsWith('?'), `${where}: ${member} is missing`)
    }
    for (const [name, member] of Object.entries(value)) {
      if (known.has(name)) continue
      assert.ok(name in (schema.beyond ?? {}), `${where}: ${name} is not in the specification`)
      conforms(member, schema.beyond[name], `${where}.${name}`)
    }
  }
}
