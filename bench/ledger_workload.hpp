#pragma once

#include <algorithm>
#include <thread>
#include <vector>

#include "chain/genesis.hpp"
#include "chain/ledger.hpp"
#include "chain/secp256k1.hpp"

/// The market that bench_ledger fills with orders.
namespace grid::bench {

using namespace chain;

inline constexpr std::size_t kUsers = 16'384;
inline constexpr std::size_t kProviders = 16;
inline constexpr std::size_t kOrders = kUsers * kProviders;
inline constexpr Resources kResources{100, 128, 256, 0};
inline constexpr Seconds kDuration{3600};

/// Runs a share of the work on each core.
template <class Work>
void on_all_cores(Work work) {
    const unsigned cores = std::max(1u, std::thread::hardware_concurrency());
    std::vector<std::thread> threads;
    for (unsigned core = 0; core < cores; ++core) threads.emplace_back([=] { work(core, cores); });
    for (std::thread& thread : threads) thread.join();
}

/// Every user rents once from every provider.
struct Workload {
    std::vector<PrivateKey> users;
    std::vector<PrivateKey> providers;
    Prices prices{Amount{10}, Amount{10}, Amount{1}, Amount{1000}};
    Amount deposit = deposit_for(hourly_rate(kResources, prices), kDuration);
    std::vector<Bytes> preparation;  ///< raw transactions: providers, approvals, purchases of credits
    std::vector<Bytes> orders;       ///< raw transactions: kOrders times createOrder
};

/// Keys, providers, credits for everybody, and the orders; all signed before the clock runs.
Workload make_workload();

/// Where the users have what their orders cost.
Genesis make_genesis(const Workload& workload);

/// Ends the program unless the ledger has every order, the escrow every deposit, and no provider anything
/// left.
void check_state(const Ledger& ledger, const Workload& workload);

}  // namespace grid::bench
