// Quotes that their provider takes back: one salt, or all of them.

#include "unit/chain/world.hpp"

using namespace grid::chain;
using namespace grid::chain::test;
namespace market = grid::chain::calls::market;

namespace {

std::uint64_t epoch_of(World& w, const Address& provider) {
    return *calls::decode_u64(w.ok(w.stranger, w.contracts.market, market::quote_epoch(provider)).output);
}

}  // namespace

TEST_CASE("a cancelled salt makes no order, and no other provider's quote is touched", "[market][quote]") {
    World w;
    w.open_market();
    const Quote q = w.quote();
    const auto events = events_of(w.ok(w.provider, w.contracts.market, market::cancel_quote(q.salt)));
    REQUIRE(events.size() == 1);
    CHECK(the<QuoteCancelled>(events) == QuoteCancelled{w.provider, q.salt});
    CHECK(w.refused(w.user, w.contracts.market, w.with_quote(q, w.provider_key)) ==
          "QuoteRevoked(salt=" + q.salt.hex() + ")");
    CHECK(w.refused(w.provider, w.contracts.market, market::cancel_quote(q.salt)) ==
          "QuoteRevoked(salt=" + q.salt.hex() + ")");
    const auto cancelled = [&](const Address& provider) {
        return *calls::decode_boolean(
            w.ok(w.stranger, w.contracts.market, market::quote_cancelled(provider, q.salt)).output);
    };
    CHECK(cancelled(w.provider));
    CHECK_FALSE(cancelled(w.other));
    Quote another = q;
    another.salt.bytes[5] ^= 1;
    w.ok(w.user, w.contracts.market, w.with_quote(another, w.provider_key));
}

TEST_CASE("to cancel a salt that made an order already changes nothing of the order", "[market][quote]") {
    World w;
    w.open_market();
    w.ok(w.user, w.contracts.market, w.with_quote(w.quote(), w.provider_key));
    w.ok(w.provider, w.contracts.market, market::cancel_quote(w.quote().salt));
    w.ok(w.user, w.contracts.market, market::activate_order({1}));
}

TEST_CASE("after a bump only quotes of the new epoch are good", "[market][quote]") {
    World w;
    w.open_market();
    CHECK(epoch_of(w, w.provider) == 0);
    Quote q = w.quote();
    const auto events = events_of(w.ok(w.provider, w.contracts.market, market::bump_quote_epoch()));
    CHECK(the<QuoteEpochBumped>(events) == QuoteEpochBumped{w.provider, 1});
    CHECK(epoch_of(w, w.provider) == 1);
    CHECK(epoch_of(w, w.other) == 0);
    CHECK(w.refused(w.user, w.contracts.market, w.with_quote(q, w.provider_key)) ==
          "QuoteEpochPast(epoch=0, current=1)");
    q.epoch = 2;  // nor is one that would outlive the next bump
    CHECK(w.refused(w.user, w.contracts.market, w.with_quote(q, w.provider_key)) ==
          "QuoteEpochPast(epoch=2, current=1)");
    q.epoch = 1;
    w.ok(w.user, w.contracts.market, w.with_quote(q, w.provider_key));
}

TEST_CASE("the epoch is part of what is signed", "[market][quote]") {
    World w;
    w.open_market();
    Quote q = w.quote();
    const Bytes signature = w.provider_key.sign(quote_digest(q, w.block.chain_id, w.contracts.market)).rsv();
    w.ok(w.provider, w.contracts.market, market::bump_quote_epoch());
    q.epoch = 1;
    CHECK(revert_name(
              w.call(w.user, w.contracts.market, market::create_order_with_quote(q, signature)).output) ==
          "QuoteSignerUnknown");
    q.epoch = 0;
    q.renewable = true;
    CHECK(revert_name(
              w.call(w.user, w.contracts.market, market::create_order_with_quote(q, signature)).output) ==
          "QuoteEpochPast");
}

TEST_CASE("only providers revoke; their operator key does not, and who left still can", "[market][quote]") {
    World w;
    w.open_market();
    for (const Address& by : {w.user, w.operator_key.address()}) {
        const std::string unknown = "UnknownProvider(provider=" + by.checksummed() + ")";
        CHECK(w.refused(by, w.contracts.market, market::cancel_quote({})) == unknown);
        CHECK(w.refused(by, w.contracts.market, market::bump_quote_epoch()) == unknown);
    }
    w.ok(w.provider, w.contracts.registry, calls::registry::deregister());
    w.ok(w.provider, w.contracts.market, market::cancel_quote({}));
    w.ok(w.provider, w.contracts.market, market::bump_quote_epoch());
}

TEST_CASE("the guards of a quote stand in their order: expiry, epoch, salt, spent, caller",
          "[market][quote]") {
    World w;
    w.open_market();
    const auto why = [&](const Quote& q, const Address& by) {
        return revert_name(w.call(by, w.contracts.market, w.with_quote(q, w.provider_key)).output);
    };
    Quote q = w.quote();
    w.ok(w.user, w.contracts.market, w.with_quote(q, w.provider_key));
    w.ok(w.user, w.contracts.market, market::cancel_order({1}));
    CHECK(why(q, w.other) == "QuoteSpent");
    w.ok(w.provider, w.contracts.market, market::cancel_quote(q.salt));
    CHECK(why(q, w.other) == "QuoteRevoked");
    w.ok(w.provider, w.contracts.market, market::bump_quote_epoch());
    CHECK(why(q, w.other) == "QuoteEpochPast");
    w.block.time = q.valid_until;
    CHECK(why(q, w.other) == "QuoteExpired");
}

TEST_CASE("revocations are rows: a follower knows them, and a rollback forgets them",
          "[market][quote][state]") {
    World w;
    w.open_market();
    const WriteSet before = rows_of(w.state);
    w.state.take_write_set();
    const std::size_t mark = w.state.checkpoint();
    w.ok(w.provider, w.contracts.market, market::cancel_quote(w.quote().salt));
    w.ok(w.provider, w.contracts.market, market::bump_quote_epoch());
    State follower;
    for (const Row& row : rows_of(w.state)) REQUIRE(follower.load(row));
    CHECK(rows_of(follower) == rows_of(w.state));
    CHECK(follower.quote_cancelled({w.provider, w.quote().salt}));
    CHECK(follower.quote_epoch(w.provider) == 1);
    CHECK_FALSE(follower.load(13, Bytes(51, 0), ByteView{}));
    CHECK_FALSE(follower.load(14, Bytes(20, 0), ByteView{}));
    w.state.rollback(mark);
    CHECK(rows_of(w.state) == before);
}
