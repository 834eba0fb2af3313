#pragma once

#include "chain/block.hpp"
#include "chain/state.hpp"

namespace grid::chain {

/// Everything that a block is: what is stored and synced as one value before anybody is answered.
struct Block {
    BlockHeader header;
    std::vector<SignedTransaction> transactions;
    std::vector<Address> senders;   ///< one for each transaction, so that nobody recovers them again
    std::vector<Receipt> receipts;  ///< one for each transaction
    WriteSet writes;                ///< rows of the state as they are after the block
};

Bytes encode_block(const Block& block);

/// Reads exactly what encode_block writes; code `bad_block` says what is wrong.
Result<Block> decode_block(ByteView encoded);

/// The part that subscribers and log queries need, without parsing transactions or rows. `hash` is not
/// computed here (it is that of `header`).
struct BlockReceipts {
    BlockHeader header;
    std::vector<Receipt> receipts;
};
Result<BlockReceipts> decode_receipts(ByteView encoded);

/// What a subscriber gets of a block.
BlockUpdate update_of(const BlockHeader& header, const Hash& hash, const std::vector<Receipt>& receipts);

}  // namespace grid::chain
