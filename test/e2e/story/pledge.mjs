// Pledge: credits that stand behind a provider, and what may be taken of them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addressOf } from '../wallet.mjs'
import { coin, word } from './words.mjs'

const P = 'Pledge'

export function pledgeChapter(story) {
  /** To the first second of the next epoch. */
  const nextEpoch = async () => {
    const { epochLength } = await story.read(P, 'parameters')
    await story.moveTo((await story.now() / epochLength + 1n) * epochLength)
  }

  test('credits are pledged, unpledged and withdrawn when they have unbonded', async () => {
    const { read, address } = story
    const [account, provider] = [address(6), address(1)]
    const { unbondingPeriod } = await read(P, 'parameters')
    await story.credits(6, 1_000n * coin)
    await nextEpoch()
    const { events } = await story.send(6, P, 'pledge', 100n * coin, provider)
    assert.ok(events.some(event => event.name === 'EpochRolled'))
    const pledged = events.find(event => event.name === 'PositionChanged').args
    assert.deepEqual([pledged.account, pledged.provider, pledged.change, pledged.amount, pledged.shares], [account, provider, 0n, 100n * coin, 100n * coin])
    assert.equal(await read(P, 'pledgedBy', account), 100n * coin)
    assert.deepEqual(await read(P, 'poolsOf', account), [provider])
    assert.equal(await read(P, 'positionCount', provider), 1n)
    assert.equal((await read(P, 'pool', provider)).incoming, 100n * coin)
    await nextEpoch()
    assert.equal((await read(P, 'pool', provider)).earning, 100n * coin)

    const left = await story.event('PositionChanged', 6, P, 'unpledge', 30n * coin, provider)
    assert.equal(left.position.active, 70n * coin)
    await story.refused('NothingUnbonded', { account, provider }, 6, P, 'withdrawUnbonded', provider)
    const position = await read(P, 'position', account, provider)
    assert.deepEqual([position.pledged, position.unbonding, position.entries], [70n * coin, 30n * coin, [{ shares: 30n * coin, releaseAt: left.releaseAt }]])
    assert.deepEqual((await read(P, 'positions', provider, 0n, 10n)).map(each => each.account), [account])
    await story.moveTo(left.releaseAt)
    const withdrawn = await story.event('PositionChanged', 6, P, 'withdrawUnbonded', provider)
    assert.deepEqual([withdrawn.change, withdrawn.amount], [2n, 30n * coin])
    assert.ok(unbondingPeriod > 0n)
    assert.ok(await read(P, 'epoch') > 0n)
  })

  test('what cannot be pledged or taken back is refused by name', async () => {
    const { read, address } = story
    const [account, provider] = [address(6), address(1)]
    const available = await read('Credit', 'balanceOf', account)
    await story.refused('ZeroAmount', {}, 6, P, 'pledge', 0n, provider)
    await story.refused('UnknownProvider', { provider: address(3) }, 6, P, 'pledge', 1n, address(3))
    await story.refused('InsufficientCredits', { needed: available + 1n, available }, 6, P, 'pledge', available + 1n, provider)
    await story.refused('InsufficientPledge', { needed: 71n * coin, pledged: 70n * coin }, 6, P, 'unpledge', 71n * coin, provider)
    await story.refused('NothingEarned', { account: address(3), provider }, 3, P, 'claim', provider)
    await story.refused('TooMany', { given: 101n, limit: 100n }, 6, P, 'positions', provider, 0n, 101n)
    for (let entry = 0; entry < 8; ++entry) {
      await story.moveTo(await story.now() + 1n)
      await story.send(6, P, 'unpledge', 1n, provider)
    }
    await story.moveTo(await story.now() + 1n)
    await story.refused('TooManyUnbonding', { limit: 8n }, 6, P, 'unpledge', 1n, provider)
  })

  test('a slash is announced, may be vetoed, and takes so much an epoch', async () => {
    const { read, address } = story
    const provider = address(1)
    const pool = await read(P, 'pool', provider)
    const { maxSlashBp } = await read(P, 'parameters')
    const limit = pool.total * maxSlashBp / 10_000n
    await story.refused('MissingRole', { role: word('SLASHER'), account: address(3) }, 3, P, 'slash', provider, 1n, 'no')
    await story.refused('SlashTooLarge', { amount: limit + 1n, limit }, 0, P, 'slash', provider, limit + 1n, 'too much')
    const slash = amount => story.event('SlashAnnounced', 0, P, 'slash', provider, amount, 'served nothing')
    const vetoed = await slash(5n)
    await story.refused('MissingRole', { role: word('VETO'), account: address(3) }, 3, P, 'vetoSlash', vetoed.id)
    assert.deepEqual(await story.event('SlashVetoed', 1, P, 'vetoSlash', vetoed.id), { id: vetoed.id, by: address(1) })
    await story.refused('SlashClosed', { id: vetoed.id, status: 3n }, 5, P, 'executeSlash', vetoed.id)
    await story.refused('UnknownSlash', { id: 99n }, 5, P, 'executeSlash', 99n)
    const first = await slash(limit)
    const second = await slash(limit)
    await story.refused('SlashNotDue', { id: first.id, executableAt: first.executableAt }, 5, P, 'executeSlash', first.id)
    await story.moveTo(second.executableAt)
    await nextEpoch()
    assert.equal(await read(P, 'slashable', provider), limit)
    const executed = await story.event('SlashExecuted', 5, P, 'executeSlash', first.id)
    assert.deepEqual([executed.taken, executed.left, executed.pool.total], [limit, 0n, pool.total - limit])
    await story.refused('SlashLimitReached', { provider, epoch: await read(P, 'epoch') }, 5, P, 'executeSlash', second.id)
    assert.equal(await read(P, 'slashCount'), second.id)
    assert.equal((await read(P, 'getSlash', second.id)).status, 1n)
  })

  test('a pool that slashes have ruined takes no pledges', async () => {
    const { read, address } = story
    const provider = address(11)
    await story.credits(7, coin)
    await story.send(7, P, 'pledge', coin, provider)
    const { maxSlashBp } = await read(P, 'parameters')
    const limit = coin * maxSlashBp / 10_000n
    const slashes = []
    for (let announced = 0n; announced < coin; announced += limit) slashes.push(await story.event('SlashAnnounced', 0, P, 'slash', provider, limit, 'all of it'))
    let next = slashes.at(-1).executableAt
    for (const { id } of slashes) {
      for (let left = limit; left > 0n;) {
        const { total, shares } = await read(P, 'pool', provider)
        if (total * 65_536n < shares) return story.refused('PoolRuined', { provider }, 7, P, 'pledge', 1n, provider)
        await story.moveTo(next)
        next += 60n
        ;({ left } = await story.event('SlashExecuted', 5, P, 'executeSlash', id))
      }
    }
    assert.fail('the pool outlived its slashes')
  })

  test('only the market promises and mints profit', async () => {
    const [market, provider] = [addressOf('Market'), story.address(1)]
    for (const [call, ...args] of [['promiseProfit', 7n], ['mintProfit', provider, 1n, 0n], ['lapseProfit', 0n]]) {
      await story.ask(market, P, call, ...args)
      await story.refused('NotProtocol', { caller: story.address(3) }, 3, P, call, ...args)
    }
    assert.equal(await story.ask(market, P, 'promiseProfit', 7n), 7n)
    assert.deepEqual(await story.read(P, 'profit'), [0n, 0n, 0n])
    assert.equal(await story.read(P, 'earned', story.address(6), provider), 0n)
  })
}
