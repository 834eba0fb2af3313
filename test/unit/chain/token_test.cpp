#include "unit/chain/world.hpp"

using namespace grid::chain;
using namespace grid::chain::test;
namespace token = grid::chain::calls::token;

namespace {

Amount unlimited() {
    return Amount::power_of_two(255) - Amount{1} + Amount::power_of_two(255);
}

}  // namespace

TEST_CASE("tokens move by transfer, with a log", "[token]") {
    World w;
    const CallResult result = w.ok(w.user, w.contracts.token, token::transfer(w.other, kToken));
    CHECK(*calls::decode_boolean(result.output));
    CHECK(events_of(result) == std::vector<Event>{TokenTransfer{w.user, w.other, kToken}});
    CHECK(w.tokens(w.user) == Amount{999} * kToken);
    CHECK(w.tokens(w.other) == Amount{1'001} * kToken);
}

TEST_CASE("a transfer to oneself changes nothing", "[token]") {
    World w;
    w.ok(w.user, w.contracts.token, token::transfer(w.user, kToken));
    CHECK(w.tokens(w.user) == Amount{1'000} * kToken);
}

TEST_CASE("nobody sends more tokens than he has", "[token]") {
    World w;
    CHECK(
        w.refused(w.user, w.contracts.token, token::transfer(w.other, Amount{1'000} * kToken + Amount{1})) ==
        "ERC20InsufficientBalance(sender=" + w.user.checksummed() +
            ", balance=1000000000000000000000, needed=1000000000000000000001)");
}

TEST_CASE("tokens cannot be sent to nowhere, nor into a contract that would keep them", "[token]") {
    World w;
    for (const Address& to : {Address{}, w.contracts.token, w.contracts.registry, w.contracts.market,
                              w.contracts.council, w.contracts.pledge})
        CHECK(w.refused(w.user, w.contracts.token, token::transfer(to, Amount{1})) ==
              "ERC20InvalidReceiver(receiver=" + to.checksummed() + ")");
    for (const Address& to : {Address{}, w.contracts.credit, w.contracts.pledge})
        CHECK(w.refused(w.minter, w.contracts.token, token::mint(to, Amount{1})) ==
              "ERC20InvalidReceiver(receiver=" + to.checksummed() + ")");
}

TEST_CASE("whoever burns tokens burns his own, and the supply falls", "[token]") {
    World w;
    const Amount supply = w.state.token_supply();
    CHECK(events_of(w.ok(w.user, w.contracts.token, token::burn(Amount{5}))) ==
          std::vector<Event>{TokenTransfer{w.user, {}, Amount{5}}});
    CHECK(w.tokens(w.user) == Amount{1'000} * kToken - Amount{5});
    CHECK(w.state.token_supply() == supply - Amount{5});
    CHECK(revert_name(w.call(w.user, w.contracts.token, token::burn(Amount{1'000} * kToken)).output) ==
          "ERC20InsufficientBalance");
}

TEST_CASE("an allowance is used up, and each use says what is left", "[token]") {
    World w;
    w.ok(w.user, w.contracts.token, token::approve(w.other, Amount{10}));
    const auto events =
        events_of(w.ok(w.other, w.contracts.token, token::transfer_from(w.user, w.stranger, Amount{7})));
    CHECK(events == std::vector<Event>{TokenApproval{w.user, w.other, Amount{3}},
                                       TokenTransfer{w.user, w.stranger, Amount{7}}});
    CHECK(w.refused(w.other, w.contracts.token, token::transfer_from(w.user, w.stranger, Amount{4})) ==
          "ERC20InsufficientAllowance(spender=" + w.other.checksummed() + ", allowance=3, needed=4)");
    CHECK(*calls::decode_amount(w.ok(w.user, w.contracts.token, token::allowance(w.user, w.other)).output) ==
          Amount{3});
}

TEST_CASE("an unlimited allowance is never used up", "[token]") {
    World w;
    w.ok(w.user, w.contracts.token, token::approve(w.other, unlimited()));
    w.ok(w.other, w.contracts.token, token::transfer_from(w.user, w.other, kToken));
    CHECK(w.state.allowance(w.user, w.other) == unlimited());
}

TEST_CASE("approval of nobody is refused", "[token]") {
    World w;
    CHECK(w.refused(w.user, w.contracts.token, token::approve({}, Amount{1})) ==
          "ERC20InvalidSpender(spender=" + Address{}.checksummed() + ")");
}

TEST_CASE("only the minter mints, and never over the cap", "[token]") {
    World w;
    CHECK(w.refused(w.user, w.contracts.token, token::mint(w.user, Amount{1})) ==
          "NotMinter(caller=" + w.user.checksummed() + ")");
    const Amount room = w.state.parameters().token_cap - w.state.token_supply();
    CHECK(revert_name(w.call(w.minter, w.contracts.token, token::mint(w.user, room + Amount{1})).output) ==
          "ERC20ExceededCap");
    w.ok(w.minter, w.contracts.token, token::mint(w.user, room));
    CHECK(*calls::decode_amount(w.ok(w.user, w.contracts.token, token::total_supply()).output) ==
          *calls::decode_amount(w.ok(w.user, w.contracts.token, token::cap()).output));
}

TEST_CASE("minting so much that the supply leaves 256 bits panics as Solidity does", "[token]") {
    World w;
    CHECK(w.refused(w.minter, w.contracts.token, token::mint(w.user, unlimited())) ==
          "Panic(0x11): arithmetic overflow");
}

TEST_CASE("the faucet is open on development chains only, and measured", "[token]") {
    World w;
    const Amount limit = Amount{10'000} * kToken;
    w.ok(w.stranger, w.contracts.token, token::faucet(limit));
    CHECK(w.tokens(w.stranger) == Amount{11'000} * kToken);
    CHECK(revert_name(w.call(w.stranger, w.contracts.token, token::faucet(limit + Amount{1})).output) ==
          "FaucetLimit");
    w.block.development = false;
    CHECK(w.refused(w.stranger, w.contracts.token, token::faucet(Amount{1})) == "FaucetClosed()");
}

TEST_CASE("the token says what it is", "[token]") {
    World w;
    CHECK(*calls::decode_text(w.ok(w.user, w.contracts.token, token::name()).output) == "GRID");
    CHECK(*calls::decode_text(w.ok(w.user, w.contracts.token, token::symbol()).output) == "GRID");
    CHECK(*calls::decode_u64(w.ok(w.user, w.contracts.token, token::decimals()).output) == 18);
    CHECK(*calls::decode_address(w.ok(w.user, w.contracts.token, token::minter()).output) == w.minter);
}
