// How orders come to be: by an offer or by a signed quote.

#include "chain/contracts/credit.hpp"
#include "chain/contracts/market.hpp"
#include "chain/contracts/registry.hpp"
#include "chain/contracts/tuples.hpp"

namespace grid::chain::native::market {

using errors::revert;

std::optional<std::uint64_t> probation_window(const State& state, Timestamp t) {
    const std::uint64_t length = state.parameters().market.probation_window.count;
    if (length == 0) return std::nullopt;
    return t.seconds / length;
}

namespace {

/// Whether the pair had its probation in this window, or the user cancelled in probation too often in it.
bool probation_used(const Frame& frame, const Address& provider) {
    const State& state = frame.state;
    const auto window = probation_window(state, frame.block.time);
    if (!window) return false;
    if (state.probation_use(frame.caller, provider) == window) return true;
    const ProbationCancels cancels = state.probation_cancels(frame.caller);
    return cancels.window == *window && cancels.count > state.parameters().market.max_probation_cancels;
}

/// The free time that an order without a quote gets; reverts when it is less than asked.
Seconds granted_probation(const Frame& frame, const Provider& provider, Seconds minimum) {
    const bool used = provider.probation.count != 0 && probation_used(frame, provider.address);
    const Seconds granted = used ? Seconds{} : provider.probation;
    if (granted >= minimum) return granted;
    if (used) revert(errors::kProbationUsed, frame.caller, provider.address);
    revert(errors::kProbationTooShort, Amount{granted.count}, Amount{minimum.count});
}

void check_duration(Seconds duration) {
    if (duration.count == 0 || duration > kMaxDuration)
        revert(errors::kInvalidDuration, Amount{duration.count});
}

void check_pair_free(const Frame& frame, const Address& provider) {
    const OrderId id = frame.state.current(frame.caller, provider);
    const auto order = frame.state.order(id);
    if (order && order->live()) revert(errors::kOrderExists, Amount{id.value});
}

/// The guard against many worthless orders, and against endless free time.
Seconds check_permission(const Frame& frame, const Provider& provider, const Amount& deposit,
                         Seconds min_probation) {
    const MarketParameters& parameters = frame.state.parameters().market;
    if (deposit < parameters.minimum_deposit)
        revert(errors::kDepositBelowMinimum, deposit, parameters.minimum_deposit);
    const std::uint32_t waiting = frame.state.unactivated(frame.caller);
    if (waiting >= parameters.max_unactivated)
        revert(errors::kTooManyUnactivated, Amount{waiting}, Amount{parameters.max_unactivated});
    return granted_probation(frame, provider, min_probation);
}

void check_prices(const Prices& offered, const Prices& minimum) {
    const auto offers = registry::components(offered);
    const auto floors = registry::components(minimum);
    for (std::size_t i = 0; i < offers.size(); ++i)
        if (offers[i] < floors[i]) revert(errors::kPriceTooLow, Amount{i}, offers[i], floors[i]);
}

/// Reserves, escrows and records an order whose terms have passed every other guard.
OrderId open(Frame& frame, Order order) {
    Frame own = inner(frame);
    order.id = {frame.state.last_order().value + 1};
    order.user = frame.caller;
    order.user_check = true;
    order.created_at = frame.block.time;
    order.activation_deadline = frame.block.time + frame.state.parameters().market.activation_deadline;
    order.status = OrderStatus::unactivated;
    registry::reserve(own, order.provider, order.resources, ref_of(order.id));
    credit::escrow(own, order.user, order.deposit);
    frame.state.set_order(order);
    frame.emit(OrderCreated{order});
    return order.id;
}

/// Who signed; reverts on what no key of this quote's provider can have made.
void check_quote_signature(const Hash& digest, ByteView bytes, const Provider& provider) {
    if (bytes.size() != 65 || (bytes[64] != 27 && bytes[64] != 28)) revert(errors::kInvalidQuoteSignature);
    const auto signature = Signature::parse(bytes);
    if (!signature) revert(errors::kInvalidQuoteSignature);
    const auto signer = recover(digest, *signature);
    if (!signer) revert(errors::kInvalidQuoteSignature);
    const bool allowed =
        *signer == provider.address || (!provider.operator_key.is_zero() && *signer == provider.operator_key);
    if (!allowed) revert(errors::kQuoteSignerUnknown, *signer);
}

}  // namespace

void create_order(Frame& frame, abi::Decoder& in, abi::Encoder& out) {
    Order order;
    order.provider = in.address();
    order.resources = tuples::resources(in);
    order.prices = tuples::prices(in);
    order.duration = {in.u64()};
    const Seconds min_probation{in.u64()};
    wellformed(in);
    check_duration(order.duration);
    const Provider& provider = registry::active(frame, order.provider);
    check_pair_free(frame, order.provider);
    order.deposit = deposit_for(hourly_rate(order.resources, order.prices), order.duration);
    order.probation = check_permission(frame, provider, order.deposit, min_probation);
    if (!provider.accepts_offers) revert(errors::kOffersNotAccepted, order.provider);
    check_prices(order.prices, provider.minimum_prices);
    out.uint(open(frame, order).value);
}

void create_order_with_quote(Frame& frame, abi::Decoder& in, abi::Encoder& out) {
    const Quote quote = tuples::quote(in);
    const ByteView signature = in.bytes();
    wellformed(in);
    check_duration(quote.duration);
    if (quote.probation > kMaxDuration) revert(errors::kInvalidDuration, Amount{quote.probation.count});
    const Provider& provider = registry::active(frame, quote.provider);
    check_pair_free(frame, quote.provider);
    if (quote.replaces.value != 0) revert(errors::kQuoteReplaces, Amount{quote.replaces.value});
    if (frame.block.time >= quote.valid_until)
        revert(errors::kQuoteExpired, Amount{quote.valid_until.seconds});
    const Hash digest = quote_digest(quote, frame.block.chain_id, frame.contracts.market);
    if (frame.state.quote_spent(digest)) revert(errors::kQuoteSpent, digest);
    if (quote.user != frame.caller) revert(errors::kQuoteNotForCaller, quote.user, frame.caller);
    check_quote_signature(digest, signature, provider);

    Order order;
    order.provider = quote.provider;
    order.resources = quote.resources;
    order.prices = quote.prices;
    order.duration = quote.duration;
    order.probation = quote.probation;
    order.deposit = deposit_for(hourly_rate(order.resources, order.prices), order.duration);
    order.provider_check = true;
    frame.state.spend_quote(digest);
    const OrderId id = open(frame, order);
    frame.emit(QuoteUsed{digest, quote.provider, frame.caller, id});
    out.uint(id.value);
}

}  // namespace grid::chain::native::market
