#include "chain/state.hpp"

#include <tuple>

#include "unit/chain/pledge_world.hpp"

using namespace grid::chain;
using namespace grid::chain::test;

namespace {

/// A state with something in every table.
PledgeWorld eventful() {
    PledgeWorld w;
    w.block.time = {1'700'000'000};
    Provider offer = w.offer();
    offer.probation = {300};
    w.register_provider(offer);
    w.buy_credits(w.user, kToken);
    w.buy_credits(w.other, kToken);
    w.ok(w.stranger, w.contracts.token, calls::token::approve(w.user, Amount{9}));
    w.run_order(w.user);
    w.ok(w.user, w.contracts.market, calls::market::cancel_order({1}));
    w.create_order(w.other);
    w.ok(w.user, w.contracts.market, w.with_quote(w.quote(), w.provider_key));
    w.state.set_nonce(w.user, 12);
    const calls::token::PermitTerms permit{w.user, w.other, Amount{3}, Amount{0}, Amount{~0ull}};
    w.ok(w.other, w.contracts.token,
         calls::token::permit(permit, w.user_key.sign(calls::token::permit_digest(permit, w.block.chain_id,
                                                                                  w.contracts.token))));
    w.ok(w.user, w.contracts.token, calls::token::transfer(w.contracts.credit, Amount{4}));
    w.propose(w.contracts.council, calls::council::set_delay({1}));
    w.pledge(w.user, 100);
    w.next_epoch();
    w.pledge(w.other, 100);
    w.promise(100);
    w.mint(50);
    w.unpledge(w.user, 10);
    w.announce(30);
    return w;
}

/// Everything that is derived from rows, to compare two states by.
void check_same_views(const State& a, const State& b, const World& w) {
    CHECK(rows_of(a) == rows_of(b));
    CHECK(a.providers() == b.providers());
    CHECK(a.last_order() == b.last_order());
    for (const Address& account : {w.user, w.other, w.provider, w.stranger}) {
        CHECK(std::ranges::equal(a.orders_of_user(account), b.orders_of_user(account)));
        CHECK(std::ranges::equal(a.orders_of_provider(account), b.orders_of_provider(account)));
        CHECK(a.unactivated(account) == b.unactivated(account));
        CHECK(a.current(account, w.provider) == b.current(account, w.provider));
    }
}

}  // namespace

TEST_CASE("a rollback restores rows, lists and counts exactly", "[state]") {
    PledgeWorld w = eventful();
    const State before = w.state;
    const std::size_t mark = w.state.checkpoint();
    w.ok(w.user, w.contracts.market, calls::market::activate_order({3}));
    w.wait(400);
    w.ok(w.user, w.contracts.market, calls::market::cancel_order({3}));
    w.create_order(w.user);
    w.ok(w.other, w.contracts.registry, calls::registry::set(w.offer()));
    w.ok(w.user, w.contracts.credit, calls::credit::redeem(Amount{5}));
    w.ok(w.other, w.contracts.credit, calls::credit::claim_transfer(w.user));
    w.ok(w.bob, w.contracts.council, calls::council::approve(1));
    w.wait(5'000);
    w.ok(w.user, w.contracts.pledge, calls::pledge::claim(w.provider));
    w.withdraw(w.user);
    w.ok(w.user, w.contracts.pledge, calls::pledge::execute_slash(1));
    w.ok(w.minter, w.contracts.token, calls::token::mint(w.stranger, Amount{5}));
    Quote another = w.quote();
    another.user = w.other;
    w.ok(w.other, w.contracts.market, calls::market::cancel_order({2}));
    w.ok(w.other, w.contracts.market, w.with_quote(another, w.provider_key));
    w.state.set_nonce(w.stranger, 3);
    REQUIRE_FALSE(rows_of(w.state) == rows_of(before));
    w.state.rollback(mark);
    check_same_views(w.state, before, w);
    // What follows is numbered as if nothing had happened.
    CHECK(w.state.last_order() == OrderId{3});
}

TEST_CASE("a rollback to a checkpoint in the middle keeps what came before", "[state]") {
    State state;
    const Address a = key(9).address();
    state.set_nonce(a, 1);
    const std::size_t mark = state.checkpoint();
    state.set_nonce(a, 2);
    state.set_token_balance(a, Amount{5});
    state.rollback(mark);
    CHECK(state.nonce(a) == 1);
    CHECK(state.token_balance(a) == Amount{0});
    CHECK(state.take_write_set().size() == 1);
}

TEST_CASE("a write set is sorted, names each changed row once, and only those", "[state]") {
    PledgeWorld w = eventful();
    const WriteSet first = w.state.take_write_set();
    for (std::size_t i = 1; i < first.size(); ++i)
        CHECK(std::tie(first[i - 1].table, first[i - 1].key) < std::tie(first[i].table, first[i].key));
    CHECK(w.state.checkpoint() == 0);
    CHECK(w.state.take_write_set().empty());
    w.state.set_nonce(w.user, 13);
    w.state.set_nonce(w.user, 14);
    const WriteSet second = w.state.take_write_set();
    REQUIRE(second.size() == 1);
    CHECK(second[0].value == Bytes{0, 0, 0, 0, 0, 0, 0, 14});
}

TEST_CASE("what becomes zero is an erased row", "[state]") {
    World w;
    w.ok(w.user, w.contracts.token, calls::token::approve(w.other, Amount{1}));
    w.state.take_write_set();
    w.ok(w.user, w.contracts.token, calls::token::approve(w.other, Amount{0}));
    const WriteSet rows = w.state.take_write_set();
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].table == static_cast<std::uint8_t>(Table::allowances));
    CHECK_FALSE(rows[0].value);
}

TEST_CASE("the rows of a state rebuild it, in any order", "[state]") {
    PledgeWorld w = eventful();
    const WriteSet rows = rows_of(w.state);
    const int order = GENERATE(0, 1, 2);
    State loaded;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const std::size_t last = rows.size() - 1;
        const std::size_t from_middle = (i + rows.size() / 2) % rows.size();
        REQUIRE(loaded.load(rows[order == 0 ? i : order == 1 ? last - i : from_middle]));
    }
    check_same_views(loaded, w.state, w);
    CHECK(loaded.parameters() == w.state.parameters());
    CHECK(loaded.checkpoint() == 0);
}

TEST_CASE("write sets applied one after another follow the state", "[state]") {
    World w;
    State follower;
    for (const Row& row : rows_of(w.state)) REQUIRE(follower.load(row));
    const auto follow = [&] {
        for (const Row& row : w.state.take_write_set()) REQUIRE(follower.load(row));
        check_same_views(follower, w.state, w);
    };
    w.open_market();
    follow();
    const OrderId id = w.create_order(w.user);
    follow();
    w.ok(w.provider, w.contracts.market, calls::market::activate_order(id));
    follow();
    w.wait(3'600);
    w.ok(w.stranger, w.contracts.market, calls::market::settle(id));
    w.ok(w.user, w.contracts.token, calls::token::transfer(w.other, w.tokens(w.user)));
    w.ok(w.provider, w.contracts.registry, calls::registry::deregister());
    follow();
}

TEST_CASE("what blocks changed is taken back one by one, and put again", "[state]") {
    World w;
    struct Step {
        WriteSet before;
        State::Undo undo;
        WriteSet writes;
    };
    std::vector<Step> steps;
    WriteSet newest = rows_of(w.state);
    const auto block = [&] {
        Step step{newest, {}, {}};
        step.writes = w.state.take_write_set(&step.undo, 1'000);
        CHECK(step.undo.size() > 0);
        newest = rows_of(w.state);
        steps.push_back(std::move(step));
    };
    w.open_market();
    block();
    const OrderId id = w.create_order(w.user);
    block();
    w.ok(w.provider, w.contracts.market, calls::market::activate_order(id));
    block();
    w.wait(3'600);
    w.ok(w.stranger, w.contracts.market, calls::market::settle(id));
    w.ok(w.user, w.contracts.token, calls::token::transfer(w.other, w.tokens(w.user)));
    w.ok(w.provider, w.contracts.registry, calls::registry::deregister());
    block();
    for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
        w.state.take_back(step->undo);
        CHECK(rows_of(w.state) == step->before);
    }
    for (const Step& step : steps)
        for (const Row& row : step.writes) REQUIRE(w.state.load(row));
    CHECK(rows_of(w.state) == newest);
}

TEST_CASE("rows that this program did not write are refused", "[state]") {
    PledgeWorld w = eventful();
    State state;
    CHECK(state.load({0, {}, Bytes{}}).error().code == "bad_row");
    CHECK(state.load({200, {}, Bytes{}}).error().code == "bad_row");
    for (const Row& row : rows_of(w.state)) {
        Row longer = row;
        longer.value->resize(row.value->size() + 40, 0);
        CHECK(state.load(longer).error().code == "bad_row");
        Row other_key = row;
        other_key.key.push_back(0);
        if (row.table != static_cast<std::uint8_t>(Table::parameters) &&
            row.table != static_cast<std::uint8_t>(Table::supplies))
            CHECK(state.load(other_key).error().code == "bad_row");
    }
    const auto orders = static_cast<std::uint8_t>(Table::orders);
    CHECK(state.load({orders, {0, 0, 0, 0, 0, 0, 0, 1}, std::nullopt}).error().code == "bad_row");
    CHECK(rows_of(state) == rows_of(State{}));
}

TEST_CASE("an order's row is small", "[state]") {
    PledgeWorld w = eventful();
    for (const Row& row : rows_of(w.state))
        if (row.table == static_cast<std::uint8_t>(Table::orders))
            CHECK(row.key.size() + row.value->size() <= 328);
    CHECK(sizeof(Order) <= 576);
}

TEST_CASE("genesis: allocations, supply and parameters", "[genesis]") {
    const Genesis genesis = development_genesis();
    CHECK(genesis.development);
    REQUIRE(genesis.allocations.size() == 10);
    // The first account of the well-known mnemonic.
    CHECK(genesis.allocations[0].first.checksummed() == "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266");
    CHECK(genesis.allocations[9].first.checksummed() == "0xa0Ee7A142d267C1f36714E4a8F75612F20a79720");
    const State state = make_genesis_state(genesis);
    CHECK(state.token_supply() == Amount{10'000'000} * kToken);
    for (const auto& [account, amount] : genesis.allocations) {
        CHECK(amount == Amount{1'000'000} * kToken);
        CHECK(state.token_balance(account) == amount);
    }
    CHECK(state.parameters().market == genesis.market);
    CHECK(council_rows::council(state) == genesis.council);
    CHECK(council_rows::has_role(state, name_word(kSlasherRole), genesis.slashers.at(0)));
    CHECK(council_rows::has_role(state, name_word(kVetoRole), genesis.vetoers.at(0)));
    CHECK(pledge_rows::parameters(state) == genesis.pledge);
}

TEST_CASE("a genesis that cannot be is refused by field", "[genesis]") {
    Genesis genesis = development_genesis();
    std::string field;
    SECTION("chain id") {
        genesis.chain_id = 0;
        field = "chain_id";
    }
    SECTION("cap") {
        genesis.token_cap = Amount::power_of_two(96);
        field = "token_cap";
    }
    SECTION("over the cap") {
        genesis.token_cap = Amount{10'000'000} * kToken - Amount{1};
        field = "allocations";
    }
    SECTION("twice") {
        genesis.allocations.push_back(genesis.allocations.front());
        field = "allocations";
    }
    SECTION("to a contract") {
        genesis.allocations.emplace_back(embedded_addresses().credit, Amount{1});
        field = "allocations";
    }
    SECTION("to nobody") {
        genesis.allocations.emplace_back(Address{}, Amount{1});
        field = "allocations";
    }
    SECTION("deadline") {
        genesis.market.activation_deadline = {0};
        field = "market.activation_deadline";
    }
    SECTION("profit over the fee") {
        genesis.market.fee_bp = 10;
        genesis.market.profit_bp = 11;
        field = "market.profit_bp";
    }
    SECTION("threshold") {
        genesis.council.threshold = 4;
        field = "council";
    }
    SECTION("a threshold of nobody") {
        genesis.council.members.clear();
        field = "council";
    }
    SECTION("a contract as a member") {
        genesis.council.members.push_back(embedded_addresses().market);
        field = "council";
    }
    SECTION("a slasher that is nobody") {
        genesis.slashers.push_back({});
        field = "council";
    }
    SECTION("council delay") {
        genesis.council.delay = {kMaxCouncilDelay.count + 1};
        field = "council.delay";
    }
    SECTION("epoch") {
        genesis.pledge.epoch_length = {0};
        field = "pledge.epoch_length";
    }
    SECTION("slash delay") {
        genesis.pledge.slash_delay = genesis.pledge.unbonding_period;
        field = "pledge.slash_delay";
    }
    SECTION("slashes of more than all") {
        genesis.pledge.max_slash_bp = 10'001;
        field = "pledge.max_slash_bp";
    }
    SECTION("profit") {
        genesis.pledge.epoch_profit = Amount::power_of_two(96);
        field = "pledge.epoch_profit";
    }
    const auto result = check_genesis(genesis);
    REQUIRE_FALSE(result);
    CHECK(result.error().code == "bad_genesis");
    CHECK(result.error().message.rfind(field + ":", 0) == 0);
    CHECK_THROWS_AS(make_genesis_state(genesis), std::invalid_argument);
}
