#pragma once

#include "chain/hash.hpp"
#include "chain/market.hpp"

/// What the Market tells.
namespace grid::chain {

/// Where the money of an order stands after an event.
struct OrderBalance {
    Amount deposit;  ///< V
    Amount accrued;
    Amount paid_provider;
    Amount paid_user;
    Timestamp ends_at;  ///< E; 0 before activation
    friend bool operator==(const OrderBalance&, const OrderBalance&) = default;
};

/// The order as it was created: every term, status unactivated.
struct OrderCreated {
    Order order;
    friend bool operator==(const OrderCreated&, const OrderCreated&) = default;
};

struct OrderActivated {
    OrderId id;
    Address by;
    Timestamp activated_at;
    std::uint64_t activate_height = 0;
    Timestamp starts_at;  ///< S
    OrderBalance balance;
    friend bool operator==(const OrderActivated&, const OrderActivated&) = default;
};

/// A running order was settled and runs on.
struct OrderSettled {
    OrderId id;
    Timestamp settled_at;
    std::uint64_t settle_height = 0;
    OrderBalance balance;
    friend bool operator==(const OrderSettled&, const OrderSettled&) = default;
};

struct OrderCancelled {
    OrderId id;
    Address by;
    Timestamp settled_at;
    std::uint64_t settle_height = 0;
    OrderBalance balance;
    friend bool operator==(const OrderCancelled&, const OrderCancelled&) = default;
};

struct OrderCompleted {
    OrderId id;
    Timestamp settled_at;
    std::uint64_t settle_height = 0;
    OrderBalance balance;
    friend bool operator==(const OrderCompleted&, const OrderCompleted&) = default;
};

struct Withdrawn {
    OrderId id;
    Address account;
    Amount amount;
    OrderBalance balance;
    friend bool operator==(const Withdrawn&, const Withdrawn&) = default;
};

struct QuoteUsed {
    Hash digest;
    Address provider;
    Address user;
    OrderId id;  ///< the order that it made
    friend bool operator==(const QuoteUsed&, const QuoteUsed&) = default;
};

}  // namespace grid::chain
