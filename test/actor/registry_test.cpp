#include <catch2/catch.hpp>

#include "actor/world.hpp"
#include "actors/order.hpp"
#include "actors/registry.hpp"

using namespace grid;
using namespace grid::test;
using namespace grid::messages;

TEST_CASE("providers are listed in the order of registration, filtered and by pages") {
    Disk disk;
    Chain chain;
    for (std::uint32_t i = 1; i <= 7; ++i) chain.register_provider(account(i), {1000 * i, 8192, 10240, 0});
    chain.must(account(4), chain.contracts.registry, chain::calls::registry::deregister());
    World world(disk, chain);
    auto registry =
        world.own(actors::registry(world.system(), disk.storage(), world.chain_info(), world.chain_handle()));
    world.run();
    auto list = [&](const ProviderQuery& query) {
        return world.ask<ProviderPage>(registry, list_atom_v, query);
    };

    ProviderQuery query;
    query.limit = 4;
    auto page = list(query).value();
    REQUIRE(page.rows.size() == 4);
    CHECK(page.rows[0].provider.address == account(1));
    CHECK(page.rows[3].provider.address == account(5));  // 4 has left
    query.cursor = page.next_cursor;
    page = list(query).value();
    REQUIRE(page.rows.size() == 2);
    CHECK(page.rows[1].provider.address == account(7));
    CHECK(page.next_cursor.empty());

    query = {};
    query.active_only = false;
    CHECK(list(query).value().rows.size() == 7);
    query.free.cpu_milli = 5000;
    CHECK(list(query).value().rows.size() == 3);
    query.max_hourly = chain::Amount{5'000'000};
    CHECK(list(query).value().rows.size() == 3);
    query.max_hourly = chain::Amount{4'999'999};
    CHECK(list(query).value().rows.empty());
    query = {};
    query.cursor = "first";
    CHECK(list(query).code() == "bad_cursor");
}

TEST_CASE("orders are listed newest first, by user, provider and status") {
    Disk disk;
    Chain chain;
    chain.register_provider(account(1));
    chain.register_provider(account(2));
    for (std::uint32_t user = 3; user <= 5; ++user) {
        chain.fund(account(user));
        chain.create_order(account(user), account(1));
        chain.create_order(account(user), account(2));
    }
    chain.must(account(1), chain.contracts.market, chain::calls::market::activate_order({3}));
    chain.must(account(5), chain.contracts.market, chain::calls::market::cancel_order({6}));
    World world(disk, chain);
    auto orders =
        world.own(actors::order(world.system(), disk.storage(), world.chain_info(), world.chain_handle()));
    world.run();
    auto ids = [&](const OrderQuery& query, std::string* next = nullptr) {
        const auto page = world.ask<OrderPage>(orders, list_atom_v, query).value();
        if (next) *next = page.next_cursor;
        std::vector<std::uint64_t> found;
        for (const auto& row : page.rows) found.push_back(row.order.id.value);
        return found;
    };
    using Ids = std::vector<std::uint64_t>;
    OrderQuery query;
    CHECK(ids(query) == Ids{6, 5, 4, 3, 2, 1});
    query.limit = 4;
    CHECK(ids(query, &query.cursor) == Ids{6, 5, 4, 3});
    CHECK(ids(query, &query.cursor) == Ids{2, 1});
    CHECK(query.cursor.empty());
    query = {};
    query.user = account(4);
    CHECK(ids(query) == Ids{4, 3});
    query.provider = account(1);
    CHECK(ids(query) == Ids{3});
    query = {};
    query.status = chain::OrderStatus::unactivated;
    CHECK(ids(query) == Ids{5, 4, 2, 1});
    query.status = chain::OrderStatus::cancelled;
    CHECK(ids(query) == Ids{6});
    query.user = account(9);
    CHECK(ids(query).empty());
    CHECK(world.ask<OrderRow>(orders, find_atom_v, account(4), account(1)).value().order.id.value == 3);
    CHECK(world.ask<OrderRow>(orders, find_atom_v, account(5), account(2)).code() == "not_found");
}
