#pragma once

#include "chain/market.hpp"

/// What GridToken tells.
namespace grid::chain {

/// GridToken: also mint (from zero).
struct TokenTransfer {
    Address from;
    Address to;
    Amount amount;
    friend bool operator==(const TokenTransfer&, const TokenTransfer&) = default;
};

/// GridToken: the allowance as it is now, also after transferFrom used some of it.
struct TokenApproval {
    Address owner;
    Address spender;
    Amount amount;
    friend bool operator==(const TokenApproval&, const TokenApproval&) = default;
};

}  // namespace grid::chain
