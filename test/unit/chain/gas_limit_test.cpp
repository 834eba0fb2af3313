#include "chain/gas_limit.hpp"

#include <catch2/catch.hpp>

using namespace grid::chain;

TEST_CASE("a call is given a quarter more gas than estimated and the reserve, but never too much for a block",
          "[gas]") {
    struct Row {
        std::uint64_t estimate, limit;
    };
    const Row rows[] = {{21'000, 276'250},        {400'000, 750'000},       {13'221'772, 16'777'215},
                        {13'221'774, 16'777'216}, {16'777'215, 16'777'216}, {20'000'000, 20'000'000}};
    for (const auto& row : rows) {
        INFO(row.estimate);
        CHECK(gas_limit_for(row.estimate) == row.limit);
    }
}

TEST_CASE("what the market may cost more a moment later is in the limit", "[gas]") {
    // chain/solidity/snapshots/GasTest.json: settle and cancelOrder, in probation and at the first payment of
    // all.
    CHECK(gas_limit_for(62'270) > 248'559);
    CHECK(gas_limit_for(133'746) > 281'247);
}

TEST_CASE("a failure that used nearly all its gas ran out of it, also when a call inside it did", "[gas]") {
    CHECK(ran_out_of_gas(138'507, 138'527));  // cancelOrder, whose profit could not be minted: by anvil
    CHECK(ran_out_of_gas(101'773, 101'907));
    CHECK(ran_out_of_gas(100'000, 100'000));
    CHECK_FALSE(ran_out_of_gas(90'000, 100'000));
    CHECK_FALSE(ran_out_of_gas(62'270, gas_limit_for(62'270)));
}
