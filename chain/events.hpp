#pragma once

#include <optional>
#include <span>
#include <variant>

#include "chain/block.hpp"
#include "chain/contracts.hpp"
#include "chain/market.hpp"

/// The contracts' events, typed. One source for both directions: the native contracts emit through `to_log`.
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

/// The whole entry after Registry.set; its status is active.
struct ProviderSet {
    Provider provider;
    friend bool operator==(const ProviderSet&, const ProviderSet&) = default;
};

struct ProviderDeregistered {
    Address provider;
    friend bool operator==(const ProviderDeregistered&, const ProviderDeregistered&) = default;
};

/// Resources were reserved (delta < 0) or came back (delta > 0).
struct ResourceDelta {
    Address provider;
    Hash ref;           ///< the order's id as a word
    Resources amounts;  ///< without sign
    bool reserved = false;
    Resources available;  ///< afterwards
    friend bool operator==(const ResourceDelta&, const ResourceDelta&) = default;
};

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

using Event = std::variant<TokenTransfer, TokenApproval, CreditTransfer, CreditPurchased, CreditRedeemed,
                           ProviderSet, ProviderDeregistered, ResourceDelta, OrderCreated, OrderActivated,
                           OrderSettled, OrderCancelled, OrderCompleted, Withdrawn, QuoteUsed>;

/// The event of a log of one of these contracts; none for a foreign address, an unknown topic or malformed
/// data.
std::optional<Event> decode_event(const Log& log, const ContractAddresses& contracts);

/// The log that the contract emits for it.
Log to_log(const Event& event, const ContractAddresses& contracts);

/// "OrderSettled" etc., as in the ABI.
std::string_view name_of(const Event& event);

/// Topic 0: keccak256 of the event's signature. `topic_of<OrderCreated>()`.
template <class E>
const Hash& topic_of();

/// An event of the ABI and the contract that emits it.
struct EventType {
    std::string_view signature;
    Address ContractAddresses::*emitter;
};
/// In the order of `Event`.
std::span<const EventType> event_types() noexcept;

}  // namespace grid::chain
