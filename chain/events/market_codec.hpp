#pragma once

#include "chain/contracts/signatures.hpp"
#include "chain/contracts/tuples.hpp"
#include "chain/events/codec.hpp"
#include "chain/events/market.hpp"

namespace grid::chain::events {

inline void put(abi::Encoder& out, const OrderBalance& b) {
    out.uint(b.deposit)
        .uint(b.accrued)
        .uint(b.paid_provider)
        .uint(b.paid_user)
        .uint(b.paid_fee)
        .uint(b.ends_at.seconds);
}

inline OrderBalance balance(abi::Decoder& in) {
    OrderBalance b;
    b.deposit = in.uint();
    b.accrued = in.uint();
    b.paid_provider = in.uint();
    b.paid_user = in.uint();
    b.paid_fee = in.uint();
    b.ends_at = {in.u64()};
    return b;
}

template <>
struct Codec<OrderCreated> {
    static constexpr std::string_view kSignature =
        "OrderCreated(uint64,address,address," GRID_ABI_RESOURCES "," GRID_ABI_PRICES
        ",uint64,uint64,bool,bool,uint64,uint64,uint256,bool,uint64,uint16,uint256,uint16)";
    static constexpr Contract kEmitter = &ContractAddresses::market;
    static auto topics(const OrderCreated& e) {
        return std::array{topic(e.order.id), topic(e.order.user), topic(e.order.provider)};
    }
    static void data(abi::Encoder& out, const OrderCreated& e) {
        const Order& o = e.order;
        tuples::put(out, o.resources);
        tuples::put(out, o.prices);
        out.uint(o.duration.count)
            .uint(o.probation.count)
            .boolean(o.user_check)
            .boolean(o.provider_check)
            .uint(o.created_at.seconds)
            .uint(o.activation_deadline.seconds)
            .uint(o.deposit)
            .boolean(o.renewable)
            .uint(o.replaces.value)
            .uint(o.fee_bp)
            .uint(o.profit)
            .uint(o.profit_bp);
    }
    static OrderCreated read(LogReader& in) {
        Order o;
        o.id = in.topic_id();
        o.user = in.topic_address();
        o.provider = in.topic_address();
        o.resources = tuples::resources(in.data());
        o.prices = tuples::prices(in.data());
        o.duration = {in.data().u64()};
        o.probation = {in.data().u64()};
        o.user_check = in.data().boolean();
        o.provider_check = in.data().boolean();
        o.created_at = {in.data().u64()};
        o.activation_deadline = {in.data().u64()};
        o.deposit = in.data().uint();
        o.renewable = in.data().boolean();
        o.replaces = {in.data().u64()};
        o.fee_bp = static_cast<std::uint16_t>(in.data().uint(16).limbs()[0]);
        o.profit = in.data().uint();
        o.profit_bp = static_cast<std::uint16_t>(in.data().uint(16).limbs()[0]);
        o.status = OrderStatus::unactivated;
        return {o};
    }
};

template <>
struct Codec<OrderActivated> {
    static constexpr std::string_view kSignature =
        "OrderActivated(uint64,address,uint64,uint64,uint64," GRID_ABI_BALANCE ")";
    static constexpr Contract kEmitter = &ContractAddresses::market;
    static auto topics(const OrderActivated& e) { return std::array{topic(e.id), topic(e.by)}; }
    static void data(abi::Encoder& out, const OrderActivated& e) {
        out.uint(e.activated_at.seconds).uint(e.activate_height).uint(e.starts_at.seconds);
        put(out, e.balance);
    }
    static OrderActivated read(LogReader& in) {
        OrderActivated e;
        e.id = in.topic_id();
        e.by = in.topic_address();
        e.activated_at = {in.data().u64()};
        e.activate_height = in.data().u64();
        e.starts_at = {in.data().u64()};
        e.balance = balance(in.data());
        return e;
    }
};

/// OrderSettled and OrderCompleted carry the same.
template <class E>
struct SettlementCodec {
    static constexpr Contract kEmitter = &ContractAddresses::market;
    static auto topics(const E& e) { return std::array{topic(e.id)}; }
    static void data(abi::Encoder& out, const E& e) {
        out.uint(e.settled_at.seconds).uint(e.settle_height);
        put(out, e.balance);
    }
    static E read(LogReader& in) {
        E e;
        e.id = in.topic_id();
        e.settled_at = {in.data().u64()};
        e.settle_height = in.data().u64();
        e.balance = balance(in.data());
        return e;
    }
};
template <>
struct Codec<OrderSettled> : SettlementCodec<OrderSettled> {
    static constexpr std::string_view kSignature = "OrderSettled(uint64,uint64,uint64," GRID_ABI_BALANCE ")";
};
template <>
struct Codec<OrderCompleted> : SettlementCodec<OrderCompleted> {
    static constexpr std::string_view kSignature =
        "OrderCompleted(uint64,uint64,uint64," GRID_ABI_BALANCE ")";
};

template <>
struct Codec<OrderCancelled> {
    static constexpr std::string_view kSignature =
        "OrderCancelled(uint64,address,uint64,uint64," GRID_ABI_BALANCE ")";
    static constexpr Contract kEmitter = &ContractAddresses::market;
    static auto topics(const OrderCancelled& e) { return std::array{topic(e.id), topic(e.by)}; }
    static void data(abi::Encoder& out, const OrderCancelled& e) {
        out.uint(e.settled_at.seconds).uint(e.settle_height);
        put(out, e.balance);
    }
    static OrderCancelled read(LogReader& in) {
        OrderCancelled e;
        e.id = in.topic_id();
        e.by = in.topic_address();
        e.settled_at = {in.data().u64()};
        e.settle_height = in.data().u64();
        e.balance = balance(in.data());
        return e;
    }
};

template <>
struct Codec<Withdrawn> {
    static constexpr std::string_view kSignature = "Withdrawn(uint64,address,uint256," GRID_ABI_BALANCE ")";
    static constexpr Contract kEmitter = &ContractAddresses::market;
    static auto topics(const Withdrawn& e) { return std::array{topic(e.id), topic(e.account)}; }
    static void data(abi::Encoder& out, const Withdrawn& e) {
        out.uint(e.amount);
        put(out, e.balance);
    }
    static Withdrawn read(LogReader& in) {
        Withdrawn e;
        e.id = in.topic_id();
        e.account = in.topic_address();
        e.amount = in.data().uint();
        e.balance = balance(in.data());
        return e;
    }
};

template <>
struct Codec<QuoteUsed> {
    static constexpr std::string_view kSignature = "QuoteUsed(bytes32,address,address,uint64)";
    static constexpr Contract kEmitter = &ContractAddresses::market;
    static auto topics(const QuoteUsed& e) {
        return std::array{topic(e.digest), topic(e.provider), topic(e.user)};
    }
    static void data(abi::Encoder& out, const QuoteUsed& e) { out.uint(e.id.value); }
    static QuoteUsed read(LogReader& in) {
        QuoteUsed e;
        e.digest = in.topic();
        e.provider = in.topic_address();
        e.user = in.topic_address();
        e.id = {in.data().u64()};
        return e;
    }
};

template <>
struct Codec<OrderSuspended> {
    static constexpr std::string_view kSignature =
        "OrderSuspended(uint64,address,uint64,uint64," GRID_ABI_BALANCE ")";
    static constexpr Contract kEmitter = &ContractAddresses::market;
    static auto topics(const OrderSuspended& e) { return std::array{topic(e.id), topic(e.by)}; }
    static void data(abi::Encoder& out, const OrderSuspended& e) {
        out.uint(e.suspended_since.seconds).uint(e.height);
        put(out, e.balance);
    }
    static OrderSuspended read(LogReader& in) {
        OrderSuspended e;
        e.id = in.topic_id();
        e.by = in.topic_address();
        e.suspended_since = {in.data().u64()};
        e.height = in.data().u64();
        e.balance = balance(in.data());
        return e;
    }
};

template <>
struct Codec<OrderResumed> {
    static constexpr std::string_view kSignature =
        "OrderResumed(uint64,address,uint64,uint64,uint64," GRID_ABI_BALANCE ")";
    static constexpr Contract kEmitter = &ContractAddresses::market;
    static auto topics(const OrderResumed& e) { return std::array{topic(e.id), topic(e.by)}; }
    static void data(abi::Encoder& out, const OrderResumed& e) {
        out.uint(e.resumed_at.seconds).uint(e.starts_at.seconds).uint(e.suspended.count);
        put(out, e.balance);
    }
    static OrderResumed read(LogReader& in) {
        OrderResumed e;
        e.id = in.topic_id();
        e.by = in.topic_address();
        e.resumed_at = {in.data().u64()};
        e.starts_at = {in.data().u64()};
        e.suspended = {in.data().u64()};
        e.balance = balance(in.data());
        return e;
    }
};

template <>
struct Codec<OrderExtended> {
    static constexpr std::string_view kSignature =
        "OrderExtended(uint64,address,uint64,uint64,uint256,uint256," GRID_ABI_BALANCE ")";
    static constexpr Contract kEmitter = &ContractAddresses::market;
    static auto topics(const OrderExtended& e) { return std::array{topic(e.id), topic(e.by)}; }
    static void data(abi::Encoder& out, const OrderExtended& e) {
        out.uint(e.added.count).uint(e.duration.count).uint(e.added_deposit).uint(e.added_profit);
        put(out, e.balance);
    }
    static OrderExtended read(LogReader& in) {
        OrderExtended e;
        e.id = in.topic_id();
        e.by = in.topic_address();
        e.added = {in.data().u64()};
        e.duration = {in.data().u64()};
        e.added_deposit = in.data().uint();
        e.added_profit = in.data().uint();
        e.balance = balance(in.data());
        return e;
    }
};

template <>
struct Codec<OrderReplaced> {
    static constexpr std::string_view kSignature = "OrderReplaced(uint64,uint64)";
    static constexpr Contract kEmitter = &ContractAddresses::market;
    static auto topics(const OrderReplaced& e) { return std::array{topic(e.old_id), topic(e.new_id)}; }
    static void data(abi::Encoder&, const OrderReplaced&) {}
    static OrderReplaced read(LogReader& in) {
        OrderReplaced e;
        e.old_id = in.topic_id();
        e.new_id = in.topic_id();
        return e;
    }
};

template <>
struct Codec<OrderUnserved> {
    static constexpr std::string_view kSignature = "OrderUnserved(uint64,address,address,uint64)";
    static constexpr Contract kEmitter = &ContractAddresses::market;
    static auto topics(const OrderUnserved& e) {
        return std::array{topic(e.id), topic(e.user), topic(e.provider)};
    }
    static void data(abi::Encoder& out, const OrderUnserved& e) { out.uint(e.at.seconds); }
    static OrderUnserved read(LogReader& in) {
        OrderUnserved e;
        e.id = in.topic_id();
        e.user = in.topic_address();
        e.provider = in.topic_address();
        e.at = {in.data().u64()};
        return e;
    }
};

template <>
struct Codec<QuoteCancelled> {
    static constexpr std::string_view kSignature = "QuoteCancelled(address,bytes32)";
    static constexpr Contract kEmitter = &ContractAddresses::market;
    static auto topics(const QuoteCancelled& e) { return std::array{topic(e.provider), topic(e.salt)}; }
    static void data(abi::Encoder&, const QuoteCancelled&) {}
    static QuoteCancelled read(LogReader& in) {
        QuoteCancelled e;
        e.provider = in.topic_address();
        e.salt = in.topic();
        return e;
    }
};

template <>
struct Codec<QuoteEpochBumped> {
    static constexpr std::string_view kSignature = "QuoteEpochBumped(address,uint64)";
    static constexpr Contract kEmitter = &ContractAddresses::market;
    static auto topics(const QuoteEpochBumped& e) { return std::array{topic(e.provider)}; }
    static void data(abi::Encoder& out, const QuoteEpochBumped& e) { out.uint(e.epoch); }
    static QuoteEpochBumped read(LogReader& in) {
        QuoteEpochBumped e;
        e.provider = in.topic_address();
        e.epoch = in.data().u64();
        return e;
    }
};

template <>
struct Codec<ParameterSet> {
    static constexpr std::string_view kSignature = "ParameterSet(bytes32,uint256)";
    static constexpr Contract kEmitter = &ContractAddresses::market;
    static auto topics(const ParameterSet& e) { return std::array{topic(e.key)}; }
    static void data(abi::Encoder& out, const ParameterSet& e) { out.uint(e.value); }
    static ParameterSet read(LogReader& in) {
        ParameterSet e;
        e.key = in.topic();
        e.value = in.data().uint();
        return e;
    }
};

}  // namespace grid::chain::events
