#include "rpc_fixture.hpp"

using namespace grid;
using namespace grid::chain;
using grid::chain::test::account_key;
using grid::chain::test::kToken;
using grid::chain::test::quoted;
using grid::chain::test::raw_of;
using grid::chain::test::RpcFixture;

namespace {

struct Development : RpcFixture {
    std::string snapshot() { return text("evm_snapshot"); }
    bool revert(const std::string& id) {
        const auto reply = call("evm_revert", "[" + quoted(id) + "]");
        REQUIRE(reply.HasMember("result"));
        return reply["result"].GetBool();
    }
    std::string transfer_now(std::uint64_t nonce, std::uint64_t amount = 1) {
        return text("eth_sendRawTransaction", raw_of(transfer(nonce, amount), alice));
    }
};

}  // namespace

TEST_CASE("a revert takes back blocks, state, indexes and time, for good", "[rpc][development]") {
    Development f;
    const bool flushed = GENERATE(false, true);
    f.transfer_now(0, 5);
    const WriteSet before = f.ledger->rows();
    const Hash head = f.ledger->head()->hash;
    const std::string id = f.snapshot();
    f.text("evm_increaseTime", "[1000]");
    const std::string gone = f.transfer_now(1, 7);
    const std::string gone_block = f.ledger->head()->hash.hex();
    f.transfer_now(5);  // waits
    if (flushed) REQUIRE(f.ledger->flush());
    CHECK(f.revert(id));
    const auto check = [&] {
        CHECK(f.ledger->head()->hash == head);
        CHECK(f.ledger->rows() == before);
        CHECK(f.balance(account_key(9).address()) == Amount{5});
        CHECK(f.call("eth_getTransactionReceipt", "[" + quoted(gone) + "]")["result"].IsNull());
        CHECK(f.call("eth_getBlockByHash", "[" + quoted(gone_block) + ",false]")["result"].IsNull());
        CHECK(f.call("eth_getBlockByNumber", R"(["0x2",false])")["result"].IsNull());
        CHECK(f.text("eth_getTransactionCount", "[" + quoted(f.alice.address().hex()) + ",\"pending\"]") ==
              "0x1");
    };
    check();
    CHECK_FALSE(f.revert(id));  // once
    f.server.reset();
    f.reopen();
    f.server = std::make_unique<rpc::RpcServer>(*f.ledger, [&f] { return f.wall; });
    check();
    CHECK(f.transfer_now(1, 7) == gone);
    CHECK(f.ledger->head()->block.header.number == 2);
    CHECK(f.ledger->head()->block.header.time == f.wall);
    f.server.reset();
    f.reopen();
    CHECK(f.height() == 2);
    CHECK(f.balance(account_key(9).address()) == Amount{12});
}

TEST_CASE("a snapshot is of one branch: reverting forgets later ones", "[rpc][development]") {
    Development f;
    const std::string first = f.snapshot();
    f.transfer_now(0);
    const std::string second = f.snapshot();
    f.transfer_now(1);
    CHECK(f.revert(first));
    CHECK(f.height() == 0);
    f.transfer_now(0);
    CHECK_FALSE(f.revert(second));
    CHECK_FALSE(f.revert("0x77"));
    CHECK(f.height() == 1);
    CHECK(f.error("evm_revert", "[true]") == -32602);
}

TEST_CASE("a revert goes no further back than followers can", "[rpc][development]") {
    Development f;
    const std::string deep = f.snapshot();
    f.text("evm_mine");
    const std::string id = f.snapshot();
    f.call("anvil_mine", "[" + quoted(Amount{Ledger::kMaxRevertBlocks}.quantity()) + "]");
    CHECK(f.height() == Ledger::kMaxRevertBlocks + 1);
    CHECK(f.error("evm_revert", "[" + quoted(deep) + "]") == -32000);
    CHECK(f.height() == Ledger::kMaxRevertBlocks + 1);
    CHECK(f.revert(id));
    // No block has told the followers yet.
    CHECK(f.error("evm_revert", "[" + quoted(deep) + "]") == -32000);
    f.text("evm_mine");
    CHECK(f.revert(deep));
    CHECK(f.height() == 0);
}

TEST_CASE("the next block has the time that was asked for, and time goes on from there",
          "[rpc][development]") {
    Development f;
    CHECK(f.call("evm_setNextBlockTimestamp", "[5000]")["result"].IsNull());
    f.text("evm_mine");
    CHECK(f.ledger->head()->block.header.time == Timestamp{5'000});
    f.wall = f.wall + Seconds{10};
    f.text("evm_mine");
    CHECK(f.ledger->head()->block.header.time == Timestamp{5'010});
    f.text("evm_increaseTime", R"(["0x64"])");
    f.text("evm_mine");
    CHECK(f.ledger->head()->block.header.time == Timestamp{5'110});
    f.text("evm_mine", "[6000]");
    CHECK(f.ledger->head()->block.header.time == Timestamp{6'000});
    CHECK(f.error("evm_setNextBlockTimestamp", "[5999]") == -32602);
    CHECK(f.error("evm_setNextBlockTimestamp", R"(["0xffffffffffffffff"])") == -32602);
    CHECK(f.error("evm_mine", R"(["0xffffffffffffffff"])") == -32602);
    CHECK(f.error("anvil_mine", "[1000000]") == -32602);
    f.call("hardhat_mine", R"(["0x3","0x3c"])");
    CHECK(f.ledger->head()->block.header.time == Timestamp{6'120});
    // After a restart it goes on from the newest block, not from the wall clock.
    f.server.reset();
    f.reopen();
    f.ledger->adopt_time(f.wall);
    CHECK(f.ledger->pending_time(f.wall + Seconds{5}) == Timestamp{6'125});
}

TEST_CASE("filters and subscriptions follow a revert", "[rpc][development]") {
    Development f;
    std::vector<std::string> pushed;
    const auto session = f.server->connect([&](std::shared_ptr<const std::string> notification) {
        pushed.push_back(*notification);
        return true;
    });
    f.transfer_now(0);
    const std::string id = f.snapshot();
    session->handle(R"({"jsonrpc":"2.0","id":1,"method":"eth_subscribe","params":["logs",{}]})",
                    [](const rpc::Response&) {});
    const std::string logs = f.text("eth_newFilter", "[{}]");
    const std::string unread = f.text("eth_newFilter", "[{}]");
    const std::string blocks = f.text("eth_newBlockFilter");
    const auto changes = [&](const std::string& filter) {
        return f.call("eth_getFilterChanges", "[" + quoted(filter) + "]");
    };
    f.transfer_now(1, 7);
    CHECK(changes(logs)["result"].Size() == 1);
    CHECK(changes(blocks)["result"].Size() == 1);
    CHECK(f.revert(id));
    f.transfer_now(1, 8);
    const auto after = changes(logs);
    REQUIRE(after["result"].Size() == 2);
    CHECK(after["result"][0]["removed"].IsTrue());
    CHECK(after["result"][1]["removed"].IsFalse());
    CHECK(std::string(after["result"][1]["blockHash"].GetString()) == f.ledger->head()->hash.hex());
    const auto never_seen = changes(unread);
    REQUIRE(never_seen["result"].Size() == 1);
    CHECK(never_seen["result"][0]["removed"].IsFalse());
    const auto hashes = changes(blocks);
    REQUIRE(hashes["result"].Size() == 1);
    CHECK(std::string(hashes["result"][0].GetString()) == f.ledger->head()->hash.hex());
    REQUIRE(pushed.size() == 3);
    CHECK(pushed[0].find(R"("removed":false)") != std::string::npos);
    CHECK(pushed[1].find(R"("removed":true)") != std::string::npos);
    CHECK(pushed[2].find(R"("removed":false)") != std::string::npos);
}
