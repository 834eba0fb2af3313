#include <random>

#include "rpc_fixture.hpp"

using namespace grid;
using namespace grid::chain;
using grid::chain::test::account_key;
using grid::chain::test::kToken;
using grid::chain::test::quoted;
using grid::chain::test::raw_of;
using grid::chain::test::RpcFixture;

TEST_CASE("a call on an earlier block sees what a call saw when it was the newest", "[rpc][history]") {
    RpcFixture f;
    const std::string call = R"({"to":)" + quoted(kToken) + R"(,"data":)" +
                             quoted(to_hex(calls::token::balance_of(account_key(9).address()))) + "}";
    const std::string alice = quoted(f.alice.address().hex());
    const auto ask = [&](const std::string& method, const std::string& what, std::uint64_t number) {
        return f.text(method, "[" + what + "," + quoted(Amount{number}.quantity()) + "]");
    };
    struct Seen {
        std::string balance;
        std::string nonce;
    };
    std::vector<Seen> seen{{ask("eth_call", call, 0), ask("eth_getTransactionCount", alice, 0)}};
    std::mt19937 random{Catch::rngSeed()};
    const std::uint64_t blocks = History::kMaxBlocks + 10;
    for (std::uint64_t number = 1, nonce = 0; number <= blocks; ++number) {
        for (std::uint32_t more = random() % 3; more > 0; --more)
            f.submit(f.transfer(nonce++, 1 + random() % 100), f.alice);
        f.text("eth_sendRawTransaction", raw_of(f.transfer(nonce++, 1 + random() % 100), f.alice));
        REQUIRE(f.height() == number);
        seen.push_back({ask("eth_call", call, number), ask("eth_getTransactionCount", alice, number)});
    }
    const WriteSet before = f.ledger->rows();
    const std::uint64_t newest = f.height();
    REQUIRE(seen.size() == newest + 1);
    for (std::uint64_t number = newest - History::kMaxBlocks; number <= newest; ++number) {
        INFO(number);
        CHECK(ask("eth_call", call, number) == seen[number].balance);
        CHECK(ask("eth_getTransactionCount", alice, number) == seen[number].nonce);
        CHECK(ask("eth_getBalance", alice, number) == "0xde0b6b3a7640000");
    }
    CHECK(f.ledger->rows() == before);
    const std::string old = quoted(Amount{newest - History::kMaxBlocks - 1}.quantity());
    for (const std::string& params : {"[" + call + "," + old + "]"}) {
        CHECK(f.error("eth_call", params) == -32000);
        CHECK(f.error_message("eth_call", params).find("state not available") == 0);
    }
    for (const char* method : {"eth_getTransactionCount", "eth_getBalance", "eth_getCode"})
        CHECK(f.error_message(method, "[" + alice + "," + old + "]").find("state not available") == 0);
}
