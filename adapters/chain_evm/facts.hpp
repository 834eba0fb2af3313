#pragma once

#include "adapters/chain_evm/json_rpc.hpp"
#include "chain/block.hpp"

/// What an EVM node tells of its chain, as it is read from its replies.
namespace grid::adapters::evm {

/// A block without its transactions.
struct Header {
    std::uint64_t number = 0;
    chain::Hash hash;
    chain::Hash parent;
    chain::Timestamp time;
    std::optional<chain::Amount> base_fee;  ///< none before EIP-1559
    chain::Bytes bloom;                     ///< 256 bytes, or none
    friend bool operator==(const Header&, const Header&) = default;
};

/// A log and the block that it is in.
struct PlacedLog {
    std::uint64_t block_number = 0;
    chain::Hash block_hash;
    chain::BlockLog log;
};

/// A receipt and the block that it is in.
struct PlacedReceipt {
    std::uint64_t block_number = 0;
    chain::Hash block_hash;
    chain::Receipt receipt;  ///< without output: nodes do not keep that
};

/// Codes: `bad_reply`; `unavailable` when the node has no such block (yet).
Result<Header> read_header(const RpcReply& reply);
/// A log that was taken back is refused. Codes: `bad_reply`; `refused` with the node's words.
Result<std::vector<PlacedLog>> read_logs(const RpcReply& reply, const chain::ContractAddresses& contracts);
/// None: not mined. Codes: `bad_reply`, `unavailable`.
Result<std::optional<PlacedReceipt>> read_receipt(const RpcReply& reply);
/// The value of a reply, or `unavailable` with the node's words.
Result<RpcValue> value_of(const RpcReply& reply);

RpcCall block_by_number(std::uint64_t number);
RpcCall latest_block();
RpcCall logs_of_block(const chain::ContractAddresses& contracts, const chain::Hash& block);
RpcCall logs_of_range(const chain::ContractAddresses& contracts, std::uint64_t from, std::uint64_t to);
RpcCall receipt_of(const chain::Hash& transaction);
std::string quantity(std::uint64_t number);

/// Whether the header's bloom filter (Yellow Paper, 4.3.1) may have a log of one of the contracts. False
/// without a filter.
bool may_have_logs(const Header& header, const chain::ContractAddresses& contracts);

}  // namespace grid::adapters::evm
