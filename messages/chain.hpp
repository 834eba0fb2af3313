#pragma once

#include "messages/type_ids.hpp"

namespace grid::messages {

/// Receives blocks in order and acknowledges each batch; the sender keeps a bounded window open (4 batches).
using block_sink_actor = caf::typed_actor<
    // A run of blocks; answered with the number of the last one when it is durable at the receiver.
    caf::replies_to<BlockBatch>::with<std::uint64_t>>;

/// One chain, whichever runs: the embedded ledger or an EVM network.
using chain_actor = caf::typed_actor<
    // Which chain this is.
    caf::replies_to<info_atom>::with<ChainInfo>,
    // The newest block (on an EVM network: that counts, being as deep as configured) and the time of the
    // next.
    caf::replies_to<head_atom>::with<Head>,
    // A raw signed transaction; answers its hash once its block is durable (on an EVM network: counts), or
    // once it waits behind a nonce gap. Errors: bad_transaction, wrong_chain_id, nonce_too_low, pool_full,
    // ...
    caf::replies_to<submit_atom, Bytes>::with<Hash>,
    // Signs {to, calldata} with the node's own key, sends it and waits until it is mined.
    // Errors: reverted (message describes the custom error), unavailable, no_key.
    caf::replies_to<transact_atom, Address, Bytes>::with<MinedReceipt>,
    // eth_call {to, calldata} at the pending time (on an EVM network: at the newest block that counts);
    // answers the return data. Errors: reverted, unavailable.
    caf::replies_to<call_atom, Address, Bytes>::with<Bytes>,
    // A mined receipt, or the error not_found.
    caf::replies_to<receipt_atom, Hash>::with<MinedReceipt>,
    // Streams all blocks after the given number to the sink, and goes on as blocks are made. Ends when the
    // sink dies.
    caf::reacts_to<follow_atom, std::uint64_t, block_sink_actor>>;

/// Ethereum's JSON-RPC of the embedded chain: body in, body out.
using rpc_actor = caf::typed_actor<caf::replies_to<rpc_atom, std::string>::with<std::string>>;

}  // namespace grid::messages
