#include "chain/rpc/filters.hpp"
#include "chain/rpc/subscriptions.hpp"
#include "rpc_fixture.hpp"

using namespace grid;
using namespace grid::chain;
using grid::chain::test::kToken;
using grid::chain::test::quoted;
using grid::chain::test::raw_of;
using grid::chain::test::RpcFixture;

namespace {

struct News : RpcFixture {
    std::string filter(const std::string& method, const std::string& params = "[]") {
        return text(method, params);
    }
    /// What eth_getFilterChanges answers.
    rapidjson::Document changes(const std::string& id) {
        return call("eth_getFilterChanges", "[" + quoted(id) + "]");
    }
    std::vector<std::string> hashes(const std::string& id) {
        const auto reply = changes(id);
        REQUIRE(reply.HasMember("result"));
        std::vector<std::string> found;
        for (const auto& hash : reply["result"].GetArray()) found.emplace_back(hash.GetString());
        return found;
    }
    std::string transfer_now(std::uint64_t nonce) {
        return text("eth_sendRawTransaction", raw_of(transfer(nonce), alice));
    }
    std::string head_hash() const { return ledger->head()->hash.hex(); }
};

/// A connection that keeps what is pushed to it.
struct Peer {
    News& node;
    std::vector<std::shared_ptr<const std::string>> pushed = {};
    bool lags = false;
    std::shared_ptr<rpc::Session> session =
        node.server->connect([this](std::shared_ptr<const std::string> notification) {
            pushed.push_back(std::move(notification));
            return !lags;
        });

    std::string raw(const std::string& method, const std::string& params) {
        std::string reply;
        session->handle(R"({"jsonrpc":"2.0","id":1,"method":")" + method + R"(","params":)" + params + "}",
                        [&](rpc::Response response) { reply = std::move(response.body); });
        node.produce();
        return reply;
    }
    std::string subscribe(const std::string& params) {
        rapidjson::Document reply;
        reply.Parse(raw("eth_subscribe", params).c_str());
        REQUIRE(reply.HasMember("result"));
        return reply["result"].GetString();
    }
    rapidjson::Document take(std::size_t position) const {
        REQUIRE(position < pushed.size());
        rapidjson::Document document;
        document.Parse(pushed[position]->c_str());
        REQUIRE_FALSE(document.HasParseError());
        return document;
    }
};

}  // namespace

TEST_CASE("a filter of blocks answers the hashes since the last poll", "[rpc][filters]") {
    News f;
    f.transfer_now(0);
    const std::string id = f.filter("eth_newBlockFilter");
    CHECK(f.hashes(id).empty());
    f.transfer_now(1);
    const std::string second = f.head_hash();
    f.transfer_now(2);
    CHECK(f.hashes(id) == std::vector<std::string>{second, f.head_hash()});
    CHECK(f.hashes(id).empty());
}

TEST_CASE("a filter of logs sees new ones only; getFilterLogs answers its whole range", "[rpc][filters]") {
    News f;
    f.transfer_now(0);
    const std::string all =
        f.filter("eth_newFilter", R"([{"fromBlock":"0x0","address":)" + quoted(kToken) + "}]");
    const std::string to_nobody =
        f.filter("eth_newFilter", R"([{"topics":[null,null,)" + quoted(f.bob.address().word().hex()) + "]}]");
    const std::string bounded = f.filter("eth_newFilter", R"([{"fromBlock":"0x2","toBlock":"0x2"}])");
    CHECK(f.changes(all)["result"].Empty());
    CHECK(f.call("eth_getFilterLogs", "[" + quoted(all) + "]")["result"].Size() == 1);
    f.transfer_now(1);
    f.transfer_now(2);
    const auto changes = f.changes(all);
    REQUIRE(changes["result"].Size() == 2);
    CHECK(std::string(changes["result"][0]["blockNumber"].GetString()) == "0x2");
    CHECK(std::string(changes["result"][1]["blockHash"].GetString()) == f.head_hash());
    CHECK(changes["result"][0]["removed"].IsFalse());
    CHECK(f.changes(all)["result"].Empty());
    CHECK(f.call("eth_getFilterLogs", "[" + quoted(all) + "]")["result"].Size() == 3);
    CHECK(f.changes(to_nobody)["result"].Empty());
    CHECK(f.changes(bounded)["result"].Size() == 1);
}

TEST_CASE("a filter of pending transactions tells each once, whether it waits or not", "[rpc][filters]") {
    News f;
    const std::string id = f.filter("eth_newPendingTransactionFilter");
    const std::string mined = f.transfer_now(0);
    CHECK(f.hashes(id) == std::vector<std::string>{mined});
    const std::string waiting = f.transfer_now(2);
    CHECK(f.hashes(id) == std::vector<std::string>{waiting});
    const std::string between = f.transfer_now(1);
    CHECK(f.ledger->nonce(f.alice.address(), false) == 3);
    CHECK(f.hashes(id) == std::vector<std::string>{between});
}

TEST_CASE("filters end: by name, after five minutes without a poll, and there are only so many",
          "[rpc][filters]") {
    News f;
    const std::string id = f.filter("eth_newBlockFilter");
    const std::string kept = f.filter("eth_newBlockFilter");
    CHECK(f.call("eth_uninstallFilter", "[" + quoted(id) + "]")["result"].IsTrue());
    CHECK(f.call("eth_uninstallFilter", "[" + quoted(id) + "]")["result"].IsFalse());
    CHECK(f.error_message("eth_getFilterChanges", "[" + quoted(id) + "]").find("filter not found") == 0);
    CHECK(f.error("eth_getFilterChanges", "[" + quoted(id) + "]") == -32000);
    CHECK(f.error("eth_getFilterLogs", "[" + quoted(kept) + "]") == -32000);
    CHECK(f.error("eth_getFilterChanges", "[7]") == -32602);
    f.wall = f.wall + rpc::Filters::kLifetime;
    CHECK(f.hashes(kept).empty());
    f.wall = f.wall + rpc::Filters::kLifetime;
    CHECK(f.hashes(kept).empty());
    f.wall = f.wall + rpc::Filters::kLifetime + Seconds{1};
    CHECK(f.error("eth_getFilterChanges", "[" + quoted(kept) + "]") == -32000);

    for (std::size_t i = 0; i < rpc::Filters::kMax; ++i) f.filter("eth_newBlockFilter");
    const auto refused = f.call("eth_newBlockFilter");
    CHECK(refused["error"]["code"].GetInt() == -32005);
    CHECK(std::string(refused["error"]["message"].GetString()).find("limit exceeded") == 0);
    f.wall = f.wall + rpc::Filters::kLifetime + Seconds{1};
    f.filter("eth_newBlockFilter");  // those that nobody polled made room
}

TEST_CASE("bad filters are refused", "[rpc][filters]") {
    News f;
    for (const char* bad :
         {"[]", "[7]", R"([{"fromBlock":"0x3","toBlock":"0x1"}])", R"([{"address":"0x12"}])",
          R"([{"topics":"x"}])",
          R"([{"blockHash":"0x0000000000000000000000000000000000000000000000000000000000000000"}])"}) {
        INFO(bad);
        CHECK(f.error("eth_newFilter", bad) == -32602);
    }
}

TEST_CASE("over HTTP there are no subscriptions", "[rpc][subscriptions]") {
    News f;
    CHECK(f.error("eth_subscribe", R"(["newHeads"])") == -32001);
    CHECK(f.error("eth_unsubscribe", R"(["0x1"])") == -32001);
    CHECK(f.error_message("eth_subscribe", R"(["newHeads"])").find("notifications not supported") == 0);
}

TEST_CASE("the name of an unknown subscription is cut between its characters", "[rpc][subscriptions]") {
    News f;
    Peer peer{f};
    for (std::size_t before = 95; before <= 101; ++before) {
        const std::string name = std::string(before, 'x') + "\u1e46\u1e46\u1e46";
        rapidjson::Document reply;
        reply.Parse<rapidjson::kParseValidateEncodingFlag>(
            peer.raw("eth_subscribe", "[\"" + name + "\"]").c_str());
        REQUIRE_FALSE(reply.HasParseError());
        CHECK(reply["error"]["code"].GetInt() == -32601);
    }
}

TEST_CASE("new heads are pushed as the specification writes them", "[rpc][subscriptions]") {
    News f;
    Peer peer{f};
    const std::string id = peer.subscribe(R"(["newHeads"])");
    f.transfer_now(0);
    REQUIRE(peer.pushed.size() == 1);
    const BlockHeader& header = f.ledger->head()->block.header;
    const std::string zeros(64, '0');
    CHECK(
        *peer.pushed[0] ==
        R"({"jsonrpc":"2.0","method":"eth_subscription","params":{"subscription":")" + id +
            R"(","result":{"number":"0x1","hash":")" + f.head_hash() +
            R"(","nonce":"0x0000000000000000","timestamp":"0x7d0","parentHash":")" + header.parent.hex() +
            R"(","sha3Uncles":"0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347",)" +
            R"("miner":"0x0000000000000000000000000000000000000000","stateRoot":")" +
            header.state_commitment.hex() + R"(","transactionsRoot":")" + header.transactions_root.hex() +
            R"(","receiptsRoot":")" + header.receipts_root.hex() + R"(","logsBloom":"0x)" +
            std::string(512, 'f') +
            R"(","difficulty":"0x0","gasLimit":"0x1c9c380","gasUsed":"0x0","extraData":"0x","mixHash":"0x)" +
            zeros + R"(","baseFeePerGas":"0x0"}}})");
    CHECK(peer.raw("eth_unsubscribe", "[" + quoted(id) + "]") == R"({"jsonrpc":"2.0","id":1,"result":true})");
    f.transfer_now(1);
    CHECK(peer.pushed.size() == 1);
}

TEST_CASE("logs are pushed to those whose filter they match, written once for all", "[rpc][subscriptions]") {
    News f;
    Peer first{f};
    Peer second{f};
    Peer other{f};
    const std::string filter = R"(["logs",{"address":)" + quoted(kToken) + R"(,"topics":[null,)" +
                               quoted(f.alice.address().word().hex()) + "]}]";
    const std::string id = first.subscribe(filter);
    second.subscribe(filter);
    other.subscribe(R"(["logs",{"topics":[null,)" + quoted(f.bob.address().word().hex()) + "]}]");
    f.transfer_now(0);
    REQUIRE(first.pushed.size() == 1);
    REQUIRE(second.pushed.size() == 1);
    CHECK(first.pushed[0] == second.pushed[0]);  // the same text, not an equal one
    CHECK(other.pushed.empty());
    const auto notification = first.take(0);
    CHECK(std::string(notification["params"]["subscription"].GetString()) == id);
    CHECK(std::string(notification["params"]["result"]["blockHash"].GetString()) == f.head_hash());
    // The same again is another subscription.
    const std::string again = first.subscribe(filter);
    CHECK(again != id);
    f.transfer_now(1);
    CHECK(first.pushed.size() == 3);
    CHECK(second.pushed.size() == 2);
}

TEST_CASE("pending transactions are pushed once, by hash or whole", "[rpc][subscriptions]") {
    News f;
    Peer hashes{f};
    Peer bodies{f};
    hashes.subscribe(R"(["newPendingTransactions"])");
    bodies.subscribe(R"(["newPendingTransactions",true])");
    const std::string waiting = f.transfer_now(1);
    REQUIRE(hashes.pushed.size() == 1);
    CHECK(std::string(hashes.take(0)["params"]["result"].GetString()) == waiting);
    const std::string before = f.transfer_now(0);
    REQUIRE(hashes.pushed.size() == 2);
    CHECK(std::string(hashes.take(1)["params"]["result"].GetString()) == before);
    REQUIRE(bodies.pushed.size() == 2);
    CHECK(std::string(bodies.take(0)["params"]["result"]["hash"].GetString()) == waiting);
    CHECK(bodies.take(1)["params"]["result"]["blockHash"].IsNull());
}

TEST_CASE("subscriptions end with their connection, when it lags, and are bounded", "[rpc][subscriptions]") {
    News f;
    Peer stays{f};
    stays.subscribe(R"(["newHeads"])");
    {
        Peer goes{f};
        goes.subscribe(R"(["newHeads"])");
        goes.session.reset();
        f.transfer_now(0);
        CHECK(goes.pushed.empty());
    }
    Peer slow{f};
    slow.subscribe(R"(["newHeads"])");
    slow.lags = true;
    f.transfer_now(1);
    f.transfer_now(2);
    CHECK(slow.pushed.size() == 1);
    CHECK(stays.pushed.size() == 3);

    Peer greedy{f};
    for (std::size_t i = 0; i < rpc::Subscriptions::kMaxPerSession; ++i) greedy.subscribe(R"(["newHeads"])");
    CHECK(greedy.raw("eth_subscribe", R"(["newHeads"])").find("-32005") != std::string::npos);
    CHECK(greedy.raw("eth_subscribe", R"(["newSomething"])").find("-32601") != std::string::npos);
    CHECK(greedy.raw("eth_unsubscribe", R"(["0x1"])").find("subscription not found") != std::string::npos);
    CHECK(greedy.raw("eth_chainId", "[]") == R"({"jsonrpc":"2.0","id":1,"result":"0x1287"})");
}

TEST_CASE("a notification never comes before the reply that names its subscription", "[rpc][subscriptions]") {
    News f;
    std::vector<std::string> order;
    const auto session = f.server->connect([&](std::shared_ptr<const std::string>) {
        order.emplace_back("notification");
        return true;
    });
    // The batch is answered when its transaction is durable: its block is already news by then.
    session->handle(R"([{"jsonrpc":"2.0","id":1,"method":"eth_subscribe","params":["newHeads"]},
        {"jsonrpc":"2.0","id":2,"method":"eth_sendRawTransaction","params":)" +
                        raw_of(f.transfer(0), f.alice) + "}]",
                    [&](rpc::Response) { order.emplace_back("reply"); });
    CHECK(order.empty());
    f.produce();
    CHECK(order == std::vector<std::string>{"reply", "notification"});
}
