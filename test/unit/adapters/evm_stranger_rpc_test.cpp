// What strangers may have passed on to the network through a node.
#include <catch2/catch.hpp>
#include <future>

#include "adapters/chain_evm/address_book.hpp"
#include "adapters/chain_evm/stranger_rpc.hpp"
#include "support/fake_evm_node.hpp"

using namespace grid;
using namespace grid::adapters::evm;
using test::FakeEvmNode;

namespace {

struct World {
    explicit World(double burst = 300) {
        StrangerRpc::Options options;
        options.burst = burst;
        options.calls_per_second = 10;
        options.now = [this] { return now; };
        rpc = std::make_shared<StrangerRpc>(pool, contracts, options);
    }
    ~World() { rpc->close(); }
    static RpcPool::Options pool_options() {
        RpcPool::Options options;
        options.chain_id = 31337;
        return options;
    }
    std::string ask(const std::string& body) {
        std::promise<std::string> said;
        REQUIRE(rpc->handle(body, [&](std::string reply) { said.set_value(std::move(reply)); }));
        return said.get_future().get();
    }
    std::string call(const std::string& method, const std::string& params = "[]") {
        return ask(R"({"jsonrpc":"2.0","id":"x","method":")" + method + R"(","params":)" + params + "}");
    }
    static bool has(const std::string& text, const std::string& part) {
        return text.find(part) != std::string::npos;
    }

    chain::ContractAddresses contracts = chain::embedded_addresses();
    std::chrono::steady_clock::time_point now{std::chrono::hours(1)};
    FakeEvmNode node;
    RpcPool pool{{node.endpoint()}, pool_options()};
    std::shared_ptr<StrangerRpc> rpc;
};

}  // namespace

TEST_CASE("a stranger's call is passed on, and answered under its own id") {
    World world;
    world.node.grow(7, "main");
    CHECK(world.call("eth_blockNumber") == R"({"jsonrpc":"2.0","id":"x","result":"0x7"})");
    CHECK(world.call("eth_chainId") == R"({"jsonrpc":"2.0","id":"x","result":"0x7a69"})");
    const auto both = world.ask(
        R"([{"jsonrpc":"2.0","id":1,"method":"eth_blockNumber"},{"jsonrpc":"2.0","id":2,"method":"admin_peers"}])");
    CHECK(World::has(both, R"({"jsonrpc":"2.0","id":1,"result":"0x7"})"));
    CHECK(World::has(both, "-32601"));
    // The node's own refusal is passed on as well.
    CHECK(World::has(world.call("eth_gasPrice"), "no such method"));
}

TEST_CASE("what does not concern the market's contracts is not passed on") {
    World world;
    const auto market = world.contracts.market.hex();
    const std::string other = "0x00000000000000000000000000000000000000aa";
    for (const auto& [method, params] : std::vector<std::pair<std::string, std::string>>{
             {"eth_call", "[]"},
             {"eth_call", R"([{"to":")" + other + R"("},"latest"])"},
             {"eth_call", R"([{"data":"0x00"},"latest"])"},
             {"eth_call", R"([{"to":")" + market + R"("},"latest",{"0x00":{}}])"},
             // Which of two a node takes, and whether it minds the case, is up to the node.
             {"eth_call", R"([{"to":")" + market + R"(","to":")" + other + R"("}])"},
             {"eth_call", R"([{"to":")" + market + R"(","TO":")" + other + R"("}])"},
             {"eth_getLogs", R"([{"address":")" + market + R"(","address":")" + other + R"("}])"},
             {"eth_getLogs", R"([{"address":")" + market + R"(","Address":null}])"},
             {"eth_estimateGas", R"([{"to":")" + other + R"("}])"},
             {"eth_getLogs", R"([{"fromBlock":"0x0"}])"},
             {"eth_getLogs", R"([{"address":")" + other + R"("}])"},
             {"eth_getLogs", R"([{"address":[]}])"},
             {"eth_getLogs", R"([{"address":[")" + market + R"(",")" + other + R"("]}])"},
             {"eth_getBlockByNumber", R"(["latest",true])"},
             {"eth_sendRawTransaction", R"(["0x00"])"},
             {"eth_sendRawTransaction", "[7]"},
             {"debug_traceTransaction", "[]"},
             {"anvil_setBalance", "[]"},
             {"eth_subscribe", R"(["newHeads"])"},
             {"eth_blockNumber", "{}"}}) {
        CAPTURE(method, params);
        CHECK(World::has(world.call(method, params), "\"error\""));
    }
    const auto key = chain::PrivateKey::generate();
    const auto raw = [&](std::uint64_t chain_id, const chain::Address& to) {
        chain::Transaction t;
        t.chain_id = chain_id;
        t.to = to;
        return "[\"" + chain::to_hex(chain::sign(t, key).raw) + "\"]";
    };
    CHECK(World::has(world.call("eth_sendRawTransaction", raw(1, world.contracts.market)), "wrong chain id"));
    CHECK(World::has(world.call("eth_sendRawTransaction", raw(31337, *chain::Address::parse(other))),
                     "-32602"));
    auto forged = raw(31337, world.contracts.market);
    forged.replace(forged.size() - 66, 64, std::string(64, 'f'));  // s, the last of its fields
    CHECK(World::has(world.call("eth_sendRawTransaction", forged), "EIP-2"));
    CHECK(world.node.requests() == 0);
    CHECK(World::has(world.call("eth_sendRawTransaction", raw(31337, world.contracts.market)),
                     "no such method"));
    CHECK(world.node.asked()["eth_sendRawTransaction"] == 1);
    CHECK(World::has(
        world.call("eth_getLogs", R"([{"address":")" + market + R"(","fromBlock":"0x0","toBlock":"0x0"}])"),
        R"("result":[])"));
}

TEST_CASE("nonsense is refused without asking the network") {
    World world;
    const auto nested = [](std::size_t levels) {
        return R"({"jsonrpc":"2.0","id":1,"method":"eth_blockNumber","params":)" + std::string(levels, '[') +
               std::string(levels, ']') + "}";
    };
    for (const auto& body :
         {std::string(), std::string("{"), std::string("[]"), std::string("7"), nested(60'000),
          std::string("{}"), std::string(200'000, ' '), std::string(100'000, '['),
          "[" + std::string(1000, '7') + "]", std::string("{\"a\":\"\xff\"}")}) {
        CAPTURE(body.substr(0, 40));
        CHECK(World::has(world.ask(body), "\"error\""));
    }
    CHECK(world.node.requests() == 0);
}

TEST_CASE("a node passes on so many calls a second and no more") {
    World world(5);
    for (int i = 0; i < 5; ++i) CHECK(World::has(world.call("eth_blockNumber"), "result"));
    CHECK(World::has(world.call("eth_blockNumber"), "-32005"));
    world.now += std::chrono::milliseconds(100);
    CHECK(World::has(world.call("eth_blockNumber"), "result"));
    CHECK(World::has(world.call("eth_blockNumber"), "-32005"));
    CHECK(World::has(world.call("eth_chainId"), "result"));
}

TEST_CASE("an unreachable network is told as such; after the end nothing is taken") {
    World world;
    world.node.say("");
    CHECK(World::has(world.call("eth_blockNumber"), "-32000"));
    world.rpc->close();
    CHECK_FALSE(world.rpc->handle("{}", [](const std::string&) {}));
}

TEST_CASE("an address book names its network, its first block and six different contracts") {
    const std::string good =
        "chain_id: 5\nblock: 7\naddresses: {token: 0x00000000000000000000000000000000000000a1, credit: "
        "0x00000000000000000000000000000000000000a2, registry: 0x00000000000000000000000000000000000000a3, "
        "market: "
        "0x00000000000000000000000000000000000000a4, pledge: 0x00000000000000000000000000000000000000a5, "
        "council: "
        "0x00000000000000000000000000000000000000a6}\n";
    const auto book = parse_address_book(good, "book");
    REQUIRE(book);
    CHECK(book->chain_id == 5);
    CHECK(book->block == 7);
    CHECK(book->contracts.council.hex() == "0x00000000000000000000000000000000000000a6");
    const auto without = [&](const std::string& part, const std::string& by) {
        auto text = good;
        text.replace(text.find(part), part.size(), by);
        return parse_address_book(text, "book");
    };
    CHECK_FALSE(without("chain_id: 5\n", ""));
    CHECK_FALSE(without("block: 7\n", ""));
    CHECK_FALSE(without("chain_id: 5", "chain_id: five"));
    CHECK_FALSE(without("00a2", "00a1"));
    CHECK_FALSE(without("00a3", "00"));
    CHECK_FALSE(without("token:", "tokens:"));
}
