#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <ctime>

#include "adapters/embedded_chain_engine.hpp"
#include "chain/calls.hpp"
#include "support/temporary_directory.hpp"

using namespace grid;
using namespace grid::chain;
using grid::adapters::EmbeddedChainEngine;
using grid::test::TemporaryDirectory;

namespace {

constexpr std::uint8_t kSenders = 4;

PrivateKey sender(std::uint8_t number) {
    Bytes secret(32, 9);
    secret[31] = number;
    return *PrivateKey::from_bytes(secret);
}

Genesis genesis() {
    Genesis g;
    g.token_cap = Amount::power_of_two(90);
    for (std::uint8_t i = 0; i < kSenders; ++i)
        g.allocations.emplace_back(sender(i).address(), Amount{1'000'000'000});
    return g;
}

Bytes transfer(const PrivateKey& key, std::uint64_t nonce) {
    Transaction t;
    t.chain_id = kEmbeddedChainId;
    t.nonce = nonce;
    t.gas_limit = 100'000;
    t.to = embedded_addresses().token;
    t.data = calls::token::transfer(sender(100).address(), Amount{1});
    return sign(t, key).raw;
}

/// In the child: sends without end and writes the hash of each acknowledged transaction to the pipe.
[[noreturn]] void run_under_load(const std::string& directory, int pipe) {
    auto engine = EmbeddedChainEngine::open({.directory = directory, .genesis = genesis(), .threads = 2});
    if (!engine) _exit(2);
    std::array<std::uint64_t, kSenders> nonces;
    for (std::uint8_t i = 0; i < kSenders; ++i)
        nonces[i] = (*engine)->ledger().nonce(sender(i).address(), false);
    std::mutex mutex;
    std::condition_variable wake;
    std::size_t in_flight = 0;
    for (std::uint64_t n = 0;; ++n) {
        const std::uint8_t who = n % kSenders;
        {
            std::unique_lock lock(mutex);
            wake.wait(lock, [&] { return in_flight < 32; });
            ++in_flight;
        }
        (*engine)->ledger().submit(transfer(sender(who), nonces[who]++),
                                   [&, pipe](const Result<Submission>& result) {
                                       if (!result || !result->block) _exit(3);
                                       if (::write(pipe, result->hash.bytes.data(), 32) != 32) _exit(4);
                                       std::lock_guard lock(mutex);
                                       --in_flight;
                                       wake.notify_one();
                                   });
    }
}

/// Reads acknowledgements; kills the child after so many.
std::vector<Hash> kill_after(pid_t child, int pipe, std::size_t acknowledgements) {
    std::vector<Hash> acknowledged;
    Hash hash;
    while (::read(pipe, hash.bytes.data(), 32) == 32) {
        acknowledged.push_back(hash);
        if (acknowledged.size() == acknowledgements) ::kill(child, SIGKILL);
    }
    return acknowledged;
}

}  // namespace

TEST_CASE("a ledger that is killed under load loses no acknowledged transaction", "[crash]") {
    TemporaryDirectory directory;
    std::vector<Hash> acknowledged;
    for (const std::size_t count : {1u, 40u, 333u, 1000u, 77u}) {
        int ends[2];
        REQUIRE(::pipe(ends) == 0);
        const pid_t child = ::fork();
        REQUIRE(child >= 0);
        if (child == 0) {
            ::close(ends[0]);
            run_under_load(directory.path(), ends[1]);
        }
        ::close(ends[1]);
        const auto some = kill_after(child, ends[0], count);
        ::close(ends[0]);
        int status = 0;
        REQUIRE(::waitpid(child, &status, 0) == child);
        REQUIRE(WIFSIGNALED(status));
        REQUIRE(WTERMSIG(status) == SIGKILL);
        REQUIRE(some.size() >= count);
        acknowledged.insert(acknowledged.end(), some.begin(), some.end());
    }

    auto engine =
        EmbeddedChainEngine::open({.directory = directory.path(), .genesis = genesis(), .threads = 1});
    REQUIRE(engine);
    Ledger& ledger = (*engine)->ledger();
    for (const Hash& hash : acknowledged) {
        const auto place = ledger.transaction(hash);
        REQUIRE(place);
        REQUIRE(place->block->block.receipts[place->index].success);
    }
    std::uint64_t mined = 0;
    State replayed;
    for (std::uint64_t number = 0; number <= ledger.head()->block.header.number; ++number) {
        const auto block = ledger.block(number);
        REQUIRE(block);
        mined += (*block)->block.transactions.size();
        for (const Row& row : (*block)->block.writes) REQUIRE(replayed.load(row));
    }
    CHECK(mined >= acknowledged.size());
    CHECK(replayed.token_balance(sender(100).address()) == Amount{mined});
    const Bytes balance = calls::token::balance_of(sender(100).address());
    const auto answer = ledger.call(ledger.latest(), {{}, embedded_addresses().token, {}, balance});
    CHECK(calls::decode_amount(answer.output).value() == Amount{mined});
    for (std::uint8_t i = 0; i < kSenders; ++i)
        CHECK(replayed.nonce(sender(i).address()) == ledger.nonce(sender(i).address(), false));
}
