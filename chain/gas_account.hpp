#pragma once

#include "chain/address.hpp"
#include "chain/amount.hpp"

namespace grid::chain {

/// What an account has on a network that takes gas.
struct GasAccount {
    /// Gas that a call of the market is counted as: about the highest limit that one order's is given, which
    /// is what the network wants to see on the account. It mostly costs a third of that.
    static constexpr std::uint64_t kTransaction = 500'000;
    /// More are not counted.
    static constexpr std::uint64_t kMany = 1'000'000;

    Address address;
    Amount balance;  ///< wei
    Amount fee;      ///< wei a gas: what a transaction that is made now offers at most

    /// For how many transactions it is enough at that fee, up to kMany.
    std::uint64_t transactions() const;
    /// "0x... has 0.02 coin, enough for 40 transactions at 1 gwei".
    std::string words() const;
    friend bool operator==(const GasAccount&, const GasAccount&) = default;
};

}  // namespace grid::chain
