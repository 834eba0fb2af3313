#pragma once

#include <map>
#include <set>

#include "lease/session_token.hpp"

namespace grid::lease {

/// Life of a handoff: the time of a redirect.
inline constexpr chain::Seconds kHandoffLife{60};

/// A one-time token that carries `session` (of the API's audience) to the host of one application of its
/// lease: put into the redirect to that host. Scopes are cut to visiting; the access ends with the session,
/// or at `lease_ends` when that is earlier. Codes: `bad_app_name`; `forbidden` (the session may not visit, or
/// is of another lease); `expired_token`.
Result<std::string> issue_handoff(const SessionTokens& tokens, const Claims& session,
                                  const chain::Hash& lease_key, std::string_view app, chain::Timestamp now,
                                  chain::Timestamp lease_ends);

/// Remembers which handoffs were used. One per gateway process, in the memory of its caller; not thread-safe.
/// A restart forgets them, therefore those that were issued before it are refused.
class HandoffBook {
public:
    explicit HandoffBook(chain::Timestamp started_at, std::size_t capacity = 100'000)
        : started_at_(started_at), capacity_(capacity) {}

    /// Takes a handoff at the application's host, once, and answers the claims for the access cookie there
    /// (issue them as they are). Codes: those of SessionTokens::check; `foreign_token` (not a handoff, other
    /// lease or app); `used_token`; `overloaded` (as many live used ones as the capacity).
    Result<Claims> take(const SessionTokens& tokens, std::string_view token, const chain::Hash& lease_key,
                        std::string_view app, chain::Timestamp now, const RevocationEpochs& epochs);

private:
    using Id = std::array<std::uint8_t, 16>;
    chain::Timestamp started_at_;
    std::size_t capacity_;
    std::set<Id> used_;
    std::multimap<chain::Timestamp, Id> by_expiry_;
};

}  // namespace grid::lease
