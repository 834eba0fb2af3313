#pragma once

#include <catch2/catch.hpp>

#include "actors/order.hpp"
#include "actors/registry.hpp"
#include "adapters/chain_evm.hpp"
#include "chain/calls.hpp"
#include "chain/genesis.hpp"
#include "messages/error.hpp"
#include "store/writer.hpp"
#include "support/anvil.hpp"
#include "support/fault_proxy.hpp"
#include "support/temporary_directory.hpp"

namespace grid::test {

inline chain::PrivateKey account(std::uint32_t index) {
    return *chain::derive_from_mnemonic(chain::kDevelopmentMnemonic, index);
}
inline const chain::PrivateKey& provider_key() {
    static const auto key = account(1);
    return key;
}
inline const chain::PrivateKey& user_key() {
    static const auto key = account(2);
    return key;
}

/// What the provider registers.
inline chain::Provider provider_info() {
    chain::Provider info;
    info.host = "127.0.0.1";
    info.port = 8090;
    info.prices = {1000, 1000, 10, 0};
    info.minimum_prices = {1, 1, 1, 0};
    info.total = {8000, 8192, 10240, 0};
    info.accepts_offers = true;
    return info;
}

/// A real network with the contracts, and what people do there without this node.
struct Network {
    explicit Network(std::vector<std::string> arguments = {})
        : anvil(std::move(arguments)), book(anvil.deploy()) {
        send(provider_key(), book.contracts.registry, chain::calls::registry::set(provider_info()));
        const auto amount = *chain::Amount::parse_units("1000");
        send(user_key(), book.contracts.token, chain::calls::token::approve(book.contracts.credit, amount));
        send(user_key(), book.contracts.credit, chain::calls::credit::purchase(amount));
    }

    chain::Bytes sign(const chain::PrivateKey& key, const chain::Address& to,
                      const chain::Bytes& data) const {
        chain::Transaction t;
        t.chain_id = Anvil::kChainId;
        const auto count =
            anvil.request("eth_getTransactionCount", "[\"" + key.address().hex() + "\",\"pending\"]");
        t.nonce = std::stoull(count.substr(3), nullptr, 16);
        t.gas_limit = 2'000'000;
        t.max_fee = chain::Amount(100'000'000'000u);
        t.max_priority_fee = chain::Amount(2'000'000'000u);
        t.to = to;
        t.data = data;
        return chain::sign(t, key).raw;
    }
    void send(const chain::PrivateKey& key, const chain::Address& to, const chain::Bytes& data) const {
        // anvil answers before the block is made.
        const auto hash =
            anvil.request("eth_sendRawTransaction", "[\"" + chain::to_hex(sign(key, to, data)) + "\"]");
        std::string receipt = "null";
        while (receipt == "null") receipt = anvil.request("eth_getTransactionReceipt", "[" + hash + "]");
        if (receipt.find("\"status\":\"0x1\"") == std::string::npos)
            throw std::runtime_error("a transaction of the test's failed: " + receipt);
    }
    void create_order(chain::Seconds duration = {36'000}, chain::Seconds probation = {0}) const {
        send(user_key(), book.contracts.market,
             chain::calls::market::create_order(provider_key().address(), {1000, 512, 1024, 0},
                                                {1000, 1000, 10, 0}, duration, probation));
    }
    std::uint64_t mined_nonces(const chain::Address& of) const {
        const auto count = anvil.request("eth_getTransactionCount", "[\"" + of.hex() + "\",\"latest\"]");
        return std::stoull(count.substr(3), nullptr, 16);
    }

    Anvil anvil;
    adapters::evm::AddressBook book;
};

/// A node's chain and projections on such a network.
class EvmNode {
public:
    /// `directory`: of an earlier node's store; empty: a fresh one.
    EvmNode(const Network& network, std::vector<std::string> urls, std::uint64_t confirmations = 0,
            std::string directory = "",
            std::chrono::milliseconds poll_interval = std::chrono::milliseconds(20)) {
        if (directory.empty()) directory = own_directory_.path();
        messages::add_message_types(config_);
        config_.set("scheduler.policy", caf::atom("sharing"));
        config_.set("logger.console", caf::atom("none"));
        environment_ = std::move(*store::Environment::open(directory + "/store"));
        writer_ = std::make_unique<store::Writer>(*environment_);
        system_ = std::make_unique<caf::actor_system>(config_);
        self_ = std::make_unique<caf::scoped_actor>(*system_);
        adapters::EvmChainOptions options;
        options.rpc = std::move(urls);
        options.book = network.book;
        options.confirmations = confirmations;
        options.poll_interval = poll_interval;
        options.sender = adapters::evm::Sender::Options{.key = provider_key(),
                                                        .resend_after = std::chrono::milliseconds(100)};
        options.environment = environment_.get();
        options.pool.patience = std::chrono::milliseconds(1'500);
        options.pool.first_pause = options.pool.longest_pause = std::chrono::milliseconds(20);
        const auto spawned = adapters::spawn_chain_evm(*system_, std::move(options));
        REQUIRE(spawned);
        actors = *spawned;
        const messages::ChainInfo info{network.book.chain_id, network.book.contracts, false};
        const auto storage = runtime::storage_of(*environment_, *writer_);
        registry = actors::registry(*system_, storage, info, actors.chain);
        orders = actors::order(*system_, storage, info, actors.chain);
    }
    ~EvmNode() {
        for (const auto& actor : {caf::actor_cast<caf::actor>(orders), caf::actor_cast<caf::actor>(registry),
                                  caf::actor_cast<caf::actor>(actors.chain)}) {
            (*self_)->send_exit(actor, caf::exit_reason::user_shutdown);
            (*self_)->wait_for(actor);
        }
        orders = nullptr;
        registry = nullptr;
        actors = {};
        self_.reset();
        system_.reset();
    }

    template <class T, class Handle, class... Ts>
    Result<T> ask(const Handle& handle, Ts&&... xs) {
        Result<T> result = fail("none", "");
        (*self_)
            ->request(handle, std::chrono::seconds(30), std::forward<Ts>(xs)...)
            .receive([&](T& value) { result = std::move(value); },
                     [&](caf::error& error) { result = tl::unexpected<Error>(messages::from_caf(error)); });
        return result;
    }
    Result<messages::MinedReceipt> transact(const chain::Address& to, const chain::Bytes& data) {
        return ask<messages::MinedReceipt>(actors.chain, messages::transact_atom_v, to, data);
    }
    Result<messages::OrderRow> order(std::uint64_t id, std::uint64_t at_least_block) {
        return ask<messages::OrderRow>(orders, messages::find_atom_v, chain::OrderId{id}, at_least_block);
    }
    Result<chain::Order> order_on_chain(const Network& network, std::uint64_t id) {
        const auto output = ask<chain::Bytes>(actors.chain, messages::call_atom_v,
                                              network.book.contracts.market, chain::calls::market::get({id}));
        if (!output) return tl::unexpected(output.error());
        return chain::calls::decode_order(*output);
    }
    store::Environment& environment() { return *environment_; }

    adapters::EvmChainActors actors;
    messages::registry_actor registry;
    messages::order_actor orders;

private:
    TemporaryDirectory own_directory_;
    caf::actor_system_config config_;
    std::unique_ptr<store::Environment> environment_;
    std::unique_ptr<store::Writer> writer_;
    std::unique_ptr<caf::actor_system> system_;
    std::unique_ptr<caf::scoped_actor> self_;
};

template <class T>
std::string problem(const Result<T>& result) {
    return result ? "" : result.error().code + ": " + result.error().message;
}

/// Waits until the projection has that block; nothing is asked of the network for it.
inline chain::OrderStatus status_of(EvmNode& node, std::uint64_t id, std::uint64_t block) {
    const auto row = node.order(id, block);
    INFO(problem(row));
    REQUIRE(row);
    return row->order.status;
}

/// Order 1 runs; the only endpoint, behind `proxy` (FaultProxy, WebSocketProxy), has a fault for a while.
template <class Proxy>
void outlives_fault(EvmNode& node, const Network& network, Proxy& proxy, FaultProxy::Fault fault) {
    using namespace messages;
    const auto known = node.ask<Head>(node.actors.chain, head_atom_v);
    REQUIRE(known);
    proxy.set(fault);
    network.anvil.mine(3);
    CHECK(node.order_on_chain(network, 1).error().code == "unavailable");
    CHECK(node.transact(network.book.contracts.market, chain::calls::market::suspend({1})).error().code ==
          "unavailable");
    const auto row = node.order(1, 0);
    REQUIRE(row);
    CHECK(row->order.status == chain::OrderStatus::running);
    CHECK(node.ask<Head>(node.actors.chain, head_atom_v)->number >= known->number);
    proxy.set(FaultProxy::Fault::none);
    CHECK(status_of(node, 1, network.anvil.height()) == chain::OrderStatus::running);
    // The endpoint is asked again after its pause.
    Result<chain::Order> order = fail("unavailable", "");
    while (!order && order.error().code == "unavailable") order = node.order_on_chain(network, 1);
    CHECK(order->status == chain::OrderStatus::running);
}

/// Order 1 is known; the only endpoint, behind `proxy`, goes and comes back on another chain.
template <class Proxy>
void disbelieves_another_chain(EvmNode& node, const Network& network, Proxy& proxy) {
    REQUIRE(node.order(1, network.anvil.height()));
    proxy.set(FaultProxy::Fault::reset);
    REQUIRE_FALSE(node.order_on_chain(network, 1));
    proxy.set(FaultProxy::Fault::wrong_chain);
    for (int i = 0; i < 20; ++i) CHECK(node.order_on_chain(network, 1).error().code == "unavailable");
    CHECK(node.actors.follower->status().state == adapters::FollowerStatus::State::unreachable);
}

}  // namespace grid::test
