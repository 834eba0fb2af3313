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

/// Tokens were sent to Credit by hand.
struct CreditTransferReceived {
    Address from;
    Amount amount;
    friend bool operator==(const CreditTransferReceived&, const CreditTransferReceived&) = default;
};

/// What somebody sent by hand became credits.
struct CreditTransferClaimed {
    Address from;
    Address by;
    Amount amount;
    friend bool operator==(const CreditTransferClaimed&, const CreditTransferClaimed&) = default;
};

}  // namespace grid::chain
