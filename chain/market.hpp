#pragma once

#include <string>

#include "chain/address.hpp"
#include "chain/amount.hpp"
#include "chain/time.hpp"

/// The words of the market: what the Registry and the Market contract store, emit and take.
namespace grid::chain {

/// What a lease may use. Bounds: each < 2^64 (ABI uint64).
struct Resources {
    std::uint64_t cpu_milli = 0;    ///< millicores
    std::uint64_t memory_mib = 0;   ///< MiB
    std::uint64_t storage_mib = 0;  ///< MiB
    std::uint64_t gpus = 0;         ///< devices
    friend bool operator==(const Resources&, const Resources&) = default;
};

/// Credit base units per unit of each resource per hour. Bounds: each < 2^96 (ABI uint96).
struct Prices {
    Amount cpu_milli;
    Amount memory_mib;
    Amount storage_mib;
    Amount gpus;
    friend bool operator==(const Prices&, const Prices&) = default;
};

/// R = sum(price * amount): credit base units per hour.
Amount hourly_rate(const Resources& resources, const Prices& prices);

/// V = ceil(R * D / 3600): what an order of that length costs at the most.
Amount deposit_for(const Amount& hourly_rate, Seconds duration);

/// Longest duration of an order: 10 years of 365 days.
inline constexpr Seconds kMaxDuration{10ull * 365 * 24 * 3600};

enum class OrderStatus : std::uint8_t {
    none = 0,
    unactivated = 1,
    running = 2,
    cancelled = 3,
    completed = 4
};
/// "none", "unactivated", "running", "cancelled", "completed".
std::string_view name_of(OrderStatus status) noexcept;

/// Numbered from 1 by the Market; 0 is no order.
struct OrderId {
    std::uint64_t value = 0;
    friend auto operator<=>(const OrderId&, const OrderId&) = default;
};

struct Order {
    OrderId id;
    Address user;
    Address provider;
    Resources resources;
    Prices prices;
    Amount deposit;  ///< V
    Amount accrued;  ///< earned by the provider at the last settlement
    Amount paid_provider;
    Amount paid_user;
    Amount paid_fee;  ///< the protocol's part of what accrued
    bool user_check = false;
    bool provider_check = false;
    bool renewable = false;          ///< the user may extend it
    bool unserved_reported = false;  ///< by the user, in probation
    bool was_suspended = false;      ///< by the provider, at any time
    Timestamp created_at;
    Timestamp activated_at;
    std::uint64_t activate_height = 0;
    Timestamp settled_at;
    std::uint64_t settle_height = 0;
    Seconds probation;              ///< P: free, before the paid term
    Seconds duration;               ///< D
    Seconds suspended;              ///< closed suspensions after S
    Timestamp suspended_since;      ///< 0 when not suspended
    Timestamp activation_deadline;  ///< unactivated orders: activation must come before it
    OrderId replaces;               ///< the order that this one continues, or 0
    std::uint16_t fee_bp = 0;       ///< basis points of what accrues that go to the protocol
    Amount profit;                  ///< promised to those who pledge to the provider, for all of the deposit
    Amount profit_minted;           ///< of it, due for what accrued: minted, or lapsed where nobody earned
    std::uint16_t profit_bp = 0;    ///< basis points that profit was, and is of an extension; at most fee_bp
    OrderStatus status = OrderStatus::none;

    friend bool operator==(const Order&, const Order&) = default;
    /// S = activated_at + P, while no suspension that began before it is open (settlement::starts_at).
    Timestamp starts_at() const { return activated_at + probation; }
    /// E = S + D: served while t < E. The same holds (settlement::announced_end).
    Timestamp ends_at() const { return starts_at() + duration; }
    bool live() const { return status == OrderStatus::unactivated || status == OrderStatus::running; }
};

enum class ProviderStatus : std::uint8_t { none = 0, active = 1, deregistered = 2 };

/// A provider's entry in the Registry.
struct Provider {
    Address address;
    std::string host;  ///< domain or IP of its gateway
    std::uint16_t port = 0;
    Prices prices;          ///< asked
    Prices minimum_prices;  ///< refused below
    Resources total;
    Resources available;
    std::string attributes;   ///< JSON: region, gpu model, engine, tags; at most 4 KiB
    Seconds probation;        ///< free time offered; at most kMaxDuration
    Amount probation_pledge;  ///< what a user must have pledged to get it; credits, < 2^96
    bool renewable = false;
    bool accepts_offers = false;
    Address operator_key;  ///< may activate, suspend, quote; zero: none
    ProviderStatus status = ProviderStatus::none;
    friend bool operator==(const Provider&, const Provider&) = default;
};

/// Terms that a provider (or its operator key) signs for one user by EIP-712; consumed by
/// createOrderWithQuote. Type: Quote(address provider,address user,uint64 cpuMilli,uint64 memoryMiB,uint64
/// storageMiB,uint64 gpus,
///   uint96 cpuMilliPrice,uint96 memoryMiBPrice,uint96 storageMiBPrice,uint96 gpuPrice,
///   uint64 duration,uint64 probation,bool renewable,uint64 validUntil,uint64 replaces,uint64 epoch,bytes32
///   salt)
/// Domain: name "GRID Market", version "1", chain id, the Market's address.
struct Quote {
    Address provider;
    Address user;
    Resources resources;
    Prices prices;
    Seconds duration;
    Seconds probation;        ///< nothing when it replaces an order: what is left of that one's goes on
    bool renewable = false;   ///< the user may extend the order
    Timestamp valid_until;    ///< in time while t < valid_until
    OrderId replaces;         ///< the order to continue, or 0
    std::uint64_t epoch = 0;  ///< the provider's epoch of quotes when it was signed
    Hash salt;                ///< makes the quote unique; the provider can cancel by it
    friend bool operator==(const Quote&, const Quote&) = default;
};

/// What is signed for a quote, and its name on the chain (QuoteUsed).
Hash quote_digest(const Quote& quote, std::uint64_t chain_id, const Address& market);

}  // namespace grid::chain
