#include "chain/settlement.hpp"

#include <algorithm>

#include "chain/parameters.hpp"

namespace grid::chain::settlement {

namespace {

std::uint64_t since(Timestamp from, Timestamp to) {
    return to > from ? to.seconds - from.seconds : 0;
}

bool suspended(const Order& order) {
    return order.suspended_since.seconds != 0;
}

/// An open suspension that began in probation: it moves S instead of counting against the paid term.
bool suspended_before_start(const Order& order) {
    return suspended(order) && order.suspended_since < order.starts_at();
}

}  // namespace

Timestamp starts_at(const Order& order, Timestamp t) {
    const Timestamp start = order.starts_at();
    return suspended_before_start(order) ? start + Seconds{since(order.suspended_since, t)} : start;
}

Timestamp ends_at(const Order& order, Timestamp t) {
    return starts_at(order, t) + order.duration;
}

bool past_end(const Order& order, Timestamp t) {
    return order.status == OrderStatus::running && t >= ends_at(order, t);
}

Seconds suspended_at(const Order& order, Timestamp t) {
    if (!suspended(order) || suspended_before_start(order)) return order.suspended;
    return {order.suspended.count + since(order.suspended_since, std::min(t, order.ends_at()))};
}

Seconds served_at(const Order& order, Timestamp t) {
    const std::uint64_t elapsed = std::min(since(starts_at(order, t), t), order.duration.count);
    const std::uint64_t off = suspended_at(order, t).count;
    return {elapsed > off ? elapsed - off : 0};
}

Amount earned_at(const Order& order, Timestamp t) {
    if (order.status != OrderStatus::running) return order.accrued;
    const Seconds served = served_at(order, t);
    if (served == order.duration) return order.deposit;
    return hourly_rate(order.resources, order.prices) * Amount{served.count} / Amount{3600};
}

Timestamp announced_end(const Order& order) {
    return suspended_before_start(order) ? kUnknownEnd : order.ends_at();
}

Amount fee(const Order& order) {
    return order.accrued * Amount{order.fee_bp} / Amount{kAllBasisPoints};
}

Amount claimable_by_provider(const Order& order) {
    return order.accrued - fee(order) - order.paid_provider;
}

Amount claimable_fee(const Order& order) {
    return fee(order) - order.paid_fee;
}

Amount profit(const Order& order) {
    if (order.profit.is_zero()) return {};
    // An extension for which less was promised lowers the part of the deposit that is profit.
    return std::max(order.profit_minted, order.profit * order.accrued / order.deposit);
}

Amount claimable_by_user(const Order& order) {
    if (order.live()) return {};
    return order.deposit - order.accrued - order.paid_user;
}

void suspend(Order& order, Timestamp t) {
    order.suspended_since = t;
    order.was_suspended = true;
}

void resume(Order& order, Timestamp t) {
    if (suspended_before_start(order))
        order.probation.count += since(order.suspended_since, t);
    else
        order.suspended = suspended_at(order, t);
    order.suspended_since = {};
}

Amount extend(Order& order, Seconds by) {
    const Amount before = order.deposit;
    order.duration.count += by.count;
    order.deposit = deposit_for(hourly_rate(order.resources, order.prices), order.duration);
    return order.deposit - before;
}

Seconds probation_left(const Order& order, Timestamp t) {
    return {since(t, starts_at(order, t))};
}

}  // namespace grid::chain::settlement
