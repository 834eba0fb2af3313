#include "actors/block_steps.hpp"

namespace grid::actors {

std::vector<runtime::Projection::Step> block_steps(
    const messages::BlockBatch& batch,
    const std::function<std::vector<store::Change>(const chain::BlockUpdate&)>& apply) {
    std::vector<runtime::Projection::Step> steps;
    steps.reserve(batch.blocks.size());
    for (const auto& block : batch.blocks)
        steps.push_back(
            {{block.number, block.hash.bytes}, block.parent.bytes, [block, apply] { return apply(block); }});
    return steps;
}

}  // namespace grid::actors
