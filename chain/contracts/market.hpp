#pragma once

#include "chain/contracts/contract.hpp"

/// The Market in parts: how orders come to be (by offer, by quote), how they live and end, and what may be
/// asked. Guards stand in the order of chain/abi/IMarket.sol.
namespace grid::chain::native::market {

/// How the registry names an order's reservation.
inline Hash ref_of(OrderId id) {
    return Amount{id.value}.word();
}

/// The Market's own calls to Credit and Registry.
inline Frame inner(Frame& frame) {
    return frame.called_by(frame.contracts.market);
}

// --- what the parts share

/// floor(t / W), the window in which probations and their cancels are counted; none without windows.
std::optional<std::uint64_t> probation_window(const State& state, Timestamp t);
/// Where an order's money stands, for an event.
OrderBalance balance_of(const Order& order);
/// Reverts with UnknownOrder.
Order existing(const Frame& frame, OrderId id);
/// An order that calls but withdraw may change: the newest of its pair, or StaleOrder.
Order newest(const Frame& frame, OrderId id);
/// The newest of its pair, if it runs; else WrongStatus.
Order running(const Frame& frame, OrderId id);
/// Reverts with WrongStatus.
[[noreturn]] void refuse_status(const Order& order);
/// Reverts with NotParty unless the caller is the order's user.
void check_user(const Frame& frame, const Order& order);
/// The provider, or its operator key.
bool by_provider_side(const Frame& frame, const Order& order);
/// Reverts with OrderPastEnd.
void check_before_end(const Frame& frame, const Order& order);
/// Reverts with InvalidDuration: 0, or over ten years.
void check_duration(Seconds duration);
/// Reverts with OrderExists when the pair has a live order.
void check_pair_free(const Frame& frame, const Address& user, const Address& provider);

/// Promises profit for a deposit, by the order's profit_bp; how much.
Amount promise_profit(Frame& frame, Order& order, const Amount& deposit);
/// Books the profit that is due now, and what lapses with an order that has ended.
void book_profit(Order& order, Amount& due, Amount& lapsed);
/// Carries out what book_profit said.
void mint_profit(Frame& frame, const Order& order, const Amount& due, const Amount& lapsed);

/// Reserves, escrows and records an order whose terms have passed every other guard, for the caller.
OrderId open(Frame& frame, Order order);
/// Starts the clock of an unactivated order, now.
void start(Frame& frame, Order& order);
/// Books what has been earned until now.
void accrue(const Frame& frame, Order& order);
/// Pays everybody what is theirs out of the escrow. The order is recorded before any credit moves.
void record_and_pay(Frame& frame, Order& order);
/// Ends a running order as completed: at its end, or early when another continues it.
void complete(Frame& frame, Order& order);

// --- creation by offer (market_creation.cpp)
struct Offer {
    Order order;  ///< provider, resources, prices, duration
    Seconds min_probation;
};
Offer read_offer(abi::Decoder& in);
/// Checks everything, and opens the order.
OrderId create(Frame& frame, const Offer& offer);
void create_order(Frame& frame, abi::Decoder& in, abi::Encoder& out);
void check_permission(Frame& frame, abi::Decoder& in, abi::Encoder& out);

// --- creation by quote (market_quotes.cpp)
OrderId create(Frame& frame, const Quote& quote, ByteView signature);
void create_order_with_quote(Frame& frame, abi::Decoder& in, abi::Encoder& out);
void replace_order(Frame& frame, abi::Decoder& in, abi::Encoder& out);
void cancel_quote(Frame& frame, abi::Decoder& in, abi::Encoder& out);
void bump_quote_epoch(Frame& frame, abi::Decoder& in, abi::Encoder& out);

// --- both with a permit (market_permits.cpp)
void create_order_with_permit(Frame& frame, abi::Decoder& in, abi::Encoder& out);
void create_order_with_quote_and_permit(Frame& frame, abi::Decoder& in, abi::Encoder& out);
void extend_order_with_permit(Frame& frame, abi::Decoder& in, abi::Encoder& out);

// --- by the council (market_parameters.cpp)
void set_parameter(Frame& frame, abi::Decoder& in, abi::Encoder& out);

// --- life (market_life.cpp)
void extend(Frame& frame, OrderId id, Seconds by);
void activate_order(Frame& frame, abi::Decoder& in, abi::Encoder& out);
void suspend(Frame& frame, abi::Decoder& in, abi::Encoder& out);
void resume(Frame& frame, abi::Decoder& in, abi::Encoder& out);
void extend_order(Frame& frame, abi::Decoder& in, abi::Encoder& out);
void report_unserved(Frame& frame, abi::Decoder& in, abi::Encoder& out);
void settle(Frame& frame, abi::Decoder& in, abi::Encoder& out);
void settle_many(Frame& frame, abi::Decoder& in, abi::Encoder& out);

// --- end (market_end.cpp)
void cancel_order(Frame& frame, abi::Decoder& in, abi::Encoder& out);
void withdraw(Frame& frame, abi::Decoder& in, abi::Encoder& out);

// --- views (market_views.cpp)
void get(Frame& frame, abi::Decoder& in, abi::Encoder& out);
void get_many(Frame& frame, abi::Decoder& in, abi::Encoder& out);
void current(Frame& frame, abi::Decoder& in, abi::Encoder& out);
void count(Frame& frame, abi::Decoder& in, abi::Encoder& out);
void earned_at(Frame& frame, abi::Decoder& in, abi::Encoder& out);
void orders_of_user(Frame& frame, abi::Decoder& in, abi::Encoder& out);
void orders_of_provider(Frame& frame, abi::Decoder& in, abi::Encoder& out);
void orders_ending_before(Frame& frame, abi::Decoder& in, abi::Encoder& out);
void quote_used(Frame& frame, abi::Decoder& in, abi::Encoder& out);
void quote_cancelled(Frame& frame, abi::Decoder& in, abi::Encoder& out);
void quote_epoch(Frame& frame, abi::Decoder& in, abi::Encoder& out);
void parameters(Frame& frame, abi::Decoder& in, abi::Encoder& out);

}  // namespace grid::chain::native::market
