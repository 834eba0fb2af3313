#include "web/provider_checks.hpp"

#include "lease/stock.hpp"

namespace grid::web {

using State = ProviderCheck::State;

namespace {

constexpr std::uint64_t kSkew = 60;     ///< seconds: what logins allow
constexpr std::uint64_t kFarOff = 300;  ///< seconds: ends of orders are judged wrongly

std::uint64_t apart(chain::Timestamp a, chain::Timestamp b) {
    return a.seconds > b.seconds ? a.seconds - b.seconds : b.seconds - a.seconds;
}

class Checks {
public:
    explicit Checks(const ProviderFacts& facts) : facts_(facts) {}

    std::vector<ProviderCheck> all() {
        chain();
        key();
        gas();
        registration();
        cluster();
        return std::move(checks_);
    }

private:
    void add(State state, std::string name, std::string detail, std::string mend = {}) {
        checks_.push_back({state, std::move(name), std::move(detail), std::move(mend)});
    }

    void chain() {
        if (!facts_.head)
            return add(State::fail, "chain", facts_.head.error().message,
                       "check the node's chain section and its log; orders are not seen meanwhile");
        const auto& head = *facts_.head;
        const auto age = facts_.now.seconds > head.time.seconds ? facts_.now.seconds - head.time.seconds : 0;
        if (facts_.stale_head.count != 0 && age > facts_.stale_head.count)
            add(State::fail, "chain",
                "its newest block, " + std::to_string(head.number) + ", is " + std::to_string(age) + " s old",
                "the endpoint lags behind the network, or the network stands: name another in chain.rpc");
        else
            add(State::ok, "chain", "at block " + std::to_string(head.number));
        // A block made now bears the chain's time: far from this clock, either is wrong or the node lags.
        const auto skew = apart(head.pending_time, facts_.now);
        if (skew <= kSkew)
            add(State::ok, "clock", "within " + std::to_string(skew) + " s of the chain's time");
        else
            add(skew > kFarOff ? State::fail : State::warn, "clock",
                "this machine's clock and the chain's time are " + std::to_string(skew) + " s apart",
                "let NTP set the clock (timedatectl), and see whether the chain is in step: logins and "
                "orders' "
                "ends go by it");
    }

    void key() {
        const auto words = facts_.signer.checksummed();
        if (facts_.signer == facts_.provider) return add(State::ok, "key", words + ", the provider's own");
        if (!facts_.registered) return add(State::warn, "key", words + ", not known to the Registry");
        if (facts_.registered->operator_key == facts_.signer)
            return add(State::ok, "key", words + ", the provider's operator key");
        add(State::fail, "key", words + " is neither the provider nor its operator key",
            "grid provider register ... --operator " + words +
                ": without it no order is activated, suspended or quoted");
    }

    void gas() {
        if (!facts_.gas) return;
        const auto& account = facts_.gas->account;
        const bool none = account.transactions() == 0;
        if (none || facts_.gas->low)
            add(none ? State::fail : State::warn, "gas", account.words(),
                "send some to " + account.address.checksummed() +
                    (none ? ": nothing is activated or settled before that" : ""));
        else
            add(State::ok, "gas", account.words());
    }

    void registration() {
        if (!facts_.registered)
            return add(State::fail, "registration", facts_.registered.error().message,
                       "grid provider register: nobody can order before that");
        const auto& r = *facts_.registered;
        if (r.status != chain::ProviderStatus::active)
            add(State::fail, "registration", "the provider is deregistered", "grid provider register");
        else
            add(State::ok, "registration", r.address.checksummed() + " is registered");
        const auto authority = r.host + ":" + std::to_string(r.port);
        const auto own = facts_.public_url.substr(facts_.public_url.find("//") + 2);
        const bool same = own == authority || (own == r.host && (r.port == 443 || r.port == 80));
        if (same)
            add(State::ok, "host", "registered as " + authority);
        else
            add(State::warn, "host",
                "registered as " + authority + ", this gateway serves " + facts_.public_url,
                "grid provider register --host ... --port ..., or gateway.public_url in the configuration");
        prices(r);
    }

    void prices(const chain::Provider& r) {
        const bool none = r.prices == chain::Prices{};
        const auto& p = r.prices;
        const auto& least = r.minimum_prices;
        const bool below = p.cpu_milli < least.cpu_milli || p.memory_mib < least.memory_mib ||
                           p.storage_mib < least.storage_mib || p.gpus < least.gpus;
        if (none)
            add(State::warn, "prices", "everything is free", "grid provider register --price-cpu ...");
        else if (below)
            add(State::warn, "prices", "a price is below the provider's own minimum",
                "grid provider register with --price-... not below --min-price-...");
        else
            add(State::ok, "prices", "set");
    }

    void cluster() {
        if (!facts_.inventory)
            add(State::fail, "cluster", facts_.inventory.error().message,
                "check that the cluster (podman, or the Kubernetes API) runs and may be asked");
        else
            stock(*facts_.inventory);
        if (!facts_.capabilities) return;
        for (const auto& c : *facts_.capabilities)
            add(c.enforced ? State::ok : State::warn, "cluster." + c.name, c.detail,
                c.enforced ? ""
                           : "tenants are not held by it; docs/operations.md says what the machine needs");
    }

    void stock(const messages::Inventory& inventory) {
        add(State::ok, "cluster",
            "has " + std::to_string(inventory.total.cpu_milli) + " millicores, " +
                std::to_string(inventory.total.memory_mib) + " MiB of memory, " +
                std::to_string(inventory.total.storage_mib) + " MiB of storage");
        if (!facts_.registered) return;
        const auto& r = *facts_.registered;
        bool good = true;
        for (const auto& finding :
             lease::judge_stock(r.total, r.available, inventory.total, inventory.used)) {
            good = good && !finding.oversold;
            add(finding.oversold ? State::fail : State::warn, "stock", finding.words,
                "grid provider register with what there is (the provider's own key alone may: the gateway "
                "cannot)");
        }
        if (good) add(State::ok, "stock", "what is registered is there");
    }

    const ProviderFacts& facts_;
    std::vector<ProviderCheck> checks_;
};

}  // namespace

std::vector<ProviderCheck> check_provider(const ProviderFacts& facts) {
    return Checks(facts).all();
}

}  // namespace grid::web
