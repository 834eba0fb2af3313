#pragma once

#include "chain/market.hpp"

/// What Credit tells.
namespace grid::chain {

/// Credit: purchase comes from zero, redeem goes to zero, everything else is to or from a protocol contract.
struct CreditTransfer {
    Address from;
    Address to;
    Amount amount;
    friend bool operator==(const CreditTransfer&, const CreditTransfer&) = default;
};

struct CreditPurchased {
    Address account;
    Amount amount;
    friend bool operator==(const CreditPurchased&, const CreditPurchased&) = default;
};

struct CreditRedeemed {
    Address account;
    Amount amount;
    friend bool operator==(const CreditRedeemed&, const CreditRedeemed&) = default;
};

}  // namespace grid::chain
