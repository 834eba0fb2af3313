// The Market: who may do what with an order, guards in the order of chain/abi/IMarket.sol.

#include <algorithm>

#include "chain/contracts/credit.hpp"
#include "chain/contracts/registry.hpp"
#include "chain/contracts/signatures.hpp"
#include "chain/contracts/tuples.hpp"
#include "chain/settlement.hpp"

namespace grid::chain::native {

namespace market {

namespace {

constexpr std::size_t kMaxBatch = 256;

using errors::revert;

Hash ref_of(OrderId id) {
    return Amount{id.value}.word();
}

/// The Market's own calls to Credit and Registry.
Frame inner(Frame& frame) {
    return frame.called_by(frame.contracts.market);
}

OrderBalance balance_of(const Order& order, Timestamp t) {
    return {order.deposit, order.accrued, order.paid_provider, order.paid_user,
            order.activated_at.seconds == 0 ? Timestamp{} : settlement::ends_at(order, t)};
}

// --- creation

/// floor(t / W); none without windows.
std::optional<std::uint64_t> window_of(const State& state, Timestamp t) {
    const std::uint64_t length = state.parameters().market.probation_window.count;
    if (length == 0) return std::nullopt;
    return t.seconds / length;
}

/// Whether the pair had its probation in this window, or the user cancelled in probation too often in it.
bool probation_used(const Frame& frame, const Address& provider) {
    const State& state = frame.state;
    const auto window = window_of(state, frame.block.time);
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
    const Order* order = frame.state.order(id);
    if (order != nullptr && order->live()) revert(errors::kOrderExists, Amount{id.value});
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
    out.uint(open(frame, std::move(order)).value);
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
    const OrderId id = open(frame, std::move(order));
    frame.emit(QuoteUsed{digest, quote.provider, frame.caller, id});
    out.uint(id.value);
}

// --- life and end

Order existing(const Frame& frame, OrderId id) {
    const Order* order = frame.state.order(id);
    if (order == nullptr) revert(errors::kUnknownOrder, Amount{id.value});
    return *order;
}

/// An order that calls but withdraw may change: the newest of its pair.
Order newest(const Frame& frame, OrderId id) {
    Order order = existing(frame, id);
    if (frame.state.current(order.user, order.provider) != id) revert(errors::kStaleOrder, Amount{id.value});
    return order;
}

[[noreturn]] void refuse_status(const Order& order) {
    revert(errors::kWrongStatus, Amount{order.id.value}, Amount{static_cast<std::uint64_t>(order.status)});
}

bool is_operator(const Frame& frame, const Order& order) {
    const Provider* provider = frame.state.provider(order.provider);
    return provider != nullptr && !provider->operator_key.is_zero() && frame.caller == provider->operator_key;
}

void activate_order(Frame& frame, abi::Decoder& in, abi::Encoder&) {
    const OrderId id{in.u64()};
    wellformed(in);
    Order order = newest(frame, id);
    if (order.status != OrderStatus::unactivated) refuse_status(order);
    const bool by_provider = frame.caller == order.provider || is_operator(frame, order);
    const bool by_user = frame.caller == order.user && order.provider_check;
    if (!by_provider && !by_user) revert(errors::kNotParty, Amount{id.value}, frame.caller);
    if (frame.block.time >= order.activation_deadline)
        revert(errors::kActivationExpired, Amount{id.value}, Amount{order.activation_deadline.seconds});

    order.provider_check = true;
    order.activated_at = frame.block.time;
    order.activate_height = frame.block.number;
    order.status = OrderStatus::running;
    frame.state.set_order(order);
    const auto window = window_of(frame.state, frame.block.time);
    if (window && order.probation.count != 0)
        frame.state.set_probation_use(order.user, order.provider, *window);
    frame.emit(OrderActivated{id, frame.caller, order.activated_at, order.activate_height, order.starts_at(),
                              balance_of(order, frame.block.time)});
}

/// Books what has been earned until now.
void accrue(const Frame& frame, Order& order) {
    order.accrued = settlement::earned_at(order, frame.block.time);
    order.settled_at = frame.block.time;
    order.settle_height = frame.block.number;
}

/// Pays both what is theirs out of the escrow. The order is recorded before any credit moves.
void record_and_pay(Frame& frame, Order& order) {
    const Amount to_provider = settlement::claimable_by_provider(order);
    const Amount to_user = settlement::claimable_by_user(order);
    order.paid_provider += to_provider;
    order.paid_user += to_user;
    frame.state.set_order(order);
    Frame own = inner(frame);
    if (!to_provider.is_zero()) credit::release(own, order.provider, to_provider);
    if (!to_user.is_zero()) credit::release(own, order.user, to_user);
}

/// Ends a live order: accrued is booked, both are paid, the resources come back.
void end(Frame& frame, Order& order, OrderStatus status) {
    order.status = status;
    record_and_pay(frame, order);
    Frame own = inner(frame);
    registry::give_back(own, order.provider, order.resources, ref_of(order.id));
}

void complete(Frame& frame, Order& order) {
    accrue(frame, order);
    end(frame, order, OrderStatus::completed);
    frame.emit(
        OrderCompleted{order.id, order.settled_at, order.settle_height, balance_of(order, frame.block.time)});
}

void settle_running(Frame& frame, Order& order) {
    if (settlement::past_end(order, frame.block.time)) return complete(frame, order);
    accrue(frame, order);
    record_and_pay(frame, order);
    frame.emit(
        OrderSettled{order.id, order.settled_at, order.settle_height, balance_of(order, frame.block.time)});
}

/// Who cancels free time again and again loses it. Not counted: an order that the provider had suspended.
void count_probation_cancel(Frame& frame, const Order& order) {
    const auto window = window_of(frame.state, frame.block.time);
    const bool had_been_suspended = order.suspended.count != 0 || order.suspended_since.seconds != 0;
    if (!window || frame.caller != order.user || had_been_suspended || frame.block.time >= order.starts_at())
        return;
    ProbationCancels cancels = frame.state.probation_cancels(order.user);
    if (cancels.window != *window) cancels = {*window, 0};
    ++cancels.count;
    frame.state.set_probation_cancels(order.user, cancels);
}

void cancel_order(Frame& frame, abi::Decoder& in, abi::Encoder&) {
    const OrderId id{in.u64()};
    wellformed(in);
    Order order = newest(frame, id);
    if (!order.live()) refuse_status(order);
    if (settlement::past_end(order, frame.block.time)) return complete(frame, order);
    const bool running = order.status == OrderStatus::running;
    const bool expired = !running && frame.block.time >= order.activation_deadline;
    const bool party = frame.caller == order.user || frame.caller == order.provider;
    if (!party && !expired) revert(errors::kNotParty, Amount{id.value}, frame.caller);

    if (running) count_probation_cancel(frame, order);
    accrue(frame, order);
    end(frame, order, OrderStatus::cancelled);
    frame.emit(OrderCancelled{id, frame.caller, order.settled_at, order.settle_height,
                              balance_of(order, frame.block.time)});
}

void settle(Frame& frame, abi::Decoder& in, abi::Encoder&) {
    const OrderId id{in.u64()};
    wellformed(in);
    Order order = newest(frame, id);
    if (order.status != OrderStatus::running) refuse_status(order);
    settle_running(frame, order);
}

void settle_many(Frame& frame, abi::Decoder& in, abi::Encoder& out) {
    std::size_t length = 0;
    abi::Decoder elements = in.array(length, 1u << 20);
    std::vector<OrderId> ids(length);
    for (OrderId& id : ids) id = {elements.u64()};
    wellformed(in);
    wellformed(elements);
    if (length > kMaxBatch) revert(errors::kTooMany, Amount{length}, Amount{kMaxBatch});
    std::uint64_t settled = 0;
    for (const OrderId id : ids) {
        const Order* found = frame.state.order(id);
        if (found == nullptr || found->status != OrderStatus::running) continue;
        // A running order is always the newest of its pair: there is one live order for a pair.
        Order order = *found;
        settle_running(frame, order);
        ++settled;
    }
    out.uint(settled);
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
    frame.state.set_order(order);
    Frame own = inner(frame);
    credit::release(own, frame.caller, amount);
    frame.emit(Withdrawn{id, frame.caller, amount, balance_of(order, order.settled_at)});
}

// --- views

void get(Frame& frame, abi::Decoder& in, abi::Encoder& out) {
    const OrderId id{in.u64()};
    wellformed(in);
    const Order* order = frame.state.order(id);
    tuples::put(out, order == nullptr ? Order{} : *order);
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
    const Order* order = frame.state.order(id);
    out.uint(order == nullptr ? Amount{} : settlement::earned_at(*order, t));
}

template <const std::vector<OrderId>& (State::*Ids)(const Address&) const>
void orders_of(Frame& frame, abi::Decoder& in, abi::Encoder& out) {
    const Address account = in.address();
    const Amount offset = in.uint();
    const Amount limit = in.uint();
    wellformed(in);
    const auto& ids = (frame.state.*Ids)(account);
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
