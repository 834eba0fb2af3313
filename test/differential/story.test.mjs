// The story of the whole market, told on anvil: every function, event and custom error of the published ABI by viem, as in test/e2e on gridd.
import { ViemClient } from '../e2e/story/viem_client.mjs'
import { tell } from '../e2e/story/story.mjs'
import { Evm } from './chains.mjs'
import { developmentGenesis } from './genesis.mjs'

tell(ViemClient, async () => {
  const evm = await Evm.start(developmentGenesis, ['--gas-limit', '30000000', '--balance', '1'])
  return {
    rpc: evm.url,
    stop: () => evm.stop(),
    facts: async account => {
      const { baseFeePerGas, mixHash } = await evm.rpc.call('eth_getBlockByNumber', ['latest', false])
      return { baseFee: BigInt(baseFeePerGas), difficulty: BigInt(mixHash), balance: BigInt(await evm.rpc.call('eth_getBalance', [account, 'latest'])) }
    }
  }
})
