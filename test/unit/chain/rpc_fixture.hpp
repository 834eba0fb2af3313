#pragma once

#include <rapidjson/document.h>

#include "chain/rpc/server.hpp"
#include "ledger_fixture.hpp"

/// A server over that ledger.
namespace grid::chain::test {

struct RpcFixture : LedgerFixture {
    std::unique_ptr<rpc::RpcServer> server =
        std::make_unique<rpc::RpcServer>(*ledger, [this] { return wall; });

    /// The reply to a body; produces blocks until it is there.
    std::string raw(const std::string& body) {
        std::string reply;
        int replies = 0;
        server->handle(body, [&](rpc::Response response) {
            reply = std::move(response.body);
            ++replies;
        });
        produce();
        REQUIRE(replies == 1);
        return reply;
    }

    rapidjson::Document json(const std::string& body) {
        rapidjson::Document document;
        const std::string reply = raw(body);
        document.Parse<rapidjson::kParseValidateEncodingFlag>(reply.c_str());
        INFO(reply);
        REQUIRE_FALSE(document.HasParseError());
        return document;
    }

    rapidjson::Document call(const std::string& method, const std::string& params = "[]") {
        return json(R"({"jsonrpc":"2.0","id":1,"method":")" + method + R"(","params":)" + params + "}");
    }

    /// The result, when it is a string.
    std::string text(const std::string& method, const std::string& params = "[]") {
        const auto reply = call(method, params);
        REQUIRE(reply.HasMember("result"));
        REQUIRE(reply["result"].IsString());
        return reply["result"].GetString();
    }

    int error(const std::string& method, const std::string& params = "[]") {
        const auto reply = call(method, params);
        return reply.HasMember("error") ? reply["error"]["code"].GetInt() : 0;
    }

    std::string error_message(const std::string& method, const std::string& params) {
        const auto reply = call(method, params);
        REQUIRE(reply.HasMember("error"));
        return reply["error"]["message"].GetString();
    }

    int error_of_body(const std::string& body) {
        const auto reply = json(body);
        REQUIRE(reply.IsObject());
        return reply.HasMember("error") ? reply["error"]["code"].GetInt() : 0;
    }
};

inline std::string quoted(const std::string& text) {
    return "\"" + text + "\"";
}

inline std::string raw_of(const Transaction& transaction, const PrivateKey& key) {
    return "[" + quoted(to_hex(sign(transaction, key).raw)) + "]";
}

inline const std::string kToken = embedded_addresses().token.hex();

}  // namespace grid::chain::test
