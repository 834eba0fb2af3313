#pragma once

#include <string>

#include "chain/ledger.hpp"

/// Values as the execution API specification writes them: JSON text.
namespace grid::chain::rpc {

/// What of a client's text a message repeats: at most 100 bytes of it, whole characters (UTF-8).
std::string_view beginning(std::string_view text);
std::string quote(std::string_view text);
std::string quantity(const Amount& value);
std::string hex_json(ByteView bytes);

/// `full`: transactions as objects, else their hashes.
std::string block_json(const StoredBlock& block, bool full);
/// As eth_subscribe("newHeads") sends it: a block without its transactions.
std::string head_json(const StoredBlock& block);
/// The block that would be made now: no transactions, no hash.
std::string pending_block_json(const StoredBlock& parent, Timestamp time);
std::string transaction_json(const TransactionPlace& place);
/// One that waits in the pool.
std::string waiting_transaction_json(const SignedTransaction& transaction, const Address& sender);
/// With the member `revertReason` (revert data) when it failed.
std::string receipt_json(const TransactionPlace& place);
std::string receipts_json(const BlockPointer& block);
/// `removed`: its block is no longer of the chain.
std::string log_json(const FoundLog& log, bool removed);
std::string logs_json(const std::vector<FoundLog>& logs);

}  // namespace grid::chain::rpc
