#include "chain/pool.hpp"

#include <catch2/catch.hpp>

#include "ledger_fixture.hpp"

using namespace grid;
using namespace grid::chain;
using grid::chain::test::account_key;
using grid::chain::test::LedgerFixture;

namespace {

const Address kSender = account_key(1).address();

SignedTransaction transaction(std::uint64_t nonce, std::uint64_t fee = 100, std::uint8_t key = 1) {
    return sign(LedgerFixture::transfer(nonce, 1, fee), account_key(key));
}

std::string added(WaitingPool& pool, std::uint64_t nonce, std::uint64_t fee = 100, Timestamp now = {0}) {
    const auto result = pool.add(transaction(nonce, fee), kSender, now);
    return result ? "added" : result.error().code;
}

}  // namespace

TEST_CASE("waiting transactions are taken in the order of their nonces", "[pool]") {
    WaitingPool pool;
    CHECK(added(pool, 7) == "added");
    CHECK(added(pool, 5) == "added");
    CHECK_FALSE(pool.take(kSender, 4));
    CHECK(pool.take(kSender, 5)->transaction.nonce == 5);
    CHECK_FALSE(pool.take(kSender, 6));
    CHECK(pool.take(kSender, 7)->transaction.nonce == 7);
    CHECK(pool.size() == 0);
    CHECK_FALSE(pool.take(account_key(2).address(), 0));
}

TEST_CASE("what can never run any more is dropped", "[pool]") {
    WaitingPool pool;
    CHECK(added(pool, 5) == "added");
    CHECK(added(pool, 6) == "added");
    CHECK(pool.take(kSender, 6)->transaction.nonce == 6);
    CHECK(pool.size() == 0);
    CHECK_FALSE(pool.find(transaction(5).hash));
}

TEST_CASE("a replacement must pay at least a tenth more", "[pool]") {
    WaitingPool pool;
    CHECK(added(pool, 5, 100) == "added");
    CHECK(added(pool, 5, 100) == "already_known");
    CHECK(added(pool, 5, 109) == "replacement_underpriced");
    CHECK(added(pool, 5, 50) == "replacement_underpriced");
    CHECK(added(pool, 5, 110) == "added");
    CHECK(pool.size() == 1);
    CHECK_FALSE(pool.find(transaction(5, 100).hash));
    REQUIRE(pool.find(transaction(5, 110).hash));
    CHECK(pool.find(transaction(5, 110).hash)->sender == kSender);
}

TEST_CASE("a free transaction is not replaced by another free one", "[pool]") {
    WaitingPool pool;
    CHECK(added(pool, 5, 0) == "added");
    const auto other = pool.add(sign(LedgerFixture::transfer(5, 2, 0), account_key(1)), kSender, {0});
    REQUIRE_FALSE(other);
    CHECK(other.error().code == "replacement_underpriced");
    CHECK(added(pool, 5, 1) == "added");
}

TEST_CASE("the next nonce counts the unbroken run", "[pool]") {
    WaitingPool pool;
    for (const std::uint64_t nonce : {3, 4, 6}) CHECK(added(pool, nonce) == "added");
    CHECK(pool.next_nonce(kSender, 2) == 2);
    CHECK(pool.next_nonce(kSender, 3) == 5);
    CHECK(pool.next_nonce(account_key(2).address(), 9) == 9);
}

TEST_CASE("the pool is bounded for a sender and as a whole; old ones make room", "[pool]") {
    WaitingPool pool({.transactions = 4, .bytes = 100'000, .per_sender = 3, .lifetime = {60}});
    for (const std::uint64_t nonce : {1, 2, 3}) CHECK(added(pool, nonce, 100, {10}) == "added");
    CHECK(added(pool, 4, 100, {10}) == "pool_full");
    CHECK(added(pool, 3, 200, {10}) == "added");  // replacing needs no room
    const auto other = [&](std::uint64_t nonce, Timestamp now) {
        return pool.add(transaction(nonce, 100, 2), account_key(2).address(), now).has_value();
    };
    CHECK(other(1, {20}));
    CHECK_FALSE(other(2, {70}));
    CHECK(other(2, {71}));
    CHECK(pool.size() == 2);
}

TEST_CASE("the pool is bounded in bytes", "[pool]") {
    const std::size_t one = transaction(1).raw.size();
    WaitingPool pool({.transactions = 100, .bytes = 2 * one, .per_sender = 100, .lifetime = {60}});
    CHECK(added(pool, 1) == "added");
    CHECK(added(pool, 2) == "added");
    CHECK(added(pool, 3) == "pool_full");
    CHECK(pool.take(kSender, 1));
    CHECK(added(pool, 3) == "added");
}
