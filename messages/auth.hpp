#pragma once

#include "messages/type_ids.hpp"

namespace grid::messages {

/// Who is there: nonces, login by wallet signature, sessions of one gateway. Tokens are checked by
/// lease/session_token.hpp without an actor round trip; what dies before its time (logout) reaches the
/// checkers by a published revocation table.
using auth_actor = caf::typed_actor<
    // A fresh single-use nonce, in both forms ready to sign.
    caf::replies_to<challenge_atom, Address>::with<Challenge>,
    // Checks the proof, burns the nonce, issues a session without a lease. Errors: bad_signature,
    // foreign_login, used_nonce, expired_login, clock_skew.
    caf::replies_to<login_atom, LoginProof>::with<Session>,
    // A session of this user bound to a lease that ends at the given time.
    caf::replies_to<bind_atom, Address, Hash, Timestamp>::with<Session>,
    // Ends all sessions of the user here (bumps the epoch).
    caf::replies_to<logout_atom, Address>::with<caf::unit_t>>;

}  // namespace grid::messages
