// The embedded chain as cast sees it.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Node } from './node.mjs'

const key = '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80'  // account 0 of the well-known test mnemonic
const token = '0x4743000000000000000000000000000000000001'
const someone = '0x90F79bf6EB2c4f870365E785982E1f101E93b906'

let node
before(async () => { node = await Node.start() })
after(() => node.stop())

test('cast reads the chain', () => {
  assert.equal(node.cast('chain-id'), '4743')
  assert.match(node.cast('block-number'), /^\d+$/)
  assert.equal(node.cast('call', token, 'symbol()(string)'), '"GRID"')
  assert.match(node.cast('call', token, 'balanceOf(address)(uint256)', someone), /^1000000000000000000000000 /)
  assert.notEqual(node.cast('code', token), '0x')
})

test('cast sends legacy and EIP-1559 transactions and reads their receipts', () => {
  for (const kind of [[], ['--legacy']]) {
    const sent = JSON.parse(node.cast('send', token, 'transfer(address,uint256)', someone, '7', '--private-key', key, '--json', ...kind))
    assert.equal(sent.status, '0x1')
    assert.equal(sent.logs.length, 1)
    assert.equal(JSON.parse(node.cast('receipt', sent.transactionHash, '--json')).blockHash, sent.blockHash)
    assert.equal(JSON.parse(node.cast('tx', sent.transactionHash, '--json')).hash, sent.transactionHash)
  }
  assert.match(node.cast('call', token, 'balanceOf(address)(uint256)', someone), /^1000000000000000000000014 /)
})

test('cast is told why a call reverts', () => {
  assert.throws(() => node.cast('send', token, 'transfer(address,uint256)', someone, '9'.repeat(40), '--private-key', key),
    error => /revert/i.test(error.stderr))
})

test('cast finds logs by address and topic', () => {
  const logs = JSON.parse(node.cast('logs', '--from-block', '0', '--address', token, 'Transfer(address indexed,address indexed,uint256)', '--json'))
  assert.ok(logs.length >= 2)
})
