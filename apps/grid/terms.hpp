#pragma once

#include <CLI/App.hpp>
#include <memory>
#include <string>

#include "apps/grid/output.hpp"
#include "chain/market.hpp"

namespace grid::cli {

/// --cpu, --memory, --storage, --gpus as Kubernetes writes them.
struct ResourceOptions {
    std::string cpu = "500m";
    std::string memory = "256Mi";
    std::string storage = "256Mi";
    std::uint64_t gpus = 0;

    static std::shared_ptr<ResourceOptions> add(CLI::App& command);
    /// Throws Failure `bad_quantity`.
    chain::Resources read() const;
};

/// --price-cpu and so on: whole tokens per core, GiB, GiB and device per hour.
struct PriceOptions {
    std::string cpu;
    std::string memory;
    std::string storage;
    std::string gpu;

    /// `prefix` "price" or "min-price".
    static std::shared_ptr<PriceOptions> add(CLI::App& command, const std::string& prefix);
    /// What is not given comes from `otherwise`. Throws Failure `bad_amount`.
    chain::Prices read(const chain::Prices& otherwise) const;
};

/// "500m cpu, 256Mi memory, 256Mi storage".
std::string describe(const chain::Resources& resources);
/// "0.01 a core, 0.005 a GiB, ... per hour".
std::string describe(const chain::Prices& prices);

Record record_of(const chain::Provider& provider);
/// `now`: the pending block's time, for what the order has earned so far.
Record record_of(const chain::Order& order, chain::Timestamp now);
/// UTC like 2026-11-20T12:00:00Z; "-" for 0.
std::string describe(chain::Timestamp time);

}  // namespace grid::cli
