// The sender on a real anvil that makes blocks when it is told to: what waits, is lost, stuck, or sent by
// others.
#include "integration/evm_hand.hpp"

using namespace grid;
using namespace grid::adapters::evm;
using namespace std::chrono_literals;
using test::account;
using test::count;
using test::Hand;
using test::Outcome;
using test::pool_of;
using test::TemporaryDirectory;
using test::transfer;

TEST_CASE("transactions of a key are sent at once, each once, and answered when they are mined", "[evm]") {
    test::Network network;
    network.anvil.request("evm_setAutomine", "[false]");
    const TemporaryDirectory directory;
    Hand hand(network, directory.path(), account(3));
    std::vector<Outcome> outcomes;
    for (std::uint64_t i = 1; i <= 5; ++i)
        outcomes.push_back(hand.request(network.book.contracts.token, transfer(i)));
    const auto joined = hand.request(network.book.contracts.token, transfer(3));
    CHECK(hand.sender->in_flight() == 5);
    CHECK(count(pool_of(network.anvil), "\"nonce\"") == 5);
    for (const auto& outcome : outcomes) CHECK_FALSE(*outcome);
    network.anvil.mine();
    hand.turn();
    for (const auto& outcome : outcomes) {
        REQUIRE(*outcome);
        INFO(test::problem(**outcome));
        REQUIRE(**outcome);
        CHECK((**outcome)->block_number == network.anvil.height());
    }
    REQUIRE(*joined);
    CHECK((**joined)->receipt.transaction_hash == (**outcomes[2])->receipt.transaction_hash);
    CHECK(network.mined_nonces(account(3).address()) == 5);
    // Kept until the block cannot be taken back.
    CHECK(hand.sender->kept() == 5);
    network.anvil.mine(Branch::kWindow);
    hand.pass(60s);
    hand.turn();
    CHECK(hand.sender->kept() == 0);
}

TEST_CASE("a transaction that would fail is not sent, and the error is described", "[evm]") {
    test::Network network;
    const TemporaryDirectory directory;
    Hand hand(network, directory.path(), account(3));
    const auto outcome =
        hand.request(network.book.contracts.token,
                     chain::calls::token::transfer(account(9).address(), chain::Amount::power_of_two(95)));
    REQUIRE(*outcome);
    REQUIRE_FALSE(**outcome);
    CHECK((**outcome).error().code == "reverted");
    CHECK((**outcome).error().message.find("ERC20InsufficientBalance") != std::string::npos);
    CHECK(network.mined_nonces(account(3).address()) == 0);
    CHECK(hand.sender->kept() == 0);
}

TEST_CASE("a transaction that fails in its block is answered with the error", "[evm]") {
    test::Network network;
    network.create_order();
    network.anvil.request("evm_setAutomine", "[false]");
    const TemporaryDirectory directory;
    Hand hand(network, directory.path(), test::provider_key());
    const auto outcome =
        hand.request(network.book.contracts.market, chain::calls::market::activate_order({1}));
    network.anvil.request("anvil_dropAllTransactions");
    const auto cancel = network.sign(test::user_key(), network.book.contracts.market,
                                     chain::calls::market::cancel_order({1}));
    network.anvil.request("eth_sendRawTransaction", "[\"" + chain::to_hex(cancel) + "\"]");
    network.anvil.mine();
    hand.pass(16s);
    hand.turn();  // sends it again
    network.anvil.mine();
    hand.turn();
    REQUIRE(*outcome);
    REQUIRE_FALSE(**outcome);
    CHECK((**outcome).error().code == "reverted");
    CHECK((**outcome).error().message.find("(") != std::string::npos);
}

TEST_CASE("a call that costs more in its block than where it was estimated has the gas for it", "[evm]") {
    test::Network network;
    auto info = test::provider_info();
    info.probation = {1'000};
    network.send(test::provider_key(), network.book.contracts.registry, chain::calls::registry::set(info));
    network.create_order({36'000}, {1'000});
    network.send(test::provider_key(), network.book.contracts.market,
                 chain::calls::market::activate_order({1}));
    network.anvil.request("evm_setAutomine", "[false]");
    const TemporaryDirectory directory;
    Hand hand(network, directory.path(), test::provider_key());
    // In probation nothing is paid. A minute after it the provider gets the first credits of its life.
    const auto outcome = hand.request(network.book.contracts.market, chain::calls::market::settle({1}));
    network.anvil.request("evm_increaseTime", "[1060]");
    network.anvil.mine();
    hand.turn();
    REQUIRE(*outcome);
    INFO(test::problem(**outcome));
    REQUIRE(**outcome);
    const auto estimated = 62'270u;  // chain/solidity/snapshots: Market.settle, in probation
    CHECK((**outcome)->receipt.gas_used > estimated * 5 / 4);
}

TEST_CASE("a transaction that ran out of gas is answered with that", "[evm]") {
    test::Network network;
    network.anvil.request("evm_setAutomine", "[false]");
    const TemporaryDirectory directory;
    Hand hand(network, directory.path(), account(3));
    const auto& token = network.book.contracts.token;
    const auto outcome = hand.request(token, transfer(1));
    // Now the token is a contract that calls one that never ends, and reverts when that fails.
    const auto place = [&](const chain::Address& at, const std::string& quoted) {
        network.anvil.request("anvil_setCode", "[\"" + at.hex() + "\"," + quoted + "]");
    };
    const auto endless = account(50).address();
    place(endless, "\"0x5b5f56\"");                                               // JUMPDEST PUSH0 JUMP
    place(token, "\"0x5f5f5f5f5f73" + endless.hex().substr(2) + "5af15f5ffd\"");  // CALL, REVERT
    network.anvil.mine();
    hand.turn();
    REQUIRE(*outcome);
    REQUIRE_FALSE(**outcome);
    CHECK((**outcome).error().code == "reverted");
    CHECK((**outcome).error().message == "the transaction ran out of gas");
}

TEST_CASE("what the network forgot is sent again, byte for byte", "[evm]") {
    test::Network network;
    network.anvil.request("evm_setAutomine", "[false]");
    const TemporaryDirectory directory;
    Hand hand(network, directory.path(), account(3));
    const auto outcome = hand.request(network.book.contracts.token, transfer(1));
    const auto before = pool_of(network.anvil);
    REQUIRE(count(before, "\"nonce\"") == 1);
    network.anvil.request("anvil_dropAllTransactions");
    hand.turn();
    CHECK(count(pool_of(network.anvil), "\"nonce\"") == 0);
    hand.pass(16s);
    hand.turn();
    CHECK(pool_of(network.anvil) == before);
    network.anvil.mine();
    hand.turn();
    REQUIRE(*outcome);
    CHECK(**outcome);
}

TEST_CASE("what is stuck pays more, with the same nonce, until one of them is mined", "[evm]") {
    test::Network network;
    network.anvil.request("evm_setAutomine", "[false]");
    const TemporaryDirectory directory;
    Hand hand(network, directory.path(), account(3));
    const auto outcome = hand.request(network.book.contracts.token, transfer(1));
    const auto second = hand.request(network.book.contracts.token, transfer(2));
    const auto first_pool = pool_of(network.anvil);
    hand.pass(89s);
    hand.turn();
    CHECK(pool_of(network.anvil) == first_pool);
    hand.pass(1s);
    hand.turn();
    const auto bumped_pool = pool_of(network.anvil);
    CHECK(count(bumped_pool, "\"nonce\"") == 2);
    CHECK(bumped_pool != first_pool);  // anvil takes nothing that does not pay 10 % more
    network.anvil.mine();
    hand.turn();
    REQUIRE(*outcome);
    REQUIRE(*second);
    CHECK(**outcome);
    CHECK(**second);
    CHECK(network.mined_nonces(account(3).address()) == 2);
}

TEST_CASE("a fee is raised by at least an eighth, or to what is usual", "[evm]") {
    const Fees before{true, chain::Amount(1000), chain::Amount(100)};
    CHECK(bumped(before, {true, chain::Amount(1), chain::Amount(1)}) ==
          Fees{true, chain::Amount(1126), chain::Amount(114)});
    CHECK(bumped(before, {true, chain::Amount(5000), chain::Amount(900)}) ==
          Fees{true, chain::Amount(5000), chain::Amount(900)});
    CHECK(bumped({false, chain::Amount(8), {}}, {false, chain::Amount(2), {}}) ==
          Fees{false, chain::Amount(10), {}});
    CHECK(fees_for(chain::Amount(7), chain::Amount(2), chain::Amount(99)) ==
          Fees{true, chain::Amount(16), chain::Amount(2)});
    CHECK(fees_for({}, chain::Amount(2), chain::Amount(99)) == Fees{false, chain::Amount(99), {}});
}

TEST_CASE("when somebody else uses the nonce, the request is answered and nothing of it is left", "[evm]") {
    test::Network network;
    network.anvil.request("evm_setAutomine", "[false]");
    const TemporaryDirectory directory;
    Hand hand(network, directory.path(), account(3));
    const auto outcome = hand.request(network.book.contracts.token, transfer(1));
    network.anvil.request("anvil_dropAllTransactions");
    const auto foreign = network.sign(account(3), network.book.contracts.token, transfer(77));
    network.anvil.request("eth_sendRawTransaction", "[\"" + chain::to_hex(foreign) + "\"]");
    network.anvil.mine();
    hand.turn();
    CHECK_FALSE(*outcome);  // a receipt may be late
    hand.pass(30s);
    hand.turn();
    REQUIRE(*outcome);
    REQUIRE_FALSE(**outcome);
    CHECK((**outcome).error().code == "unavailable");
    CHECK(hand.sender->kept() == 0);
    const auto next = hand.request(network.book.contracts.token, transfer(2));
    network.anvil.mine();
    hand.turn();
    REQUIRE(*next);
    CHECK(**next);
}
