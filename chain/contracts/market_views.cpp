// What may be asked of the Market.

#include "chain/contracts/market.hpp"
#include "chain/contracts/tuples.hpp"
#include "chain/settlement.hpp"

namespace grid::chain::native::market {

namespace {

/// The most ids that one call of ordersEndingBefore looks at.
constexpr std::uint64_t kMaxScan = 10'000;

void put_page(std::span<const OrderId> ids, abi::Decoder& in, abi::Encoder& out) {
    const Amount offset = in.uint();
    const Amount limit = in.uint();
    wellformed(in);
    const Page part = page(ids.size(), offset, limit);
    abi::Encoder elements;
    for (std::size_t i = part.begin; i < part.end; ++i) elements.uint(ids[i].value);
    out.dynamic(tuples::array(part.end - part.begin, elements));
}

}  // namespace

void get(Frame& frame, abi::Decoder& in, abi::Encoder& out) {
    const OrderId id{in.u64()};
    wellformed(in);
    tuples::put(out, frame.state.order(id).value_or(Order{}));
}

void get_many(Frame& frame, abi::Decoder& in, abi::Encoder& out) {
    std::size_t length = 0;
    abi::Decoder ids = in.array(length, 1u << 20);
    wellformed(in);
    if (length > kMaxPage) errors::revert(errors::kTooMany, Amount{length}, Amount{kMaxPage});
    abi::Encoder elements;
    for (std::size_t i = 0; i < length; ++i)
        tuples::put(elements, frame.state.order({ids.u64()}).value_or(Order{}));
    wellformed(ids);
    out.dynamic(tuples::array(length, elements));
}

void current(Frame& frame, abi::Decoder& in, abi::Encoder& out) {
    const Address user = in.address();
    const Address provider = in.address();
    wellformed(in);
    out.uint(frame.state.current(user, provider).value);
}

void count(Frame& frame, abi::Decoder&, abi::Encoder& out) {
    out.uint(frame.state.last_order().value);
}

void earned_at(Frame& frame, abi::Decoder& in, abi::Encoder& out) {
    const OrderId id{in.u64()};
    const Timestamp t{in.u64()};
    wellformed(in);
    const auto order = frame.state.order(id);
    out.uint(order ? settlement::earned_at(*order, t) : Amount{});
}

void orders_of_user(Frame& frame, abi::Decoder& in, abi::Encoder& out) {
    const Address account = in.address();
    put_page(frame.state.orders_of_user(account), in, out);
}

void orders_of_provider(Frame& frame, abi::Decoder& in, abi::Encoder& out) {
    const Address account = in.address();
    put_page(frame.state.orders_of_provider(account), in, out);
}

void orders_ending_before(Frame& frame, abi::Decoder& in, abi::Encoder& out) {
    const Timestamp t{in.u64()};
    const std::uint64_t from = in.u64();
    const Amount limit = in.uint();
    wellformed(in);
    if (limit > Amount{kMaxPage}) errors::revert(errors::kTooMany, limit, Amount{kMaxPage});
    const std::uint64_t last = frame.state.last_order().value;
    abi::Encoder elements;
    std::size_t found = 0;
    std::uint64_t id = from == 0 ? 1 : from;
    for (std::uint64_t scanned = 0; id <= last && found < limit.to_u64() && scanned < kMaxScan;
         ++id, ++scanned) {
        const auto order = frame.state.order({id});
        if (!order || order->status != OrderStatus::running) continue;
        const Timestamp end = settlement::announced_end(*order);
        if (end > t || end == settlement::kUnknownEnd) continue;
        elements.uint(id);
        ++found;
    }
    out.dynamic(tuples::array(found, elements));
    out.uint(id <= last ? id : 0);
}

void quote_used(Frame& frame, abi::Decoder& in, abi::Encoder& out) {
    const Hash digest = in.hash();
    wellformed(in);
    out.boolean(frame.state.quote_spent(digest));
}

void quote_cancelled(Frame& frame, abi::Decoder& in, abi::Encoder& out) {
    const Address provider = in.address();
    const Hash salt = in.hash();
    wellformed(in);
    out.boolean(frame.state.quote_cancelled({provider, salt}));
}

void quote_epoch(Frame& frame, abi::Decoder& in, abi::Encoder& out) {
    const Address provider = in.address();
    wellformed(in);
    out.uint(frame.state.quote_epoch(provider));
}

void parameters(Frame& frame, abi::Decoder&, abi::Encoder& out) {
    tuples::put(out, frame.state.parameters().market);
}

}  // namespace grid::chain::native::market
