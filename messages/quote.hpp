#pragma once

#include "messages/type_ids.hpp"

namespace grid::messages {

/// What this provider would take, and its signature under it.
using quote_actor = caf::typed_actor<
    // Unsigned and free of side effects.
    caf::replies_to<estim_atom, Terms>::with<Estimate>,
    // Signed for terms.user. Errors: not_acceptable (with the reason), too_many_quotes, not_registered (yet,
    // as far as this node knows the chain).
    caf::replies_to<quote_atom, Terms>::with<SignedQuote>>;

}  // namespace grid::messages
