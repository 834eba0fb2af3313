#pragma once

#include "store/environment.hpp"

namespace grid::actors {

/// Forgets what the projections have read from the chain, all of it or nothing; they read it anew when they
/// start. Leases, applications, sessions, quotes and the node's own transactions stay. Before any actor runs.
/// Codes: those of store::Environment.
Result<void> forget_projections(store::Environment& environment);

}  // namespace grid::actors
