// The table of the Market's functions, and the guards that its calls share.

#include "chain/contracts/market.hpp"

#include "chain/contracts/signatures.hpp"
#include "chain/settlement.hpp"

namespace grid::chain::native {

namespace market {

using errors::revert;

namespace {

constexpr Function kFunctions[] = {
    {"createOrder(address," GRID_ABI_RESOURCES "," GRID_ABI_PRICES ",uint64,uint64)", 440'000, create_order},
    {"createOrderWithQuote(" GRID_ABI_QUOTE ",bytes)", 490'000, create_order_with_quote},
    {"createOrderWithPermit(address," GRID_ABI_RESOURCES "," GRID_ABI_PRICES ",uint64,uint64," GRID_ABI_PERMIT
     ")",
     560'000, create_order_with_permit},
    {"createOrderWithQuoteAndPermit(" GRID_ABI_QUOTE ",bytes," GRID_ABI_PERMIT ")", 610'000,
     create_order_with_quote_and_permit},
    {"replaceOrder(" GRID_ABI_QUOTE ",bytes)", 700'000, replace_order},
    {"activateOrder(uint64)", 90'000, activate_order},
    {"suspend(uint64)", 70'000, suspend},
    {"resume(uint64)", 70'000, resume},
    {"extendOrder(uint64,uint64)", 130'000, extend_order},
    {"extendOrderWithPermit(uint64,uint64," GRID_ABI_PERMIT ")", 260'000, extend_order_with_permit},
    {"setParameter(bytes32,uint256)", 50'000, set_parameter},
    {"reportUnserved(uint64)", 60'000, report_unserved},
    {"cancelOrder(uint64)", 180'000, cancel_order},
    {"settle(uint64)", 140'000, settle},
    {"settleMany(uint64[])", 2'000'000, settle_many},
    {"withdraw(uint64,uint256)", 130'000, withdraw},
    {"cancelQuote(bytes32)", 50'000, cancel_quote},
    {"bumpQuoteEpoch()", 50'000, bump_quote_epoch},
    {"checkPermission(address,address,uint256,uint64)", 60'000, check_permission},
    {"get(uint64)", 65'000, get},
    {"getMany(uint64[])", 3'000'000, get_many},
    {"current(address,address)", 26'000, current},
    {"count()", 24'000, count},
    {"earnedAt(uint64,uint64)", 40'000, earned_at},
    {"ordersOfUser(address,uint256,uint256)", 300'000, orders_of_user},
    {"ordersOfProvider(address,uint256,uint256)", 300'000, orders_of_provider},
    {"ordersEndingBefore(uint64,uint64,uint256)", 20'000'000, orders_ending_before},
    {"quoteUsed(bytes32)", 24'000, quote_used},
    {"quoteCancelled(address,bytes32)", 24'000, quote_cancelled},
    {"quoteEpoch(address)", 24'000, quote_epoch},
    {"parameters()", 32'000, parameters},
};

}  // namespace

std::optional<std::uint64_t> probation_window(const State& state, Timestamp t) {
    const std::uint64_t length = state.parameters().market.probation_window.count;
    if (length == 0) return std::nullopt;
    return t.seconds / length;
}

OrderBalance balance_of(const Order& order) {
    return {order.deposit,
            order.accrued,
            order.paid_provider,
            order.paid_user,
            order.paid_fee,
            order.activated_at.seconds == 0 ? Timestamp{} : settlement::announced_end(order)};
}

Order existing(const Frame& frame, OrderId id) {
    const auto order = frame.state.order(id);
    if (!order) revert(errors::kUnknownOrder, Amount{id.value});
    return *order;
}

Order newest(const Frame& frame, OrderId id) {
    Order order = existing(frame, id);
    if (frame.state.current(order.user, order.provider) != id) revert(errors::kStaleOrder, Amount{id.value});
    return order;
}

Order running(const Frame& frame, OrderId id) {
    Order order = newest(frame, id);
    if (order.status != OrderStatus::running) refuse_status(order);
    return order;
}

void refuse_status(const Order& order) {
    revert(errors::kWrongStatus, Amount{order.id.value}, Amount{static_cast<std::uint64_t>(order.status)});
}

void check_user(const Frame& frame, const Order& order) {
    if (frame.caller != order.user) revert(errors::kNotParty, Amount{order.id.value}, frame.caller);
}

bool by_provider_side(const Frame& frame, const Order& order) {
    if (frame.caller == order.provider) return true;
    const Provider* provider = frame.state.provider(order.provider);
    return provider != nullptr && !provider->operator_key.is_zero() && frame.caller == provider->operator_key;
}

void check_before_end(const Frame& frame, const Order& order) {
    if (settlement::past_end(order, frame.block.time))
        revert(errors::kOrderPastEnd, Amount{order.id.value}, Amount{order.ends_at().seconds});
}

void check_duration(Seconds duration) {
    if (duration.count == 0 || duration > kMaxDuration)
        revert(errors::kInvalidDuration, Amount{duration.count});
}

void check_pair_free(const Frame& frame, const Address& user, const Address& provider) {
    const OrderId id = frame.state.current(user, provider);
    const auto order = frame.state.order(id);
    if (order && order->live()) revert(errors::kOrderExists, Amount{id.value});
}

}  // namespace market

std::span<const Function> market_functions() noexcept {
    return market::kFunctions;
}

}  // namespace grid::chain::native
