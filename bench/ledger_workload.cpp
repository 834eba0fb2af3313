#include "bench/ledger_workload.hpp"

#include "bench/demand.hpp"
#include "chain/calls.hpp"
#include "chain/transaction.hpp"

namespace grid::bench {

namespace {

PrivateKey key_of(std::uint32_t number) {
    Bytes secret(32, 1);
    for (std::size_t i = 0; i < 4; ++i) secret[28 + i] = static_cast<std::uint8_t>(number >> (24 - 8 * i));
    return demand(PrivateKey::from_bytes(secret), "key");
}

Bytes transaction(const PrivateKey& key, std::uint64_t nonce, const Address& to, Bytes data) {
    Transaction t;
    t.chain_id = kEmbeddedChainId;
    t.nonce = nonce;
    t.max_fee = 2'000'000'000;
    t.max_priority_fee = 1'000'000'000;
    t.gas_limit = 500'000;
    t.to = to;
    t.data = std::move(data);
    return sign(t, key).raw;
}

CallResult view(const Ledger& ledger, const Address& to, const Bytes& data) {
    return ledger.call(ledger.latest(), {{}, to, {}, data});
}

}  // namespace

Genesis make_genesis(const Workload& workload) {
    Genesis genesis;
    genesis.token_cap = Amount::power_of_two(90);
    for (const PrivateKey& user : workload.users)
        genesis.allocations.emplace_back(user.address(), workload.deposit * Amount{kProviders});
    genesis.market.max_unactivated = kProviders;
    return genesis;
}

Workload make_workload() {
    const ContractAddresses at = embedded_addresses();
    Workload w;
    for (std::uint32_t i = 0; i < kProviders; ++i) w.providers.push_back(key_of(i + 1));
    for (std::uint32_t i = 0; i < kUsers; ++i) w.users.push_back(key_of(1'000'000 + i));
    for (const PrivateKey& key : w.providers) {
        Provider info;
        info.host = "provider.example";
        info.port = 443;
        info.prices = info.minimum_prices = w.prices;
        info.total = {kResources.cpu_milli * kUsers, kResources.memory_mib * kUsers,
                      kResources.storage_mib * kUsers, 0};
        info.accepts_offers = true;
        w.preparation.push_back(transaction(key, 0, at.registry, calls::registry::set(info)));
    }
    const std::size_t offset = w.preparation.size();
    w.preparation.resize(offset + 2 * kUsers);
    w.orders.resize(kOrders);
    on_all_cores([&](unsigned core, unsigned cores) {
        const Amount credits = w.deposit * Amount{kProviders};
        for (std::size_t u = core; u < kUsers; u += cores) {
            const PrivateKey& user = w.users[u];
            w.preparation[offset + 2 * u] =
                transaction(user, 0, at.token, calls::token::approve(at.credit, credits));
            w.preparation[offset + 2 * u + 1] =
                transaction(user, 1, at.credit, calls::credit::purchase(credits));
            for (std::size_t p = 0; p < kProviders; ++p)
                w.orders[p * kUsers + u] =
                    transaction(user, 2 + p, at.market,
                                calls::market::create_order(w.providers[p].address(), kResources, w.prices,
                                                            kDuration, {}));
        }
    });
    return w;
}

void check_state(const Ledger& ledger, const Workload& workload) {
    const ContractAddresses at = embedded_addresses();
    const auto count =
        demand(calls::decode_u64(view(ledger, at.market, calls::market::count()).output), "count");
    if (count != kOrders)
        stop("expected " + std::to_string(kOrders) + " orders, the state has " + std::to_string(count));
    const auto escrow = demand(
        calls::decode_amount(view(ledger, at.credit, calls::credit::balance_of(at.market)).output), "escrow");
    if (escrow != workload.deposit * Amount{kOrders}) stop("the escrow does not hold every deposit");
    for (std::uint64_t id = 1; id <= kOrders; id += 977) {
        const auto order =
            demand(calls::decode_order(view(ledger, at.market, calls::market::get({id})).output), "order");
        if (order.status != OrderStatus::unactivated || order.deposit != workload.deposit)
            stop("order " + std::to_string(id) + " is not what was sent");
    }
    for (const PrivateKey& key : workload.providers) {
        const auto provider = demand(
            calls::decode_provider(view(ledger, at.registry, calls::registry::get(key.address())).output),
            "provider");
        if (provider.available != Resources{}) stop("a provider's resources are not all reserved");
    }
}

}  // namespace grid::bench
