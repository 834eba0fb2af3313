#include "lease/stock.hpp"

namespace grid::lease {

namespace {

struct Kind {
    const char* name;
    std::uint64_t chain::Resources::*amount;
};
constexpr Kind kKinds[] = {{"millicores", &chain::Resources::cpu_milli},
                           {"MiB of memory", &chain::Resources::memory_mib},
                           {"MiB of storage", &chain::Resources::storage_mib},
                           {"GPUs", &chain::Resources::gpus}};

std::string counted(std::uint64_t amount, const char* name) {
    return std::to_string(amount) + " " + name;
}

}  // namespace

std::vector<StockFinding> judge_stock(const chain::Resources& registered, const chain::Resources& available,
                                      const chain::Resources& total, const chain::Resources& used) {
    std::vector<StockFinding> findings;
    for (const auto& [name, amount] : kKinds) {
        const auto sold = registered.*amount, open = available.*amount, all = total.*amount;
        const auto free = all > used.*amount ? all - used.*amount : 0;
        if (sold > all)
            findings.push_back(
                {true, counted(sold, name) + " are registered, the cluster has " + std::to_string(all)});
        else if (open > free)
            findings.push_back({true, counted(open, name) + " are offered, the cluster has " +
                                          std::to_string(free) + " free: something else uses the rest"});
        else if (all / 10 * 9 > sold)
            findings.push_back({false, "the cluster has " + counted(all, name) + ", " + std::to_string(sold) +
                                           " are registered"});
    }
    return findings;
}

}  // namespace grid::lease
