#pragma once

#include "messages/chain.hpp"

namespace grid::messages {

/// Projection of the Registry: who offers what at which price.
using registry_actor = block_sink_actor::extend<
    // One provider. Error: not_found.
    caf::replies_to<find_atom, Address>::with<ProviderRow>,
    // A page in the order of registration. Error: bad_cursor.
    caf::replies_to<list_atom, ProviderQuery>::with<ProviderPage>>;

}  // namespace grid::messages
