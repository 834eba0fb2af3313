// The EVM adapter on a real anvil, with the contracts of chain/solidity, under the real projections.
#include "integration/evm_world.hpp"

using namespace grid;
using namespace grid::messages;
using namespace grid::test;
using Fault = FaultProxy::Fault;

namespace {

const Bytes kActivate1 = chain::calls::market::activate_order({1});

/// Blocks that replace the newest ones, without their transactions.
void reorganise(const Network& network, std::uint64_t depth) {
    network.anvil.request("anvil_reorg", "[" + std::to_string(depth) + ",[]]");
}

}  // namespace

TEST_CASE("an EVM network answers as a chain: blocks, calls, receipts, own and others' transactions",
          "[evm]") {
    Network network;
    EvmNode node(network, {network.anvil.url()});
    network.create_order();
    CHECK(status_of(node, 1, network.anvil.height()) == chain::OrderStatus::unactivated);

    const auto mined = node.transact(network.book.contracts.market, kActivate1);
    INFO(problem(mined));
    REQUIRE(mined);
    CHECK(mined->receipt.success);
    CHECK(mined->block_number == network.anvil.height());
    REQUIRE(mined->receipt.logs.size() == 1);
    const auto event = chain::decode_event(mined->receipt.logs[0], network.book.contracts);
    REQUIRE(event);
    CHECK(chain::name_of(*event) == "OrderActivated");
    CHECK(status_of(node, 1, mined->block_number) == chain::OrderStatus::running);
    const auto order = node.order_on_chain(network, 1);
    REQUIRE(order);
    CHECK(order->status == chain::OrderStatus::running);
    CHECK(order->activated_at == mined->block_time);

    const auto row = node.order(1, mined->block_number);
    CHECK(row->created_height == mined->block_number - 1);
    CHECK(row->order.user == user_key().address());
    const auto provider = node.ask<ProviderRow>(node.registry, find_atom_v, provider_key().address());
    REQUIRE(provider);
    CHECK(provider->provider.available.cpu_milli == 7000);

    const auto again = node.transact(network.book.contracts.market, kActivate1);
    REQUIRE_FALSE(again);
    CHECK(again.error().code == "reverted");
    CHECK(again.error().message.find("(") != std::string::npos);
    CHECK(network.mined_nonces(provider_key().address()) == 2);  // nothing was sent for it

    const auto raw =
        network.sign(user_key(), network.book.contracts.market, chain::calls::market::cancel_order({1}));
    const auto hash = node.ask<Hash>(node.actors.chain, submit_atom_v, raw);
    INFO(problem(hash));
    REQUIRE(hash);
    const auto receipt = node.ask<MinedReceipt>(node.actors.chain, receipt_atom_v, *hash);
    REQUIRE(receipt);
    CHECK(receipt->receipt.success);
    CHECK(status_of(node, 1, receipt->block_number) == chain::OrderStatus::cancelled);
    CHECK(node.ask<MinedReceipt>(node.actors.chain, receipt_atom_v, Hash{}).error().code == "not_found");
    CHECK(node.ask<Hash>(node.actors.chain, submit_atom_v, raw).error().code == "nonce_too_low");
    CHECK(node.ask<Hash>(node.actors.chain, submit_atom_v, Bytes{1, 2}).error().code != "unavailable");
    const auto head = node.ask<Head>(node.actors.chain, head_atom_v);
    REQUIRE(head);
    CHECK(head->number == network.anvil.height());
    const auto info = node.ask<ChainInfo>(node.actors.chain, info_atom_v);
    CHECK(info->chain_id == Anvil::kChainId);
    CHECK(info->contracts == network.book.contracts);
}

TEST_CASE("side effects wait for the confirmations", "[evm]") {
    Network network;
    network.anvil.mine(3);
    EvmNode node(network, {network.anvil.url()}, 3);
    network.create_order();
    const auto created_in = network.anvil.height();
    network.anvil.mine(2);
    const auto early = node.order_on_chain(network, 1);  // polls first
    CHECK((!early || early->status == chain::OrderStatus::none));
    CHECK(node.order(1, created_in - 1).error().code == "not_found");
    network.anvil.mine(1);
    CHECK(status_of(node, 1, created_in) == chain::OrderStatus::unactivated);
    CHECK(node.order_on_chain(network, 1)->status == chain::OrderStatus::unactivated);
}

TEST_CASE("a reorganisation takes an order and its activation back, and the node sends what it had sent",
          "[evm]") {
    for (const std::uint64_t depth : {1, 5, 20}) {
        CAPTURE(depth);
        Network network;
        network.anvil.mine(30);
        EvmNode node(network, {network.anvil.url()});
        const auto nonces = network.mined_nonces(provider_key().address());

        // Creation stays, the activation is dropped.
        network.create_order();
        const auto created = node.order(1, network.anvil.height());
        INFO(problem(created));
        REQUIRE(created);
        const auto before = network.anvil.height();
        REQUIRE(node.transact(network.book.contracts.market, kActivate1));
        if (depth > 1) network.anvil.mine(depth - 1);
        CHECK(status_of(node, 1, network.anvil.height()) == chain::OrderStatus::running);
        reorganise(network, depth);
        network.anvil.mine(1);
        // Nobody asked for it: the node knows that it had been mined.
        std::uint64_t height = network.anvil.height();
        while (network.mined_nonces(provider_key().address()) == nonces) {
            REQUIRE(node.order(1, height));
            REQUIRE(node.order_on_chain(network, 1));
        }
        CHECK(status_of(node, 1, network.anvil.height()) == chain::OrderStatus::running);
        CHECK(network.mined_nonces(provider_key().address()) == nonces + 1);
        CHECK(node.order(1, before)->lease_key == created->lease_key);
    }
}

TEST_CASE("another user's order with the number of one that was taken back has another lease key", "[evm]") {
    for (const std::uint64_t depth : {1, 5, 20}) {
        CAPTURE(depth);
        Network network;
        network.anvil.mine(30);
        EvmNode node(network, {network.anvil.url()});
        network.create_order();
        if (depth > 1) network.anvil.mine(depth - 1);
        const auto created = node.order(1, network.anvil.height());
        INFO(problem(created));
        REQUIRE(created);
        reorganise(network, depth);
        network.anvil.mine(1);
        CHECK(node.order(1, network.anvil.height()).error().code == "not_found");
        network.create_order();
        const auto again = node.order(1, network.anvil.height());
        INFO(problem(again));
        REQUIRE(again);
        CHECK(again->lease_key != created->lease_key);
    }
}

TEST_CASE("a rollback to an earlier block is followed when other blocks come", "[evm]") {
    Network network;
    network.anvil.mine(30);
    EvmNode node(network, {network.anvil.url()});
    network.create_order();
    network.anvil.mine(4);
    REQUIRE(node.order(1, network.anvil.height()));
    network.anvil.request("anvil_rollback", "[5]");
    network.anvil.mine(6);
    CHECK(node.order(1, network.anvil.height()).error().code == "not_found");
}

TEST_CASE("what the network left while the node was down is taken back at its start", "[evm]") {
    Network network;
    network.anvil.mine(30);
    const TemporaryDirectory directory;
    {
        EvmNode node(network, {network.anvil.url()}, 0, directory.path());
        network.create_order();
        network.anvil.mine(19);
        REQUIRE(node.order(1, network.anvil.height()));
    }
    reorganise(network, 20);
    network.anvil.mine(1);
    EvmNode node(network, {network.anvil.url()}, 0, directory.path());
    CHECK(node.order(1, network.anvil.height()).error().code == "not_found");
}

TEST_CASE("no fault of an endpoint changes what is known, and all is caught up when it is over", "[evm]") {
    Network network;
    FaultProxy proxy(network.anvil.port());
    EvmNode node(network, {proxy.url()});
    network.create_order();
    REQUIRE(node.transact(network.book.contracts.market, kActivate1));
    CHECK(status_of(node, 1, network.anvil.height()) == chain::OrderStatus::running);
    for (const auto fault : {Fault::reset, Fault::stall, Fault::status_429, Fault::status_500, Fault::no_json,
                             Fault::truncated, Fault::cut_json, Fault::wrong_id}) {
        CAPTURE(static_cast<int>(fault));
        outlives_fault(node, network, proxy, fault);
    }
}

TEST_CASE("an endpoint that comes back on another chain is not believed", "[evm]") {
    Network network;
    FaultProxy proxy(network.anvil.port());
    EvmNode node(network, {proxy.url()});
    network.create_order();
    disbelieves_another_chain(node, network, proxy);
}

TEST_CASE("one endpoint of three may lag, fork or fail", "[evm]") {
    Network network;
    Network other;  // the same contracts, other blocks
    other.anvil.mine(50);
    FaultProxy bad(network.anvil.port());
    FaultProxy second(network.anvil.port());
    bad.lag_at(network.anvil.height());
    std::uint64_t orders = 0;
    for (const auto fault : {Fault::lag, Fault::status_500, Fault::none}) {
        CAPTURE(static_cast<int>(fault));
        bad.set(fault);
        const auto third = fault == Fault::none ? other.anvil.url() : bad.url();
        EvmNode node(network, {third, network.anvil.url(), second.url()});
        network.create_order();
        const auto row = node.order(++orders, network.anvil.height());
        INFO(problem(row));
        REQUIRE(row);
        const auto activate = chain::calls::market::activate_order({orders});
        REQUIRE(node.transact(network.book.contracts.market, activate));
        CHECK(status_of(node, orders, network.anvil.height()) == chain::OrderStatus::running);
        network.send(user_key(), network.book.contracts.market, chain::calls::market::cancel_order({orders}));
    }
}

TEST_CASE("anvil ends and comes back from its state file", "[evm]") {
    const TemporaryDirectory directory;
    const auto state = directory / "state.json";
    Network network({"--state", state});
    EvmNode node(network, {network.anvil.url()});
    network.create_order();
    REQUIRE(node.transact(network.book.contracts.market, kActivate1));
    CHECK(status_of(node, 1, network.anvil.height()) == chain::OrderStatus::running);
    network.anvil.restart({"--state", state});
    network.anvil.mine(1);
    CHECK(status_of(node, 1, network.anvil.height()) == chain::OrderStatus::running);
    network.send(user_key(), network.book.contracts.market, chain::calls::market::cancel_order({1}));
    CHECK(status_of(node, 1, network.anvil.height()) == chain::OrderStatus::cancelled);
}
