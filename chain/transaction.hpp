#pragma once

#include <optional>

#include "chain/amount.hpp"
#include "chain/keccak.hpp"
#include "chain/secp256k1.hpp"

namespace grid::chain {

struct AccessListEntry {
    Address address;
    std::vector<Hash> storage_keys;
    friend bool operator==(const AccessListEntry&, const AccessListEntry&) = default;
};

enum class TransactionType : std::uint8_t { legacy = 0, access_list = 1, dynamic_fee = 2 };

/// A transaction in Ethereum's formats: legacy with EIP-155, EIP-2930, EIP-1559.
struct Transaction {
    TransactionType type = TransactionType::dynamic_fee;
    std::uint64_t chain_id = 0;
    std::uint64_t nonce = 0;
    Amount max_priority_fee;  ///< dynamic_fee only
    Amount max_fee;           ///< gasPrice of the older types
    std::uint64_t gas_limit = 0;
    std::optional<Address> to;  ///< none: contract creation
    Amount value;
    Bytes data;
    std::vector<AccessListEntry> access_list;

    friend bool operator==(const Transaction&, const Transaction&) = default;
    /// What the sender signs (EIP-155, EIP-2930, EIP-1559).
    Hash signing_hash() const;
};

/// A transaction with its signature, as it travels.
struct SignedTransaction {
    Transaction transaction;
    Signature signature;
    Hash hash;  ///< keccak256(raw)
    Bytes raw;  ///< the envelope that was received or made

    /// Strict: canonical RLP, known type, EIP-155 chain id present in legacy ones, s in the lower half
    /// (EIP-2). Codes: `bad_transaction`, `bad_rlp`, `bad_signature`. Does not recover the sender.
    static Result<SignedTransaction> decode(Bytes raw);
    /// decode() without `hash`, for those who hash many at a time (senders.hpp).
    static Result<SignedTransaction> parse(Bytes raw);
    /// What the sender signed, taken from `raw` without encoding it again.
    Bytes signing_payload() const;
    /// Its hash: that of the transaction.
    Hash signing_hash() const { return keccak256(signing_payload()); }
    /// Recovers the sender: the costly step (about 30 us).
    Result<Address> sender() const;
};

SignedTransaction sign(const Transaction& transaction, const PrivateKey& key);

}  // namespace grid::chain
