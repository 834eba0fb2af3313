// GridToken: what every ERC-20 does, minting, and permits.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addressOf, chainId } from '../wallet.mjs'
import { coin, everything, nobody } from './words.mjs'

const T = 'GridToken'

export function tokenChapter(story) {
  test('a token says what it is', async () => {
    const { read, address } = story
    assert.equal(await read(T, 'name'), 'GRID')
    assert.equal(await read(T, 'symbol'), 'GRID')
    assert.equal(await read(T, 'decimals'), 18n)
    assert.equal(await read(T, 'minter'), address(0))
    assert.ok(await read(T, 'totalSupply') <= await read(T, 'cap'))
    assert.equal(await read(T, 'balanceOf', address(7)), 1_000_000n * coin)
  })

  test('tokens move by hand and by allowance', async () => {
    const { read, address } = story
    const [to, spender] = [address(30), address(4)]
    assert.deepEqual(await story.event('Transfer', 3, T, 'transfer', to, 5n), { from: address(3), to, value: 5n })
    assert.deepEqual(await story.event('Approval', 3, T, 'approve', spender, 9n), { owner: address(3), spender, value: 9n })
    assert.equal(await story.ask(4, T, 'transferFrom', address(3), to, 9n), true)
    assert.deepEqual(await story.event('Approval', 4, T, 'transferFrom', address(3), to, 7n), { owner: address(3), spender, value: 2n })
    assert.equal(await read(T, 'allowance', address(3), spender), 2n)
    assert.equal(await read(T, 'balanceOf', to), 12n)
  })

  test('tokens are minted and burned', async () => {
    const { read, address } = story
    const supply = await read(T, 'totalSupply')
    assert.equal((await story.event('Transfer', 0, T, 'mint', address(30), 8n)).from, nobody)
    assert.equal((await story.event('Transfer', 30, T, 'burn', 20n)).to, nobody)
    assert.equal((await story.event('Transfer', 30, T, 'faucet', 3n)).value, 3n)
    assert.equal(await read(T, 'totalSupply'), supply - 9n)
    assert.equal(await read(T, 'balanceOf', address(30)), 3n)
  })

  test('tokens are not moved, minted or permitted against the rules', async () => {
    const { address } = story
    const balance = await story.read(T, 'balanceOf', address(30))
    await story.refused('ERC20InsufficientBalance', { sender: address(30), balance, needed: coin }, 30, T, 'transfer', address(3), coin)
    await story.refused('ERC20InsufficientAllowance', { spender: address(5), allowance: 0n, needed: 1n }, 5, T, 'transferFrom', address(3), address(5), 1n)
    await story.refused('ERC20InvalidReceiver', { receiver: nobody }, 3, T, 'transfer', nobody, 1n)
    await story.refused('ERC20InvalidReceiver', { receiver: addressOf('Market') }, 3, T, 'transfer', addressOf('Market'), 1n)
    await story.refused('ERC20InvalidSpender', { spender: nobody }, 3, T, 'approve', nobody, 1n)
    await story.refused('ERC20ExceededCap', undefined, 0, T, 'mint', address(3), await story.read(T, 'cap'))
    await story.refused('NotMinter', { caller: address(3) }, 3, T, 'mint', address(3), 1n)
    await story.refused('FaucetLimit', { amount: 10_001n * coin, limit: 10_000n * coin }, 3, T, 'faucet', 10_001n * coin)
  })

  test('a permit is signed by the owner and spent by anybody, once (EIP-2612, EIP-5267)', async () => {
    const { read, address } = story
    const domain = await read(T, 'eip712Domain')
    assert.deepEqual(domain.slice(0, 5), ['0x0f', 'GRID', '1', BigInt(chainId), addressOf(T)])
    assert.match(await read(T, 'DOMAIN_SEPARATOR'), /^0x[0-9a-f]{64}$/)
    const [owner, spender, deadline] = [address(5), address(6), everything]
    const { v, r, s } = await story.permit(5, spender, 4n, deadline)
    await story.refused('ERC2612InvalidSigner', undefined, 7, T, 'permit', owner, spender, 5n, deadline, v, r, s)
    await story.refused('ERC2612InvalidSigner', { signer: nobody, owner }, 7, T, 'permit', owner, spender, 4n, deadline, 29, r, s)
    await story.refused('ERC2612ExpiredSignature', { deadline: 1n }, 7, T, 'permit', owner, spender, 4n, 1n, v, r, s)
    assert.deepEqual(await story.event('Approval', 7, T, 'permit', owner, spender, 4n, deadline, v, r, s), { owner, spender, value: 4n })
    assert.equal(await read(T, 'nonces', owner), 1n)
    await story.refused('ERC2612InvalidSigner', undefined, 7, T, 'permit', owner, spender, 4n, deadline, v, r, s)
    await story.send(6, T, 'transferFrom', owner, spender, 4n)
  })
}
