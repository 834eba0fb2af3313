// Slashes: announced, vetoed, carried out, down to nothing.

#include "unit/chain/pledge_world.hpp"

using namespace grid::chain;
using namespace grid::chain::test;
namespace pledge = grid::chain::calls::pledge;

namespace {

std::string missing(std::string_view role, const Address& account) {
    return "MissingRole(role=" + name_word(role).hex() + ", account=" + account.checksummed() + ")";
}

PledgeParameters all_at_once() {
    PledgeParameters p = PledgeWorld::round();
    p.max_slash_bp = 10'000;
    return p;
}

}  // namespace

TEST_CASE("a slash is announced, waits, and then takes from everybody in proportion", "[slash]") {
    PledgeWorld w;
    w.pledge(w.user, 300);
    w.pledge(w.other, 100);
    w.unpledge(w.other, 100);
    const Amount supply = w.state.token_supply();
    const auto announced =
        events_of(w.ok(w.slasher, w.contracts.pledge, pledge::slash(w.provider, Amount{40}, "was down")));
    CHECK(announced == std::vector<Event>{SlashAnnounced{1, w.provider, w.slasher, Amount{40}, "was down",
                                                         w.block.time + Seconds{2'000}}});
    w.wait(1'999);
    CHECK(w.refused(w.stranger, w.contracts.pledge, pledge::execute_slash(1)) ==
          "SlashNotDue(id=1, executableAt=" + std::to_string(w.block.time.seconds + 1) + ")");
    w.wait(1);
    const auto done =
        the<SlashExecuted>(events_of(w.ok(w.stranger, w.contracts.pledge, pledge::execute_slash(1))));
    CHECK(done.taken == Amount{40});
    CHECK(done.left == Amount{0});
    CHECK(done.to == Address{});
    CHECK(w.pledged_by(w.user) == 270);
    CHECK(w.position(w.other).unbonding == Amount{90});
    CHECK(w.credits(w.contracts.pledge) == Amount{360});
    // Without a treasury it is gone, with its backing.
    CHECK(w.state.token_supply() == supply - Amount{40});
    CHECK(w.slash_of(1).status == SlashStatus::executed);
    CHECK(w.refused(w.stranger, w.contracts.pledge, pledge::execute_slash(1)) ==
          "SlashClosed(id=1, status=2)");
    CHECK(w.refused(w.stranger, w.contracts.pledge, pledge::execute_slash(2)) == "UnknownSlash(id=2)");
}

TEST_CASE("what is slashed goes to the treasury, where there is one", "[slash]") {
    PledgeWorld w;
    w.ok(w.contracts.council, w.contracts.market,
         calls::market::set_parameter("treasury", Amount::from_word(w.stranger.word())));
    w.pledge(w.user, 100);
    const Amount supply = w.state.token_supply();
    const std::uint64_t id = w.announce(40);
    w.wait(2'000);
    const auto done =
        the<SlashExecuted>(events_of(w.ok(w.other, w.contracts.pledge, pledge::execute_slash(id))));
    CHECK(done.to == w.stranger);
    CHECK(w.credits(w.stranger) == Amount{40});
    CHECK(w.state.token_supply() == supply);
}

TEST_CASE("the guards of a slash stand in their order", "[slash]") {
    PledgeWorld w;
    const std::string long_reason(257, 'x');
    CHECK(w.refused(w.user, w.contracts.pledge, pledge::slash(w.provider, Amount{0}, long_reason)) ==
          missing(kSlasherRole, w.user));
    CHECK(w.refused(w.slasher, w.contracts.pledge, pledge::slash(w.provider, Amount{0}, long_reason)) ==
          "ZeroAmount()");
    CHECK(w.refused(w.slasher, w.contracts.pledge, pledge::slash(w.provider, Amount{1}, long_reason)) ==
          "TooMany(given=257, limit=256)");
    CHECK(w.refused(w.slasher, w.contracts.pledge, pledge::slash(w.provider, Amount{1}, "")) ==
          "SlashTooLarge(amount=1, limit=0)");
    w.pledge(w.user, 101);
    CHECK(w.refused(w.slasher, w.contracts.pledge, pledge::slash(w.provider, Amount{51}, "")) ==
          "SlashTooLarge(amount=51, limit=50)");
    w.announce(50);
}

TEST_CASE("a vetoer or the council cancels a slash, and nobody else", "[slash]") {
    PledgeWorld w;
    w.pledge(w.user, 100);
    w.announce(10);
    w.announce(10);
    for (const Address& caller : {w.user, w.slasher, w.alice})
        CHECK(w.refused(caller, w.contracts.pledge, pledge::veto_slash(1)) == missing(kVetoRole, caller));
    CHECK(events_of(w.ok(w.vetoer, w.contracts.pledge, pledge::veto_slash(1))) ==
          std::vector<Event>{SlashVetoed{1, w.vetoer}});
    w.by_council(w.contracts.pledge, pledge::veto_slash(2));
    CHECK(w.slash_of(2).status == SlashStatus::vetoed);
    w.wait(2'000);
    for (const std::uint64_t id : {1, 2})
        CHECK(w.refused(w.user, w.contracts.pledge, pledge::execute_slash(id)) ==
              "SlashClosed(id=" + std::to_string(id) + ", status=3)");
    CHECK(w.refused(w.vetoer, w.contracts.pledge, pledge::veto_slash(3)) == "UnknownSlash(id=3)");
    CHECK(w.pledged_by(w.user) == 100);
}

TEST_CASE("slashes together take no more of a pool in an epoch than one may", "[slash]") {
    PledgeWorld w;
    w.pledge(w.user, 1'000);
    for (int i = 0; i < 3; ++i) w.announce(300);
    w.wait(2'000);
    const auto execute = [&](std::uint64_t id) {
        return *calls::decode_u64(w.ok(w.stranger, w.contracts.pledge, pledge::execute_slash(id)).output);
    };
    CHECK(execute(1) == 300);
    CHECK(execute(2) == 200);  // half of 1,000 an epoch
    CHECK(w.slash_of(2).status == SlashStatus::announced);
    CHECK(w.refused(w.stranger, w.contracts.pledge, pledge::execute_slash(2)) ==
          "SlashLimitReached(provider=" + w.provider.checksummed() +
              ", epoch=" + std::to_string(w.block.time.seconds / 1'000) + ")");
    w.next_epoch();
    CHECK(execute(2) == 100);  // the rest of it
    CHECK(execute(3) == 150);  // half of 500 an epoch
    CHECK(w.pledged_by(w.user) == 250);
    CHECK(w.slash_of(2).status == SlashStatus::executed);
    CHECK(w.slash_of(3).taken == Amount{150});
}

TEST_CASE("who unpledges when a slash is announced is slashed all the same", "[slash]") {
    PledgeWorld w;
    w.pledge(w.user, 100);
    w.announce(50);
    w.unpledge(w.user, 100);
    w.wait(2'000);
    w.ok(w.stranger, w.contracts.pledge, pledge::execute_slash(1));
    w.wait(3'000);
    CHECK(*calls::decode_u64(w.withdraw(w.user).output) == 50);
}

TEST_CASE("a pool slashed to nothing starts anew, and keeps what was earned before", "[slash]") {
    PledgeWorld w(all_at_once());
    w.pledge(w.user, 128);
    w.next_epoch();
    w.promise(1'000);
    w.mint(30);
    w.pledge(w.other, 64);
    w.unpledge(w.user, 64);
    const std::uint64_t id = w.announce(192);
    w.wait(2'000);
    w.mint(20);
    w.ok(w.stranger, w.contracts.pledge, pledge::execute_slash(id));
    CHECK(w.pool().total == Amount{0});
    CHECK(w.pool().generation == 1);
    CHECK(w.pledged_by(w.user) == 0);
    CHECK(w.earned(w.user) == 40);
    CHECK(w.earned(w.other) == 10);
    // Pledging after that is one to one, and the dead share nothing.
    w.pledge(w.other, 64);
    w.next_epoch();
    w.mint(20);
    CHECK(w.pledged_by(w.other) == 64);
    CHECK(w.earned(w.user) == 40);
    CHECK(w.earned(w.other) == 30);
    CHECK(w.refused(w.user, w.contracts.pledge, pledge::withdraw_unbonded(w.provider))
              .rfind("NothingUnbonded", 0) == 0);
    CHECK(*calls::decode_u64(w.ok(w.user, w.contracts.pledge, pledge::claim(w.provider)).output) == 40);
    CHECK(w.refused(w.user, w.contracts.pledge, pledge::unpledge(Amount{1}, w.provider)) ==
          "InsufficientPledge(needed=1, pledged=0)");
}

TEST_CASE("a slash that was announced for others does not hit who came later", "[slash]") {
    PledgeWorld w(all_at_once());
    w.pledge(w.user, 100);
    const std::uint64_t first = w.announce(100);
    const std::uint64_t second = w.announce(100);
    w.wait(2'000);
    w.ok(w.stranger, w.contracts.pledge, pledge::execute_slash(first));
    w.pledge(w.other, 100);
    CHECK(*calls::decode_u64(w.ok(w.stranger, w.contracts.pledge, pledge::execute_slash(second)).output) ==
          0);
    CHECK(w.slash_of(second).status == SlashStatus::lapsed);
    CHECK(w.pledged_by(w.other) == 100);
    // Likewise when all had left.
    const std::uint64_t third = w.announce(100);
    w.unpledge(w.other, 100);
    w.wait(5'000);
    w.withdraw(w.other);
    w.pledge(w.user, 70);
    w.ok(w.stranger, w.contracts.pledge, pledge::execute_slash(third));
    CHECK(w.slash_of(third).status == SlashStatus::lapsed);
    CHECK(w.pledged_by(w.user) == 70);
}

TEST_CASE("a pool that lost nearly all takes no new pledges until it is empty", "[slash]") {
    PledgeWorld w(all_at_once());
    w.pledge(w.user, 1'000'000);
    w.slash(1'000'000 - 10);
    CHECK(w.pledged_by(w.user) == 10);
    CHECK(w.refused(w.other, w.contracts.pledge, pledge::pledge(Amount{5}, w.provider)) ==
          "PoolRuined(provider=" + w.provider.checksummed() + ")");
    w.unpledge(w.user, 10);
    w.wait(5'000);
    CHECK(*calls::decode_u64(w.withdraw(w.user).output) == 10);
    w.pledge(w.other, 5);
    CHECK(w.pledged_by(w.other) == 5);
}

TEST_CASE("a slash that leaves less than a share's 2^-32 takes the rest", "[slash]") {
    PledgeWorld w(all_at_once());
    w.buy_credits(w.stranger, kToken);
    w.ok(w.stranger, w.contracts.pledge, pledge::pledge(kToken, w.provider));
    w.slash(999'999'999'999'999'999ull);
    CHECK(w.pool().total == Amount{0});
    CHECK(w.pool().generation == 1);
    CHECK(w.credits(w.contracts.pledge) == Amount{0});
}

TEST_CASE("rounding is for the pool", "[slash]") {
    PledgeWorld w;
    w.pledge(w.user, 10);
    w.pledge(w.other, 10);
    w.slash(7);  // 13 credits, 20 shares
    CHECK(w.pledged_by(w.user) == 6);
    CHECK(w.pledged_by(w.other) == 6);
    w.pledge(w.other, 1);  // floor(1 * 20 / 13) = 1 share
    CHECK(w.pool().shares == Amount{21});
    CHECK(w.pool().total == Amount{14});
    w.unpledge(w.user, 1);  // ceil(1 * 21 / 14) = 2 shares
    CHECK(w.position(w.user).position.unbonding[0].shares == Amount{2});
    w.unpledge(w.user, 5);  // all it is worth: all of them
    CHECK(w.position(w.user).position.pledged_shares() == Amount{0});
    w.wait(5'000);
    CHECK(*calls::decode_u64(w.withdraw(w.user).output) == 6);  // floor(10 * 14 / 21)
}
