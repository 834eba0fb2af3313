#include "lease/nonce_book.hpp"

#include <catch2/catch.hpp>

#include <set>

using namespace grid;
using chain::Timestamp;

TEST_CASE("a nonce is good once") {
    lease::NonceBook book;
    const auto row = book.issue("alice", {1000});
    REQUIRE(row);
    CHECK(row->nonce.size() == 24);
    CHECK(row->expires_at == Timestamp{1300});
    REQUIRE(book.spend(row->nonce, {1001}));
    const auto again = book.spend(row->nonce, {1001});
    REQUIRE_FALSE(again);
    CHECK(again.error().code == "used_nonce");
    CHECK_FALSE(book.spend("neverIssued123", {1001}));
    CHECK(book.size() == 0);
}

TEST_CASE("a nonce lives for minutes") {
    lease::NonceBook book;
    const auto row = book.issue("alice", {1000});
    CHECK_FALSE(book.spend(row->nonce, {1300}));
    CHECK(book.spend(row->nonce, {1299}));
    const auto other = book.issue("alice", {1000});
    CHECK(book.sweep({1299}).empty());
    CHECK(book.sweep({1300}) == std::vector<std::string>{other->nonce});
    CHECK(book.size() == 0);
}

TEST_CASE("a client holds a bounded number of unused nonces, and nobody else suffers") {
    lease::NonceBook book({chain::Seconds{300}, 3, 5});
    std::set<std::string> nonces;
    for (int i = 0; i < 3; ++i) nonces.insert(book.issue("mallory", {1000})->nonce);
    CHECK(nonces.size() == 3);
    CHECK(book.issue("mallory", {1000}).error().code == "too_many_nonces");
    CHECK(book.issue("alice", {1000}));
    CHECK(book.spend(*nonces.begin(), {1000}));
    CHECK(book.issue("mallory", {1000}));
    CHECK(book.issue("bob", {1000}));
    CHECK(book.issue("carol", {1000}).error().code == "too_many_nonces");
    CHECK(book.issue("carol", {1300}));  // everything before has expired
}

TEST_CASE("nonces survive a restart by their rows, and used ones stay used") {
    lease::NonceBook before;
    const auto kept = before.issue("alice", {1000});
    const auto used = before.issue("alice", {1000});
    REQUIRE(before.spend(used->nonce, {1001}));

    const auto row = lease::NonceRow::decode(kept->encode());
    REQUIRE(row);
    CHECK(*row == *kept);
    lease::NonceBook after;
    after.restore(*row);
    after.restore(*row);  // twice counts once
    CHECK(after.size() == 1);
    CHECK_FALSE(after.spend(used->nonce, {1002}));
    CHECK(after.spend(kept->nonce, {1002}));

    auto damaged = kept->encode();
    damaged.pop_back();
    CHECK(lease::NonceRow::decode(damaged).error().code == "bad_row");
    CHECK_FALSE(lease::NonceRow::decode({}));
}
