// The story as viem tells it: its contract objects, simulation, typed data and decoders on the published ABI.
import { tell } from './story/story.mjs'
import { ViemClient } from './story/viem_client.mjs'

tell(ViemClient)
