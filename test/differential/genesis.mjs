// What both chains start from: gridd's development chain, with a fee and profit so that money flows everywhere.
import { mnemonicToAccount } from 'viem/accounts'
import { addressOf } from './chains.mjs'

const mnemonic = 'test test test test test test test test test test test junk'
export const signers = Array.from({ length: 10 }, (_, addressIndex) => mnemonicToAccount(mnemonic, { addressIndex }))
const accounts = signers.map(({ address }) => address)
const zero = '0x0000000000000000000000000000000000000000'
const million = 1_000_000n * 10n ** 18n

export const genesis = {
  accounts,
  cap: 1_000n * million,
  market: {
    activationDeadline: 600n, maxUnactivated: 4, minimumDeposit: 1n, probationWindow: 30n * 24n * 3600n, maxProbationCancels: 3, feeBp: 250, treasury: zero, profitBp: 100
  },
  council: { members: accounts.slice(0, 3), threshold: 2, delay: 30n, slashers: [accounts[0]], vetoers: [accounts[1]] },
  pledge: { epochLength: 60n, unbondingPeriod: 120n, slashDelay: 60n, maxSlashBp: 9000, epochProfit: 1_000n * 10n ** 18n },

  /** The arguments of a contract's constructor. */
  arguments(name) {
    const contracts = {
      token: addressOf.GridToken, credit: addressOf.Credit, registry: addressOf.Registry, market: addressOf.Market, council: addressOf.Council, pledge: addressOf.Pledge
    }
    const { members, threshold, delay, slashers, vetoers } = this.council
    switch (name) {
      case 'GridToken': return [contracts, this.cap, accounts[0], accounts.map(account => ({ account, amount: million })), true]
      case 'Market': return [contracts, this.market]
      case 'Council': return [contracts, members, threshold, delay, slashers, vetoers]
      case 'Pledge': return [contracts, this.pledge]
      default: return [contracts]
    }
  }
}
