// The embedded chain as cast uses it: every command that talks to a node, with signatures from the published ABI.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { toEventSignature, toFunctionSignature } from 'viem'
import { Node, api } from './node.mjs'
import { Chain, abi, account, addressOf, at, chainId, clientName, gasIsPaid, gasLimitFor, mnemonic, published } from './wallet.mjs'

const token = at(1)
const someone = account(3).address

let node, chain
before(async () => {
  node = await Node.start()
  chain = new Chain(node)
})
after(() => node.stop())

const key = index => ['--mnemonic', mnemonic, '--mnemonic-index', String(index)]
const entry = (contract, name) => abi(contract).find(each => each.name === name)
const signature = (contract, name) => toFunctionSignature(entry(contract, name))
const outputs = (contract, name) => `${signature(contract, name)}(${toFunctionSignature({ ...entry(contract, name), inputs: entry(contract, name).outputs }).replace(/^\w+\(|\)$/g, '')})`

/** A transaction by the ABI's signature; answers its receipt. */
function send(by, contract, name, args, ...options) {
  const receipt = JSON.parse(node.cast('send', addressOf(contract), signature(contract, name), ...args, ...key(by), '--json', ...options))
  assert.equal(receipt.status, '0x1', `${contract}.${name}`)
  return receipt
}

/** The results of a call, as cast prints them in JSON. */
const read = (contract, name, ...args) => JSON.parse(node.cast('call', addressOf(contract), outputs(contract, name), ...args, '--json'))

/** What cast prints when it is refused. */
function refused(...words) {
  try {
    node.cast(...words)
  } catch (error) {
    return error.stderr
  }
  return assert.fail(`not refused: cast ${words.join(' ')}`)
}

test('cast reads the chain', () => {
  assert.equal(node.cast('chain-id'), String(chainId))
  assert.match(node.cast('block-number'), /^\d+$/)
  assert.equal(node.cast('call', token, 'symbol()(string)'), '"GRID"')
  assert.match(node.cast('call', token, 'balanceOf(address)(uint256)', someone), /^1000000000000000000000000 /)
  assert.notEqual(node.cast('code', token), '0x')
})

test('cast asks for blocks, accounts and fees', () => {
  const block = JSON.parse(node.cast('block', 'latest', '--json'))
  assert.equal(JSON.parse(node.cast('block', block.hash, '--full', '--json')).hash, block.hash)
  assert.equal(node.cast('block', 'latest', '--field', 'number'), String(Number(block.number)))
  assert.match(node.cast('client'), clientName)
  assert.equal(node.cast('balance', someone, '--ether'), '1.000000000000000000')
  assert.equal(node.cast('nonce', someone), '0')
  assert.equal(BigInt(node.cast('base-fee')) > 0n, gasIsPaid)
  assert.equal(BigInt(node.cast('gas-price')) > 0n, gasIsPaid)
  assert.equal(BigInt(node.cast('storage', token, '0')), 0n)
  assert.ok(Number(node.cast('codesize', token)) > 0)
  assert.ok(Number(node.cast('estimate', token, 'transfer(address,uint256)', someone, '1', '--from', account(0).address)) >= 21_000)
})

test('cast reads what viem reads, from every view that takes nothing', async () => {
  for (const contract of published) {
    const reader = chain.contract(contract)
    for (const { type, name, inputs, outputs: results, stateMutability } of abi(contract)) {
      if (type !== 'function' || stateMutability !== 'view' || inputs.length > 0) continue
      if (name.includes('Timestamp') || name.includes('Block') || name === 'epoch') continue  // of the moment
      const printed = read(contract, name)
      const expected = await reader.read[name]()
      assert.equal(printed.length, results.length, `${contract}.${name}`)
      if (results.length === 1 && !/[\](]|tuple/.test(results[0].type)) assert.equal(String(printed[0]).toLowerCase(), String(expected).toLowerCase(), `${contract}.${name}`)
    }
  }
})

test('cast sends transactions of every type and reads them back', () => {
  const list = JSON.stringify([{ address: token, storageKeys: [`0x${'0'.repeat(64)}`] }])
  for (const [type, ...options] of [['0x2'], ['0x0', '--legacy'], ['0x1', '--legacy', '--access-list', list], ['0x2', '--access-list', list]]) {
    const sent = send(0, 'GridToken', 'transfer', [someone, '7'], ...options)
    assert.equal(sent.type, type)
    assert.equal(sent.logs.length, 1)
    assert.equal(JSON.parse(node.cast('receipt', sent.transactionHash, '--json')).blockHash, sent.blockHash)
    const read = JSON.parse(node.cast('tx', sent.transactionHash, '--json'))
    assert.deepEqual([read.hash, read.type, read.from.toLowerCase()], [sent.transactionHash, type, account(0).address.toLowerCase()])
    const raw = node.cast('tx', sent.transactionHash, '--raw')
    assert.equal(node.cast('keccak', raw), sent.transactionHash)  // what cast encodes is what the node hashed
  }
  assert.match(node.cast('call', token, 'balanceOf(address)(uint256)', someone), /^1000000000000000000000028 /)
  assert.ok(Number(node.cast('find-block', String(Math.floor(Date.now() / 1000)))) > 0)
  assert.match(node.cast('age', 'latest'), new RegExp(String(new Date().getUTCFullYear())))
})

test('cast makes a transaction without sending it, and publishes it', () => {
  const made = node.cast('mktx', token, signature('GridToken', 'transfer'), someone, '1', ...key(4))
  const published = JSON.parse(node.cast('publish', made))
  assert.equal(published.status, '0x1')
  assert.equal(node.cast('nonce', account(4).address), '1')
  assert.match(refused('publish', made), /already known|nonce too low/)
})

test('cast is told why a call reverts', async () => {
  const words = ['transfer(address,uint256)', someone, '9'.repeat(40)]
  assert.match(refused('send', token, ...words, ...key(0)), /revert/i)
  assert.match(refused('call', token, ...words, '--from', account(0).address), /revert/i)
  const { json } = await api(node.rpc, 'POST', {
    jsonrpc: '2.0', id: 1, method: 'eth_call', params: [{ from: account(3).address, to: token, data: node.cast('calldata', signature('GridToken', 'mint'), someone, '1') }, 'latest']
  })
  const decoded = node.cast('decode-error', '--sig', 'NotMinter(address)', json.error.data)
  assert.equal(decoded.split('\n').at(-1).toLowerCase(), account(3).address.toLowerCase())
})

test('cast finds logs by address and topic, and decodes them', () => {
  const words = ['logs', '--from-block', '0', '--address', token, 'Transfer(address indexed,address indexed,uint256)']
  const logs = JSON.parse(node.cast(...words, '--json'))
  assert.ok(logs.length >= 2)
  assert.equal(logs[0].topics[0], node.cast('sig-event', toEventSignature(entry('GridToken', 'Transfer'))))
  assert.equal(JSON.parse(node.cast(...words, account(9).address, '--json')).length, 0)
  const [sent] = logs.filter(({ topics }) => topics[1].endsWith(account(0).address.slice(2).toLowerCase()))
  assert.match(node.cast('decode-event', '--sig', 'Transfer(uint256)', sent.data), /\b7\b/)  // what is not indexed
})

test('cast signs permits and buys credits with them', () => {
  const [owner, spender, value, deadline] = [account(5).address, addressOf('Credit'), '5', String(2n ** 64n)]
  const typed = {
    domain: { name: 'GRID', version: '1', chainId, verifyingContract: token },
    types: {
      EIP712Domain: [['string', 'name'], ['string', 'version'], ['uint256', 'chainId'], ['address', 'verifyingContract']].map(([type, name]) => ({ type, name })),
      Permit: [['address', 'owner'], ['address', 'spender'], ['uint256', 'value'], ['uint256', 'nonce'], ['uint256', 'deadline']].map(([type, name]) => ({ type, name }))
    },
    primaryType: 'Permit', message: { owner, spender, value, nonce: read('GridToken', 'nonces', owner)[0], deadline }
  }
  const signed = node.castAlone('wallet', 'sign', '--data', JSON.stringify(typed), ...key(5))
  const [r, s, v] = [signed.slice(0, 66), `0x${signed.slice(66, 130)}`, String(Number(`0x${signed.slice(130)}`))]
  send(5, 'Credit', 'purchaseWithPermit', [value, deadline, v, r, s])
  assert.deepEqual(read('Credit', 'balanceOf', owner).map(String), ['5'])
})

test('cast rents: a provider registers, an order is made, activated, settled and cancelled', async () => {
  const fields = entry('Registry', 'set').inputs[0].components
  const four = '(1000000,1000,10,0)'
  const known = {
    host: 'localhost', port: '8090', prices: four, minimumPrices: four, total: '(4000,8192,10000,1)', attributes: '{}', probation: '0', renewable: 'true',
    acceptsOffers: 'true', operatorKey: `0x${'0'.repeat(40)}`, probationPledge: '0'
  }
  send(1, 'Registry', 'set', [`(${fields.map(({ name }) => known[name]).join(',')})`])
  send(2, 'GridToken', 'approve', [addressOf('Credit'), '1000000000000000000'])
  send(2, 'Credit', 'purchase', ['1000000000000000000'])
  send(2, 'Market', 'createOrder', [account(1).address, '(500,256,100,0)', four, '3600', '0'])
  const [id] = read('Market', 'current', account(2).address, account(1).address)
  send(1, 'Market', 'activateOrder', [String(id)])
  node.cast('rpc', 'evm_increaseTime', '1800')
  send(5, 'Market', 'settleMany', [`[${id}]`])
  const gas = node.cast('estimate', addressOf('Market'), signature('Market', 'cancelOrder'), String(id), '--from', account(2).address)
  send(2, 'Market', 'cancelOrder', [String(id)], '--gas-limit', String(gasLimitFor(BigInt(gas))))
  const order = await chain.contract('Market').read.get([BigInt(id)])
  assert.equal(order.status, 3)
  assert.ok(order.paidProvider > 0n)
  assert.match(refused('send', addressOf('Market'), signature('Market', 'cancelOrder'), String(id), ...key(2)), /WrongStatus|revert/)
})

test('cast moves time, takes snapshots and goes back', () => {
  const before = node.cast('block', 'latest', '--field', 'hash')
  const snapshot = JSON.parse(node.cast('rpc', 'evm_snapshot'))
  node.cast('rpc', 'evm_mine')
  assert.notEqual(node.cast('block', 'latest', '--field', 'hash'), before)
  assert.equal(node.cast('rpc', 'evm_revert', snapshot), 'true')
  assert.equal(node.cast('block', 'latest', '--field', 'hash'), before)
  assert.match(refused('rpc', 'eth_nothing'), /-32601/)
})
