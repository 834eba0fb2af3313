// Quotes: terms that a provider signed for one user. How they make orders, continue them, and are revoked.

#include "chain/contracts/market.hpp"
#include "chain/contracts/registry.hpp"
#include "chain/contracts/tuples.hpp"
#include "chain/settlement.hpp"

namespace grid::chain::native::market {

using errors::revert;

namespace {

/// Who signed; reverts on what no key of this quote's provider can have made.
void check_signature(const Hash& digest, ByteView bytes, const Provider& provider) {
    if (bytes.size() != 65 || (bytes[64] != 27 && bytes[64] != 28)) revert(errors::kInvalidQuoteSignature);
    const auto signature = Signature::parse(bytes);
    if (!signature) revert(errors::kInvalidQuoteSignature);
    const auto signer = recover(digest, *signature);
    if (!signer) revert(errors::kInvalidQuoteSignature);
    const bool allowed =
        *signer == provider.address || (!provider.operator_key.is_zero() && *signer == provider.operator_key);
    if (!allowed) revert(errors::kQuoteSignerUnknown, *signer);
}

void check_terms(const Quote& quote) {
    check_duration(quote.duration);
    if (quote.probation > kMaxDuration) revert(errors::kInvalidDuration, Amount{quote.probation.count});
}

/// A quote that is live, unused, and signed for the caller; its digest.
Hash check_quote(const Frame& frame, const Quote& quote, ByteView signature, const Provider& provider) {
    if (frame.block.time >= quote.valid_until)
        revert(errors::kQuoteExpired, Amount{quote.valid_until.seconds});
    const std::uint64_t epoch = frame.state.quote_epoch(quote.provider);
    if (quote.epoch != epoch) revert(errors::kQuoteEpochPast, Amount{quote.epoch}, Amount{epoch});
    if (frame.state.quote_cancelled({quote.provider, quote.salt})) revert(errors::kQuoteRevoked, quote.salt);
    const Hash digest = quote_digest(quote, frame.block.chain_id, frame.contracts.market);
    if (frame.state.quote_spent(digest)) revert(errors::kQuoteSpent, digest);
    if (quote.user != frame.caller) revert(errors::kQuoteNotForCaller, quote.user, frame.caller);
    check_signature(digest, signature, provider);
    return digest;
}

Order order_of(const Quote& quote) {
    Order order;
    order.provider = quote.provider;
    order.resources = quote.resources;
    order.prices = quote.prices;
    order.duration = quote.duration;
    order.probation = quote.probation;
    order.deposit = deposit_for(hourly_rate(order.resources, order.prices), order.duration);
    order.provider_check = true;
    order.renewable = quote.renewable;
    order.replaces = quote.replaces;
    return order;
}

OrderId open_and_spend(Frame& frame, const Order& order, const Hash& digest) {
    frame.state.spend_quote(digest);
    const OrderId id = open(frame, order);
    frame.emit(QuoteUsed{digest, order.provider, frame.caller, id});
    return id;
}

/// Only who ever registered has quotes to revoke.
void check_registered(const Frame& frame) {
    if (frame.state.provider(frame.caller) == nullptr) revert(errors::kUnknownProvider, frame.caller);
}

}  // namespace

OrderId create(Frame& frame, const Quote& quote, ByteView signature) {
    check_terms(quote);
    const Provider& provider = registry::active(frame, quote.provider);
    check_pair_free(frame, frame.caller, quote.provider);
    if (quote.replaces.value != 0) revert(errors::kQuoteReplaces, Amount{quote.replaces.value});
    const Hash digest = check_quote(frame, quote, signature, provider);
    return open_and_spend(frame, order_of(quote), digest);
}

void create_order_with_quote(Frame& frame, abi::Decoder& in, abi::Encoder& out) {
    const Quote quote = tuples::quote(in);
    const ByteView signature = in.bytes();
    wellformed(in);
    out.uint(create(frame, quote, signature).value);
}

void replace_order(Frame& frame, abi::Decoder& in, abi::Encoder& out) {
    const Quote quote = tuples::quote(in);
    const ByteView signature = in.bytes();
    wellformed(in);
    Order old = running(frame, quote.replaces);
    check_user(frame, old);
    check_before_end(frame, old);
    if (quote.provider != old.provider) revert(errors::kQuoteReplaces, Amount{quote.replaces.value});
    check_terms(quote);
    const Provider& provider = registry::active(frame, quote.provider);
    const Hash digest = check_quote(frame, quote, signature, provider);

    Order order = order_of(quote);
    order.probation = settlement::probation_left(old, frame.block.time);
    // First what the old one frees, so that it serves for the new one.
    complete(frame, old);
    order = *frame.state.order(open_and_spend(frame, order, digest));
    start(frame, order);
    frame.emit(OrderReplaced{old.id, order.id});
    out.uint(order.id.value);
}

void cancel_quote(Frame& frame, abi::Decoder& in, abi::Encoder&) {
    const Hash salt = in.hash();
    wellformed(in);
    check_registered(frame);
    if (frame.state.quote_cancelled({frame.caller, salt})) revert(errors::kQuoteRevoked, salt);
    frame.state.cancel_quote({frame.caller, salt});
    frame.emit(QuoteCancelled{frame.caller, salt});
}

void bump_quote_epoch(Frame& frame, abi::Decoder&, abi::Encoder&) {
    check_registered(frame);
    const std::uint64_t epoch = frame.state.quote_epoch(frame.caller) + 1;
    frame.state.set_quote_epoch(frame.caller, epoch);
    frame.emit(QuoteEpochBumped{frame.caller, epoch});
}

}  // namespace grid::chain::native::market
