#pragma once

#include <functional>

#include "messages/data.hpp"
#include "runtime/projection.hpp"

namespace grid::actors {

/// A batch of blocks as a projection takes it. `apply` is called for each block in its turn.
std::vector<runtime::Projection::Step> block_steps(
    const messages::BlockBatch& batch,
    const std::function<std::vector<store::Change>(const chain::BlockUpdate&)>& apply);

}  // namespace grid::actors
