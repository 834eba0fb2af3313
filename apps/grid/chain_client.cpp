#include "apps/grid/chain_client.hpp"

#include <chrono>
#include <thread>

#include "apps/grid/failure.hpp"
#include "chain/calls.hpp"
#include "chain/gas_limit.hpp"
#include "chain/revert.hpp"
#include "chain/transaction.hpp"

namespace grid::cli {

using namespace chain;

namespace {

/// Longer than the slowest networks need for a block, and for one more when fees have just risen.
constexpr auto kMiningTimeout = std::chrono::minutes(5);

std::string call_object(const Address* from, const Address* to, ByteView data) {
    std::string object = "{";
    if (from != nullptr) object += "\"from\":\"" + from->hex() + "\",";
    if (to != nullptr) object += "\"to\":\"" + to->hex() + "\",";
    return object + "\"data\":\"" + to_hex(data) + "\"}";
}

std::uint64_t quantity(const rapidjson::Value& value) {
    if (!value.IsString()) throw Failure("bad_answer", "the node answered what is not a quantity");
    return need(Amount::parse_quantity({value.GetString(), value.GetStringLength()})).to_u64();
}

Error error_of(const rapidjson::Value& error) {
    const auto message = text_or_empty(error, "message");
    const auto data = text_or_empty(error, "data");
    if (data.empty()) return {"rpc", message};
    auto bytes = from_hex(data);
    return {"reverted", bytes ? describe_revert(*bytes) : message};
}

/// What comes after "the transaction 0x...": receipts do not carry the error.
std::string why_reverted(const rapidjson::Value& receipt, std::uint64_t gas_limit) {
    const auto used = need(Amount::parse_quantity(text_of(receipt, "gasUsed"))).to_u64();
    return ran_out_of_gas(used, gas_limit)
               ? " ran out of gas: it costs more than when it was estimated; nothing was done, try again"
               : " was mined, but reverted";
}

}  // namespace

rapidjson::Document ChainClient::rpc(const std::string& method, const std::string& parameters) const {
    const auto body =
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":" + json_text(method) + ",\"params\":" + parameters + "}";
    const auto answer = endpoint_.request("POST", "", {{"Content-Type", "application/json"}}, body);
    auto document = parse_json(answer.body, endpoint_.url());
    if (!document.IsObject()) throw Failure("bad_answer", endpoint_.url() + " does not speak JSON-RPC");
    if (const auto error = document.FindMember("error"); error != document.MemberEnd())
        throw Failure(error_of(error->value));
    if (!document.HasMember("result"))
        throw Failure("rpc",
                      endpoint_.url() + " answered " + std::to_string(answer.status) + " without a result");
    return document;
}

std::uint64_t ChainClient::chain_id() const {
    const auto answer = rpc("eth_chainId", "[]");
    return quantity(answer["result"]);
}

Timestamp ChainClient::pending_time() const {
    const auto answer = rpc("eth_getBlockByNumber", "[\"pending\",false]");
    return {need(Amount::parse_quantity(text_of(answer["result"], "timestamp"))).to_u64()};
}

Bytes ChainClient::call(const Address& to, ByteView calldata) const {
    const auto answer = rpc("eth_call", "[" + call_object(nullptr, &to, calldata) + ",\"pending\"]");
    return need(from_hex(text_of(answer, "result")));
}

Order ChainClient::order(OrderId id) const {
    auto order = need(calls::decode_order(call(contracts_.market, calls::market::get(id))));
    if (order.status == OrderStatus::none)
        throw Failure("not_found", "there is no order " + std::to_string(id.value));
    return order;
}

std::optional<Provider> ChainClient::find_provider(const Address& address) const {
    auto provider = need(calls::decode_provider(call(contracts_.registry, calls::registry::get(address))));
    if (provider.status == ProviderStatus::none) return std::nullopt;
    return provider;
}

Provider ChainClient::provider(const Address& address) const {
    auto provider = find_provider(address);
    if (!provider) throw Failure("not_found", address.checksummed() + " is no registered provider");
    return std::move(*provider);
}

Amount ChainClient::token_balance(const Address& account) const {
    return need(calls::decode_amount(call(contracts_.token, calls::token::balance_of(account))));
}

Amount ChainClient::credit_balance(const Address& account) const {
    return need(calls::decode_amount(call(contracts_.credit, calls::credit::balance_of(account))));
}

ChainClient::Mined ChainClient::transact(const PrivateKey& key, const Address& to,
                                         const Bytes& calldata) const {
    Transaction transaction;
    transaction.to = to;
    transaction.data = calldata;
    transaction.nonce = transactions_of(key.address(), true);
    return send(key, std::move(transaction));
}

ChainClient::Mined ChainClient::create(const PrivateKey& key, std::uint64_t nonce, const Bytes& code) const {
    Transaction transaction;
    transaction.data = code;
    transaction.nonce = nonce;
    return send(key, std::move(transaction));
}

std::uint64_t ChainClient::transactions_of(const Address& account, bool pending) const {
    const auto answer = rpc("eth_getTransactionCount",
                            "[\"" + account.hex() + "\",\"" + (pending ? "pending" : "latest") + "\"]");
    return quantity(answer["result"]);
}

Bytes ChainClient::code(const Address& address) const {
    return need(
        chain::from_hex(text_of(rpc("eth_getCode", "[\"" + address.hex() + "\",\"latest\"]"), "result")));
}

void ChainClient::set_fee(Transaction& transaction) const {
    const auto latest = rpc("eth_getBlockByNumber", "[\"latest\",false]");
    const auto amount = [](const rapidjson::Document& answer, const char* what) {
        return need(Amount::parse_quantity(text_of(answer, what)));
    };
    const auto base = text_or_empty(latest["result"], "baseFeePerGas");
    if (base.empty()) {  // a network from before EIP-1559
        transaction.type = TransactionType::legacy;
        transaction.max_fee = amount(rpc("eth_gasPrice", "[]"), "result");
        return;
    }
    transaction.max_priority_fee = amount(rpc("eth_maxPriorityFeePerGas", "[]"), "result");
    // Good for six full blocks, each of which may raise the base fee by an eighth.
    transaction.max_fee = need(Amount::parse_quantity(base)) * Amount{2} + transaction.max_priority_fee;
}

GasAccount ChainClient::gas_account(const Address& account) const {
    Transaction transaction;
    set_fee(transaction);
    const auto balance = rpc("eth_getBalance", "[\"" + account.hex() + "\",\"latest\"]");
    return {account, need(Amount::parse_quantity(text_of(balance, "result"))), transaction.max_fee};
}

ChainClient::Mined ChainClient::send(const PrivateKey& key, Transaction transaction) const {
    const auto from = key.address();
    const Address* to = transaction.to ? &*transaction.to : nullptr;
    const auto estimate = rpc("eth_estimateGas", "[" + call_object(&from, to, transaction.data) + "]");
    const std::uint64_t gas = quantity(estimate["result"]);
    // What a call costs changes with the state; what a creation costs hardly does.
    transaction.gas_limit = to != nullptr ? chain::gas_limit_for(gas) : gas + gas / 16;
    transaction.chain_id = chain_id();
    set_fee(transaction);
    const auto signed_transaction = sign(transaction, key);
    const auto sent = rpc("eth_sendRawTransaction", "[\"" + to_hex(signed_transaction.raw) + "\"]");
    return wait_mined(need(Hash::parse(text_of(sent, "result"))), transaction.gas_limit);
}

ChainClient::Mined ChainClient::wait_mined(const Hash& hash, std::uint64_t gas_limit) const {
    const auto deadline = std::chrono::steady_clock::now() + kMiningTimeout;
    for (auto pause = std::chrono::milliseconds(5);;
         pause = std::min(pause * 2, std::chrono::milliseconds(1000))) {
        const auto answer = rpc("eth_getTransactionReceipt", "[\"" + hash.hex() + "\"]");
        const auto& receipt = answer["result"];
        if (receipt.IsObject()) {
            if (text_of(receipt, "status") != "0x1")
                throw Failure("reverted", "the transaction " + hash.hex() + why_reverted(receipt, gas_limit));
            Mined mined{hash, need(Amount::parse_quantity(text_of(receipt, "blockNumber"))).to_u64(), {}};
            for (const auto& entry : receipt["logs"].GetArray()) {
                Log log{need(Address::parse(text_of(entry, "address"))),
                        {},
                        need(from_hex(text_of(entry, "data")))};
                for (const auto& topic : entry["topics"].GetArray())
                    log.topics.push_back(need(Hash::parse({topic.GetString(), topic.GetStringLength()})));
                mined.logs.push_back(std::move(log));
            }
            return mined;
        }
        if (std::chrono::steady_clock::now() > deadline)
            throw Failure("timeout", "the transaction " + hash.hex() + " was sent, but is not mined yet");
        std::this_thread::sleep_for(pause);
    }
}

}  // namespace grid::cli
