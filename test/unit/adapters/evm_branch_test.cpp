// Heads, headers and logs of a network whose nodes lag, fork and reorganise.
#include <catch2/catch.hpp>

#include "adapters/chain_evm/branch.hpp"
#include "support/fake_evm_node.hpp"

using namespace grid;
using namespace grid::adapters::evm;
using test::FakeEvmNode;

namespace {

chain::ContractAddresses contracts() {
    auto book = chain::embedded_addresses();
    return book;
}

/// Endpoints, and what the adapter makes of them. Failures are forgotten at once: pauses are tested
/// elsewhere.
struct World {
    explicit World(const std::vector<const FakeEvmNode*>& nodes, Branch::Options options = {})
        : pool(endpoints(nodes), pool_options()), network(pool, contracts()), branch(network, options) {}

    static std::vector<Endpoint> endpoints(const std::vector<const FakeEvmNode*>& nodes) {
        std::vector<Endpoint> out;
        for (const auto* node : nodes) out.push_back(node->endpoint());
        return out;
    }
    static RpcPool::Options pool_options() {
        RpcPool::Options options;
        options.chain_id = 31337;
        options.first_pause = options.longest_pause = std::chrono::milliseconds(0);
        return options;
    }
    /// Polls until there is nothing more; what it was rewound to last.
    std::optional<std::uint64_t> settle() {
        std::optional<std::uint64_t> rewound;
        for (;;) {
            const auto news = branch.poll();
            INFO((news ? "" : news.error().message));
            REQUIRE(news);
            if (news->rewound_to) rewound = news->rewound_to;
            if (!news->more) return rewound;
        }
    }
    std::uint64_t agreed() {
        const auto head = network.agreed_head();
        INFO((head ? "" : head.error().message));
        REQUIRE(head);
        return head->number;
    }
    std::string refusal() {
        const auto head = network.agreed_head();
        return head ? "agreed on " + std::to_string(head->number) : head.error().code;
    }

    RpcPool pool;
    Network network;
    Branch branch;
};

void follows(World& world, const FakeEvmNode& node, std::uint64_t tip) {
    REQUIRE(world.branch.tip());
    CHECK(world.branch.tip()->number == tip);
    CHECK(world.branch.tip()->hash == node.hash(tip));
}

}  // namespace

TEST_CASE("one endpoint is believed, of two both, of three more than half") {
    FakeEvmNode a, b, c;
    a.grow(10, "main");
    b.grow(8, "main");
    c.grow(5, "main");
    CHECK(World({&a}).agreed() == 10);
    CHECK(World({&a, &b}).agreed() == 8);
    CHECK(World({&a, &b, &c}).agreed() == 8);
    CHECK(World({&c, &b, &a}).agreed() == 8);
}

TEST_CASE("an endpoint on another branch is not believed alone") {
    FakeEvmNode a, b, c;
    a.grow(6, "main");
    b.grow(6, "main");
    c.grow(6, "main");
    c.grow(20, "lie");
    a.grow(4, "main");
    b.grow(4, "main");
    World world({&c, &a, &b});
    CHECK(world.agreed() == 10);
    CHECK(world.pool.trusted() == std::vector<std::size_t>{1, 2});
    World two({&a, &c});
    CHECK(two.agreed() == 6);
}

TEST_CASE("endpoints that share no block of the last ones are not believed at all") {
    FakeEvmNode a, b;
    a.grow(70, "main");
    b.grow(70, "lie");
    CHECK(World({&a, &b}).refusal() == "unavailable");
}

TEST_CASE("when an endpoint is silent: of two, the other counts; of three, two must be there") {
    FakeEvmNode a, b, c;
    for (auto* node : {&a, &b, &c}) node->grow(5, "main");
    b.say("");
    CHECK(World({&a, &b}).agreed() == 5);
    CHECK(World({&a, &b, &c}).agreed() == 5);
    c.say(FakeEvmNode::http("", "500 Oops"));
    CHECK(World({&a, &b, &c}).refusal() == "unavailable");
    a.set_chain_id(1);
    CHECK(World({&a, &b}).refusal() == "unavailable");
}

TEST_CASE("an endpoint that stands still for minutes counts as silent") {
    FakeEvmNode moving, stuck;
    moving.grow(100, "main");
    stuck.grow(10, "main");
    CHECK(World({&moving, &stuck}).agreed() == 100);
}

TEST_CASE("blocks come in order with the contracts' logs, near the head by hash and deeper by ranges") {
    FakeEvmNode node;
    node.log_every(7, contracts().market);
    node.grow(700, "main");
    World world({&node});
    world.settle();
    follows(world, node, 700);
    std::uint64_t next = 3;
    while (next <= 700) {
        const auto blocks = world.branch.after(next - 1, 100);
        REQUIRE(blocks);
        REQUIRE_FALSE(blocks->empty());
        for (const auto& block : *blocks) {
            REQUIRE(block.number == next);
            REQUIRE(block.hash == node.hash(next));
            REQUIRE(block.parent == node.hash(next - 1));
            REQUIRE(block.time.seconds == 1'000'000 + 12 * next);
            REQUIRE(block.logs.size() == (next % 7 == 0 ? 1 : 0));
            if (!block.logs.empty()) {
                CHECK(block.logs[0].index == 3);
                CHECK(block.logs[0].transaction_hash == node.hash(next));
                CHECK(block.logs[0].log.address == contracts().market);
            }
            ++next;
        }
    }
    const auto none = world.branch.after(700, 100);
    REQUIRE(none);
    CHECK(none->empty());
}

TEST_CASE("ranges of logs become as small as the provider wants") {
    FakeEvmNode node;
    node.log_every(3, contracts().registry);
    node.grow(600, "main");
    node.limit_range(5);
    World world({&node});
    world.settle();
    const auto blocks = world.branch.after(0, 200);
    REQUIRE(blocks);
    REQUIRE(blocks->size() == 200);
    for (const auto& block : *blocks) CHECK(block.logs.size() == (block.number % 3 == 0 ? 1 : 0));
}

TEST_CASE("logs that a lagging index leaves out are noticed by the blocks' bloom") {
    FakeEvmNode node;
    node.log_every(50, contracts().credit);
    node.grow(600, "main");
    node.forget_ranges(true);
    World world({&node});
    world.settle();
    const auto blocks = world.branch.after(0, 200);
    REQUIRE(blocks);
    for (const auto& block : *blocks) CHECK(block.logs.size() == (block.number % 50 == 0 ? 1 : 0));
}

TEST_CASE("a fresh start begins at the block of the contracts") {
    FakeEvmNode node;
    World world({&node}, {.first_block = 40});
    world.settle();
    CHECK_FALSE(world.branch.tip());
    node.grow(200, "main");
    world.settle();
    const auto blocks = world.branch.after(0, 5);
    REQUIRE(blocks);
    CHECK(blocks->front().number == 40);
}

TEST_CASE("a block counts when enough blocks stand on it") {
    FakeEvmNode node;
    node.grow(4, "main");
    World world({&node}, {.confirmations = 5});
    world.settle();
    CHECK_FALSE(world.branch.tip());
    node.grow(8, "main");
    world.settle();
    follows(world, node, 7);
    CHECK(world.branch.head()->number == 12);
}

TEST_CASE("a reorganisation is found by the parent hash, back to the fork") {
    for (const std::uint64_t depth : {1, 5, 20, 63}) {
        for (const std::uint64_t longer : {0, 3}) {
            CAPTURE(depth, longer);
            FakeEvmNode node;
            node.grow(100, "main");
            World world({&node});
            world.settle();
            node.cut(depth);
            node.grow(depth + longer, "other");
            CHECK(world.settle() == 100 - depth);
            follows(world, node, 100 + longer);
        }
    }
}

TEST_CASE("a branch that is left for a shorter one is taken back when the shorter one shows another block") {
    FakeEvmNode node;
    node.grow(100, "main");
    World world({&node});
    world.settle();
    node.cut(20);
    CHECK(world.settle() == std::nullopt);  // as an endpoint that lags
    CHECK(world.branch.tip()->number == 100);
    node.grow(1, "other");
    CHECK(world.settle() == 80);
    follows(world, node, 81);
}

TEST_CASE("a reorganisation that was not deep enough to count is not seen") {
    FakeEvmNode node;
    node.grow(100, "main");
    World world({&node}, {.confirmations = 10});
    world.settle();
    node.cut(9);
    node.grow(12, "other");
    CHECK(world.settle() == std::nullopt);
    follows(world, node, 93);
}

TEST_CASE("a reorganisation deeper than what can be taken back stops everything, with reasons") {
    FakeEvmNode node;
    node.grow(100, "main");
    World world({&node});
    world.settle();
    node.cut(64);
    node.grow(70, "other");
    const auto stopped = world.branch.poll();
    REQUIRE_FALSE(stopped);
    CHECK(stopped.error().code == "reorganised_too_deep");
    CHECK(world.branch.tip()->number == 100);
    node.grow(10, "other");
    CHECK(world.branch.poll().error().code == "reorganised_too_deep");
}

TEST_CASE("an outage changes nothing, and afterwards the rest is fetched") {
    FakeEvmNode node;
    node.grow(10, "main");
    World world({&node});
    world.settle();
    node.say("");
    CHECK(world.branch.poll().error().code == "unavailable");
    CHECK(world.branch.tip()->number == 10);
    node.grow(600, "main");
    node.say({});
    world.settle();
    follows(world, node, 610);
}
