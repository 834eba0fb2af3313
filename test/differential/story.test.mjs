// The story of the whole market, told on anvil: every function, event and custom error of the published ABI by viem, as in test/e2e on gridd.
import { ViemClient } from '../e2e/story/viem_client.mjs'
import { tell } from '../e2e/story/story.mjs'
import { Evm } from './chains.mjs'
import { developmentGenesis } from './genesis.mjs'

tell(ViemClient, async () => {
  const evm = await Evm.start(developmentGenesis, ['--gas-limit', '30000000', '--balance', '1'])
  return { rpc: evm.url, fees: { maxPriorityFeePerGas: 0n }, stop: () => evm.stop() }
})
