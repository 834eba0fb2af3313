// How orders end, and who is paid what.

#include <algorithm>

#include "chain/contracts/credit.hpp"
#include "chain/contracts/market.hpp"
#include "chain/contracts/registry.hpp"
#include "chain/settlement.hpp"

namespace grid::chain::native::market {

using errors::revert;

namespace {

/// The protocol's part goes to the treasury, or out of the world with its backing.
void pay_fee(Frame& own, const Amount& fee) {
    if (fee.is_zero()) return;
    const Address& treasury = own.state.parameters().market.treasury;
    if (treasury.is_zero())
        credit::burn(own, fee);
    else
        credit::release(own, treasury, fee);
}

/// Ends a live order: accrued is booked, everybody is paid, the resources come back.
void end(Frame& frame, Order& order, OrderStatus status) {
    order.status = status;
    record_and_pay(frame, order);
    Frame own = inner(frame);
    registry::give_back(own, order.provider, order.resources, ref_of(order.id));
}

/// Who cancels free time again and again loses it. Not counted: an order that the provider had suspended.
void count_probation_cancel(Frame& frame, const Order& order) {
    const auto window = probation_window(frame.state, frame.block.time);
    if (!window || frame.caller != order.user || order.was_suspended || frame.block.time >= order.starts_at())
        return;
    ProbationCancels cancels = frame.state.probation_cancels(order.user);
    if (cancels.window != *window) cancels = {*window, 0};
    ++cancels.count;
    frame.state.set_probation_cancels(order.user, cancels);
}

}  // namespace

void accrue(const Frame& frame, Order& order) {
    order.accrued = settlement::earned_at(order, frame.block.time);
    order.settled_at = frame.block.time;
    order.settle_height = frame.block.number;
}

void record_and_pay(Frame& frame, Order& order) {
    const Amount to_provider = settlement::claimable_by_provider(order);
    const Amount to_user = settlement::claimable_by_user(order);
    const Amount to_protocol = settlement::claimable_fee(order);
    order.paid_provider += to_provider;
    order.paid_user += to_user;
    order.paid_fee += to_protocol;
    Amount profit_due, profit_lapsed;
    book_profit(order, profit_due, profit_lapsed);
    frame.state.set_order(order);
    Frame own = inner(frame);
    if (!to_provider.is_zero()) credit::release(own, order.provider, to_provider);
    if (!to_user.is_zero()) credit::release(own, order.user, to_user);
    pay_fee(own, to_protocol);
    mint_profit(frame, order, profit_due, profit_lapsed);
}

void complete(Frame& frame, Order& order) {
    accrue(frame, order);
    end(frame, order, OrderStatus::completed);
    frame.emit(OrderCompleted{order.id, order.settled_at, order.settle_height, balance_of(order)});
}

void cancel_order(Frame& frame, abi::Decoder& in, abi::Encoder&) {
    const OrderId id{in.u64()};
    wellformed(in);
    Order order = newest(frame, id);
    if (!order.live()) refuse_status(order);
    if (settlement::past_end(order, frame.block.time)) return complete(frame, order);
    const bool runs = order.status == OrderStatus::running;
    const bool expired = !runs && frame.block.time >= order.activation_deadline;
    const bool party = frame.caller == order.user || frame.caller == order.provider;
    if (!party && !expired) revert(errors::kNotParty, Amount{id.value}, frame.caller);

    if (runs) count_probation_cancel(frame, order);
    accrue(frame, order);
    end(frame, order, OrderStatus::cancelled);
    frame.emit(OrderCancelled{id, frame.caller, order.settled_at, order.settle_height, balance_of(order)});
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
    // The protocol is paid when the provider is.
    const Amount to_protocol = by_provider ? settlement::claimable_fee(order) : Amount{};
    order.paid_fee += to_protocol;
    frame.state.set_order(order);
    Frame own = inner(frame);
    credit::release(own, frame.caller, amount);
    pay_fee(own, to_protocol);
    frame.emit(Withdrawn{id, frame.caller, amount, balance_of(order)});
}

}  // namespace grid::chain::native::market
