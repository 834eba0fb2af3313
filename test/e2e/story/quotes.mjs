// Market: terms that a provider signs for one user (EIP-712), and what becomes of them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addressOf, chainId } from '../wallet.mjs'
import { info, prices } from './registry.mjs'
import { M, fieldsOf, small } from './market.mjs'
import { coin, word } from './words.mjs'

const cheap = { ...prices, cpuMilli: 1n }  // below the minimum: a quote binds

/** The signed type: the fields of the struct, resources and prices side by side. */
function quoteTypes() {
  const flat = { resources: ['cpuMilli', 'memoryMiB', 'storageMiB', 'gpus'], prices: ['cpuMilliPrice', 'memoryMiBPrice', 'storageMiBPrice', 'gpuPrice'] }
  return {
    Quote: fieldsOf(M, 'createOrderWithQuote', 0).flatMap(({ name, type, components }) =>
      name in flat ? flat[name].map((field, i) => ({ name: field, type: components[i].type })) : [{ name, type }])
  }
}

function messageOf({ resources, prices: p, ...rest }) {
  return { ...rest, ...resources, cpuMilliPrice: p.cpuMilli, memoryMiBPrice: p.memoryMiB, storageMiBPrice: p.storageMiB, gpuPrice: p.gpus }
}

export async function quote(story, changes = {}) {
  const provider = story.address(1)
  return {
    provider, user: story.address(5), resources: small, prices: cheap, duration: 3_600n, probation: 30n, renewable: true,
    validUntil: await story.now() + 100_000n, replaces: 0n, epoch: await story.read(M, 'quoteEpoch', provider), salt: word('one'), ...changes
  }
}

const domain = { name: 'GRID Market', version: '1', chainId, verifyingContract: addressOf(M) }
export const signed = (story, terms, by = 9) => story.sign(by, domain, quoteTypes(), messageOf(terms))

export function quotesChapter(story) {
  test('a quote of the operator becomes an order of its terms, once', async () => {
    const { address, read } = story
    await story.credits(5, 10n * coin)
    const terms = await quote(story)
    const signature = await signed(story, terms)
    const { events } = await story.send(5, M, 'createOrderWithQuote', terms, signature)
    const used = events.find(event => event.name === 'QuoteUsed').args
    assert.deepEqual([used.provider, used.user], [address(1), address(5)])
    assert.equal(await read(M, 'quoteUsed', used.digest), true)
    const made = await read(M, 'get', used.id)
    assert.deepEqual([made.prices, made.probation, made.providerCheck, made.status], [cheap, 30n, true, 1n])
    assert.equal((await story.event('OrderActivated', 5, M, 'activateOrder', used.id)).by, address(5))
    await story.send(5, M, 'cancelOrder', used.id)
    await story.refused('QuoteSpent', { digest: used.digest }, 5, M, 'createOrderWithQuote', terms, signature)
  })

  test('a running order is replaced without a gap', async () => {
    const { address, read } = story
    const first = await quote(story, { salt: word('two') })
    const { events } = await story.send(5, M, 'createOrderWithQuote', first, await signed(story, first, 1))
    const { id } = events.find(event => event.name === 'OrderCreated').args
    const { startsAt } = await story.event('OrderActivated', 1, M, 'activateOrder', id)
    await story.moveTo(startsAt + 1_000n)
    const better = await quote(story, { salt: word('three'), replaces: id, resources: { ...small, cpuMilli: 600n } })
    const other = { ...better, provider: address(6), epoch: 0n }
    await story.refused('QuoteReplaces', { id }, 5, M, 'replaceOrder', other, await signed(story, other, 6))
    const { events: done } = await story.send(5, M, 'replaceOrder', better, await signed(story, better))
    const names = done.map(event => event.name)
    for (const name of ['OrderCompleted', 'OrderCreated', 'OrderActivated', 'QuoteUsed']) assert.ok(names.includes(name), name)
    const { oldId, newId } = done.find(event => event.name === 'OrderReplaced').args
    assert.equal(oldId, id)
    const [before, after] = [await read(M, 'get', oldId), await read(M, 'get', newId)]
    assert.deepEqual([before.status, after.status, after.replaces, after.probation], [4n, 2n, id, 0n])
    assert.equal(await read(M, 'current', address(5), address(1)), newId)
    await story.send(5, M, 'cancelOrder', newId)
  })

  test('quotes that do not hold are refused by name', async () => {
    const { address } = story
    const refused = async (name, args, by, changes, signer = 9, edit = signature => signature) => {
      const terms = await quote(story, { salt: word('four'), ...changes })
      await story.refused(name, args, by, M, 'createOrderWithQuote', terms, edit(await signed(story, terms, signer)))
    }
    const past = await story.latest()
    await refused('QuoteExpired', { validUntil: past }, 5, { validUntil: past })
    await refused('QuoteNotForCaller', { user: address(5), caller: address(3) }, 3, {})
    await refused('QuoteSignerUnknown', { signer: address(4) }, 5, {}, 4)
    await refused('InvalidQuoteSignature', {}, 5, {}, 9, signature => signature.slice(0, -2))
    await refused('InvalidQuoteSignature', {}, 5, {}, 9, signature => `${signature.slice(0, -2)}1d`)
    await refused('QuoteReplaces', { id: 1n }, 5, { replaces: 1n })
    await refused('InvalidDuration', { secs: 0n }, 5, { duration: 0n })
    await refused('UnknownProvider', { provider: address(2) }, 5, { provider: address(2) })
  })

  test('a provider takes quotes back, one or all', async () => {
    const { address, read } = story
    const [provider, salt] = [address(1), word('five')]
    const terms = await quote(story, { salt })
    const signature = await signed(story, terms)
    assert.deepEqual(await story.event('QuoteCancelled', 1, M, 'cancelQuote', salt), { provider, salt })
    assert.equal(await read(M, 'quoteCancelled', provider, salt), true)
    await story.refused('QuoteRevoked', { salt }, 5, M, 'createOrderWithQuote', terms, signature)
    const old = await quote(story, { salt: word('six') })
    const { epoch } = await story.event('QuoteEpochBumped', 1, M, 'bumpQuoteEpoch')
    assert.equal(epoch, old.epoch + 1n)
    await story.refused('QuoteEpochPast', { epoch: old.epoch, current: epoch }, 5, M, 'createOrderWithQuote', old, await signed(story, old))
    await story.refused('UnknownProvider', { provider: address(4) }, 4, M, 'bumpQuoteEpoch')
    await story.send(1, 'Registry', 'set', info({ operatorKey: address(9), probation: 100n }))
  })
}
