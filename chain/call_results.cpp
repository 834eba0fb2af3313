// What the contracts' views return, decoded.

#include "chain/calls.hpp"
#include "chain/contracts/tuples.hpp"
#include "chain/return_data.hpp"

namespace grid::chain::calls {

Result<Amount> decode_amount(ByteView output) {
    return decode(output, "an amount", [](abi::Decoder& in) { return in.uint(); });
}

Result<std::uint64_t> decode_u64(ByteView output) {
    return decode(output, "a number below 2^64", [](abi::Decoder& in) { return in.u64(); });
}

Result<bool> decode_boolean(ByteView output) {
    return decode(output, "a boolean", [](abi::Decoder& in) { return in.boolean(); });
}

Result<std::string> decode_text(ByteView output) {
    return decode(output, "a text", [](abi::Decoder& in) { return in.text(); });
}

Result<Address> decode_address(ByteView output) {
    return decode(output, "an address", [](abi::Decoder& in) { return in.address(); });
}

Result<OrderId> decode_order_id(ByteView output) {
    return decode(output, "an order id", [](abi::Decoder& in) { return OrderId{in.u64()}; });
}

namespace {

Result<std::vector<OrderId>> read_order_ids(abi::Decoder& in) {
    std::size_t length = 0;
    abi::Decoder elements = in.array(length, 1u << 20);
    std::vector<OrderId> ids(length);
    for (OrderId& id : ids) id = {elements.u64()};
    if (in.bad() || elements.bad()) return fail("bad_result", "expected a list of order ids as return data");
    return ids;
}

}  // namespace

Result<std::vector<OrderId>> decode_order_ids(ByteView output) {
    abi::Decoder in(output);
    return read_order_ids(in);
}

Result<EndingOrders> decode_ending_orders(ByteView output) {
    abi::Decoder in(output);
    auto ids = read_order_ids(in);
    if (!ids) return tl::unexpected(ids.error());
    EndingOrders ending{std::move(*ids), {in.u64()}};
    if (in.bad()) return fail("bad_result", "expected a list of order ids and the next one as return data");
    return ending;
}

Result<std::vector<Order>> decode_orders(ByteView output) {
    abi::Decoder in(output);
    std::size_t length = 0;
    abi::Decoder elements = in.array(length, 1u << 20);
    if (in.bad()) return fail("bad_result", "expected a list of orders as return data");
    std::vector<Order> orders;
    for (std::size_t i = 0; i < length; ++i) orders.push_back(tuples::order(elements));
    if (elements.bad()) return fail("bad_result", "expected a list of orders as return data");
    return orders;
}

Result<Order> decode_order(ByteView output) {
    auto order = decode(output, "an order", tuples::order);
    if (order && order->status > OrderStatus::completed)
        return fail("bad_result", "expected an order's status of 0 to 4, came " +
                                      std::to_string(static_cast<int>(order->status)));
    return order;
}

namespace {

Result<Provider> read_provider(abi::Decoder& in) {
    abi::Decoder body = in.dynamic();
    Provider provider = tuples::provider(body);
    if (in.bad() || body.bad() || provider.status > ProviderStatus::deregistered)
        return fail("bad_result", "expected a provider's entry as return data");
    return provider;
}

}  // namespace

Result<Provider> decode_provider(ByteView output) {
    abi::Decoder in(output);
    return read_provider(in);
}

Result<std::vector<Provider>> decode_providers(ByteView output) {
    abi::Decoder in(output);
    std::size_t length = 0;
    abi::Decoder elements = in.array(length, 1u << 20);
    if (in.bad()) return fail("bad_result", "expected a list of providers as return data");
    std::vector<Provider> providers;
    providers.reserve(length);
    for (std::size_t i = 0; i < length; ++i) {
        auto provider = read_provider(elements);
        if (!provider) return tl::unexpected(provider.error());
        providers.push_back(std::move(*provider));
    }
    return providers;
}

Result<MarketParameters> decode_parameters(ByteView output) {
    return decode(output, "the market's parameters", tuples::parameters);
}

}  // namespace grid::chain::calls
