#pragma once

#include <rapidjson/document.h>

#include <map>
#include <mutex>
#include <optional>
#include <set>

#include "adapters/chain_evm/endpoint.hpp"
#include "adapters/chain_evm/facts.hpp"
#include "chain/keccak.hpp"
#include "support/scripted_server.hpp"

namespace grid::test {

/// A node of an EVM network as far as the adapter sees one: blocks that the test makes, and faults that it
/// asks for.
class FakeEvmNode {
public:
    explicit FakeEvmNode(std::uint64_t chain_id = 31337) : chain_id_(chain_id) { grow(1, "main"); }

    adapters::evm::Endpoint endpoint() const {
        return *adapters::evm::Endpoint::at("http://127.0.0.1:" + std::to_string(server_.port()));
    }

    /// So many blocks more; blocks of different branches have different hashes.
    void grow(std::uint64_t count, const std::string& branch) {
        std::lock_guard lock(mutex_);
        for (std::uint64_t i = 0; i < count; ++i) {
            adapters::evm::Header header;
            header.number = blocks_.size();
            header.parent = blocks_.empty() ? chain::Hash{} : blocks_.back().hash;
            header.hash = chain::keccak256(branch + std::to_string(header.number) + header.parent.hex());
            header.time = {1'000'000 + header.number * 12};
            header.bloom = chain::Bytes(256, 0);
            blocks_.push_back(header);
        }
    }
    /// Takes the newest blocks back.
    void cut(std::uint64_t count) {
        std::lock_guard lock(mutex_);
        blocks_.resize(blocks_.size() - count);
    }
    /// A log of that address in every block from now on whose number can be divided by `every`; and the bloom
    /// for it.
    void log_every(std::uint64_t every, const chain::Address& emitter) {
        std::lock_guard lock(mutex_);
        log_every_ = every;
        emitter_ = emitter;
    }
    std::uint64_t height() const {
        std::lock_guard lock(mutex_);
        return blocks_.size() - 1;
    }
    chain::Hash hash(std::uint64_t number) const {
        std::lock_guard lock(mutex_);
        return blocks_.at(number).hash;
    }

    void set_chain_id(std::uint64_t id) {
        std::lock_guard lock(mutex_);
        chain_id_ = id;
    }
    /// Answers every request with exactly this text on the socket; none: as a node does.
    void say(std::optional<std::string> http) {
        std::lock_guard lock(mutex_);
        instead_ = std::move(http);
    }
    /// eth_getLogs over more blocks is refused.
    void limit_range(std::uint64_t blocks) {
        std::lock_guard lock(mutex_);
        range_limit_ = blocks;
    }
    /// Ranges are answered without logs, as by a node whose index lags.
    void forget_ranges(bool forget) {
        std::lock_guard lock(mutex_);
        forget_ranges_ = forget;
    }
    /// The methods that were asked, with how often.
    std::map<std::string, unsigned> asked() const {
        std::lock_guard lock(mutex_);
        return asked_;
    }
    std::size_t requests() const { return server_.requests().size(); }

    static std::string http(const std::string& body, const std::string& status = "200 OK",
                            const std::string& headers = "") {
        return "HTTP/1.1 " + status + "\r\n" + headers + "Content-Length: " + std::to_string(body.size()) +
               "\r\n\r\n" + body;
    }

private:
    using Value = rapidjson::Value;

    void answer(const std::string& request, int connection) {
        std::lock_guard lock(mutex_);
        if (instead_) return ScriptedServer::send(connection, *instead_);
        rapidjson::Document asked;
        asked.Parse(request.substr(request.find("\r\n\r\n") + 4).c_str());
        std::string body;
        if (asked.IsArray()) {
            // From the last to the first: a client must sort by id.
            for (rapidjson::SizeType i = asked.Size(); i-- > 0;)
                body += (body.empty() ? "" : ",") + one(asked[i]);
            body = "[" + body + "]";
        } else {
            body = one(asked);
        }
        ScriptedServer::send(connection, http(body));
    }

    std::string one(const Value& call) {
        const std::string method = call["method"].GetString();
        ++asked_[method];
        const auto result = call_result(method, call["params"]);
        return R"({"jsonrpc":"2.0","id":)" + std::to_string(call["id"].GetInt()) + "," +
               (result.starts_with("{\"code\"") ? "\"error\":" : "\"result\":") + result + "}";
    }

    std::string call_result(const std::string& method, const Value& params) {
        using adapters::evm::quantity;
        if (method == "eth_chainId") return "\"" + quantity(chain_id_) + "\"";
        if (method == "eth_blockNumber") return "\"" + quantity(blocks_.size() - 1) + "\"";
        if (method == "eth_getBlockByNumber") {
            const std::string which = params[0].GetString();
            const auto number = which == "latest" ? blocks_.size() - 1 : number_of(which);
            return number < blocks_.size() ? block_json(blocks_[number]) : "null";
        }
        if (method == "eth_getLogs") return logs(params[0]);
        return R"({"code":-32601,"message":"no such method"})";
    }

    static std::uint64_t number_of(const std::string& quantity) {
        return std::stoull(quantity.substr(2), nullptr, 16);
    }

    bool has_log(const adapters::evm::Header& header) const {
        return log_every_ != 0 && header.number % log_every_ == 0;
    }

    std::string block_json(adapters::evm::Header header) const {
        if (has_log(header)) {
            const auto digest = chain::keccak256(emitter_.view()).bytes;
            for (std::size_t i = 0; i < 6; i += 2) {
                const unsigned bit = (digest[i] << 8 | digest[i + 1]) & 2047u;
                header.bloom[255 - bit / 8] |= static_cast<std::uint8_t>(1 << (bit % 8));
            }
        }
        return R"({"number":")" + adapters::evm::quantity(header.number) + R"(","hash":")" +
               header.hash.hex() + R"(","parentHash":")" + header.parent.hex() + R"(","timestamp":")" +
               adapters::evm::quantity(header.time.seconds) + R"(","logsBloom":")" +
               chain::to_hex(header.bloom) + "\"}";
    }

    std::string log_json(const adapters::evm::Header& header) const {
        return R"({"address":")" + emitter_.hex() + R"(","topics":[")" + header.hash.hex() +
               R"("],"data":"0x","logIndex":"0x3","blockNumber":")" + adapters::evm::quantity(header.number) +
               R"(","blockHash":")" + header.hash.hex() + R"(","transactionHash":")" + header.hash.hex() +
               "\"}";
    }

    std::string logs(const Value& filter) const {
        std::string found;
        const auto add = [&](const adapters::evm::Header& header) {
            if (has_log(header)) found += (found.empty() ? "" : ",") + log_json(header);
        };
        if (filter.HasMember("blockHash")) {
            for (const auto& header : blocks_)
                if (header.hash.hex() == filter["blockHash"].GetString()) {
                    add(header);
                    return "[" + found + "]";
                }
            return R"({"code":-32000,"message":"unknown block"})";
        }
        const auto from = number_of(filter["fromBlock"].GetString());
        const auto to = number_of(filter["toBlock"].GetString());
        if (to - from + 1 > range_limit_) return R"({"code":-32005,"message":"range too wide"})";
        if (forget_ranges_) return "[]";
        for (auto number = from; number <= to && number < blocks_.size(); ++number) add(blocks_[number]);
        return "[" + found + "]";
    }

    mutable std::mutex mutex_;
    std::uint64_t chain_id_;
    std::vector<adapters::evm::Header> blocks_;
    std::uint64_t log_every_ = 0;
    chain::Address emitter_;
    std::optional<std::string> instead_;
    std::uint64_t range_limit_ = UINT64_MAX;
    bool forget_ranges_ = false;
    std::map<std::string, unsigned> asked_;
    ScriptedServer server_{
        [this](const std::string& request, int connection) { answer(request, connection); }};
};

}  // namespace grid::test
