#pragma once

#include "chain/address.hpp"
#include "chain/amount.hpp"
#include "chain/time.hpp"

namespace grid::chain {

/// The whole of an amount in basis points.
inline constexpr std::uint16_t kAllBasisPoints = 10'000;

/// What the Market is run by: from genesis, then by the council (setParameter); whatever concerns an order is
/// copied into it when it is created.
struct MarketParameters {
    Seconds activation_deadline{3600};   ///< an order must be activated before created_at + this
    std::uint32_t max_unactivated = 16;  ///< who has so many orders waiting for activation needs a quote
    Amount minimum_deposit{1};           ///< credit base units, for orders without a quote
    Seconds probation_window{30ull * 24 * 3600};  ///< W: one free probation for a pair in each; 0: no limit
    std::uint32_t max_probation_cancels =
        3;                        ///< N: who cancels in probation more often in one window gets none
    std::uint16_t fee_bp = 0;     ///< basis points of what accrues that go to the protocol, at most 10,000
    Address treasury;             ///< who gets the fee, and what is slashed; zero: burned with its backing
    std::uint16_t profit_bp = 0;  ///< basis points of an order's deposit promised to pledges; at most fee_bp
    friend bool operator==(const MarketParameters&, const MarketParameters&) = default;
};

/// Everything that genesis fixes and the native contracts read.
struct ChainParameters {
    Amount token_cap;  ///< base units, < 2^96
    Address minter;    ///< may mint tokens up to the cap; zero: nobody
    MarketParameters market;
    friend bool operator==(const ChainParameters&, const ChainParameters&) = default;
};

}  // namespace grid::chain
