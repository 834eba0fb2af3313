#include "lease/nonce_book.hpp"

#include <catch2/catch.hpp>

#include <set>

using namespace grid;
using chain::Timestamp;

TEST_CASE("a nonce is good once") {
    lease::NonceBook book;
    const auto row = book.issue("alice", {1000}).row;
    CHECK(row.nonce.size() == 24);
    CHECK(row.expires_at == Timestamp{1300});
    REQUIRE(book.spend(row.nonce, {1001}));
    const auto again = book.spend(row.nonce, {1001});
    REQUIRE_FALSE(again);
    CHECK(again.error().code == "used_nonce");
    CHECK_FALSE(book.spend("neverIssued123", {1001}));
    CHECK(book.size() == 0);
}

TEST_CASE("a nonce lives for minutes") {
    lease::NonceBook book;
    const auto row = book.issue("alice", {1000}).row;
    CHECK_FALSE(book.spend(row.nonce, {1300}));
    CHECK(book.spend(row.nonce, {1299}));
    const auto other = book.issue("alice", {1000}).row;
    CHECK(book.sweep({1299}).empty());
    CHECK(book.sweep({1300}) == std::vector<std::string>{other.nonce});
    CHECK(book.size() == 0);
    const auto third = book.issue("alice", {2000}).row;
    CHECK(book.issue("bob", {2300}).gone == std::vector<std::string>{third.nonce});
}

TEST_CASE("nobody is kept from logging in by what strangers ask in his name, and memory is bounded") {
    lease::NonceBook book({chain::Seconds{300}, 3, 5});
    const auto first = book.issue("alice", {1000});
    CHECK(first.gone.empty());
    CHECK(book.issue("alice", {1000}).gone.empty());
    CHECK(book.issue("alice", {1001}).gone.empty());
    const auto fourth = book.issue("alice", {1001});
    CHECK(fourth.gone == std::vector<std::string>{first.row.nonce});
    CHECK_FALSE(book.spend(first.row.nonce, {1001}));
    CHECK(book.size() == 3);
    // All together: the oldest of anybody's goes.
    CHECK(book.issue("bob", {1002}).gone.empty());
    CHECK(book.issue("carol", {1002}).gone.empty());
    CHECK(book.issue("dave", {1003}).gone.size() == 1);
    CHECK(book.size() == 5);
    CHECK(book.spend(fourth.row.nonce, {1003}));
    CHECK(book.size() == 4);
}

TEST_CASE("nonces survive a restart by their rows, and used ones stay used") {
    lease::NonceBook before;
    const auto kept = before.issue("alice", {1000}).row;
    const auto used = before.issue("alice", {1000}).row;
    REQUIRE(before.spend(used.nonce, {1001}));

    const auto row = lease::NonceRow::decode(kept.encode());
    REQUIRE(row);
    CHECK(*row == kept);
    lease::NonceBook after;
    after.restore(*row);
    after.restore(*row);  // twice counts once
    CHECK(after.size() == 1);
    CHECK_FALSE(after.spend(used.nonce, {1002}));
    CHECK(after.spend(kept.nonce, {1002}));

    auto damaged = kept.encode();
    damaged.pop_back();
    CHECK(lease::NonceRow::decode(damaged).error().code == "bad_row");
    CHECK_FALSE(lease::NonceRow::decode({}));
}
