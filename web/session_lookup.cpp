#include "web/session_lookup.hpp"

#include "lease/session_cookie.hpp"

namespace grid::web {

Result<lease::Claims> check_api_token(std::string_view token, const lease::SessionPublisher& sessions,
                                      chain::Timestamp now) {
    auto claims = sessions.check(token, now);
    if (claims && claims->audience != lease::Audience::api)
        return fail("foreign_token", "this token is for an application's host, not for the API");
    return claims;
}

Result<lease::Claims> find_api_cookie(std::string_view cookies, const lease::SessionPublisher& sessions,
                                      chain::Timestamp now, const chain::Hash& lease) {
    Result<lease::Claims> best = fail("no_token", "no session came with the request: log in first");
    for (const auto& cookie : lease::parse_cookies(cookies)) {
        if (!cookie.name.starts_with(lease::kSessionCookiePrefix)) continue;
        auto claims = check_api_token(cookie.value, sessions, now);
        if (claims && lease::session_cookie_name(claims->user) != cookie.name)
            claims = fail("bad_token", "the session is not of the user that its cookie names");
        if (claims && (lease.is_zero() || claims->lease_key == lease)) return claims;
        if (claims || !best) best = std::move(claims);
    }
    return best;
}

Result<lease::Claims> find_app_cookie(std::string_view cookies, bool secure,
                                      const lease::SessionPublisher& sessions, chain::Timestamp now,
                                      const chain::Hash& lease, std::string_view app) {
    Result<lease::Claims> last =
        fail("no_token", "log in at the gateway and open the application from there");
    for (const auto& cookie : lease::parse_cookies(cookies)) {
        if (cookie.name != lease::app_cookie_name(secure)) continue;
        auto claims = sessions.check(cookie.value, now);
        if (claims && (claims->audience != lease::Audience::app_host || claims->lease_key != lease ||
                       claims->app != app))
            claims = fail("foreign_token", "the access is for another application");
        if (claims) return claims;
        last = std::move(claims);
    }
    return last;
}

Result<Visitor> find_visitor(const std::string* authorization, const std::string* cookies,
                             const lease::SessionPublisher& sessions, chain::Timestamp now,
                             const chain::Hash& lease) {
    if (authorization) {
        const auto token = lease::bearer_token(*authorization);
        if (!token.empty()) {
            auto claims = check_api_token(token, sessions, now);
            if (!claims) return tl::unexpected(claims.error());
            return Visitor{std::move(*claims), false};
        }
    }
    auto claims =
        find_api_cookie(cookies ? std::string_view(*cookies) : std::string_view{}, sessions, now, lease);
    if (!claims) return tl::unexpected(claims.error());
    return Visitor{std::move(*claims), true};
}

}  // namespace grid::web
