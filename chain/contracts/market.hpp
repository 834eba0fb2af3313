#pragma once

#include "chain/contracts/contract.hpp"

/// The Market in parts: how orders come to be, how they live and end, and what may be asked. Guards stand in
/// the order of chain/abi/IMarket.sol.
namespace grid::chain::native::market {

/// How the registry names an order's reservation.
inline Hash ref_of(OrderId id) {
    return Amount{id.value}.word();
}

/// The Market's own calls to Credit and Registry.
inline Frame inner(Frame& frame) {
    return frame.called_by(frame.contracts.market);
}

/// floor(t / W), the window in which probations and their cancels are counted; none without windows.
std::optional<std::uint64_t> probation_window(const State& state, Timestamp t);

// Creation
void create_order(Frame& frame, abi::Decoder& in, abi::Encoder& out);
void create_order_with_quote(Frame& frame, abi::Decoder& in, abi::Encoder& out);

// Life and end
void activate_order(Frame& frame, abi::Decoder& in, abi::Encoder& out);
void cancel_order(Frame& frame, abi::Decoder& in, abi::Encoder& out);
void settle(Frame& frame, abi::Decoder& in, abi::Encoder& out);
void settle_many(Frame& frame, abi::Decoder& in, abi::Encoder& out);
void withdraw(Frame& frame, abi::Decoder& in, abi::Encoder& out);

}  // namespace grid::chain::native::market
