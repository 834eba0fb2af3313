#include "unit/chain/world.hpp"

using namespace grid::chain;
using namespace grid::chain::test;
namespace credit = grid::chain::calls::credit;

TEST_CASE("credits are bought one to one with approved tokens", "[credit]") {
    World w;
    w.ok(w.user, w.contracts.token, calls::token::approve(w.contracts.credit, Amount{100}));
    const auto events = events_of(w.ok(w.user, w.contracts.credit, credit::purchase(Amount{60})));
    CHECK(events == std::vector<Event>{TokenApproval{w.user, w.contracts.credit, Amount{40}},
                                       TokenTransfer{w.user, w.contracts.credit, Amount{60}},
                                       CreditTransfer{{}, w.user, Amount{60}},
                                       CreditPurchased{w.user, Amount{60}}});
    CHECK(w.credits(w.user) == Amount{60});
    CHECK(w.tokens(w.contracts.credit) == Amount{60});
    CHECK(*calls::decode_amount(w.ok(w.user, w.contracts.credit, credit::total_supply()).output) ==
          Amount{60});
}

TEST_CASE("without an approval no credits are bought", "[credit]") {
    World w;
    CHECK(revert_name(w.call(w.user, w.contracts.credit, credit::purchase(Amount{1})).output) ==
          "ERC20InsufficientAllowance");
}

TEST_CASE("approved but not owned tokens buy nothing", "[credit]") {
    World w;
    const Amount more = Amount{1'000} * kToken + Amount{1};
    w.ok(w.user, w.contracts.token, calls::token::approve(w.contracts.credit, more));
    w.refused(w.user, w.contracts.credit, credit::purchase(more));
    CHECK(w.state.allowance(w.user, w.contracts.credit) == more);
    CHECK(w.state.credit_supply() == Amount{0});
}

TEST_CASE("credits go back to tokens", "[credit]") {
    World w;
    w.buy_credits(w.user, Amount{100});
    const auto events = events_of(w.ok(w.user, w.contracts.credit, credit::redeem(Amount{30})));
    CHECK(events == std::vector<Event>{CreditTransfer{w.user, {}, Amount{30}},
                                       TokenTransfer{w.contracts.credit, w.user, Amount{30}},
                                       CreditRedeemed{w.user, Amount{30}}});
    CHECK(w.credits(w.user) == Amount{70});
    CHECK(w.tokens(w.user) == Amount{1'000} * kToken - Amount{70});
    CHECK(w.state.credit_supply() == w.tokens(w.contracts.credit));
}

TEST_CASE("nobody redeems more credits than he has, or none", "[credit]") {
    World w;
    w.buy_credits(w.user, Amount{100});
    CHECK(w.refused(w.user, w.contracts.credit, credit::redeem(Amount{101})) ==
          "InsufficientCredits(needed=101, available=100)");
    CHECK(w.refused(w.user, w.contracts.credit, credit::redeem(Amount{0})) == "ZeroAmount()");
    CHECK(w.refused(w.user, w.contracts.credit, credit::purchase(Amount{0})) == "ZeroAmount()");
}

TEST_CASE("credits move between accounts and the protocol alone", "[credit]") {
    World w;
    w.buy_credits(w.user, Amount{100});
    CHECK(w.refused(w.stranger, w.contracts.credit, credit::escrow(w.user, Amount{1})) ==
          "NotProtocol(caller=" + w.stranger.checksummed() + ")");
    CHECK(w.refused(w.user, w.contracts.credit, credit::release(w.stranger, Amount{1})) ==
          "NotProtocol(caller=" + w.user.checksummed() + ")");
    const auto is_protocol = [&](const Address& a) {
        return *calls::decode_boolean(w.ok(w.user, w.contracts.credit, credit::is_protocol(a)).output);
    };
    CHECK(is_protocol(w.contracts.market));
    CHECK(is_protocol(w.contracts.pledge));
    CHECK_FALSE(is_protocol(w.contracts.credit));
    CHECK_FALSE(is_protocol(w.user));
}

TEST_CASE("tokens sent to Credit by hand wait, and become credits of who sent them", "[credit]") {
    World w;
    CHECK(
        events_of(w.ok(w.user, w.contracts.token, calls::token::transfer(w.contracts.credit, Amount{30}))) ==
        std::vector<Event>{TokenTransfer{w.user, w.contracts.credit, Amount{30}},
                           CreditTransferReceived{w.user, Amount{30}}});
    // Also by somebody else's hand: they were the owner's.
    w.ok(w.user, w.contracts.token, calls::token::approve(w.other, Amount{5}));
    w.ok(w.other, w.contracts.token, calls::token::transfer_from(w.user, w.contracts.credit, Amount{5}));
    const auto pending = [&](const Address& from) {
        return *calls::decode_amount(w.ok(w.stranger, w.contracts.credit, credit::pending(from)).output);
    };
    CHECK(pending(w.user) == Amount{35});
    CHECK(w.credits(w.user) == Amount{0});
    CHECK(w.state.credit_supply() == Amount{0});
    CHECK(events_of(w.ok(w.stranger, w.contracts.credit, credit::claim_transfer(w.user))) ==
          std::vector<Event>{CreditTransfer{{}, w.user, Amount{35}},
                             CreditTransferClaimed{w.user, w.stranger, Amount{35}}});
    CHECK(w.credits(w.user) == Amount{35});
    CHECK(pending(w.user) == Amount{0});
    CHECK(w.tokens(w.contracts.credit) == w.state.credit_supply());
    CHECK(w.refused(w.user, w.contracts.credit, credit::claim_transfer(w.user)) ==
          "NothingPending(from=" + w.user.checksummed() + ")");
    w.ok(w.user, w.contracts.credit, credit::redeem(Amount{35}));
}

TEST_CASE("a transfer of nothing to Credit leaves nothing to claim", "[credit]") {
    World w;
    const auto events =
        events_of(w.ok(w.user, w.contracts.token, calls::token::transfer(w.contracts.credit, Amount{0})));
    CHECK(events == std::vector<Event>{TokenTransfer{w.user, w.contracts.credit, Amount{0}}});
    CHECK(revert_name(w.call(w.user, w.contracts.credit, credit::claim_transfer(w.user)).output) ==
          "NothingPending");
}

TEST_CASE("only the token says that a transfer came", "[credit]") {
    World w;
    for (const Address& caller : {w.user, w.contracts.market, w.contracts.pledge})
        CHECK(w.refused(caller, w.contracts.credit, credit::note_transfer(w.user, Amount{1})) ==
              "NotProtocol(caller=" + caller.checksummed() + ")");
}

TEST_CASE("the protocol burns its own credits with their backing", "[credit]") {
    World w;
    w.buy_credits(w.user, Amount{100});
    w.ok(w.contracts.market, w.contracts.credit, credit::escrow(w.user, Amount{60}));
    const Amount supply = w.state.token_supply();
    CHECK(events_of(w.ok(w.contracts.market, w.contracts.credit, credit::burn(Amount{20}))) ==
          std::vector<Event>{CreditTransfer{w.contracts.market, {}, Amount{20}},
                             TokenTransfer{w.contracts.credit, {}, Amount{20}}});
    CHECK(w.state.token_supply() == supply - Amount{20});
    CHECK(w.state.credit_supply() == Amount{80});
    CHECK(w.tokens(w.contracts.credit) == Amount{80});
    CHECK(w.refused(w.contracts.market, w.contracts.credit, credit::burn(Amount{41})) ==
          "InsufficientCredits(needed=41, available=40)");
    CHECK(w.refused(w.user, w.contracts.credit, credit::burn(Amount{1})) ==
          "NotProtocol(caller=" + w.user.checksummed() + ")");
}

TEST_CASE("only Pledge issues credits, each backed by a new token, never over the cap", "[credit]") {
    World w;
    CHECK(events_of(w.ok(w.contracts.pledge, w.contracts.credit, credit::issue(Amount{9}))) ==
          std::vector<Event>{TokenTransfer{{}, w.contracts.credit, Amount{9}},
                             CreditTransfer{{}, w.contracts.pledge, Amount{9}}});
    CHECK(w.state.credit_supply() == Amount{9});
    CHECK(w.tokens(w.contracts.credit) == Amount{9});
    const Amount room = w.state.parameters().token_cap - w.state.token_supply();
    CHECK(
        revert_name(w.call(w.contracts.pledge, w.contracts.credit, credit::issue(room + Amount{1})).output) ==
        "ERC20ExceededCap");
    for (const Address& caller : {w.user, w.minter, w.contracts.market})
        CHECK(w.refused(caller, w.contracts.credit, credit::issue(Amount{1})) ==
              "NotProtocol(caller=" + caller.checksummed() + ")");
}

TEST_CASE("the token behind the credits is the chain's, not the caller's", "[credit]") {
    World w;
    CHECK(*calls::decode_address(w.ok(w.user, w.contracts.credit, credit::token()).output) ==
          w.contracts.token);
    CHECK(*calls::decode_text(w.ok(w.user, w.contracts.credit, credit::name()).output) == "GRID Credit");
    CHECK(*calls::decode_text(w.ok(w.user, w.contracts.credit, credit::symbol()).output) == "GRIDC");
    CHECK(*calls::decode_u64(w.ok(w.user, w.contracts.credit, credit::decimals()).output) == 18);
}
