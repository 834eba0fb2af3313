// Orders on a quote's terms.
#include "chain/contracts/signatures.hpp"
#include "chain/contracts/tuples.hpp"
#include "unit/chain/world.hpp"

using namespace grid::chain;
using namespace grid::chain::test;
namespace market = grid::chain::calls::market;

TEST_CASE("a quote makes an order on its own terms, and either party activates", "[market][quote]") {
    World w;
    w.open_market();
    const Quote quote = w.quote();
    const PrivateKey& signer = GENERATE_REF(std::cref(w.provider_key), std::cref(w.operator_key)).get();
    const auto events = events_of(w.ok(w.user, w.contracts.market, w.with_quote(quote, signer)));
    const Hash digest = quote_digest(quote, w.block.chain_id, w.contracts.market);
    CHECK(the<QuoteUsed>(events) == QuoteUsed{digest, w.provider, w.user, {1}});
    const Order order = w.order({1});
    CHECK(order.prices == quote.prices);
    CHECK(order.probation == quote.probation);
    CHECK(order.provider_check);
    CHECK(order.deposit == Amount{(1'000 + 512 + 1'000) * 2});
    CHECK(*calls::decode_boolean(w.ok(w.user, w.contracts.market, market::quote_used(digest)).output));
    w.ok(GENERATE_REF(values({w.user, w.provider, w.operator_key.address()})), w.contracts.market,
         market::activate_order({1}));
}

TEST_CASE("a quote is good once, for its user, in its time, as it was signed", "[market][quote]") {
    World w;
    w.open_market();
    Quote quote = w.quote();
    const auto name = [&](const Address& by, const Bytes& data) {
        w.refused(by, w.contracts.market, data);
        return revert_name(w.call(by, w.contracts.market, data).output);
    };
    SECTION("used") {
        const Bytes data = w.with_quote(quote, w.provider_key);
        w.ok(w.user, w.contracts.market, data);
        w.ok(w.user, w.contracts.market, market::cancel_order({1}));
        CHECK(name(w.user, data) == "QuoteSpent");
        // Spent by what it says, not by its signature: signed anew it is the same quote.
        CHECK(name(w.user, w.with_quote(quote, w.operator_key)) == "QuoteSpent");
    }
    SECTION("another user's") {
        CHECK(name(w.other, w.with_quote(quote, w.provider_key)) == "QuoteNotForCaller");
    }
    SECTION("expired") {
        const Bytes data = w.with_quote(quote, w.provider_key);
        w.wait(600);
        CHECK(name(w.user, data) == "QuoteExpired");
    }
    SECTION("in its last second") {
        const Bytes data = w.with_quote(quote, w.provider_key);
        w.wait(599);
        w.ok(w.user, w.contracts.market, data);
    }
    SECTION("signed by somebody else") {
        CHECK(name(w.user, w.with_quote(quote, w.user_key)) == "QuoteSignerUnknown");
    }
    SECTION("changed after signing") {
        const auto signature =
            w.provider_key.sign(quote_digest(quote, w.block.chain_id, w.contracts.market)).rsv();
        const std::size_t field = GENERATE(range(0, 9));
        if (field == 0) quote.resources.gpus = 1;
        if (field == 1) quote.prices.cpu_milli = Amount{0};
        if (field == 2) quote.duration = {7'201};
        if (field == 3) quote.probation = {61};
        if (field == 4) quote.valid_until = quote.valid_until + Seconds{1};
        if (field == 5) quote.salt.bytes[0] ^= 1;
        if (field == 6) quote.prices.memory_mib = Amount{2};
        if (field == 7) quote.prices.storage_mib = Amount{2};
        if (field == 8) quote.prices.gpus = Amount{2};
        CHECK(name(w.user, market::create_order_with_quote(quote, signature)) == "QuoteSignerUnknown");
    }
    SECTION("of another chain or another market") {
        const auto on_chain = w.provider_key.sign(quote_digest(quote, 1, w.contracts.market)).rsv();
        CHECK(name(w.user, market::create_order_with_quote(quote, on_chain)) == "QuoteSignerUnknown");
        const auto at_market = w.provider_key.sign(quote_digest(quote, w.block.chain_id, w.other)).rsv();
        CHECK(name(w.user, market::create_order_with_quote(quote, at_market)) == "QuoteSignerUnknown");
    }
    SECTION("for a replacement") {
        quote.replaces = {1};
        CHECK(name(w.user, w.with_quote(quote, w.provider_key)) == "QuoteReplaces");
    }
    SECTION("of an unknown provider") {
        quote.provider = w.other;
        CHECK(name(w.user, w.with_quote(quote, w.provider_key)) == "UnknownProvider");
    }
    SECTION("with a probation or duration out of bounds") {
        quote.probation = {kMaxDuration.count + 1};
        CHECK(name(w.user, w.with_quote(quote, w.provider_key)) == "InvalidDuration");
        quote.probation = {};
        quote.duration = {};
        CHECK(name(w.user, w.with_quote(quote, w.provider_key)) == "InvalidDuration");
    }
    SECTION("while an order of the pair lives") {
        w.create_order(w.user);
        CHECK(name(w.user, w.with_quote(quote, w.provider_key)) == "OrderExists");
    }
    SECTION("for more than there is") {
        quote.resources.gpus = 3;
        CHECK(name(w.user, w.with_quote(quote, w.provider_key)) == "InsufficientResources");
        CHECK_FALSE(w.state.quote_spent(quote_digest(quote, w.block.chain_id, w.contracts.market)));
    }
    SECTION("for more than one has") {
        quote.prices.cpu_milli = Amount::power_of_two(95);
        CHECK(name(w.user, w.with_quote(quote, w.provider_key)) == "InsufficientCredits");
    }
}

TEST_CASE("signatures of quotes have one form: 65 bytes, low s, v 27 or 28", "[market][quote]") {
    World w;
    w.open_market();
    const Quote quote = w.quote();
    const Signature signature =
        w.provider_key.sign(quote_digest(quote, w.block.chain_id, w.contracts.market));
    Bytes bytes = signature.rsv();
    SECTION("v as parity") {
        bytes[64] = static_cast<std::uint8_t>(bytes[64] - 27);
    }
    SECTION("short") {
        bytes.pop_back();
    }
    SECTION("long") {
        bytes.push_back(0);
    }
    SECTION("none") {
        bytes.clear();
    }
    SECTION("all zero but v") {
        bytes.assign(65, 0);
        bytes[64] = 27;
    }
    SECTION("the high s of the same signature") {
        const Bytes n = *from_hex("0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141");
        const Hash s = (Amount::from_big_endian(n) - Amount::from_word(signature.s)).word();
        std::copy(s.bytes.begin(), s.bytes.end(), bytes.begin() + 32);
        bytes[64] = static_cast<std::uint8_t>(55 - bytes[64]);
    }
    CHECK(w.refused(w.user, w.contracts.market, market::create_order_with_quote(quote, bytes)) ==
          "InvalidQuoteSignature()");
}
