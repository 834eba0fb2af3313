#pragma once

#include <map>

#include "actors/clock.hpp"
#include "actors/hosted.hpp"
#include "actors/inbox.hpp"
#include "chain/secp256k1.hpp"
#include "lease/pricing.hpp"
#include "messages/chain.hpp"
#include "messages/quote.hpp"
#include "messages/registry.hpp"
#include "runtime/projection.hpp"

namespace grid::actors {

struct QuoteSettings {
    chain::Address provider;
    messages::ChainInfo chain_info;
    lease::PricingPolicy policy;
    chain::Seconds validity{300};
    std::size_t per_wallet = 16;  ///< quotes of one user that are still valid
};

/// What this provider would take, from its entry in the Registry and the operator's policy; signs it on
/// demand. Quotes that are given out are durable before they are answered, so that a restart does not lift
/// the cap.
class quote_state {
public:
    using interface = messages::quote_actor::extend<caf::reacts_to<messages::done_atom, std::uint64_t>>;
    static constexpr const char* kName = "quote";

    /// `key`: the provider's own or its operator key.
    quote_state(interface::pointer self, Clock clock, runtime::Storage storage, QuoteSettings settings,
                chain::PrivateKey key, messages::registry_actor providers, messages::chain_actor chain);
    interface::behavior_type behavior();

private:
    using Judged = std::function<void(Result<lease::Offer>)>;
    Result<void> open();
    /// Judges; terms that continue an order are held against it first.
    void judge(const messages::Terms& terms, Judged judged);
    /// Reads our entry in the Registry. `coming_back`: the resources of the order that is replaced.
    void judge_entry(const messages::Terms& terms, const chain::Resources& coming_back, Judged judged);
    /// `epoch`: of this provider's quotes, as the chain has it.
    Result<messages::SignedQuote> sign(const messages::Terms& terms, const lease::Offer& offer,
                                       std::uint64_t epoch, store::Batch& batch);
    void answer(const messages::Terms& terms, const lease::Offer& offer,
                caf::typed_response_promise<messages::SignedQuote> promise);
    chain::Address market() const { return settings_.chain_info.contracts.market; }
    void sweep(store::Batch& batch);

    interface::pointer self_;
    Inbox inbox_;
    Clock clock_;
    runtime::Storage storage_;
    QuoteSettings settings_;
    chain::PrivateKey key_;
    messages::registry_actor providers_;
    messages::chain_actor chain_;
    std::optional<store::Table> rows_;  ///< digest -> user, valid until
    std::multimap<chain::Timestamp, std::pair<chain::Hash, chain::Address>> outstanding_;
    std::map<chain::Address, std::size_t> by_user_;
};

messages::quote_actor quote(caf::actor_system& system, Clock clock, runtime::Storage storage,
                            QuoteSettings settings, chain::PrivateKey key, messages::registry_actor providers,
                            messages::chain_actor chain);

}  // namespace grid::actors
