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
    Amount paid_fee;
    Timestamp ends_at;  ///< E; 0 before activation; 2^64-1 while a suspension begun before S is open
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

/// The provider stopped the clock of a running order.
struct OrderSuspended {
    OrderId id;
    Address by;
    Timestamp suspended_since;
    std::uint64_t height = 0;
    OrderBalance balance;
    friend bool operator==(const OrderSuspended&, const OrderSuspended&) = default;
};

/// The clock goes on: S as it is now, and the seconds of the paid term that were suspended altogether.
struct OrderResumed {
    OrderId id;
    Address by;
    Timestamp resumed_at;
    Timestamp starts_at;
    Seconds suspended;
    OrderBalance balance;
    friend bool operator==(const OrderResumed&, const OrderResumed&) = default;
};

struct OrderExtended {
    OrderId id;
    Address by;
    Seconds added;
    Seconds duration;  ///< afterwards
    Amount added_deposit;
    Amount added_profit;  ///< promised for it
    OrderBalance balance;
    friend bool operator==(const OrderExtended&, const OrderExtended&) = default;
};

/// A running order was completed early and goes on as another.
struct OrderReplaced {
    OrderId old_id;
    OrderId new_id;
    friend bool operator==(const OrderReplaced&, const OrderReplaced&) = default;
};

/// The user says that in probation nothing was served.
struct OrderUnserved {
    OrderId id;
    Address user;
    Address provider;
    Timestamp at;
    friend bool operator==(const OrderUnserved&, const OrderUnserved&) = default;
};

struct QuoteCancelled {
    Address provider;
    Hash salt;
    friend bool operator==(const QuoteCancelled&, const QuoteCancelled&) = default;
};

/// Quotes of other epochs than this one are void.
struct QuoteEpochBumped {
    Address provider;
    std::uint64_t epoch = 0;
    friend bool operator==(const QuoteEpochBumped&, const QuoteEpochBumped&) = default;
};

struct QuoteUsed {
    Hash digest;
    Address provider;
    Address user;
    OrderId id;  ///< the order that it made
    friend bool operator==(const QuoteUsed&, const QuoteUsed&) = default;
};

/// The council set a parameter.
struct ParameterSet {
    Hash key;  ///< its name in the ABI's struct Parameters: name_word
    Amount value;
    friend bool operator==(const ParameterSet&, const ParameterSet&) = default;
};

}  // namespace grid::chain
