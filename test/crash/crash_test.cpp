#include <catch2/catch.hpp>
#include <cstdlib>
#include <iostream>

#include "chain/token_rows.hpp"
#include "crash/audit.hpp"
#include "crash/load.hpp"
#include "crash/unsynced_writes.hpp"
#include "support/temporary_directory.hpp"

using namespace grid;
using namespace grid::test;
using namespace std::chrono_literals;
using Shim = NodeUnderTest::Shim;

// GRID_CRASH_KILLS says how often each of the first two tests kills (./dev test nightly: 150),
// GRID_CRASH_SEED repeats a run: the same people do the same and the node dies after as many promises. When
// exactly a process dies is the machine's to say.

namespace {

std::uint64_t setting(const char* name, std::uint64_t otherwise) {
    const char* text = std::getenv(name);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

std::uint64_t seed_of_run() {
    return setting("GRID_CRASH_SEED", std::random_device{}());
}

/// What of the load's intentions has come about.
struct Seen {
    std::uint64_t suspended = 0;
    std::uint64_t replaced = 0;
    std::uint64_t extended = 0;
    std::uint64_t permits = 0;
    std::uint64_t with_fee = 0;
    std::uint64_t with_profit = 0;
};

Seen look_at(const chain::State& state) {
    Seen seen;
    for (std::uint64_t id = 1; id <= state.last_order().value; ++id) {
        const chain::Order order = *state.order({id});
        if (order.was_suspended) ++seen.suspended;
        if (order.replaces.value != 0) ++seen.replaced;
        if (!Load::may_be_ordered(order.duration)) ++seen.extended;
        if (!order.paid_fee.is_zero()) ++seen.with_fee;
        if (!order.profit_minted.is_zero()) ++seen.with_profit;
    }
    for (std::uint32_t index = 0; index < chain::kDevelopmentAccounts; ++index)
        seen.permits += chain::token_rows::permit_nonce(
            state, chain::derive_from_mnemonic(chain::kDevelopmentMnemonic, index)->address());
    return seen;
}

/// A node that is killed again and again in the same directory.
class Ordeal {
public:
    Ordeal(Shim shim, std::uint64_t seed) : random_(seed), shim_(shim), node_(directory_.path(), shim) {}

    /// One life: it starts, bears the load, and dies at some moment; then everything is audited.
    void live_and_die() {
        Promises fresh;
        if (random_() % 5 == 0) {  // while it starts
            node_.spawn();
            std::this_thread::sleep_for(std::chrono::microseconds(random_() % 150'000));
            node_.kill();
        } else {
            node_.start();
            Load load(node_.client(), random_());
            load.wait_for(1 + random_() % 400);
            std::this_thread::sleep_for(std::chrono::microseconds(random_() % 3'000));
            node_.kill();
            load.stop();
            if (!load.problem().empty()) throw std::runtime_error(load.problem());
            fresh = load.promises();
        }
        lose_writes();
        promised += fresh.size();
        if (promised == 0) {  // perhaps not even the files are all there: the next start makes them
            node_.start();
            node_.kill();
            lose_writes();
        }
        // What was promised in this life, and now and then everything.
        all_.insert(fresh.begin(), fresh.end());
        audit(random_() % 8 == 0 ? all_ : fresh);
    }

    /// Files first, then the answers of a node that has started again; it ends in order, and all is audited.
    void audit(const Promises& promises) {
        const auto chain = audit_files(node_.ledger());
        height = chain.replay.head()->block.header.number;
        node_.start();
        audit_answers(node_.client(), chain.replay, promises);
        node_.kill();
        lose_writes();
    }

    void finish() {
        audit(all_);
        node_.start();
        if (node_.stop() != 0) throw std::runtime_error("the node did not end in order:\n" + node_.log());
        lose_writes();
        const auto chain = audit_files(node_.ledger());
        if (chain.flushed != chain.replay.head()->block.header.number)
            throw std::runtime_error("a node that ended in order left rows unflushed");
        seen = look_at(chain.replay.state());
    }

    void lose_writes() {
        if (shim_ == Shim::none) return;
        const auto lost = lose_unsynced_writes(node_.journal(), random_() % 2 == 0 ? &random_ : nullptr);
        writes += lost.writes;
        lost_writes += lost.lost;
    }

    NodeUnderTest& node() { return node_; }
    std::uint64_t promised = 0;
    std::uint64_t height = 0;
    std::uint64_t writes = 0;
    std::uint64_t lost_writes = 0;
    Seen seen;

private:
    std::mt19937_64 random_;
    TemporaryDirectory directory_;
    Shim shim_;
    NodeUnderTest node_;
    Promises all_;
};

void kill_again_and_again(Shim shim, const char* name) {
    const std::uint64_t kills = setting("GRID_CRASH_KILLS", 10);
    const std::uint64_t seed = seed_of_run();
    std::cerr << "- " << name << ": " << kills << " kills, seed " << seed << " (GRID_CRASH_SEED)"
              << std::endl;
    INFO("seed " << seed);
    Ordeal ordeal(shim, seed);
    for (std::uint64_t i = 0; i < kills; ++i) {
        INFO("kill " << i);
        REQUIRE_NOTHROW(ordeal.live_and_die());
    }
    REQUIRE_NOTHROW(ordeal.finish());
    std::cerr << "  " << ordeal.promised << " promises kept, " << ordeal.height << " blocks";
    if (shim != Shim::none)
        std::cerr << ", " << ordeal.lost_writes << " of " << ordeal.writes << " writes were lost";
    const Seen& seen = ordeal.seen;
    std::cerr << "; orders: " << seen.suspended << " suspended, " << seen.replaced << " replaced, "
              << seen.extended << " extended, " << seen.with_fee << " with a fee, " << seen.with_profit
              << " with profit; " << seen.permits << " permits" << std::endl;
    CHECK(ordeal.promised > 0);
    if (kills >= 10) {
        CHECK(seen.suspended > 0);
        CHECK(seen.replaced > 0);
        CHECK(seen.extended > 0);
        CHECK(seen.permits > 0);
        CHECK(seen.with_fee > 0);
        CHECK(seen.with_profit > 0);
    }
    if (shim != Shim::none && kills >= 10) CHECK(ordeal.lost_writes > 0);
}

}  // namespace

TEST_CASE("a node that is killed under load keeps what it promised", "[crash]") {
    kill_again_and_again(Shim::none, "killed");
}

TEST_CASE("a node that loses its unsynced writes, too, keeps what it promised", "[crash]") {
    kill_again_and_again(Shim::sees, "killed without power");
}

TEST_CASE("a node whose syncs do nothing breaks its promises, and the audit says so", "[crash]") {
    TemporaryDirectory directory;
    NodeUnderTest node(directory.path(), Shim::lies);
    node.start();
    Load load(node.client(), 1);
    load.wait_for(50);
    node.kill();
    load.stop();
    REQUIRE(load.problem().empty());
    REQUIRE(load.promises().size() >= 50);
    CHECK(lose_unsynced_writes(node.journal()).lost > 0);
    const auto find = [&] {
        node.start();
        const auto client = node.client();
        const auto lost = client.batch(
            {{"eth_getTransactionReceipt", "[\"" + load.promises().begin()->first.hex() + "\"]"}});
        REQUIRE(lost.size() == 1);
        CHECK(lost[0].result.IsNull());
        node.kill();
        const auto chain = audit_files(node.ledger());
        node.start();
        audit_answers(node.client(), chain.replay, load.promises());
    };
    CHECK_THROWS_WITH(find(), Catch::Contains("acknowledged transaction is lost"));
}

TEST_CASE("a full disk refuses writes by name, answers reads, and recovers", "[crash]") {
    TemporaryDirectory directory;
    NodeUnderTest node(directory.path(), Shim::sees);
    node.start();
    const NodeClient client = node.client();
    Promises promises;
    const auto trade = [&](std::uint64_t seed) {
        Load load(client, seed);
        load.wait_for(30);
        load.stop();
        CHECK(load.problem().empty());
        CHECK(load.promises().size() >= 30);
        promises.insert(load.promises().begin(), load.promises().end());
    };
    trade(1);
    for (std::uint64_t round = 0; round < 3; ++round) {
        node.fill_disk(true);
        const auto refused = [&](std::uint64_t seed) {
            Load load(client, seed);
            load.stop();
            CHECK_THAT(load.problem(), Catch::Contains("no space left"));
            CHECK(load.promises().empty());
        };
        refused(7 + round);
        // From the first refusal on there is no block, also of the node's own keeper.
        const auto before = client.batch({{"eth_blockNumber", "[]"}});
        REQUIRE(before.size() == 1);
        refused(70 + round);
        const auto reads =
            client.batch({{"eth_blockNumber", "[]"},
                          {"eth_getTransactionReceipt", "[\"" + promises.begin()->first.hex() + "\"]"}});
        INFO(node.log());
        REQUIRE(reads.size() == 2);
        CHECK(reads[0].result == before[0].result);
        CHECK(reads[1].result.IsObject());
        CHECK(client.get("/v1/orders?limit=1"));
        node.fill_disk(false);
        // The ledger tries again with the next second of the clock.
        const auto second = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
        while (std::chrono::system_clock::to_time_t(std::chrono::system_clock::now()) <= second + 1)
            std::this_thread::sleep_for(10ms);
        trade(20 + round);
    }
    node.kill();
    lose_unsynced_writes(node.journal());
    const auto chain = audit_files(node.ledger());
    node.start();
    CHECK_NOTHROW(audit_answers(node.client(), chain.replay, promises));
}
