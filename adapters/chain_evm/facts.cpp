#include "adapters/chain_evm/facts.hpp"

#include <algorithm>
#include <limits>

#include "chain/keccak.hpp"

namespace grid::adapters::evm {
namespace {

std::vector<chain::Address> emitters(const chain::ContractAddresses& contracts) {
    return {contracts.token,  contracts.credit, contracts.registry,
            contracts.market, contracts.pledge, contracts.council};
}

std::string address_list(const chain::ContractAddresses& contracts) {
    std::string list;
    for (const auto& address : emitters(contracts))
        list += (list.empty() ? "\"" : ",\"") + address.hex() + "\"";
    return "[" + list + "]";
}

Result<chain::Log> read_log_body(Fields& fields) {
    chain::Log log;
    log.address = fields.address("address");
    log.topics = fields.hashes("topics");
    log.data = fields.bytes("data");
    if (log.topics.size() > 4) fields.malformed("topics", "at most 4 topics");
    return log;
}

Result<PlacedLog> read_placed_log(const rapidjson::Value& value) {
    Fields fields(value, "log");
    PlacedLog placed;
    placed.log.log = *read_log_body(fields);
    placed.block_number = fields.number("blockNumber");
    placed.block_hash = fields.hash("blockHash");
    placed.log.transaction_hash = fields.hash("transactionHash");
    const auto index = fields.number("logIndex");
    if (index > std::numeric_limits<std::uint32_t>::max())
        fields.malformed("logIndex", "a quantity below 2^32");
    placed.log.index = static_cast<std::uint32_t>(index);
    if (fields.flag_or_false("removed")) fields.malformed("removed", "logs of the branch as it is");
    if (auto done = fields.finish(); !done) return tl::unexpected(done.error());
    return placed;
}

}  // namespace

Result<RpcValue> value_of(const RpcReply& reply) {
    if (const auto* error = std::get_if<RpcError>(&reply))
        return fail("unavailable", "the node refuses: " + std::to_string(error->code) + " " + error->message);
    return std::get<RpcValue>(reply);
}

Result<Header> read_header(const RpcReply& reply) {
    auto value = value_of(reply);
    if (!value) return tl::unexpected(value.error());
    if ((*value)->IsNull()) return fail("unavailable", "the node does not have the block");
    Fields fields(**value, "block");
    Header header;
    header.number = fields.number("number");
    header.hash = fields.hash("hash");
    header.parent = fields.hash("parentHash");
    header.time = {fields.number("timestamp")};
    if (fields.find("baseFeePerGas")) header.base_fee = fields.amount("baseFeePerGas");
    if (fields.find("logsBloom")) {
        header.bloom = fields.bytes("logsBloom");
        if (header.bloom.size() != 256) fields.malformed("logsBloom", "256 bytes");
    }
    if (auto done = fields.finish(); !done) return tl::unexpected(done.error());
    return header;
}

Result<std::vector<PlacedLog>> read_logs(const RpcReply& reply, const chain::ContractAddresses& contracts) {
    if (const auto* error = std::get_if<RpcError>(&reply)) return fail("refused", error->message);
    const auto& value = std::get<RpcValue>(reply);
    if (!value->IsArray()) return fail("bad_reply", "expected an array of logs");
    const auto ours = emitters(contracts);
    std::vector<PlacedLog> logs;
    for (const auto& item : value->GetArray()) {
        auto log = read_placed_log(item);
        if (!log) return tl::unexpected(log.error());
        if (std::find(ours.begin(), ours.end(), log->log.log.address) == ours.end())
            return fail("bad_reply", "a log of a contract that was not asked for");
        logs.push_back(std::move(*log));
    }
    std::sort(logs.begin(), logs.end(), [](const PlacedLog& a, const PlacedLog& b) {
        return std::pair(a.block_number, a.log.index) < std::pair(b.block_number, b.log.index);
    });
    for (std::size_t i = 1; i < logs.size(); ++i)
        if (logs[i].block_number == logs[i - 1].block_number && logs[i].log.index == logs[i - 1].log.index)
            return fail("bad_reply", "two logs have one place");
    return logs;
}

Result<std::optional<PlacedReceipt>> read_receipt(const RpcReply& reply) {
    auto value = value_of(reply);
    if (!value) return tl::unexpected(value.error());
    if ((*value)->IsNull()) return std::optional<PlacedReceipt>();
    Fields fields(**value, "receipt");
    // Some nodes show receipts of what waits.
    if (!fields.find("blockHash") || !fields.find("blockNumber")) return std::optional<PlacedReceipt>();
    PlacedReceipt placed;
    placed.block_number = fields.number("blockNumber");
    placed.block_hash = fields.hash("blockHash");
    auto& receipt = placed.receipt;
    receipt.transaction_hash = fields.hash("transactionHash");
    const auto status = fields.number("status");
    if (status > 1) fields.malformed("status", "0x0 or 0x1");
    receipt.success = status == 1;
    receipt.gas_used = fields.number("gasUsed");
    if (const auto* logs = fields.array("logs"))
        for (const auto& item : logs->GetArray()) {
            Fields log_fields(item, "log");
            receipt.logs.push_back(*read_log_body(log_fields));
            if (auto done = log_fields.finish(); !done) return tl::unexpected(done.error());
        }
    if (auto done = fields.finish(); !done) return tl::unexpected(done.error());
    return std::optional(std::move(placed));
}

std::string quantity(std::uint64_t number) {
    return chain::Amount(number).quantity();
}

RpcCall block_by_number(std::uint64_t number) {
    return {"eth_getBlockByNumber", "[\"" + quantity(number) + "\",false]"};
}

RpcCall latest_block() {
    return {"eth_getBlockByNumber", R"(["latest",false])"};
}

RpcCall logs_of_block(const chain::ContractAddresses& contracts, const chain::Hash& block) {
    return {"eth_getLogs",
            R"([{"address":)" + address_list(contracts) + R"(,"blockHash":")" + block.hex() + "\"}]"};
}

RpcCall logs_of_range(const chain::ContractAddresses& contracts, std::uint64_t from, std::uint64_t to) {
    return {"eth_getLogs", R"([{"address":)" + address_list(contracts) + R"(,"fromBlock":")" +
                               quantity(from) + R"(","toBlock":")" + quantity(to) + "\"}]"};
}

RpcCall receipt_of(const chain::Hash& transaction) {
    return {"eth_getTransactionReceipt", "[\"" + transaction.hex() + "\"]"};
}

bool may_have_logs(const Header& header, const chain::ContractAddresses& contracts) {
    if (header.bloom.size() != 256) return false;
    const auto set = [&](unsigned bit) { return (header.bloom[255 - bit / 8] >> (bit % 8) & 1) != 0; };
    for (const auto& address : emitters(contracts)) {
        const auto digest = chain::keccak256(address.view()).bytes;
        bool all = true;
        for (std::size_t i = 0; i < 6; i += 2) all = all && set((digest[i] << 8 | digest[i + 1]) & 2047u);
        if (all) return true;
    }
    return false;
}

}  // namespace grid::adapters::evm
