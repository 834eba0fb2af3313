// How orders start, stop for a while, grow and are settled.

#include "chain/contracts/credit.hpp"
#include "chain/contracts/market.hpp"
#include "chain/settlement.hpp"

namespace grid::chain::native::market {

using errors::revert;

namespace {

/// The most ids in a call of settleMany.
constexpr std::size_t kMaxBatch = 256;

void settle_running(Frame& frame, Order& order) {
    if (settlement::past_end(order, frame.block.time)) return complete(frame, order);
    accrue(frame, order);
    record_and_pay(frame, order);
    frame.emit(OrderSettled{order.id, order.settled_at, order.settle_height, balance_of(order)});
}

/// A running order before its end, for its provider's side.
Order suspendable(const Frame& frame, OrderId id) {
    Order order = running(frame, id);
    if (!by_provider_side(frame, order)) revert(errors::kNotParty, Amount{id.value}, frame.caller);
    check_before_end(frame, order);
    return order;
}

}  // namespace

void start(Frame& frame, Order& order) {
    order.provider_check = true;
    order.activated_at = frame.block.time;
    order.activate_height = frame.block.number;
    order.status = OrderStatus::running;
    frame.state.set_order(order);
    // What is left of a replaced order's probation is no probation of its own.
    const auto window = probation_window(frame.state, frame.block.time);
    if (window && order.probation.count != 0 && order.replaces.value == 0)
        frame.state.set_probation_use(order.user, order.provider, *window);
    frame.emit(OrderActivated{order.id, frame.caller, order.activated_at, order.activate_height,
                              order.starts_at(), balance_of(order)});
}

void activate_order(Frame& frame, abi::Decoder& in, abi::Encoder&) {
    const OrderId id{in.u64()};
    wellformed(in);
    Order order = newest(frame, id);
    if (order.status != OrderStatus::unactivated) refuse_status(order);
    const bool by_user = frame.caller == order.user && order.provider_check;
    if (!by_provider_side(frame, order) && !by_user)
        revert(errors::kNotParty, Amount{id.value}, frame.caller);
    if (frame.block.time >= order.activation_deadline)
        revert(errors::kActivationExpired, Amount{id.value}, Amount{order.activation_deadline.seconds});
    start(frame, order);
}

void suspend(Frame& frame, abi::Decoder& in, abi::Encoder&) {
    const OrderId id{in.u64()};
    wellformed(in);
    Order order = suspendable(frame, id);
    if (order.suspended_since.seconds != 0) revert(errors::kAlreadySuspended, Amount{id.value});
    settlement::suspend(order, frame.block.time);
    frame.state.set_order(order);
    frame.emit(OrderSuspended{id, frame.caller, frame.block.time, frame.block.number, balance_of(order)});
}

void resume(Frame& frame, abi::Decoder& in, abi::Encoder&) {
    const OrderId id{in.u64()};
    wellformed(in);
    Order order = suspendable(frame, id);
    if (order.suspended_since.seconds == 0) revert(errors::kNotSuspended, Amount{id.value});
    settlement::resume(order, frame.block.time);
    frame.state.set_order(order);
    frame.emit(OrderResumed{id, frame.caller, frame.block.time, order.starts_at(), order.suspended,
                            balance_of(order)});
}

void extend(Frame& frame, OrderId id, Seconds by) {
    Order order = running(frame, id);
    check_user(frame, order);
    check_before_end(frame, order);
    if (!order.renewable) revert(errors::kNotRenewable, Amount{id.value});
    if (by.count == 0 || by.count > kMaxDuration.count - order.duration.count)
        revert(errors::kInvalidDuration, Amount{by.count});
    const Amount added = settlement::extend(order, by);
    const Amount added_profit = promise_profit(frame, order, added);
    Frame own = inner(frame);
    frame.state.set_order(order);
    if (!added.is_zero()) credit::escrow(own, order.user, added);
    frame.emit(OrderExtended{id, frame.caller, by, order.duration, added, added_profit, balance_of(order)});
}

void extend_order(Frame& frame, abi::Decoder& in, abi::Encoder&) {
    const OrderId id{in.u64()};
    const Seconds by{in.u64()};
    wellformed(in);
    extend(frame, id, by);
}

void report_unserved(Frame& frame, abi::Decoder& in, abi::Encoder&) {
    const OrderId id{in.u64()};
    wellformed(in);
    Order order = running(frame, id);
    check_user(frame, order);
    if (frame.block.time >= settlement::starts_at(order, frame.block.time))
        revert(errors::kNotInProbation, Amount{id.value});
    if (order.unserved_reported) revert(errors::kAlreadyReported, Amount{id.value});
    order.unserved_reported = true;
    frame.state.set_order(order);
    frame.emit(OrderUnserved{id, order.user, order.provider, frame.block.time});
}

void settle(Frame& frame, abi::Decoder& in, abi::Encoder&) {
    const OrderId id{in.u64()};
    wellformed(in);
    Order order = running(frame, id);
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

}  // namespace grid::chain::native::market
