#include "unit/chain/world.hpp"

using namespace grid::chain;
using namespace grid::chain::test;

namespace {

Transaction transfer(const World& w) {
    Transaction t;
    t.chain_id = kEmbeddedChainId;
    t.gas_limit = 100'000;
    t.to = w.contracts.token;
    t.data = calls::token::transfer(w.other, Amount{5});
    return t;
}

}  // namespace

TEST_CASE("a transaction bumps its sender's nonce and leaves a receipt", "[execution]") {
    World w;
    const SignedTransaction signed_one = sign(transfer(w), w.user_key);
    REQUIRE(check_transaction(w.state, signed_one.transaction, w.user, kEmbeddedChainId));
    const Receipt receipt = execute(w.state, w.block, signed_one, w.user);
    CHECK(receipt.success);
    CHECK(receipt.transaction_hash == signed_one.hash);
    CHECK(receipt.gas_used >= 21'000);
    CHECK(receipt.logs.size() == 1);
    CHECK(*calls::decode_boolean(receipt.output));
    CHECK(w.state.nonce(w.user) == 1);
    CHECK(w.tokens(w.other) == Amount{1'000} * kToken + Amount{5});
}

TEST_CASE("a transaction that reverts costs its nonce and nothing else", "[execution]") {
    World w;
    Transaction t = transfer(w);
    t.data = calls::token::transfer(w.other, Amount{1'001} * kToken);
    const WriteSet before = rows_of(w.state);
    const Receipt receipt = execute(w.state, w.block, sign(t, w.user_key), w.user);
    CHECK_FALSE(receipt.success);
    CHECK(receipt.logs.empty());
    CHECK(revert_name(receipt.output) == "ERC20InsufficientBalance");
    CHECK(w.state.nonce(w.user) == 1);
    w.state.set_nonce(w.user, 0);
    CHECK(rows_of(w.state) == before);
}

TEST_CASE("a failure in the middle of a call takes back what came before it", "[execution]") {
    World w;
    w.open_market(Amount{1});
    const WriteSet before = rows_of(w.state);
    // Resources are reserved before the credits turn out to be missing.
    CHECK(revert_name(w.call(w.user, w.contracts.market, w.create()).output) == "InsufficientCredits");
    CHECK(rows_of(w.state) == before);
}

TEST_CASE("transactions that may not enter a block are refused by name", "[execution]") {
    World w;
    w.state.set_nonce(w.user, 7);
    Transaction t = transfer(w);
    t.nonce = 7;
    REQUIRE(check_transaction(w.state, t, w.user, kEmbeddedChainId));
    std::string code;
    SECTION("chain id") {
        t.chain_id = 1;
        code = "wrong_chain_id";
    }
    SECTION("nonce used") {
        t.nonce = 6;
        code = "nonce_too_low";
    }
    SECTION("nonce gap") {
        t.nonce = 8;
        code = "nonce_too_high";
    }
    SECTION("value") {
        t.value = Amount{1};
        code = "value_not_accepted";
    }
    SECTION("creation") {
        t.to.reset();
        code = "contract_creation_refused";
    }
    SECTION("gas limit") {
        t.gas_limit = 20'999;
        code = "gas_limit_too_low";
    }
    const auto result = check_transaction(w.state, t, w.user, kEmbeddedChainId);
    REQUIRE_FALSE(result);
    CHECK(result.error().code == code);
    CHECK(w.state.nonce(w.user) == 7);
}

TEST_CASE("the gas used never exceeds the limit that the sender gave", "[execution]") {
    World w;
    Transaction t = transfer(w);
    t.gas_limit = 21'000;
    CHECK(execute(w.state, w.block, sign(t, w.user_key), w.user).gas_used == 21'000);
}

TEST_CASE("a transaction to an address without a contract does nothing and succeeds", "[execution]") {
    World w;
    Transaction t = transfer(w);
    t.to = w.other;
    const Receipt receipt = execute(w.state, w.block, sign(t, w.user_key), w.user);
    CHECK(receipt.success);
    CHECK(receipt.output.empty());
    CHECK(receipt.gas_used == 21'000);
}

TEST_CASE("calls that no contract understands revert empty", "[execution]") {
    World w;
    for (const Address& contract :
         {w.contracts.token, w.contracts.credit, w.contracts.registry, w.contracts.market}) {
        CHECK(w.refused(w.user, contract, {}) == "empty");
        CHECK(w.refused(w.user, contract, {0xa9, 0x05, 0x9c}) == "empty");
        CHECK(w.refused(w.user, contract, {0xde, 0xad, 0xbe, 0xef}) == "empty");
    }
}

TEST_CASE("no contract takes value", "[execution]") {
    World w;
    const Bytes data = calls::token::transfer(w.other, Amount{5});
    const CallResult result = call(w.state, w.block, {w.user, w.contracts.token, Amount{1}, data});
    CHECK_FALSE(result.success);
    CHECK(result.output.empty());
    CHECK(w.tokens(w.other) == Amount{1'000} * kToken);
}

TEST_CASE("the embedded contracts stand at their fixed addresses", "[execution]") {
    const ContractAddresses contracts = embedded_addresses();
    CHECK(contracts.token.hex() == "0x4743000000000000000000000000000000000001");
    CHECK(contracts.credit.hex() == "0x4743000000000000000000000000000000000002");
    CHECK(contracts.registry.hex() == "0x4743000000000000000000000000000000000003");
    CHECK(contracts.market.hex() == "0x4743000000000000000000000000000000000004");
}
