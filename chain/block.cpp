#include "chain/block.hpp"

#include <algorithm>

#include "chain/block_constants.hpp"
#include "chain/keccak.hpp"
#include "chain/rlp.hpp"

namespace grid::chain {

Hash BlockHeader::hash() const {
    static const Bytes bloom(kBloomBytes, kBloomByte);
    static const Bytes nonce(8, 0);
    static const Hash no_uncles = keccak256(Bytes{0xc0});
    rlp::Encoder out;
    out.begin_list().hash(parent).hash(no_uncles).address({}).hash(state_commitment);
    out.hash(transactions_root).hash(receipts_root).bytes(bloom).integer(0u).integer(number);
    out.integer(kBlockGasLimit).integer(0u).integer(time.seconds).bytes({});
    out.hash({}).bytes(nonce).integer(0u);  // mix hash, nonce, base fee
    return keccak256(out.end_list().take());
}

}  // namespace grid::chain
