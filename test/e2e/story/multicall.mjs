// Multicall3: many calls in one.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addressOf, chainId } from '../wallet.mjs'
import { nobody } from './words.mjs'

const A = 'Multicall3'
const nothing = `0x${'0'.repeat(64)}`

export function multicallChapter(story) {
  test('many calls go in one, and each says how it went', async () => {
    const { ask } = story
    const target = addressOf('GridToken')
    const good = { target, callData: story.encode('GridToken', 'decimals'), allowFailure: false, value: 0n }
    const bad = { target, callData: story.encode('GridToken', 'mint', nobody, 1n), allowFailure: true, value: 0n }
    const eighteen = `0x${(18).toString(16).padStart(64, '0')}`
    const [block, outputs] = await ask(0, A, 'aggregate', [good, good])
    assert.deepEqual(outputs, [eighteen, eighteen])
    assert.ok(block > 0n)
    const outcomes = [{ success: true, returnData: eighteen }]
    assert.deepEqual(await ask(0, A, 'aggregate3', [good]), outcomes)
    assert.deepEqual(await ask(0, A, 'aggregate3Value', [good]), outcomes)
    assert.deepEqual(await ask(0, A, 'tryAggregate', true, [good]), outcomes)
    assert.deepEqual((await ask(0, A, 'blockAndAggregate', [good]))[2], outcomes)
    assert.deepEqual((await ask(0, A, 'tryBlockAndAggregate', false, [good]))[2], outcomes)
    const [first, second] = await ask(0, A, 'aggregate3', [bad, good])
    assert.equal(first.success, false)
    assert.match(first.returnData, /^0x[0-9a-f]{8}0{24}ca11bde05977b3631167028862be2a173976ca11$/)  // NotMinter(caller)
    assert.equal(second.returnData, eighteen)
  })

  test('it says what it knows of the block', async () => {
    const { read } = story
    const { baseFee, difficulty, gasLimit, balance } = await story.facts(story.address(3))
    assert.equal(await read(A, 'getBasefee'), baseFee)
    assert.equal(await read(A, 'getChainId'), BigInt(chainId))
    assert.equal(await read(A, 'getCurrentBlockCoinbase'), nobody)
    assert.equal(await read(A, 'getCurrentBlockDifficulty'), difficulty)
    assert.equal(await read(A, 'getCurrentBlockGasLimit'), gasLimit)
    assert.ok(await read(A, 'getCurrentBlockTimestamp') > 0n)
    assert.equal(await read(A, 'getEthBalance', story.address(3)), balance)
    const number = await read(A, 'getBlockNumber')
    assert.equal(await read(A, 'getBlockHash', number - 1n), await read(A, 'getLastBlockHash'))
    assert.notEqual(await read(A, 'getLastBlockHash'), nothing)
  })

  test('calls that anybody may make go through it in one transaction', async () => {
    const { address } = story
    for (const sender of [3, 4]) await story.send(sender, 'GridToken', 'transfer', addressOf('Credit'), 5n)
    const calls = [3, 4, 5].map(sender =>
      ({ target: addressOf('Credit'), allowFailure: true, callData: story.encode('Credit', 'claimTransfer', address(sender)) }))
    const { events } = await story.send(6, A, 'aggregate3', calls)
    const claims = events.filter(event => event.name === 'TransferClaimed').map(event => event.args)
    assert.deepEqual(claims.map(({ from, by }) => [from, by]), [3, 4].map(sender => [address(sender), addressOf(A)]))
  })
}
