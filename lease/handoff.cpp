#include "lease/handoff.hpp"

#include <algorithm>

#include "lease/lease_key.hpp"

namespace grid::lease {

Result<std::string> issue_handoff(const SessionTokens& tokens, const Claims& session,
                                  const chain::Hash& lease_key, std::string_view app, chain::Timestamp now,
                                  chain::Timestamp lease_ends) {
    if (!valid_app_name(app)) return fail("bad_app_name", "there is no application of that name");
    if (session.audience != Audience::api || !session.scopes.has(Scope::proxy) ||
        (!session.lease_key.is_zero() && session.lease_key != lease_key))
        return fail("forbidden", "this session may not open the application");
    Claims claims = session;
    claims.audience = Audience::handoff;
    claims.lease_key = lease_key;
    claims.app = app;
    claims.scopes = Scope::proxy;
    claims.expires_at = now + kHandoffLife;
    claims.access_ends_at = std::min(session.expires_at, lease_ends);
    if (claims.access_ends_at <= now) return fail("expired_token", "the session or the order has ended");
    return tokens.issue(claims);
}

Result<Claims> HandoffBook::take(const SessionTokens& tokens, std::string_view token,
                                 const chain::Hash& lease_key, std::string_view app, chain::Timestamp now,
                                 const RevocationEpochs& epochs) {
    while (!by_expiry_.empty() && by_expiry_.begin()->first <= now) {
        used_.erase(by_expiry_.begin()->second);
        by_expiry_.erase(by_expiry_.begin());
    }
    auto claims = tokens.check(token, now, epochs);
    if (!claims) return claims;
    if (claims->audience != Audience::handoff || claims->lease_key != lease_key || claims->app != app)
        return fail("foreign_token", "the link is for another application; open this one anew");
    if (claims->expires_at < started_at_ + kHandoffLife || used_.contains(claims->id))
        return fail("used_token", "the link was used before; open the application anew");
    if (now >= claims->access_ends_at) return fail("expired_token", "the session or the order has ended");
    if (used_.size() >= capacity_)
        return fail("overloaded", "too many applications are being opened; try again");
    used_.insert(claims->id);
    by_expiry_.emplace(claims->expires_at, claims->id);
    claims->audience = Audience::app_host;
    claims->expires_at = claims->access_ends_at;
    claims->access_ends_at = {};
    return claims;
}

}  // namespace grid::lease
