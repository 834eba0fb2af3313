#include "adapters/chain_evm/stranger_rpc.hpp"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <array>
#include <utility>

#include "adapters/chain_evm/facts.hpp"
#include "chain/json_nesting.hpp"
#include "chain/transaction.hpp"

namespace grid::adapters::evm {
namespace {

constexpr unsigned kParseFlags = rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag;
constexpr std::array kPassedOn{"eth_blockNumber",
                               "eth_gasPrice",
                               "eth_maxPriorityFeePerGas",
                               "eth_feeHistory",
                               "eth_getBlockByNumber",
                               "eth_getBlockByHash",
                               "eth_getTransactionByHash",
                               "eth_getTransactionReceipt",
                               "eth_getTransactionCount",
                               "eth_getBalance",
                               "eth_getCode",
                               "eth_call",
                               "eth_estimateGas",
                               "eth_getLogs",
                               "eth_sendRawTransaction"};

std::string text_of(const rapidjson::Value& value) {
    rapidjson::StringBuffer buffer;
    rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
    value.Accept(writer);
    return {buffer.GetString(), buffer.GetSize()};
}

std::string error_text(const std::string& id, const RpcError& error) {
    return R"({"jsonrpc":"2.0","id":)" + id + R"(,"error":{"code":)" + std::to_string(error.code) +
           R"(,"message":)" + quoted(error.message) +
           (error.has_data ? ",\"data\":\"" + chain::to_hex(error.data) + "\"" : "") + "}}";
}

std::string result_text(const std::string& id, const std::string& result) {
    return R"({"jsonrpc":"2.0","id":)" + id + R"(,"result":)" + result + "}";
}

std::string refusal(std::int64_t code, std::string why) {
    return error_text("null", {code, std::move(why), {}, false});
}

RpcError mistake(std::string why, std::int64_t code = -32602) {
    return {code, std::move(why), {}, false};
}

// What nodes read of the objects that are passed on (execution-apis, and geth's names of old).
constexpr std::array kCallFields{
    "from", "to",    "gas",        "gasPrice", "maxFeePerGas", "maxPriorityFeePerGas", "value", "nonce",
    "data", "input", "accessList", "type",     "chainId"};
constexpr std::array kFilterFields{"address", "topics", "fromBlock", "toBlock", "blockHash"};

/// The first field that is not one of these, or comes a second time: nodes differ in which of two they take,
/// and some in the case of letters, so that what was looked at here would not be what is done there.
template <std::size_t N>
std::optional<RpcError> odd_field(const rapidjson::Value& object, const std::array<const char*, N>& known) {
    std::array<bool, N> seen{};
    for (const auto& member : object.GetObject()) {
        const std::string_view name(member.name.GetString(), member.name.GetStringLength());
        const auto at = static_cast<std::size_t>(std::find(known.begin(), known.end(), name) - known.begin());
        if (at == N)
            return mistake("params[0]: a field that is not passed on: " + std::string(name.substr(0, 64)));
        if (std::exchange(seen[at], true))
            return mistake("params[0]." + std::string(name) + ": it came twice");
    }
    return std::nullopt;
}

/// What is known without asking; empty when it is not.
std::string local(const std::string& method, std::uint64_t chain_id) {
    if (method == "eth_chainId") return "\"" + quantity(chain_id) + "\"";
    if (method == "net_version") return "\"" + std::to_string(chain_id) + "\"";
    if (method == "web3_clientVersion") return "\"grid/" GRID_VERSION " (passes on)\"";
    if (method == "eth_syncing") return "false";
    if (method == "eth_accounts") return "[]";
    return {};
}

std::string id_of(const rapidjson::Value& call) {
    if (!call.IsObject() || !call.HasMember("id")) return "null";
    const auto& id = call["id"];
    return id.IsString() || id.IsInt64() || id.IsUint64() ? text_of(id) : "null";
}

}  // namespace

StrangerRpc::StrangerRpc(RpcPool& pool, const chain::ContractAddresses& contracts, Options options)
    : pool_(pool),
      contracts_(contracts),
      options_(std::move(options)),
      allowance_(options_.burst),
      counted_at_(options_.now()) {}

bool StrangerRpc::handle(std::string body, Reply reply) {
    const std::shared_lock lock(open_mutex_);
    if (!open_) return false;
    if (body.size() > kMaxBody) {
        reply(refusal(-32600, "invalid request: expected at most " + std::to_string(kMaxBody) + " bytes"));
    } else if (waiting_ >= kMaxWaiting) {
        reply(refusal(-32005, "limit exceeded: too many requests wait for the network; try again"));
    } else {
        ++waiting_;
        workers_.run([this, self = shared_from_this(), body = std::move(body), reply = std::move(reply)] {
            reply(answer(body));
            --waiting_;
        });
    }
    return true;
}

void StrangerRpc::close() {
    {
        const std::unique_lock lock(open_mutex_);
        open_ = false;
    }
    workers_.close();
}

bool StrangerRpc::take(std::size_t calls) {
    std::lock_guard lock(mutex_);
    const auto now = options_.now();
    const std::chrono::duration<double> passed = now - counted_at_;
    counted_at_ = now;
    allowance_ = std::min(options_.burst, allowance_ + passed.count() * options_.calls_per_second);
    if (allowance_ < static_cast<double>(calls)) return false;
    allowance_ -= static_cast<double>(calls);
    return true;
}

bool StrangerRpc::concerns(const rapidjson::Value& address) const {
    if (!address.IsString()) return false;
    std::string lower(address.GetString(), address.GetStringLength());
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return std::tolower(c); });
    const auto parsed = chain::Address::parse(lower);
    return parsed && contracts_.contains(*parsed);
}

std::optional<RpcError> StrangerRpc::check_params(const std::string& method,
                                                  const rapidjson::Value& params) const {
    const auto* first = params.Empty() ? nullptr : &params[0];
    if (method == "eth_call" || method == "eth_estimateGas") {
        if (first == nullptr || !first->IsObject() || !first->HasMember("to") || !concerns((*first)["to"]))
            return mistake(
                "params[0].to: expected one of the market's contracts; ask an endpoint of the network for "
                "others");
        if (auto odd = odd_field(*first, kCallFields)) return odd;
        if (params.Size() > 2) return mistake("expected a call and a block, without overrides");
    } else if (method == "eth_getLogs") {
        if (first == nullptr || !first->IsObject() || !first->HasMember("address"))
            return mistake("params[0].address: expected the market's contracts");
        if (auto odd = odd_field(*first, kFilterFields)) return odd;
        const auto& address = (*first)["address"];
        const bool ours = address.IsArray()
                              ? !address.Empty() && std::all_of(address.Begin(), address.End(),
                                                                [this](const auto& a) { return concerns(a); })
                              : concerns(address);
        if (!ours) return mistake("params[0].address: expected the market's contracts and no others");
    } else if (method == "eth_sendRawTransaction") {
        const auto raw =
            first && first->IsString() ? chain::from_hex(first->GetString()) : fail("bad_hex", "no string");
        const auto decoded = raw ? chain::SignedTransaction::decode(*raw) : tl::unexpected(raw.error());
        if (!decoded) return mistake("params[0]: expected a signed transaction: " + decoded.error().message);
        if (decoded->transaction.chain_id != pool_.chain_id())
            return mistake("wrong chain id: expected " + std::to_string(pool_.chain_id()), -32000);
        if (!decoded->transaction.to || !contracts_.contains(*decoded->transaction.to))
            return mistake(
                "expected a transaction to one of the market's contracts; send others to the network itself");
    } else if (method == "eth_getBlockByNumber" || method == "eth_getBlockByHash") {
        if (params.Size() > 1 && !params[1].IsFalse())
            return mistake("params[1]: expected false (no transactions)");
    }
    return std::nullopt;
}

std::optional<RpcError> StrangerRpc::check(const rapidjson::Value& call) const {
    if (!call.IsObject() || !call.HasMember("jsonrpc") || !call["jsonrpc"].IsString() ||
        std::string_view(call["jsonrpc"].GetString()) != "2.0" || !call.HasMember("method") ||
        !call["method"].IsString())
        return mistake("invalid request: expected {jsonrpc: \"2.0\", id, method, params}", -32600);
    const std::string method(call["method"].GetString(), call["method"].GetStringLength());
    if (!local(method, 1).empty()) return std::nullopt;
    if (std::find(kPassedOn.begin(), kPassedOn.end(), method) == kPassedOn.end())
        return mistake("this node does not pass on " + method + "; ask an endpoint of the network", -32601);
    static const rapidjson::Value kNone(rapidjson::kArrayType);
    const auto& params = call.HasMember("params") ? call["params"] : kNone;
    if (!params.IsArray()) return mistake("params: expected an array");
    return check_params(method, params);
}

std::string StrangerRpc::answer(const std::string& body) {
    if (chain::nests_deeper(body, kMaxDepth))
        return refusal(-32600, "invalid request: nested deeper than " + std::to_string(kMaxDepth));
    rapidjson::Document document;
    document.Parse<kParseFlags>(body.data(), body.size());
    if (document.HasParseError() || body.find('\0') != std::string::npos)
        return refusal(-32700, "parse error: not JSON at byte " + std::to_string(document.GetErrorOffset()));
    const bool batch = document.IsArray();
    if (batch && (document.Empty() || document.Size() > kMaxBatch))
        return refusal(-32600, "invalid request: expected a batch of 1 to " + std::to_string(kMaxBatch));
    std::vector<const rapidjson::Value*> calls;
    if (batch)
        for (const auto& call : document.GetArray()) calls.push_back(&call);
    else
        calls.push_back(&document);
    std::vector<std::string> texts(calls.size());
    std::vector<RpcCall> passed_on;
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < calls.size(); ++i) {
        const auto& call = *calls[i];
        if (const auto wrong = check(call)) {
            texts[i] = error_text(id_of(call), *wrong);
            continue;
        }
        const std::string method = call["method"].GetString();
        if (const auto known = local(method, pool_.chain_id()); !known.empty()) {
            texts[i] = result_text(id_of(call), known);
            continue;
        }
        passed_on.push_back({method, call.HasMember("params") ? text_of(call["params"]) : "[]"});
        places.push_back(i);
    }
    if (!passed_on.empty()) {
        const auto replies =
            take(passed_on.size())
                ? pool_.ask(passed_on)
                : fail("limit", "limit exceeded: too many calls a second through this node; try again");
        for (std::size_t i = 0; i < places.size(); ++i) {
            const auto id = id_of(*calls[places[i]]);
            if (!replies) {
                texts[places[i]] = error_text(
                    id, mistake(replies.error().message, replies.error().code == "limit" ? -32005 : -32000));
            } else if (const auto* error = std::get_if<RpcError>(&(*replies)[i])) {
                texts[places[i]] = error_text(id, *error);
            } else {
                RpcValue value = std::get<RpcValue>((*replies)[i]);
                texts[places[i]] = result_text(id, text_of(*value));
            }
        }
    }
    if (!batch) return texts.front();
    std::string out;
    for (const auto& text : texts) out += (out.empty() ? "[" : ",") + text;
    return out + "]";
}

}  // namespace grid::adapters::evm
