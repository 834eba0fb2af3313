// Registry: who provides what, at which price.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { abi, addressOf } from '../wallet.mjs'
import { nobody, word } from './words.mjs'

const R = 'Registry'
export const prices = { cpuMilli: 1_000_000n, memoryMiB: 1_000n, storageMiB: 10n, gpus: 0n }
export const total = { cpuMilli: 4_000n, memoryMiB: 8_192n, storageMiB: 10_000n, gpus: 1n }

/** What a provider says of itself, with changes; the fields are those that the ABI asks for. */
export function info(changes = {}) {
  const known = {
    host: 'provider.example', port: 8090n, prices, minimumPrices: prices, total, attributes: '{"region":"eu"}', probation: 0n, renewable: true,
    acceptsOffers: true, operatorKey: nobody, probationPledge: 0n, ...changes
  }
  const fields = abi(R).find(entry => entry.name === 'set').inputs[0].components.map(({ name }) => name)
  return Object.fromEntries(fields.map(name => {
    assert.ok(name in known, `Registry.set asks for ${name}`)
    return [name, known[name]]
  }))
}

export function registryChapter(story) {
  test('a provider registers, revises its entry and leaves', async () => {
    const { read, address } = story
    const set = await story.event('ProviderSet', 1, R, 'set', info({ operatorKey: address(9), probation: 100n }))
    assert.equal(set.provider, address(1))
    assert.deepEqual(set.available, total)
    assert.equal(set.info.host, 'provider.example')
    const entry = await read(R, 'get', address(1))
    assert.deepEqual([entry.status, entry.operatorKey, entry.probation, entry.prices], [1n, address(9), 100n, prices])
    assert.equal((await read(R, 'get', address(2))).status, 0n)
    await story.send(8, R, 'set', info({ host: '10.0.0.1' }))
    assert.deepEqual(await story.event('ProviderDeregistered', 8, R, 'deregister'), { provider: address(8) })
    assert.equal(await read(R, 'count'), 2n)
    assert.deepEqual((await read(R, 'list', 0n, 100n)).map(each => [each.provider, each.status]), [[address(1), 1n], [address(8), 2n]])
    assert.deepEqual(await read(R, 'list', 2n, 100n), [])
  })

  test('entries that cannot be are refused by field', async () => {
    for (const [field, changes] of [['host', { host: '' }], ['port', { port: 0n }], ['prices', { minimumPrices: { ...prices, gpus: 1n } }],
      ['attributes', { attributes: 'x'.repeat(4097) }], ['probation', { probation: 315_360_001n }]])
      await story.refused('InvalidField', { field }, 1, R, 'set', info(changes))
    await story.refused('ProviderInactive', { provider: story.address(8) }, 8, R, 'deregister')
    await story.refused('UnknownProvider', { provider: story.address(2) }, 2, R, 'deregister')
    await story.refused('TooMany', { given: 101n, limit: 100n }, 0, R, 'list', 0n, 101n)
  })

  test('only the protocol reserves', async () => {
    const [provider, market] = [story.address(1), addressOf('Market')]
    const delta = cpuMilli => ({ cpuMilli, memoryMiB: 0n, storageMiB: 0n, gpus: 0n })
    await story.ask(market, R, 'update', provider, delta(-4_000n), word(''))
    await story.refused('NotProtocol', { caller: story.address(1) }, 1, R, 'update', provider, delta(-1n), word(''))
    await story.refused('InsufficientResources', { resource: 0n, wanted: 4_001n, available: 4_000n }, market, R, 'update', provider, delta(-4_001n), word(''))
    await story.refused('ReservationMismatch', { provider, ref: word('x') }, market, R, 'update', provider, delta(1n), word('x'))
  })
}
