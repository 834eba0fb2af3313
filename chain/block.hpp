#pragma once

#include <vector>

#include "chain/time.hpp"
#include "chain/transaction.hpp"

namespace grid::chain {

struct Log {
    Address address;
    std::vector<Hash> topics;
    Bytes data;
    friend bool operator==(const Log&, const Log&) = default;
};

/// What a transaction did. Place (block, index) is known from where it is stored.
struct Receipt {
    Hash transaction_hash;
    bool success = false;
    std::uint64_t gas_used = 21000;
    std::vector<Log> logs;  ///< empty when it failed
    Bytes output;           ///< return data, or revert data when it failed
    friend bool operator==(const Receipt&, const Receipt&) = default;
};

struct BlockHeader {
    Hash parent;
    std::uint64_t number = 0;
    Timestamp time;
    Hash transactions_root;
    Hash receipts_root;
    Hash state_commitment;  ///< keccak(previous commitment, sorted write set)
    /// keccak of Ethereum's header RLP layout, constants where a field has no meaning here (docs/chain.md).
    Hash hash() const;
    friend bool operator==(const BlockHeader&, const BlockHeader&) = default;
};

/// A block's logs as projections receive them. Logs of failed transactions do not exist.
struct BlockLog {
    Hash transaction_hash;
    std::uint32_t index = 0;  ///< within the block
    Log log;
};

struct BlockUpdate {
    std::uint64_t number = 0;
    Hash hash;
    Hash parent;
    Timestamp time;
    std::vector<BlockLog> logs;
};

}  // namespace grid::chain
