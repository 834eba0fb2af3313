#pragma once

#include "messages/data.hpp"
#include "store/result.hpp"

namespace grid::actors {

/// What a request asks for, without who asks and by which Idempotency-Key.
chain::Hash hash_of(const messages::DeployRequest& request);
chain::Hash hash_of(const messages::ChangeRequest& request);

/// Whether a request is that for which a key was used; rows of earlier gateways do not say (zero).
inline bool repeats(const chain::Hash& before, const chain::Hash& now) {
    return before.is_zero() || before == now;
}

/// The answer to a key that comes with another request. Code `idempotency_key_reused`.
Error key_reused();

}  // namespace grid::actors
