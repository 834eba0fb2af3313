#include "chain/gas_account.hpp"

#include <catch2/catch.hpp>

using namespace grid::chain;

TEST_CASE("what an account has for gas is counted in calls of the market", "[gas]") {
    struct Row {
        const char* balance;  ///< coins
        std::uint64_t fee;    ///< wei
        std::uint64_t transactions;
    };
    const Row rows[] = {{"0", 1'000'000'000, 0},      {"0.000499999999999999", 1'000'000'000, 0},
                        {"0.0005", 1'000'000'000, 1}, {"0.02", 2'000'000'000, 20},
                        {"1", 500'000'000'000, 4},    {"1", 1, GasAccount::kMany},
                        {"0", 0, GasAccount::kMany}};
    for (const auto& row : rows) {
        INFO(row.balance << " at " << row.fee);
        CHECK(GasAccount{{}, *Amount::parse_units(row.balance), row.fee}.transactions() == row.transactions);
    }
}

TEST_CASE("an account for gas is described in coins and gwei", "[gas]") {
    const auto address = *Address::parse("0x70997970C51812dc3A010C7d01b50e0d17dc79C8");
    const auto words = [&](const char* coins, std::uint64_t fee) {
        return GasAccount{address, *Amount::parse_units(coins), fee}.words();
    };
    const std::string who = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8 has ";
    CHECK(words("0.02", 1'500'000'000) ==
          who + "0.02 of the network's coin, enough for 26 transactions at 1.5 gwei");
    CHECK(words("0.001", 1'500'000'000) ==
          who + "0.001 of the network's coin, enough for 1 transaction at 1.5 gwei");
    CHECK(words("0", 1'000'000'000) == who + "0 of the network's coin, enough for no transaction at 1 gwei");
}
