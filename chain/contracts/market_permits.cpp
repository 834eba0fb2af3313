// From tokens to an order in one transaction: credits are bought with a permit, then the order takes them.

#include "chain/contracts/credit.hpp"
#include "chain/contracts/market.hpp"
#include "chain/contracts/tuples.hpp"

namespace grid::chain::native::market {

namespace {

void buy_credits(Frame& frame, const token::Permit& permit) {
    Frame own = inner(frame);
    credit::purchase_for(own, frame.caller, permit);
}

}  // namespace

void create_order_with_permit(Frame& frame, abi::Decoder& in, abi::Encoder& out) {
    const Offer offer = read_offer(in);
    const token::Permit permit = token::read_permit(in);
    wellformed(in);
    buy_credits(frame, permit);
    out.uint(create(frame, offer).value);
}

void create_order_with_quote_and_permit(Frame& frame, abi::Decoder& in, abi::Encoder& out) {
    const Quote quote = tuples::quote(in);
    const ByteView signature = in.bytes();
    const token::Permit permit = token::read_permit(in);
    wellformed(in);
    buy_credits(frame, permit);
    out.uint(create(frame, quote, signature).value);
}

void extend_order_with_permit(Frame& frame, abi::Decoder& in, abi::Encoder&) {
    const OrderId id{in.u64()};
    const Seconds by{in.u64()};
    const token::Permit permit = token::read_permit(in);
    wellformed(in);
    buy_credits(frame, permit);
    extend(frame, id, by);
}

}  // namespace grid::chain::native::market
