#include "adapters/embedded_chain.hpp"

#include <catch2/catch.hpp>
#include <future>

#include "chain/calls.hpp"
#include "messages/error.hpp"
#include "support/temporary_directory.hpp"

using namespace grid;
using namespace grid::adapters;
using namespace grid::messages;
using grid::test::TemporaryDirectory;

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

chain::PrivateKey key(std::uint8_t number) {
    Bytes secret(32, 3);
    secret[31] = number;
    return *chain::PrivateKey::from_bytes(secret);
}

chain::Genesis small_genesis() {
    chain::Genesis genesis;
    genesis.token_cap = Amount::power_of_two(90);
    for (std::uint8_t i = 1; i <= 2; ++i)
        genesis.allocations.emplace_back(key(i).address(), Amount{1'000'000});
    return genesis;
}

struct Config : caf::actor_system_config {
    Config() {
        messages::add_message_types(*this);
        set("scheduler.policy", caf::atom("sharing"));
    }
};

/// Clocks that the test moves.
struct TestClocks {
    std::atomic<std::int64_t> wall{1'700'000'000 * kSecond};
    std::atomic<std::int64_t> boottime{0};
    void pass(std::int64_t seconds) {
        boottime += seconds * kSecond;
        wall += seconds * kSecond;
    }
};

struct Fixture {
    bool development = false;
    TemporaryDirectory directory;
    TestClocks clocks;
    Config config;
    caf::actor_system system{config};
    caf::scoped_actor self{system};
    EmbeddedChainActors actors = start();

    explicit Fixture(bool is_development = false) : development(is_development) {}
    ~Fixture() { stop(); }

    Result<EmbeddedChainActors> try_start() {
        chain::Genesis genesis = small_genesis();
        genesis.development = development;
        return spawn_embedded_chain(system, {.directory = directory.path(),
                                             .genesis = genesis,
                                             .key = key(1),
                                             .threads = 2,
                                             .clocks = [this] {
                                                 return Clocks{clocks.wall, clocks.boottime};
                                             }});
    }
    EmbeddedChainActors start() {
        auto started = try_start();
        REQUIRE(started);
        return *started;
    }
    void stop() {
        self->send_exit(actors.chain, caf::exit_reason::user_shutdown);
        self->wait_for(actors.chain);
    }

    template <class T, class Handle, class... Ts>
    Result<T> ask(const Handle& handle, Ts&&... xs) {
        Result<T> result = fail("none", "");
        self->request(handle, std::chrono::seconds(20), std::forward<Ts>(xs)...)
            .receive([&](T& value) { result = std::move(value); },
                     [&](caf::error& error) { result = tl::unexpected<Error>(from_caf(error)); });
        return result;
    }

    Bytes transfer(const chain::PrivateKey& from, std::uint64_t nonce) const {
        chain::Transaction t;
        t.chain_id = chain::kEmbeddedChainId;
        t.nonce = nonce;
        t.gas_limit = 100'000;
        t.to = chain::embedded_addresses().token;
        t.data = chain::calls::token::transfer(key(9).address(), Amount{1});
        return chain::sign(t, from).raw;
    }
};

/// Collects blocks and acknowledges them; tells when it has seen a number.
struct sink_state {
    sink_state() {}
    std::vector<std::uint64_t> numbers;
};

block_sink_actor::behavior_type sink(block_sink_actor::stateful_pointer<sink_state> self, std::uint64_t until,
                                     const std::shared_ptr<std::promise<std::vector<std::uint64_t>>>& done) {
    return {[=](const BlockBatch& batch) -> std::uint64_t {
        for (const auto& block : batch.blocks) {
            self->state.numbers.push_back(block.number);
            if (block.number == until) done->set_value(self->state.numbers);
        }
        return batch.blocks.back().number;
    }};
}

}  // namespace

TEST_CASE("the embedded chain answers as a chain", "[embedded_chain]") {
    Fixture f;
    const auto info = f.ask<ChainInfo>(f.actors.chain, info_atom::value);
    REQUIRE(info);
    CHECK(info->chain_id == chain::kEmbeddedChainId);
    CHECK(info->contracts == chain::embedded_addresses());
    CHECK(f.ask<Head>(f.actors.chain, head_atom::value)->number == 0);

    const auto hash = f.ask<Hash>(f.actors.chain, submit_atom::value, f.transfer(key(2), 0));
    REQUIRE(hash);
    const auto head = f.ask<Head>(f.actors.chain, head_atom::value);
    CHECK(head->number == 1);
    CHECK(head->time == Timestamp{1'700'000'000});
    const auto receipt = f.ask<MinedReceipt>(f.actors.chain, receipt_atom::value, *hash);
    REQUIRE(receipt);
    CHECK(receipt->receipt.success);
    CHECK(receipt->block_hash == head->hash);
    CHECK(f.ask<MinedReceipt>(f.actors.chain, receipt_atom::value, Hash{}).error().code == "not_found");
    CHECK(f.ask<Hash>(f.actors.chain, submit_atom::value, f.transfer(key(2), 0)).error().code ==
          "nonce_too_low");
    CHECK(f.ask<Hash>(f.actors.chain, submit_atom::value, Bytes{1}).error().code == "bad_rlp");

    const auto balance = f.ask<Bytes>(f.actors.chain, call_atom::value, chain::embedded_addresses().token,
                                      chain::calls::token::balance_of(key(9).address()));
    REQUIRE(balance);
    CHECK(chain::calls::decode_amount(*balance).value() == Amount{1});
    const auto refused = f.ask<Bytes>(f.actors.chain, call_atom::value, chain::embedded_addresses().token,
                                      chain::calls::token::transfer(key(9).address(), Amount{5'000'000}));
    CHECK(refused.error().code == "reverted");
    const auto rpc = f.ask<std::string>(
        f.actors.rpc, rpc_atom::value, std::string(R"({"jsonrpc":"2.0","id":1,"method":"eth_blockNumber"})"));
    CHECK(*rpc == R"({"jsonrpc":"2.0","id":1,"result":"0x1"})");
}

TEST_CASE("the node's own transactions go one after the other, also next to others of its key",
          "[embedded_chain]") {
    Fixture f;
    const Address token = chain::embedded_addresses().token;
    const Bytes one = chain::calls::token::transfer(key(9).address(), Amount{1});
    for (int i = 0; i < 5; ++i) {
        REQUIRE(f.ask<MinedReceipt>(f.actors.chain, transact_atom::value, token, one));
        if (i == 2) REQUIRE(f.ask<Hash>(f.actors.chain, submit_atom::value, f.transfer(key(1), 3)));
    }
    const auto refused =
        f.ask<MinedReceipt>(f.actors.chain, transact_atom::value, token,
                            chain::calls::token::transfer(key(9).address(), Amount{5'000'000}));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == "reverted");
    CHECK(f.ask<MinedReceipt>(f.actors.chain, transact_atom::value, token, one));
    CHECK(f.ask<Head>(f.actors.chain, head_atom::value)->number == 8);
}

TEST_CASE("a subscriber gets what was and what comes, once and in order", "[embedded_chain]") {
    Fixture f;
    for (std::uint64_t i = 0; i < 300; ++i)
        REQUIRE(f.ask<Hash>(f.actors.chain, submit_atom::value, f.transfer(key(2), i)));
    auto done = std::make_shared<std::promise<std::vector<std::uint64_t>>>();
    auto future = done->get_future();
    const auto subscriber = f.system.spawn(sink, std::uint64_t{320}, done);
    f.self->send(f.actors.chain, follow_atom::value, std::uint64_t{5}, subscriber);
    for (std::uint64_t i = 300; i < 320; ++i)
        REQUIRE(f.ask<Hash>(f.actors.chain, submit_atom::value, f.transfer(key(2), i)));
    REQUIRE(future.wait_for(std::chrono::seconds(20)) == std::future_status::ready);
    const auto numbers = future.get();
    REQUIRE(numbers.size() == 315);
    for (std::size_t i = 0; i < numbers.size(); ++i) REQUIRE(numbers[i] == 6 + i);
    f.self->send_exit(subscriber, caf::exit_reason::kill);
    REQUIRE(f.ask<Hash>(f.actors.chain, submit_atom::value, f.transfer(key(2), 320)));
}

TEST_CASE("a subscriber gets the new branch after a revert, from the fork on", "[embedded_chain]") {
    Fixture f(true);
    const auto rpc = [&](const std::string& method, const std::string& params) {
        return f.ask<std::string>(
            f.actors.rpc, rpc_atom::value,
            R"({"jsonrpc":"2.0","id":1,"method":")" + method + R"(","params":)" + params + "}");
    };
    auto done = std::make_shared<std::promise<std::vector<std::uint64_t>>>();
    auto future = done->get_future();
    const auto subscriber = f.system.spawn(sink, std::uint64_t{5}, done);
    f.self->send(f.actors.chain, follow_atom::value, std::uint64_t{0}, subscriber);
    REQUIRE(f.ask<Hash>(f.actors.chain, submit_atom::value, f.transfer(key(2), 0)));
    REQUIRE(rpc("evm_snapshot", "[]") == R"({"jsonrpc":"2.0","id":1,"result":"0x1"})");
    for (std::uint64_t i = 1; i < 4; ++i)
        REQUIRE(f.ask<Hash>(f.actors.chain, submit_atom::value, f.transfer(key(2), i)));
    REQUIRE(rpc("evm_revert", R"(["0x1"])") == R"({"jsonrpc":"2.0","id":1,"result":true})");
    CHECK(f.ask<Head>(f.actors.chain, head_atom::value)->number == 1);
    for (std::uint64_t i = 1; i < 5; ++i)
        REQUIRE(f.ask<Hash>(f.actors.chain, submit_atom::value, f.transfer(key(2), i)));
    REQUIRE(future.wait_for(std::chrono::seconds(20)) == std::future_status::ready);
    CHECK(future.get() == std::vector<std::uint64_t>{1, 2, 3, 4, 2, 3, 4, 5});
    // A subscriber whose cursor is of a branch that is gone gets what comes next.
    auto again = std::make_shared<std::promise<std::vector<std::uint64_t>>>();
    auto next = again->get_future();
    const auto late = f.system.spawn(sink, std::uint64_t{6}, again);
    f.self->send(f.actors.chain, follow_atom::value, std::uint64_t{9}, late);
    REQUIRE(f.ask<Hash>(f.actors.chain, submit_atom::value, f.transfer(key(2), 5)));
    REQUIRE(next.wait_for(std::chrono::seconds(20)) == std::future_status::ready);
    CHECK(next.get() == std::vector<std::uint64_t>{6});
}

TEST_CASE("the data directory is taken while it runs and free when it has ended", "[embedded_chain]") {
    Fixture f;
    REQUIRE(f.ask<Hash>(f.actors.chain, submit_atom::value, f.transfer(key(2), 0)));
    const auto second = f.try_start();
    REQUIRE_FALSE(second);
    CHECK(second.error().code == "data_directory_in_use");
    f.stop();
    f.actors = f.start();
    CHECK(f.ask<Head>(f.actors.chain, head_atom::value)->number == 1);
}

TEST_CASE("a jump of the wall clock stops block production, and chain time goes on without it",
          "[embedded_chain]") {
    Fixture f;
    REQUIRE(f.ask<Hash>(f.actors.chain, submit_atom::value, f.transfer(key(2), 0)));
    f.clocks.pass(10);
    f.clocks.wall += 3600 * kSecond;
    CHECK(f.ask<Hash>(f.actors.chain, submit_atom::value, f.transfer(key(2), 1)).error().code ==
          "clock_jumped");
    const auto head = f.ask<Head>(f.actors.chain, head_atom::value);
    CHECK(head->number == 1);
    CHECK(head->pending_time == Timestamp{1'700'000'010});
    f.clocks.wall -= 3600 * kSecond;
    // What arrives before the clock has been looked at again is still refused.
    Result<Hash> sent = fail("clock_jumped", "");
    while (!sent && sent.error().code == "clock_jumped")
        sent = f.ask<Hash>(f.actors.chain, submit_atom::value, f.transfer(key(2), 1));
    CHECK(sent);
}
