// How orders come to be by an offer, and the guard that every offer passes.

#include "chain/contracts/credit.hpp"
#include "chain/contracts/market.hpp"
#include "chain/contracts/pledge.hpp"
#include "chain/contracts/registry.hpp"
#include "chain/contracts/tuples.hpp"

namespace grid::chain::native::market {

using errors::revert;

namespace {

/// Whether the pair had its probation in this window, or the user cancelled in probation too often in it.
bool probation_used(const Frame& frame, const Address& user, const Address& provider) {
    const State& state = frame.state;
    const auto window = probation_window(state, frame.block.time);
    if (!window) return false;
    if (state.probation_use(user, provider) == window) return true;
    const ProbationCancels cancels = state.probation_cancels(user);
    return cancels.window == *window && cancels.count > state.parameters().market.max_probation_cancels;
}

/// The free time that an order without a quote gets; reverts when it is less than asked.
Seconds granted_probation(const Frame& frame, const Address& user, const Provider& provider,
                          Seconds minimum) {
    const bool offered = provider.probation.count != 0;
    const bool used = offered && probation_used(frame, user, provider.address);
    const bool asks = offered && !used && !provider.probation_pledge.is_zero();
    const Amount pledged = asks ? pledge::pledged_by(frame, user) : Amount{};
    const bool poor = asks && pledged < provider.probation_pledge;
    const Seconds granted = used || poor ? Seconds{} : provider.probation;
    if (granted >= minimum) return granted;
    if (used) revert(errors::kProbationUsed, user, provider.address);
    if (poor) revert(errors::kPledgeTooSmall, pledged, provider.probation_pledge);
    revert(errors::kProbationTooShort, Amount{granted.count}, Amount{minimum.count});
}

/// The guard against many worthless orders, and against endless free time.
Seconds permitted(const Frame& frame, const Address& user, const Provider& provider, const Amount& deposit,
                  Seconds min_probation) {
    const MarketParameters& parameters = frame.state.parameters().market;
    if (deposit < parameters.minimum_deposit)
        revert(errors::kDepositBelowMinimum, deposit, parameters.minimum_deposit);
    const std::uint32_t waiting = frame.state.unactivated(user);
    if (waiting >= parameters.max_unactivated)
        revert(errors::kTooManyUnactivated, Amount{waiting}, Amount{parameters.max_unactivated});
    return granted_probation(frame, user, provider, min_probation);
}

void check_prices(const Prices& offered, const Prices& minimum) {
    const auto offers = registry::components(offered);
    const auto floors = registry::components(minimum);
    for (std::size_t i = 0; i < offers.size(); ++i)
        if (offers[i] < floors[i]) revert(errors::kPriceTooLow, Amount{i}, offers[i], floors[i]);
}

}  // namespace

OrderId open(Frame& frame, Order order) {
    const MarketParameters& parameters = frame.state.parameters().market;
    Frame own = inner(frame);
    order.id = {frame.state.last_order().value + 1};
    order.user = frame.caller;
    order.user_check = true;
    order.created_at = frame.block.time;
    order.activation_deadline = frame.block.time + parameters.activation_deadline;
    order.fee_bp = parameters.fee_bp;
    order.profit_bp = parameters.profit_bp;
    order.status = OrderStatus::unactivated;
    registry::reserve(own, order.provider, order.resources, ref_of(order.id));
    credit::escrow(own, order.user, order.deposit);
    promise_profit(frame, order, order.deposit);
    frame.state.set_order(order);
    frame.emit(OrderCreated{order});
    return order.id;
}

Offer read_offer(abi::Decoder& in) {
    Offer offer;
    offer.order.provider = in.address();
    offer.order.resources = tuples::resources(in);
    offer.order.prices = tuples::prices(in);
    offer.order.duration = {in.u64()};
    offer.min_probation = {in.u64()};
    return offer;
}

OrderId create(Frame& frame, const Offer& offer) {
    Order order = offer.order;
    check_duration(order.duration);
    const Provider& provider = registry::active(frame, order.provider);
    check_pair_free(frame, frame.caller, order.provider);
    order.deposit = deposit_for(hourly_rate(order.resources, order.prices), order.duration);
    order.probation = permitted(frame, frame.caller, provider, order.deposit, offer.min_probation);
    order.renewable = provider.renewable;
    if (!provider.accepts_offers) revert(errors::kOffersNotAccepted, order.provider);
    check_prices(order.prices, provider.minimum_prices);
    return open(frame, order);
}

void create_order(Frame& frame, abi::Decoder& in, abi::Encoder& out) {
    const Offer offer = read_offer(in);
    wellformed(in);
    out.uint(create(frame, offer).value);
}

void check_permission(Frame& frame, abi::Decoder& in, abi::Encoder& out) {
    const Address user = in.address();
    const Address address = in.address();
    const Amount deposit = in.uint();
    const Seconds min_probation{in.u64()};
    wellformed(in);
    const Provider& provider = registry::active(frame, address);
    check_pair_free(frame, user, address);
    out.uint(permitted(frame, user, provider, deposit, min_probation).count);
}

}  // namespace grid::chain::native::market
