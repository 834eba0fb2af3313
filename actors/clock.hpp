#pragma once

#include <functional>

#include "chain/time.hpp"

namespace grid::actors {

/// Chain time as this node sees it: the timestamp that a block made now would bear. Injected everywhere.
using Clock = std::function<chain::Timestamp()>;

}  // namespace grid::actors
