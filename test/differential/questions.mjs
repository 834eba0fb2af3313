// Which views are asked: after each block those that its calls may have changed, and now and then all of them for everybody.
import { addressOf } from './chains.mjs'
import { accounts, encode, places } from './world.mjs'

const ask = (contract, name, ...args) => ({ to: addressOf[contract], data: encode(contract, name, args) })
const max64 = 2n ** 64n - 1n

const totals = () => [
  ask('GridToken', 'totalSupply'), ask('Credit', 'totalSupply'), ask('Market', 'count'), ask('Market', 'parameters'), ask('Pledge', 'profit'), ask('Pledge', 'epoch'),
  ask('Pledge', 'slashCount'), ask('Council', 'count'), ask('Council', 'term'), ask('Registry', 'count'), ask('Credit', 'balanceOf', addressOf.Market),
  ask('Credit', 'balanceOf', addressOf.Pledge), ask('GridToken', 'balanceOf', addressOf.Credit)
]

const ofAccount = account => [
  ask('GridToken', 'balanceOf', account), ask('Credit', 'balanceOf', account), ask('Credit', 'pending', account), ask('GridToken', 'nonces', account),
  ask('GridToken', 'allowance', account, addressOf.Credit), ask('Pledge', 'pledgedBy', account), ask('Pledge', 'poolsOf', account)
]

const ofProvider = provider => [ask('Registry', 'get', provider), ask('Pledge', 'pool', provider), ask('Pledge', 'slashable', provider), ask('Market', 'quoteEpoch', provider)]

const ofOrder = ({ id, user, provider }, time) => [
  ask('Market', 'get', id), ask('Market', 'current', user, provider), ask('Market', 'earnedAt', id, time), ask('Market', 'earnedAt', id, time + 977n),
  ask('Pledge', 'position', user, provider)
]

/** Addresses in topics of logs are words with twelve zero bytes before them. */
const addressesIn = receipts => [...new Set(receipts.flatMap(receipt => receipt?.logs ?? []).flatMap(({ topics }) => topics.slice(1))
  .filter(topic => /^0x0{24}/.test(topic) && !/^0x0{40}/.test(topic)).map(topic => `0x${topic.slice(26)}`))]

export function touched(world, moves, receipts) {
  const there = addressesIn(receipts)
  const orders = [...world.orders.values()].slice(-2)
  const young = world.newest > 100n ? world.newest - 100n : 0n  // all of them are looked at by the sweep
  return [
    ...totals(), ...ofAccount(accounts[moves[0].by]), ...there.flatMap(ofAccount), ...there.flatMap(ofProvider), ...orders.flatMap(order => ofOrder(order, world.time)),
    ask('Market', 'ordersEndingBefore', world.time + 60n, young, 20n), ...[...world.proposals.keys()].slice(-2).map(id => ask('Council', 'proposal', id)),
    ...[...world.slashes.keys()].slice(-2).map(id => ask('Pledge', 'getSlash', id))
  ]
}

export function sweep(world) {
  const everybody = [...accounts, ...places]
  const ids = [0n, ...world.orders.keys(), max64]
  const roles = ['SLASHER', 'VETO', 'OTHER'].map(role => `0x${Buffer.from(role).toString('hex').padEnd(64, '0')}`)
  return [
    ...totals(),
    ...['name', 'symbol', 'decimals', 'cap', 'minter', 'DOMAIN_SEPARATOR', 'eip712Domain'].map(name => ask('GridToken', name)),
    ...['name', 'symbol', 'decimals', 'token'].map(name => ask('Credit', name)), ...['members', 'threshold', 'delay'].map(name => ask('Council', name)), ask('Pledge', 'parameters'),
    ...everybody.flatMap(ofAccount), ...everybody.flatMap(ofProvider), ...everybody.map(account => ask('Credit', 'isProtocol', account)),
    ...roles.flatMap(role => everybody.map(account => ask('Council', 'hasRole', role, account))),
    ...accounts.flatMap(user => accounts.slice(0, 6).flatMap(provider => [
      ask('Market', 'current', user, provider), ask('Pledge', 'position', user, provider), ask('Pledge', 'earned', user, provider), ask('Market', 'checkPermission', user, provider, 10n ** 12n, 0n),
      ask('Market', 'checkPermission', user, provider, 1n, 60n)
    ])),
    ...accounts.flatMap(account => [
      ask('Market', 'ordersOfUser', account, 0n, 100n), ask('Market', 'ordersOfProvider', account, 3n, 7n), ask('Pledge', 'positionCount', account), ask('Pledge', 'positions', account, 0n, 100n),
      ask('Market', 'ordersOfUser', account, 0n, 101n), ask('Pledge', 'positions', account, 1n, 2n ** 255n)
    ]),
    ...[...world.orders.values()].flatMap(order => [...ofOrder(order, world.time), ask('Market', 'earnedAt', order.id, max64), ask('Market', 'earnedAt', order.id, 0n)]),
    ask('Market', 'getMany', ids.slice(0, 100)), ask('Market', 'getMany', Array.from({ length: 101 }, () => 1n)), ask('Registry', 'list', 0n, 100n), ask('Registry', 'list', 2n, 3n),
    ask('Registry', 'list', 0n, 101n), ask('Council', 'list', 0n, 100n), ask('Council', 'list', 1n, 101n), ask('Council', 'list', 2n ** 255n, 5n),
    ask('Market', 'ordersEndingBefore', max64, 0n, 100n), ask('Market', 'ordersEndingBefore', max64, 5n, 3n), ask('Market', 'ordersEndingBefore', 0n, max64, 3n),
    ask('Market', 'ordersEndingBefore', max64, 0n, 101n), ...[...world.proposals.keys(), 0n, max64].flatMap(id => [ask('Council', 'proposal', id), ...accounts.slice(0, 5).map(account => ask('Council', 'voteOf', id, account))]),
    ...[...world.slashes.keys(), 0n, max64].map(id => ask('Pledge', 'getSlash', id)),
    ...world.salts.flatMap(salt => accounts.slice(0, 6).map(provider => ask('Market', 'quoteCancelled', provider, salt))), ask('Market', 'quoteUsed', `0x${'00'.repeat(32)}`)
  ]
}
