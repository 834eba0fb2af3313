// What may be asked of the Market, and the table of its functions.

#include "chain/contracts/market.hpp"

#include "chain/contracts/signatures.hpp"
#include "chain/contracts/tuples.hpp"
#include "chain/settlement.hpp"

namespace grid::chain::native {

namespace market {

namespace {

void get(Frame& frame, abi::Decoder& in, abi::Encoder& out) {
    const OrderId id{in.u64()};
    wellformed(in);
    const auto order = frame.state.order(id);
    tuples::put(out, order.value_or(Order{}));
}

void current(Frame& frame, abi::Decoder& in, abi::Encoder& out) {
    const Address user = in.address();
    const Address provider = in.address();
    wellformed(in);
    out.uint(frame.state.current(user, provider).value);
}

void earned_at(Frame& frame, abi::Decoder& in, abi::Encoder& out) {
    const OrderId id{in.u64()};
    const Timestamp t{in.u64()};
    wellformed(in);
    const auto order = frame.state.order(id);
    out.uint(order ? settlement::earned_at(*order, t) : Amount{});
}

template <std::span<const OrderId> (State::*Ids)(const Address&) const>
void orders_of(Frame& frame, abi::Decoder& in, abi::Encoder& out) {
    const Address account = in.address();
    const Amount offset = in.uint();
    const Amount limit = in.uint();
    wellformed(in);
    const auto ids = (frame.state.*Ids)(account);
    const Page part = page(ids.size(), offset, limit);
    abi::Encoder elements;
    for (std::size_t i = part.begin; i < part.end; ++i) elements.uint(ids[i].value);
    out.dynamic(tuples::array(part.end - part.begin, elements));
}

constexpr Function kFunctions[] = {
    {"createOrder(address," GRID_ABI_RESOURCES "," GRID_ABI_PRICES ",uint64,uint64)", 420'000, create_order},
    {"createOrderWithQuote(" GRID_ABI_QUOTE ",bytes)", 470'000, create_order_with_quote},
    {"activateOrder(uint64)", 90'000, activate_order},
    {"cancelOrder(uint64)", 160'000, cancel_order},
    {"settle(uint64)", 120'000, settle},
    {"settleMany(uint64[])", 2'000'000, settle_many},
    {"withdraw(uint64,uint256)", 120'000, withdraw},
    {"get(uint64)", 60'000, get},
    {"current(address,address)", 26'000, current},
    {"count()", 24'000,
     [](Frame& f, abi::Decoder&, abi::Encoder& out) { out.uint(f.state.last_order().value); }},
    {"earnedAt(uint64,uint64)", 40'000, earned_at},
    {"ordersOfUser(address,uint256,uint256)", 300'000, orders_of<&State::orders_of_user>},
    {"ordersOfProvider(address,uint256,uint256)", 300'000, orders_of<&State::orders_of_provider>},
    {"quoteUsed(bytes32)", 24'000,
     [](Frame& f, abi::Decoder& in, abi::Encoder& out) {
         const Hash digest = in.hash();
         wellformed(in);
         out.boolean(f.state.quote_spent(digest));
     }},
    {"parameters()", 30'000,
     [](Frame& f, abi::Decoder&, abi::Encoder& out) { tuples::put(out, f.state.parameters().market); }},
};

}  // namespace

}  // namespace market

std::span<const Function> market_functions() noexcept {
    return market::kFunctions;
}

}  // namespace grid::chain::native
