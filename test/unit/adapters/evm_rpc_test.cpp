// What a stranger's node may answer: none of it may end the process or become a fact.
#include <catch2/catch.hpp>

#include "adapters/chain_evm/retry_after.hpp"
#include "adapters/chain_evm/rpc_pool.hpp"
#include "support/fake_evm_node.hpp"

using namespace grid;
using namespace grid::adapters::evm;
using namespace std::chrono_literals;
using test::FakeEvmNode;

namespace {

/// A clock that the test moves.
struct Time {
    std::shared_ptr<std::chrono::steady_clock::time_point> now =
        std::make_shared<std::chrono::steady_clock::time_point>(std::chrono::hours(1));
    void pass(std::chrono::milliseconds time) const { *now += time; }
    RpcPool::Options options() const {
        RpcPool::Options options;
        options.chain_id = 31337;
        options.patience = 150ms;
        options.now = [now = now] { return *now; };
        return options;
    }
};

const RpcCall kHeight{"eth_blockNumber"};

std::uint64_t height(RpcPool& pool) {
    const auto value = pool.ask(kHeight);
    INFO((value ? "" : value.error().message));
    REQUIRE(value);
    RpcValue held = *value;
    return *read_number(*held, "height");
}

std::string code_of(RpcPool& pool) {
    const auto value = pool.ask(kHeight);
    return value ? "answered" : value.error().code;
}

}  // namespace

TEST_CASE("replies of a batch are sorted by id, whatever their order") {
    const auto replies = decode(R"([{"jsonrpc":"2.0","id":1,"result":"0x1"},
        {"jsonrpc":"2.0","id":0,"error":{"code":3,"message":"execution reverted","data":"0xaabb"}}])",
                                2);
    REQUIRE(replies);
    const auto& error = std::get<RpcError>((*replies)[0]);
    CHECK(error.code == 3);
    CHECK(error.data == chain::Bytes{0xaa, 0xbb});
    auto value = std::get<RpcValue>((*replies)[1]);
    CHECK(*read_number(*value, "n") == 1);
}

TEST_CASE("a reply that is not exactly what was asked is refused") {
    const std::string ok = R"({"jsonrpc":"2.0","id":0,"result":"0x1"})";
    REQUIRE(decode(ok, 1));
    const std::vector<std::string> bad{
        "",
        "null",
        "7",
        "\"0x1\"",
        "[]",
        "[1]",
        "<html>busy</html>",
        ok.substr(0, ok.size() - 1),
        ok.substr(0, 12),
        ok + ok,
        std::string("{}\0{}", 5),
        R"({"id":0,"result":"0x1"})",
        R"({"jsonrpc":"1.0","id":0,"result":"0x1"})",
        R"({"jsonrpc":2.0,"id":0,"result":"0x1"})",
        R"({"jsonrpc":"2.0","result":"0x1"})",
        R"({"jsonrpc":"2.0","id":null,"result":"0x1"})",
        R"({"jsonrpc":"2.0","id":1,"result":"0x1"})",
        R"({"jsonrpc":"2.0","id":"0","result":"0x1"})",
        R"({"jsonrpc":"2.0","id":-1,"result":"0x1"})",
        R"({"jsonrpc":"2.0","id":0.5,"result":"0x1"})",
        R"({"jsonrpc":"2.0","id":0})",
        R"({"jsonrpc":"2.0","id":0,"error":"no"})",
        R"({"jsonrpc":"2.0","id":0,"error":{"message":"no"}})",
        R"({"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"batches are not allowed"}})",
        "[" + ok + "," + ok + "]",
        "{\"jsonrpc\":\"2.0\",\"id\":0,\"result\":\"\xff\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":0,\"result\":" + std::string(100'000, '['),
    };
    for (const auto& body : bad) {
        CAPTURE(body.substr(0, 120));
        const auto replies = decode(body, 1);
        REQUIRE_FALSE(replies);
        CHECK(replies.error().code == "bad_reply");
    }
    CHECK_FALSE(decode("[" + ok + "]", 2));
    // Whoever walks through values takes stack for each level.
    const auto nested = [](std::size_t levels) {
        return "{\"jsonrpc\":\"2.0\",\"id\":0,\"result\":" + std::string(levels - 1, '[') +
               std::string(levels - 1, ']') + "}";
    };
    CHECK(decode(nested(kMaxDepth), 1));
    CHECK_FALSE(decode(nested(kMaxDepth + 1), 1));
    CHECK_FALSE(decode(nested(100'000), 1));
}

TEST_CASE("facts with a member missing, of another type or out of range are refused") {
    const auto header_of = [](const std::string& result) {
        const auto replies = decode(R"({"jsonrpc":"2.0","id":0,"result":)" + result + "}", 1);
        REQUIRE(replies);
        return read_header(replies->front());
    };
    const std::string hash(64, 'a');
    const auto block = [&](const std::string& number, const std::string& id, const std::string& time) {
        return "{\"number\":" + number + ",\"hash\":" + id + R"(,"parentHash":"0x)" + hash +
               "\",\"timestamp\":" + time + "}";
    };
    const std::string good_hash = "\"0x" + hash + "\"";
    CHECK(header_of(block("\"0x5\"", good_hash, "\"0x6\"")));
    CHECK(header_of("null").error().code == "unavailable");
    for (const auto& bad :
         {std::string("[]"), std::string("\"0x5\""), std::string("{}"), block("5", good_hash, "\"0x6\""),
          block("\"0x05\"", good_hash, "\"0x6\""), block("\"5\"", good_hash, "\"0x6\""),
          block("\"0x10000000000000000\"", good_hash, "\"0x6\""), block("null", good_hash, "\"0x6\""),
          block("\"0x5\"", "\"0xaa\"", "\"0x6\""), block("\"0x5\"", good_hash, "true")}) {
        CAPTURE(bad);
        const auto header = header_of(bad);
        REQUIRE_FALSE(header);
        CHECK(header.error().code == "bad_reply");
    }
    const auto receipt_of_status = [&](const std::string& status) {
        const auto replies =
            decode(R"({"jsonrpc":"2.0","id":0,"result":{"blockHash":"0x)" + hash + R"(","blockNumber":"0x1",
            "transactionHash":"0x)" +
                       hash + R"(","gasUsed":"0x5208","logs":[],"status":)" + status + "}}",
                   1);
        REQUIRE(replies);
        return read_receipt(replies->front());
    };
    CHECK((*receipt_of_status("\"0x1\""))->receipt.success);
    CHECK_FALSE((*receipt_of_status("\"0x0\""))->receipt.success);
    CHECK_FALSE(receipt_of_status("\"0x2\""));
    CHECK_FALSE(receipt_of_status("1"));
    CHECK_FALSE(receipt_of_status("null"));
}

TEST_CASE("whatever a node sends instead of a reply is unavailable, and the next node is asked") {
    const Time time;
    FakeEvmNode broken;
    FakeEvmNode sound;
    sound.grow(4, "main");
    const std::string reply = R"({"jsonrpc":"2.0","id":0,"result":"0x9"})";
    const auto full = FakeEvmNode::http(reply);
    const std::vector<std::string> faults{
        "",
        "HTTP/1.1 200 OK\r\n",
        "no HTTP\r\n\r\n",
        full.substr(0, full.size() - 5),
        FakeEvmNode::http("not JSON"),
        FakeEvmNode::http(reply.substr(0, 20)),
        FakeEvmNode::http(reply),  // the chain id was asked with it, and there is no reply to that
        FakeEvmNode::http("", "500 Internal Server Error"),
        FakeEvmNode::http(reply, "503 Service Unavailable"),
        FakeEvmNode::http("slow down", "429 Too Many Requests", "Retry-After: 7\r\n"),
        FakeEvmNode::http("", "302 Found", "Location: http://127.0.0.1/\r\n"),
    };
    for (const auto& fault : faults) {
        CAPTURE(fault);
        broken.say(fault);
        RpcPool alone({broken.endpoint()}, time.options());
        CHECK(code_of(alone) == "unavailable");
        RpcPool both({broken.endpoint(), sound.endpoint()}, time.options());
        CHECK(height(both) == 4);
    }
}

TEST_CASE("a node that does not answer in time, or refuses connections, is unavailable") {
    const Time time;
    test::ScriptedServer silent(
        [](const std::string&, int connection) { test::ScriptedServer::wait_for_close(connection); });
    RpcPool pool({*Endpoint::at("http://127.0.0.1:" + std::to_string(silent.port()))}, time.options());
    CHECK(code_of(pool) == "unavailable");
    std::uint16_t closed = 0;
    {
        const test::ScriptedServer gone([](const std::string&, int) {});
        closed = gone.port();
    }
    RpcPool nobody({*Endpoint::at("http://127.0.0.1:" + std::to_string(closed))}, time.options());
    CHECK(code_of(nobody) == "unavailable");
}

TEST_CASE("a node that failed is left alone for a while, longer each time") {
    const Time time;
    FakeEvmNode node;
    RpcPool pool({node.endpoint()}, time.options());
    CHECK(height(pool) == 0);
    node.say(FakeEvmNode::http("", "500 Oops"));
    const auto requests = [&] { return node.requests(); };
    const auto before = requests();
    CHECK(code_of(pool) == "unavailable");
    CHECK(code_of(pool) == "unavailable");
    CHECK(requests() == before + 1);
    time.pass(250ms);
    CHECK(code_of(pool) == "unavailable");
    CHECK(requests() == before + 2);
    time.pass(499ms);
    CHECK(code_of(pool) == "unavailable");
    CHECK(requests() == before + 2);
    node.say({});
    time.pass(1ms);
    CHECK(height(pool) == 0);
}

TEST_CASE("Retry-After is honoured") {
    const Time time;
    FakeEvmNode node;
    RpcPool pool({node.endpoint()}, time.options());
    for (const std::string header :
         {"Retry-After: 30\r\n",
          "Retry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\nDate: Sun, 06 Nov 1994 08:49:07 GMT\r\n"}) {
        node.say(FakeEvmNode::http("", "429 Too Many Requests", header));
        CHECK(code_of(pool) == "unavailable");
        const auto before = node.requests();
        node.say({});
        time.pass(29'999ms);
        CHECK(code_of(pool) == "unavailable");
        CHECK(node.requests() == before);
        time.pass(1ms);
        CHECK(height(pool) == 0);
    }
}

TEST_CASE("Retry-After is seconds or a date in any of HTTP's three forms (RFC 9110, 5.6.7)") {
    // The RFC's own example.
    const std::chrono::sys_seconds now{std::chrono::sys_days{std::chrono::November / 6 / 1994} + 8h + 49min};
    const std::vector<std::pair<std::string, std::optional<std::chrono::seconds>>> rows{
        {"0", 0s},
        {"120", 120s},
        {"Sun, 06 Nov 1994 08:49:37 GMT", 37s},
        {"Sunday, 06-Nov-94 08:49:37 GMT", 37s},
        {"Sun Nov  6 08:49:37 1994", 37s},
        {"Sun Nov 06 08:49:37 1994", 37s},
        {"Mon, 07 Nov 1994 08:49:00 GMT", 24h},
        {"Sun, 06 Nov 1994 08:48:37 GMT", 0s},   // has passed
        {"Friday, 31-Dec-76 23:59:59 GMT", 0s},  // 1976, not 2076
        {"Sat, 31 Dec 1994 23:59:60 GMT", std::chrono::sys_days{std::chrono::January / 1 / 1995} - now},
        {"", {}},
        {"-1", {}},
        {"1.5", {}},
        {"120 s", {}},
        {"soon", {}},
        {"99999999999999999999", {}},
        {"Sun, 06 Nov 1994 08:49:37", {}},
        {"Sun, 06 Nov 1994 08:49:37 CET", {}},
        {"Sun, 31 Feb 1994 08:49:37 GMT", {}},
        {"Sun, 06 Nov 1994 24:00:00 GMT", {}},
        {"Sun, 6 Nov 1994 08:49:37 GMT", {}},
        {"Sun, 06 nov 1994 08:49:37 GMT", {}},
        {"Sun Nov  6 08:49:37 1994 GMT", {}},
        {", ", {}},
        {"Sun,", {}},
    };
    for (const auto& [header, expected] : rows) {
        CAPTURE(header);
        CHECK(retry_after(header, "", now) == expected);
    }
    // By the server's own clock, however wrong.
    CHECK(retry_after("Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:07 GMT", now + 1000h) == 30s);
    CHECK(retry_after("Sun, 06 Nov 1994 08:49:37 GMT", "today", now) == 37s);
}

TEST_CASE("a node proves its chain id before it is believed, and again after an outage") {
    const Time time;
    FakeEvmNode node(1);
    RpcPool pool({node.endpoint()}, time.options());
    const auto refused = pool.ask(kHeight);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == "unavailable");
    CHECK(refused.error().message.find("chain 1, expected 31337") != std::string::npos);
    node.set_chain_id(31337);
    time.pass(1s);
    CHECK(height(pool) == 0);
    CHECK(height(pool) == 0);
    CHECK(node.asked()["eth_chainId"] == 2);  // not with every request
    node.say("");
    CHECK(code_of(pool) == "unavailable");
    node.say({});
    node.set_chain_id(5);
    time.pass(1s);
    CHECK(code_of(pool) == "unavailable");
}

TEST_CASE("calls beyond the size of a batch are asked in several requests") {
    const Time time;
    FakeEvmNode node;
    auto options = time.options();
    options.max_batch = 3;
    RpcPool pool({node.endpoint()}, options);
    const auto replies = pool.ask(std::vector<RpcCall>(8, kHeight));
    REQUIRE(replies);
    CHECK(replies->size() == 8);
    CHECK(node.requests() == 3);
}

TEST_CASE("the URL of an endpoint may hold a key, which no message tells") {
    CHECK(Endpoint::at("ws://host"));
    CHECK_FALSE(Endpoint::at("ftp://host"));
    CHECK_FALSE(Endpoint::at("http://"));
    CHECK_FALSE(Endpoint::at("http://user:password@host/"));
    const auto endpoint = Endpoint::at("https://rpc.example.com/v3/SECRET?key=SECRET");
    REQUIRE(endpoint);
    CHECK(endpoint->name() == "https://rpc.example.com");
}
