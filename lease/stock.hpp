#pragma once

#include <string>
#include <vector>

#include "chain/market.hpp"

namespace grid::lease {

/// What a provider's entry in the Registry says amiss about what there is, in words; each can be mended by
/// its owner alone (Registry.set).
struct StockFinding {
    bool oversold =
        false;  ///< orders can be taken for which there is no room; else only something is not sold
    std::string words;
};

/// Compares what is registered with the cluster's inventory. A difference of a tenth is no news.
std::vector<StockFinding> judge_stock(const chain::Resources& registered, const chain::Resources& available,
                                      const chain::Resources& total, const chain::Resources& used);

}  // namespace grid::lease
