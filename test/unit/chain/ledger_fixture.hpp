#pragma once

#include <catch2/catch.hpp>

#include "chain/calls.hpp"
#include "chain/ledger.hpp"
#include "support/temporary_directory.hpp"

/// A ledger without threads: tasks run at once, and the test makes the blocks.
namespace grid::chain::test {

inline PrivateKey account_key(std::uint8_t number) {
    Bytes secret(32, 7);
    secret[31] = number;
    return *PrivateKey::from_bytes(secret);
}

inline Genesis small_genesis() {
    Genesis genesis;
    genesis.timestamp = {1'000};
    genesis.token_cap = Amount::power_of_two(90);
    genesis.development = true;
    for (std::uint8_t i = 1; i <= 4; ++i)
        genesis.allocations.emplace_back(account_key(i).address(), Amount{1'000'000});
    return genesis;
}

class LedgerFixture {
public:
    grid::test::TemporaryDirectory directory;
    Genesis genesis = small_genesis();
    Timestamp wall{2'000};
    std::size_t flush_bytes = std::size_t{1} << 30;
    bool follower = false;
    std::unique_ptr<Ledger> ledger = open();
    const PrivateKey alice = account_key(1);
    const PrivateKey bob = account_key(2);

    std::unique_ptr<Ledger> open() {
        auto opened = try_open();
        INFO((opened ? "" : opened.error().message));
        REQUIRE(opened);
        return std::move(*opened);
    }

    Result<std::unique_ptr<Ledger>> try_open() {
        return Ledger::open({.directory = directory.path(),
                             .genesis = genesis,
                             .executor = [](auto task) { task(); },
                             .wake = [] {},
                             .flush_bytes = flush_bytes,
                             .follower = follower});
    }

    void reopen() {
        ledger.reset();
        ledger = open();
    }

    static Transaction transfer(std::uint64_t nonce, std::uint64_t amount = 1, std::uint64_t fee = 1) {
        Transaction t;
        t.chain_id = kEmbeddedChainId;
        t.nonce = nonce;
        t.max_fee = t.max_priority_fee = Amount{fee};
        t.gas_limit = 100'000;
        t.to = embedded_addresses().token;
        t.data = calls::token::transfer(account_key(9).address(), Amount{amount});
        return t;
    }

    /// Submits without making a block; the answer comes into `answers`.
    void submit(const Bytes& raw) {
        const std::size_t place = answers.size();
        answers.emplace_back();
        ledger->submit(raw, [this, place](const Result<Submission>& result) { answers[place] = result; });
    }
    void submit(const Transaction& transaction, const PrivateKey& key) { submit(sign(transaction, key).raw); }

    /// Makes blocks until nothing is left to do.
    void produce() {
        while (ledger->produce(wall)) {
        }
    }

    /// Submits, makes the block and answers what became of it.
    Result<Submission> send(const Transaction& transaction, const PrivateKey& key) {
        submit(transaction, key);
        produce();
        REQUIRE(answers.back());
        return *answers.back();
    }

    std::string refused(const Transaction& transaction, const PrivateKey& key) {
        const auto result = send(transaction, key);
        return result ? "accepted" : result.error().code;
    }

    Amount balance(const Address& account) const {
        const auto result = ledger->call(
            ledger->latest(),
            {{}, embedded_addresses().token, {}, balance_data = calls::token::balance_of(account)});
        return *calls::decode_amount(result.output);
    }

    std::uint64_t height() const { return ledger->head()->block.header.number; }

    std::vector<std::optional<Result<Submission>>> answers;

private:
    mutable Bytes balance_data;
};

}  // namespace grid::chain::test
