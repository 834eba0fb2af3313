// How orders are activated, settled, ended and paid.

#include <algorithm>

#include "chain/contracts/credit.hpp"
#include "chain/contracts/market.hpp"
#include "chain/contracts/registry.hpp"
#include "chain/settlement.hpp"

namespace grid::chain::native::market {

using errors::revert;

namespace {

/// The most ids in a call of settleMany.
constexpr std::size_t kMaxBatch = 256;

OrderBalance balance_of(const Order& order, Timestamp t) {
    return {order.deposit, order.accrued, order.paid_provider, order.paid_user,
            order.activated_at.seconds == 0 ? Timestamp{} : settlement::ends_at(order, t)};
}

Order existing(const Frame& frame, OrderId id) {
    const auto order = frame.state.order(id);
    if (!order) revert(errors::kUnknownOrder, Amount{id.value});
    return *order;
}

/// An order that calls but withdraw may change: the newest of its pair.
Order newest(const Frame& frame, OrderId id) {
    Order order = existing(frame, id);
    if (frame.state.current(order.user, order.provider) != id) revert(errors::kStaleOrder, Amount{id.value});
    return order;
}

[[noreturn]] void refuse_status(const Order& order) {
    revert(errors::kWrongStatus, Amount{order.id.value}, Amount{static_cast<std::uint64_t>(order.status)});
}

bool is_operator(const Frame& frame, const Order& order) {
    const Provider* provider = frame.state.provider(order.provider);
    return provider != nullptr && !provider->operator_key.is_zero() && frame.caller == provider->operator_key;
}

/// Books what has been earned until now.
void accrue(const Frame& frame, Order& order) {
    order.accrued = settlement::earned_at(order, frame.block.time);
    order.settled_at = frame.block.time;
    order.settle_height = frame.block.number;
}

/// Pays both what is theirs out of the escrow. The order is recorded before any credit moves.
void record_and_pay(Frame& frame, Order& order) {
    const Amount to_provider = settlement::claimable_by_provider(order);
    const Amount to_user = settlement::claimable_by_user(order);
    order.paid_provider += to_provider;
    order.paid_user += to_user;
    frame.state.set_order(order);
    Frame own = inner(frame);
    if (!to_provider.is_zero()) credit::release(own, order.provider, to_provider);
    if (!to_user.is_zero()) credit::release(own, order.user, to_user);
}

/// Ends a live order: accrued is booked, both are paid, the resources come back.
void end(Frame& frame, Order& order, OrderStatus status) {
    order.status = status;
    record_and_pay(frame, order);
    Frame own = inner(frame);
    registry::give_back(own, order.provider, order.resources, ref_of(order.id));
}

void complete(Frame& frame, Order& order) {
    accrue(frame, order);
    end(frame, order, OrderStatus::completed);
    frame.emit(
        OrderCompleted{order.id, order.settled_at, order.settle_height, balance_of(order, frame.block.time)});
}

void settle_running(Frame& frame, Order& order) {
    if (settlement::past_end(order, frame.block.time)) return complete(frame, order);
    accrue(frame, order);
    record_and_pay(frame, order);
    frame.emit(
        OrderSettled{order.id, order.settled_at, order.settle_height, balance_of(order, frame.block.time)});
}

/// Who cancels free time again and again loses it. Not counted: an order that the provider had suspended.
void count_probation_cancel(Frame& frame, const Order& order) {
    const auto window = probation_window(frame.state, frame.block.time);
    const bool had_been_suspended = order.suspended.count != 0 || order.suspended_since.seconds != 0;
    if (!window || frame.caller != order.user || had_been_suspended || frame.block.time >= order.starts_at())
        return;
    ProbationCancels cancels = frame.state.probation_cancels(order.user);
    if (cancels.window != *window) cancels = {*window, 0};
    ++cancels.count;
    frame.state.set_probation_cancels(order.user, cancels);
}

}  // namespace

void activate_order(Frame& frame, abi::Decoder& in, abi::Encoder&) {
    const OrderId id{in.u64()};
    wellformed(in);
    Order order = newest(frame, id);
    if (order.status != OrderStatus::unactivated) refuse_status(order);
    const bool by_provider = frame.caller == order.provider || is_operator(frame, order);
    const bool by_user = frame.caller == order.user && order.provider_check;
    if (!by_provider && !by_user) revert(errors::kNotParty, Amount{id.value}, frame.caller);
    if (frame.block.time >= order.activation_deadline)
        revert(errors::kActivationExpired, Amount{id.value}, Amount{order.activation_deadline.seconds});

    order.provider_check = true;
    order.activated_at = frame.block.time;
    order.activate_height = frame.block.number;
    order.status = OrderStatus::running;
    frame.state.set_order(order);
    const auto window = probation_window(frame.state, frame.block.time);
    if (window && order.probation.count != 0)
        frame.state.set_probation_use(order.user, order.provider, *window);
    frame.emit(OrderActivated{id, frame.caller, order.activated_at, order.activate_height, order.starts_at(),
                              balance_of(order, frame.block.time)});
}

void cancel_order(Frame& frame, abi::Decoder& in, abi::Encoder&) {
    const OrderId id{in.u64()};
    wellformed(in);
    Order order = newest(frame, id);
    if (!order.live()) refuse_status(order);
    if (settlement::past_end(order, frame.block.time)) return complete(frame, order);
    const bool running = order.status == OrderStatus::running;
    const bool expired = !running && frame.block.time >= order.activation_deadline;
    const bool party = frame.caller == order.user || frame.caller == order.provider;
    if (!party && !expired) revert(errors::kNotParty, Amount{id.value}, frame.caller);

    if (running) count_probation_cancel(frame, order);
    accrue(frame, order);
    end(frame, order, OrderStatus::cancelled);
    frame.emit(OrderCancelled{id, frame.caller, order.settled_at, order.settle_height,
                              balance_of(order, frame.block.time)});
}

void settle(Frame& frame, abi::Decoder& in, abi::Encoder&) {
    const OrderId id{in.u64()};
    wellformed(in);
    Order order = newest(frame, id);
    if (order.status != OrderStatus::running) refuse_status(order);
    settle_running(frame, order);
}

void settle_many(Frame& frame, abi::Decoder& in, abi::Encoder& out) {
    std::size_t length = 0;
    abi::Decoder elements = in.array(length, 1u << 20);
    std::vector<OrderId> ids(length);
    for (OrderId& id : ids) id = {elements.u64()};
    wellformed(in);
    wellformed(elements);
    if (length > kMaxBatch) revert(errors::kTooMany, Amount{length}, Amount{kMaxBatch});
    std::uint64_t settled = 0;
    for (const OrderId id : ids) {
        auto found = frame.state.order(id);
        if (!found || found->status != OrderStatus::running) continue;
        // A running order is always the newest of its pair: there is one live order for a pair.
        settle_running(frame, *found);
        ++settled;
    }
    out.uint(settled);
}

void withdraw(Frame& frame, abi::Decoder& in, abi::Encoder&) {
    const OrderId id{in.u64()};
    const Amount amount = in.uint();
    wellformed(in);
    Order order = existing(frame, id);
    if (settlement::past_end(order, frame.block.time)) return complete(frame, order);
    if (order.live()) refuse_status(order);
    const bool by_provider = frame.caller == order.provider;
    const bool by_user = frame.caller == order.user;
    if (!by_provider && !by_user) revert(errors::kNotParty, Amount{id.value}, frame.caller);
    if (amount.is_zero()) revert(errors::kZeroAmount);
    // Who rents from oneself is paid as the provider first.
    const Amount of_provider = by_provider ? settlement::claimable_by_provider(order) : Amount{};
    const Amount of_user = by_user ? settlement::claimable_by_user(order) : Amount{};
    const Amount claimable = of_provider + of_user;
    if (amount > claimable) revert(errors::kExceedsClaimable, amount, claimable);
    const Amount from_provider = std::min(amount, of_provider);
    order.paid_provider += from_provider;
    order.paid_user += amount - from_provider;
    frame.state.set_order(order);
    Frame own = inner(frame);
    credit::release(own, frame.caller, amount);
    frame.emit(Withdrawn{id, frame.caller, amount, balance_of(order, order.settled_at)});
}

}  // namespace grid::chain::native::market
