#include "actors/quote.hpp"

#include <openssl/rand.h>

#include <algorithm>

#include "chain/calls.hpp"
#include "messages/error.hpp"

namespace grid::actors {

using namespace messages;
using namespace std::chrono_literals;

quote_state::quote_state(interface::pointer self, Clock clock, runtime::Storage storage,
                         QuoteSettings settings, chain::PrivateKey key, registry_actor providers,
                         chain_actor chain)
    : self_(self),
      inbox_(self->address()),
      clock_(std::move(clock)),
      storage_(std::move(storage)),
      settings_(std::move(settings)),
      key_(std::move(key)),
      providers_(std::move(providers)),
      chain_(std::move(chain)) {}

Result<void> quote_state::open() {
    auto table = storage_.environment->table("quotes");
    if (!table) return tl::unexpected(table.error());
    rows_ = *table;
    return storage_.environment->read([&](const store::ReadTransaction& rows) {
        rows.scan(*rows_, {}, {}, [&](store::ByteView key, store::ByteView value) {
            Hash digest;
            Address user;
            if (key.size() != digest.bytes.size() || value.size() != user.bytes.size() + 8) return true;
            std::copy(key.begin(), key.end(), digest.bytes.begin());
            std::copy_n(value.begin(), user.bytes.size(), user.bytes.begin());
            outstanding_.emplace(Timestamp{store::number_of(value.subspan(user.bytes.size()))},
                                 std::pair{digest, user});
            ++by_user_[user];
            return true;
        });
    });
}

void quote_state::sweep(store::Batch& batch) {
    const auto now = clock_();
    while (!outstanding_.empty() && outstanding_.begin()->first <= now) {
        const auto& [digest, user] = outstanding_.begin()->second;
        batch.erase(*rows_, digest.bytes);
        if (--by_user_[user] == 0) by_user_.erase(user);
        outstanding_.erase(outstanding_.begin());
    }
}

void quote_state::judge(const Terms& terms, Judged judged) {
    if (terms.replaces.value == 0) return judge_entry(terms, {}, std::move(judged));
    self_->request(chain_, 10s, call_atom_v, market(), chain::calls::market::get(terms.replaces))
        .then(
            [this, terms, judged](const Bytes& output) {
                const auto order = chain::calls::decode_order(output);
                if (!order) return judged(tl::unexpected(order.error()));
                const bool theirs = order->user == terms.user || terms.user.is_zero();
                if (order->status != chain::OrderStatus::running || !theirs ||
                    order->provider != settings_.provider)
                    return judged(fail("not_acceptable", "order " + std::to_string(terms.replaces.value) +
                                                             " is no running order of this user with this "
                                                             "provider, so it cannot be replaced"));
                judge_entry(terms, order->resources, judged);
            },
            [judged](const caf::error& error) { judged(tl::unexpected(from_caf(error))); });
}

void quote_state::judge_entry(const Terms& terms, const chain::Resources& coming_back, Judged judged) {
    self_->request(providers_, 10s, find_atom_v, settings_.provider)
        .then(
            [this, terms, coming_back, judged](const ProviderRow& row) {
                auto offer = lease::judge_terms(row.provider,
                                                {terms.user, terms.resources, terms.prices, terms.duration},
                                                settings_.policy, coming_back);
                // There is no second probation: the Market goes on with what is left.
                if (offer && terms.replaces.value != 0) offer->probation = {};
                judged(std::move(offer));
            },
            [judged](const caf::error& error) {
                auto reason = from_caf(error);
                if (reason.code == "not_found")
                    reason = {"not_registered", "this provider is not registered on the chain yet"};
                judged(tl::unexpected(std::move(reason)));
            });
}

Result<SignedQuote> quote_state::sign(const Terms& terms, const lease::Offer& offer, std::uint64_t epoch,
                                      store::Batch& batch) {
    sweep(batch);
    if (auto held = by_user_.find(terms.user); held != by_user_.end() && held->second >= settings_.per_wallet)
        return fail("too_many_quotes", "this wallet holds " + std::to_string(held->second) +
                                           " valid quotes; use one or wait until they expire");
    SignedQuote answer;
    auto& quote = answer.quote;
    quote.provider = settings_.provider;
    quote.user = terms.user;
    quote.resources = terms.resources;
    quote.prices = offer.prices;
    quote.duration = terms.duration;
    quote.probation = offer.probation;
    quote.renewable = offer.renewable;
    quote.epoch = epoch;
    quote.valid_until = clock_() + settings_.validity;
    quote.replaces = terms.replaces;
    if (RAND_bytes(quote.salt.bytes.data(), static_cast<int>(quote.salt.bytes.size())) != 1)
        return fail("unavailable", "the system's random generator gives nothing");
    answer.deposit = offer.deposit;
    const auto digest =
        chain::quote_digest(quote, settings_.chain_info.chain_id, settings_.chain_info.contracts.market);
    answer.signature = key_.sign(digest).rsv();
    store::Bytes row(quote.user.bytes.begin(), quote.user.bytes.end());
    const auto until = store::number_key(quote.valid_until.seconds);
    row.insert(row.end(), until.begin(), until.end());
    batch.put(*rows_, digest.bytes, row);
    outstanding_.emplace(quote.valid_until, std::pair{digest, quote.user});
    ++by_user_[quote.user];
    return answer;
}

// A quote of another epoch than the chain's would be refused: it is asked for each time.
void quote_state::answer(const Terms& terms, const lease::Offer& offer,
                         caf::typed_response_promise<SignedQuote> promise) {
    self_->request(chain_, 10s, call_atom_v, market(), chain::calls::market::quote_epoch(settings_.provider))
        .then(
            [this, terms, offer, promise](const Bytes& output) mutable {
                store::Batch batch;
                const auto epoch = chain::calls::decode_u64(output);
                auto quote = epoch ? sign(terms, offer, *epoch, batch) : tl::unexpected(epoch.error());
                if (!quote) {
                    promise.deliver(to_caf(quote.error()));
                    return;
                }
                storage_.submit(std::move(batch), [promise, quote = std::move(*quote),
                                                   post = inbox_.poster()](Result<void> done) {
                    post([promise, quote, done = std::move(done)]() mutable {
                        if (done)
                            promise.deliver(quote);
                        else
                            promise.deliver(to_caf(done.error()));
                    });
                });
            },
            [promise](const caf::error& error) mutable { promise.deliver(error); });
}

quote_state::interface::behavior_type quote_state::behavior() {
    if (auto opened = open(); !opened) return refuse_to_start<quote_state>(self_, to_caf(opened.error()));
    return {
        [this](estim_atom, const Terms& terms) {
            auto promise = self_->make_response_promise<Estimate>();
            judge(terms, [promise](Result<lease::Offer> offer) mutable {
                if (offer)
                    promise.deliver(Estimate{true, "", offer->prices, offer->hourly_rate, offer->deposit,
                                             offer->probation});
                else if (offer.error().code == "not_acceptable" || offer.error().code == "not_registered")
                    promise.deliver(Estimate{false, offer.error().message, {}, {}, {}, {}});
                else
                    promise.deliver(to_caf(offer.error()));
            });
            return promise;
        },
        [this](quote_atom, const Terms& terms) {
            auto promise = self_->make_response_promise<SignedQuote>();
            if (terms.user.is_zero()) {
                promise.deliver(to_caf({"not_acceptable", "a quote is signed for a user: log in first"}));
                return promise;
            }
            judge(terms, [this, terms, promise](Result<lease::Offer> offer) mutable {
                if (offer)
                    answer(terms, *offer, promise);
                else
                    promise.deliver(to_caf(offer.error()));
            });
            return promise;
        },
        [this](done_atom, std::uint64_t ticket) { inbox_.run(ticket); },
    };
}

quote_actor quote(caf::actor_system& system, Clock clock, runtime::Storage storage, QuoteSettings settings,
                  chain::PrivateKey key, registry_actor providers, chain_actor chain) {
    return system.spawn<hosted<quote_state>>(std::move(clock), std::move(storage), std::move(settings),
                                             std::move(key), std::move(providers), std::move(chain));
}

}  // namespace grid::actors
