// The story as ethers tells it: its contracts, wallets, typed data and interfaces on the published ABI.
import { EthersClient } from './story/ethers_client.mjs'
import { tell } from './story/story.mjs'

tell(EthersClient)
