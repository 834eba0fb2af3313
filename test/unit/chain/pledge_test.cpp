// Positions, pools, epochs and profit.

#include "unit/chain/pledge_world.hpp"

using namespace grid::chain;
using namespace grid::chain::test;
namespace pledge = grid::chain::calls::pledge;

namespace {

std::string pair(const Address& account, const Address& provider) {
    return "(account=" + account.checksummed() + ", provider=" + provider.checksummed() + ")";
}

}  // namespace

TEST_CASE("a pledge takes credits and gives shares one to one", "[pledge]") {
    PledgeWorld w;
    const auto events = events_of(w.pledge(w.user, 100));
    REQUIRE(events.size() == 3);
    CHECK(events[0] == Event{EpochRolled{0, 1'000}});
    CHECK(events[1] == Event{CreditTransfer{w.user, w.contracts.pledge, Amount{100}}});
    const auto changed = the<PositionChanged>(events);
    CHECK(changed.change == PositionChange::pledged);
    CHECK(changed.amount == Amount{100});
    CHECK(changed.shares == Amount{100});
    CHECK(changed.position.incoming == Amount{100});
    CHECK(changed.pool.total == Amount{100});
    CHECK(w.credits(w.user) == Amount{999'900});
    CHECK(w.credits(w.contracts.pledge) == Amount{100});
    CHECK(w.pledged_by(w.user) == 100);
    CHECK(w.position(w.user).pledged == Amount{100});
}

TEST_CASE("the guards of a pledge stand in their order", "[pledge]") {
    PledgeWorld w;
    CHECK(w.refused(w.stranger, w.contracts.pledge, pledge::pledge(Amount{0}, w.user)) == "ZeroAmount()");
    CHECK(w.refused(w.stranger, w.contracts.pledge, pledge::pledge(Amount{1}, w.user)) ==
          "UnknownProvider(provider=" + w.user.checksummed() + ")");
    CHECK(w.refused(w.stranger, w.contracts.pledge, pledge::pledge(Amount{1}, w.provider)) ==
          "InsufficientCredits(needed=1, available=0)");
}

TEST_CASE("an account has positions in at most 32 pools", "[pledge]") {
    PledgeWorld w;
    Provider offer = w.offer();
    for (std::uint8_t i = 0; i <= 32; ++i) {
        const Address provider = key(static_cast<std::uint8_t>(100 + i)).address();
        w.ok(provider, w.contracts.registry, calls::registry::set(offer));
        const Bytes call = pledge::pledge(Amount{10}, provider);
        if (i < 32)
            w.ok(w.user, w.contracts.pledge, call);
        else
            CHECK(w.refused(w.user, w.contracts.pledge, call) == "TooMany(given=33, limit=32)");
    }
    CHECK(w.pledged_by(w.user) == 320);
    // A pool in which nothing is left makes room.
    const Address first = key(100).address();
    w.ok(w.user, w.contracts.pledge, pledge::unpledge(Amount{10}, first));
    CHECK(w.pledged_by(w.user) == 310);
    CHECK(
        calls::decode_addresses(w.ok(w.user, w.contracts.pledge, pledge::pools_of(w.user)).output)->size() ==
        32);
    w.wait(5'000);
    w.ok(w.user, w.contracts.pledge, pledge::withdraw_unbonded(first));
    w.ok(w.user, w.contracts.pledge, pledge::pledge(Amount{10}, key(132).address()));
}

TEST_CASE("a pledge earns from the next epoch on", "[pledge]") {
    PledgeWorld w;
    w.pledge(w.user, 256);
    w.promise(1'000);
    CHECK(w.mint(100) == 0);  // nobody earns yet: nothing is minted
    w.next_epoch();
    w.pledge(w.other, 256);
    CHECK(w.mint(90) == 90);
    CHECK(w.earned(w.user) == 90);
    CHECK(w.earned(w.other) == 0);
    w.next_epoch();
    CHECK(w.mint(80) == 80);
    CHECK(w.earned(w.user) == 130);
    CHECK(w.earned(w.other) == 40);
    CHECK(w.credits(w.contracts.pledge) == Amount{512 + 170});
}

TEST_CASE("the first pledge earns nothing of what was before it, however long that was", "[pledge]") {
    PledgeWorld w;
    w.pledge(w.user, 10);
    w.next_epoch();
    w.promise(1'000);
    w.mint(1'000);
    w.wait(40ull * 365 * 24 * 3600);
    w.pledge(w.other, 1'000'000);
    w.wait(40ull * 365 * 24 * 3600);
    CHECK(w.earned(w.other) == 0);
    CHECK(w.earned(w.user) == 1'000);
}

TEST_CASE("what unbonds earns nothing, and comes back after the period", "[pledge]") {
    PledgeWorld w;
    w.pledge(w.user, 100);
    w.pledge(w.other, 100);
    w.next_epoch();
    const auto changed = the<PositionChanged>(events_of(w.unpledge(w.user, 60)));
    CHECK(changed.change == PositionChange::unpledged);
    CHECK(changed.release_at == w.block.time + Seconds{5'000});
    w.promise(1'000);
    w.mint(140);
    CHECK(w.earned(w.user) == 40);
    CHECK(w.earned(w.other) == 100);
    CHECK(w.pledged_by(w.user) == 40);
    CHECK(w.position(w.user).unbonding == Amount{60});
    w.wait(4'999);
    CHECK(w.refused(w.user, w.contracts.pledge, pledge::withdraw_unbonded(w.provider)) ==
          "NothingUnbonded" + pair(w.user, w.provider));
    w.wait(1);
    const auto result = w.withdraw(w.user);
    CHECK(*calls::decode_u64(result.output) == 60);
    CHECK(the<PositionChanged>(events_of(result)).amount == Amount{60});
    CHECK(w.credits(w.user) == Amount{1'000'000 - 40});
    CHECK(w.pool().shares == Amount{140});
}

TEST_CASE("nobody unpledges more than he pledged, or nothing", "[pledge]") {
    PledgeWorld w;
    w.pledge(w.user, 100);
    CHECK(w.refused(w.user, w.contracts.pledge, pledge::unpledge(Amount{0}, w.provider)) == "ZeroAmount()");
    CHECK(w.refused(w.user, w.contracts.pledge, pledge::unpledge(Amount{101}, w.provider)) ==
          "InsufficientPledge(needed=101, pledged=100)");
    CHECK(w.refused(w.other, w.contracts.pledge, pledge::unpledge(Amount{1}, w.provider)) ==
          "InsufficientPledge(needed=1, pledged=0)");
    w.unpledge(w.user, 60);
    CHECK(w.refused(w.user, w.contracts.pledge, pledge::unpledge(Amount{41}, w.provider)) ==
          "InsufficientPledge(needed=41, pledged=40)");
}

TEST_CASE("a position has at most eight unbonding entries, and those of one second are one", "[pledge]") {
    PledgeWorld w;
    w.pledge(w.user, 100);
    for (int i = 0; i < 8; ++i) {
        w.unpledge(w.user, 1);
        w.unpledge(w.user, 1);
        w.wait(1);
    }
    CHECK(w.position(w.user).position.unbonding.size() == 8);
    CHECK(w.refused(w.user, w.contracts.pledge, pledge::unpledge(Amount{1}, w.provider)) ==
          "TooManyUnbonding(limit=8)");
    w.wait(4'993);  // two of them are released
    CHECK(*calls::decode_u64(w.withdraw(w.user).output) == 4);
    w.unpledge(w.user, 1);
}

TEST_CASE("what does not earn yet is unpledged first", "[pledge]") {
    PledgeWorld w;
    w.pledge(w.user, 100);
    w.next_epoch();
    w.pledge(w.user, 50);
    w.unpledge(w.user, 60);
    const auto state = w.position(w.user).position;
    CHECK(state.active == Amount{90});
    CHECK(state.incoming == Amount{0});
    CHECK(w.pool().earning == Amount{90});
}

TEST_CASE("profit is claimed once, and every change banks it first", "[pledge]") {
    PledgeWorld w;
    w.pledge(w.user, 128);
    w.next_epoch();
    w.promise(1'000);
    w.mint(50);
    w.pledge(w.user, 896);
    CHECK(w.position(w.user).position.profit == Amount{50});
    w.next_epoch();
    w.mint(128);
    w.unpledge(w.user, 1'024);
    w.mint(100);  // nobody earns: it lapses
    CHECK(w.earned(w.user) == 178);
    const auto result = w.ok(w.user, w.contracts.pledge, pledge::claim(w.provider));
    CHECK(*calls::decode_u64(result.output) == 178);
    CHECK(w.refused(w.user, w.contracts.pledge, pledge::claim(w.provider)) ==
          "NothingEarned" + pair(w.user, w.provider));
    CHECK(w.credits(w.contracts.pledge) == Amount{1'024});
}

TEST_CASE("profit that does not divide stays in the contract, and principal pays none", "[pledge]") {
    PledgeWorld w;
    w.pledge(w.user, 3);
    w.pledge(w.other, 4);
    w.next_epoch();
    w.promise(10'000);
    for (int i = 0; i < 10; ++i) w.mint(10);
    const std::uint64_t sum = w.earned(w.user) + w.earned(w.other);
    CHECK(sum <= 100);
    CHECK(sum >= 98);
    w.ok(w.user, w.contracts.pledge, pledge::claim(w.provider));
    w.ok(w.other, w.contracts.pledge, pledge::claim(w.provider));
    CHECK(w.credits(w.contracts.pledge) == Amount{7 + 100 - sum});
}

TEST_CASE("profit is promised within the epoch and the cap, and minted within the promise", "[pledge]") {
    PledgeWorld w;
    w.pledge(w.user, 100);
    w.next_epoch();
    CHECK(w.promise(7'000) == 7'000);
    CHECK(w.promise(7'000) == 3'000);
    CHECK(w.promise(1) == 0);
    w.next_epoch();
    CHECK(w.promise(1) == 1);
    // What is promised and not minted is nobody else's.
    const Amount room = w.state.parameters().token_cap - w.state.token_supply();
    w.ok(w.minter, w.contracts.token, calls::token::mint(w.user, room - Amount{10'005}));
    CHECK(w.promise(100) == 4);
    // The minter may still mint up to the cap: then what is left is minted.
    w.ok(w.minter, w.contracts.token, calls::token::mint(w.user, Amount{10'000}));
    CHECK(w.mint(9'000) == 5);
    CHECK(w.state.token_supply() == w.state.parameters().token_cap);
    CHECK(w.refused(w.contracts.market, w.contracts.pledge,
                    pledge::mint_profit(w.provider, 1, Amount{1'006})) == "Panic(0x11): arithmetic overflow");
    w.ok(w.contracts.market, w.contracts.pledge, pledge::lapse_profit(Amount{1'005}));
}

TEST_CASE("only the Market promises, mints and lets profit lapse", "[pledge]") {
    PledgeWorld w;
    for (const Address& caller : {w.user, w.contracts.council, w.contracts.credit})
        for (const Bytes& call :
             {pledge::promise_profit(Amount{1}), pledge::mint_profit(w.provider, 1, Amount{0}),
              pledge::lapse_profit(Amount{0})})
            CHECK(w.refused(caller, w.contracts.pledge, call) ==
                  "NotProtocol(caller=" + caller.checksummed() + ")");
}

TEST_CASE("pledges of all sizes keep their value: nobody gains by the rounding of others", "[pledge]") {
    PledgeWorld w;
    w.buy_credits(w.stranger, Amount{100} * kToken);
    w.pledge(w.user, 1);
    w.ok(w.stranger, w.contracts.pledge, pledge::pledge(Amount{100} * kToken, w.provider));
    w.pledge(w.other, 1);
    CHECK(w.pledged_by(w.user) == 1);
    CHECK(w.pledged_by(w.other) == 1);
    CHECK(w.position(w.stranger).pledged == Amount{100} * kToken);
    // Credits that are sent to the contract are nobody's shares.
    w.state.set_credit_balance(w.contracts.pledge, w.credits(w.contracts.pledge) + kToken);
    w.pledge(w.other, 5);
    CHECK(w.pledged_by(w.other) == 6);
}

TEST_CASE("members come in pages, in the order of their first pledge", "[pledge]") {
    PledgeWorld w;
    w.pledge(w.user, 5);
    w.pledge(w.other, 7);
    w.pledge(w.user, 5);
    CHECK(*calls::decode_u64(w.ok(w.user, w.contracts.pledge, pledge::position_count(w.provider)).output) ==
          2);
    const auto all = *calls::decode_positions(
        w.ok(w.user, w.contracts.pledge, pledge::positions(w.provider, 0, 100)).output);
    REQUIRE(all.size() == 2);
    CHECK(all[0] == w.position(w.user));
    CHECK(all[1].account == w.other);
    CHECK(
        calls::decode_positions(w.ok(w.user, w.contracts.pledge, pledge::positions(w.provider, 1, 5)).output)
            ->size() == 1);
    CHECK(w.refused(w.user, w.contracts.pledge, pledge::positions(w.provider, 0, 101)) ==
          "TooMany(given=101, limit=100)");
    CHECK(*calls::decode_pledge_parameters(w.ok(w.user, w.contracts.pledge, pledge::parameters()).output) ==
          PledgeWorld::round());
    CHECK(*calls::decode_u64(w.ok(w.user, w.contracts.pledge, pledge::epoch()).output) == 1'000);
}
