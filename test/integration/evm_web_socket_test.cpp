// The EVM adapter over WebSocket, on a real anvil: news of blocks, many requests on one connection, and what
// can happen to it.
#include <cstdlib>
#include <thread>

#include "integration/evm_world.hpp"
#include "support/self_made_certificate.hpp"
#include "support/web_socket_proxy.hpp"

using namespace grid;
using namespace grid::messages;
using namespace grid::test;
using namespace std::chrono_literals;
using adapters::evm::RpcPool;
using Fault = FaultProxy::Fault;

namespace {

/// Longer than any test waits: what comes in time came by news.
constexpr auto kLongInterval = 10min;

std::string socket_url(const Network& network) {
    return "ws://127.0.0.1:" + std::to_string(network.anvil.port());
}

/// Order `id`; a user has one with a provider at a time, so the one before is cancelled.
void create_order(const Network& network, std::uint64_t id) {
    if (id > 1)
        network.send(user_key(), network.book.contracts.market, chain::calls::market::cancel_order({id - 1}));
    network.create_order();
}

RpcPool::Options pool_options() {
    RpcPool::Options options;
    options.chain_id = Anvil::kChainId;
    options.patience = 1'500ms;
    return options;
}

}  // namespace

TEST_CASE("over a WebSocket blocks arrive when they are made, however long the poll interval is", "[evm]") {
    Network network;
    EvmNode node(network, {socket_url(network)}, 0, "", kLongInterval);
    for (const std::uint64_t id : {1, 2, 3}) {
        create_order(network, id);
        CHECK(status_of(node, id, network.anvil.height()) == chain::OrderStatus::unactivated);
    }
    const auto mined =
        node.transact(network.book.contracts.market, chain::calls::market::activate_order({3}));
    INFO(problem(mined));
    REQUIRE(mined);
    CHECK(status_of(node, 3, mined->block_number) == chain::OrderStatus::running);
}

TEST_CASE("a WebSocket that is cut is made again and goes on telling of blocks", "[evm]") {
    Network network;
    WebSocketProxy proxy(network.anvil.port());
    EvmNode node(network, {proxy.url()}, 0, "", kLongInterval);
    create_order(network, 1);
    REQUIRE(status_of(node, 1, network.anvil.height()) == chain::OrderStatus::unactivated);
    CHECK(proxy.connections() == 1);

    proxy.cut();
    while (proxy.connections() < 2) {
    }
    create_order(network, 2);
    CHECK(status_of(node, 2, network.anvil.height()) == chain::OrderStatus::unactivated);

    // A reply to a question that nobody asked: the connection is not believed any more.
    proxy.say(R"({"jsonrpc":"2.0","id":4294967296,"result":"0x1"})");
    while (proxy.connections() < 3) {
    }
    create_order(network, 3);
    CHECK(status_of(node, 3, network.anvil.height()) == chain::OrderStatus::unactivated);

    // It stays away for a while.
    proxy.set(Fault::reset);
    while (node.actors.follower->status().state != adapters::FollowerStatus::State::unreachable) {
    }
    create_order(network, 4);
    proxy.set(Fault::none);
    CHECK(status_of(node, 4, network.anvil.height()) == chain::OrderStatus::unactivated);
}

TEST_CASE("news of a block that is lost costs no more than a poll interval", "[evm]") {
    Network network;
    WebSocketProxy proxy(network.anvil.port());
    proxy.mute(true);
    EvmNode node(network, {proxy.url()}, 0, "", 500ms);
    create_order(network, 1);
    CHECK(status_of(node, 1, network.anvil.height()) == chain::OrderStatus::unactivated);
    CHECK(proxy.connections() == 1);
}

TEST_CASE("no fault of a WebSocket changes what is known, and all is caught up when it is over", "[evm]") {
    Network network;
    WebSocketProxy proxy(network.anvil.port());
    EvmNode node(network, {proxy.url()});
    create_order(network, 1);
    REQUIRE(node.transact(network.book.contracts.market, chain::calls::market::activate_order({1})));
    CHECK(status_of(node, 1, network.anvil.height()) == chain::OrderStatus::running);
    for (const auto fault : {Fault::reset, Fault::stall, Fault::status_429, Fault::status_500, Fault::no_json,
                             Fault::truncated, Fault::cut_json, Fault::wrong_id, Fault::too_large}) {
        CAPTURE(static_cast<int>(fault));
        outlives_fault(node, network, proxy, fault);
    }
}

TEST_CASE("an endpoint behind a WebSocket that comes back on another chain is not believed", "[evm]") {
    Network network;
    WebSocketProxy proxy(network.anvil.port());
    EvmNode node(network, {proxy.url()});
    create_order(network, 1);
    disbelieves_another_chain(node, network, proxy);
}

TEST_CASE("endpoints over HTTP and WebSocket are of one quorum", "[evm]") {
    Network network;
    FaultProxy http(network.anvil.port());
    WebSocketProxy socket(network.anvil.port());
    EvmNode node(network, {http.url(), socket.url(), socket_url(network)}, 0, "", kLongInterval);
    create_order(network, 1);
    CHECK(status_of(node, 1, network.anvil.height()) == chain::OrderStatus::unactivated);
    http.set(Fault::status_500);
    create_order(network, 2);
    CHECK(status_of(node, 2, network.anvil.height()) == chain::OrderStatus::unactivated);
    http.set(Fault::none);
    socket.set(Fault::reset);
    create_order(network, 3);
    CHECK(status_of(node, 3, network.anvil.height()) == chain::OrderStatus::unactivated);
}

TEST_CASE("requests that share a WebSocket get each its own replies", "[evm]") {
    Network network;
    network.anvil.mine(200);
    RpcPool pool({*adapters::evm::Endpoint::at(socket_url(network))}, pool_options());
    std::atomic<unsigned> right{0};
    std::vector<std::thread> askers;
    for (std::uint64_t asker = 0; asker < 8; ++asker)
        askers.emplace_back([&, asker] {
            for (std::uint64_t round = 0; round < 25; ++round) {
                const auto first = asker * 25 + round;
                const auto replies = pool.ask(std::vector{adapters::evm::block_by_number(first),
                                                          adapters::evm::block_by_number(200 - first)});
                if (!replies) continue;
                const auto one = adapters::evm::read_header((*replies)[0]);
                const auto other = adapters::evm::read_header((*replies)[1]);
                if (one && one->number == first && other && other->number == 200 - first) ++right;
            }
        });
    for (auto& asker : askers) asker.join();
    CHECK(right == 200);
}

TEST_CASE("a WebSocket under TLS is believed by its certificate and name", "[evm]") {
    Network network;
    const TemporaryDirectory directory;
    const SelfMadeCertificate own(directory.path(), "localhost");
    WebSocketProxy proxy(network.anvil.port(), WebSocketProxy::Tls{own.certificate, own.key});
    const auto ask = [&](const std::string& host) {
        RpcPool pool({*adapters::evm::Endpoint::at(proxy.url(host))}, pool_options());
        const auto chain_id = pool.ask(adapters::evm::RpcCall{"eth_chainId"});
        return chain_id ? "" : chain_id.error().message;
    };
    CHECK(ask("localhost").find("certificate verify failed") != std::string::npos);
    // How OpenSSL is told of further authorities.
    ::setenv("SSL_CERT_FILE", own.certificate.c_str(), 1);
    CHECK(ask("localhost") == "");
    CHECK(ask("127.0.0.1").find("certificate verify failed") != std::string::npos);
    EvmNode node(network, {proxy.url("localhost")}, 0, "", kLongInterval);
    create_order(network, 1);
    CHECK(status_of(node, 1, network.anvil.height()) == chain::OrderStatus::unactivated);
    ::unsetenv("SSL_CERT_FILE");
}
