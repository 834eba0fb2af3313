// What the chains start from.
import { mnemonicToAccount } from 'viem/accounts'
import { addressOf } from './chains.mjs'

const mnemonic = 'test test test test test test test test test test test junk'
export const signers = Array.from({ length: 10 }, (_, addressIndex) => mnemonicToAccount(mnemonic, { addressIndex }))
const accounts = signers.map(({ address }) => address)
const zero = '0x0000000000000000000000000000000000000000'
const million = 1_000_000n * 10n ** 18n

/** gridd's development chain (chain/genesis.cpp). */
const developmentGenesis = {
  accounts,
  cap: 1_000n * million,
  market: {
    activationDeadline: 3600n, maxUnactivated: 16, minimumDeposit: 1n, probationWindow: 30n * 24n * 3600n, maxProbationCancels: 3, feeBp: 0, treasury: zero, profitBp: 0
  },
  council: { members: accounts.slice(0, 3), threshold: 2, delay: 30n, slashers: [accounts[0]], vetoers: [accounts[1]] },
  pledge: { epochLength: 60n, unbondingPeriod: 120n, slashDelay: 60n, maxSlashBp: 3000, epochProfit: million }
}

/** The same with a fee and profit, so that money flows everywhere, and with limits that are reached. */
export const genesis = {
  ...developmentGenesis,
  market: { ...developmentGenesis.market, activationDeadline: 600n, maxUnactivated: 4, feeBp: 250, profitBp: 100 },
  pledge: { ...developmentGenesis.pledge, maxSlashBp: 9000, epochProfit: 1_000n * 10n ** 18n }
}

/** The arguments of a contract's constructor. */
export function argumentsOf(name, { cap, market, council, pledge }) {
  const contracts = {
    token: addressOf.GridToken, credit: addressOf.Credit, registry: addressOf.Registry, market: addressOf.Market, council: addressOf.Council, pledge: addressOf.Pledge
  }
  switch (name) {
    case 'GridToken': return [contracts, cap, accounts[0], accounts.map(account => ({ account, amount: million })), true]
    case 'Market': return [contracts, market]
    case 'Council': return [contracts, council.members, council.threshold, council.delay, council.slashers, council.vetoers]
    case 'Pledge': return [contracts, pledge]
    default: return [contracts]
  }
}
