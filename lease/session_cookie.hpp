#pragma once

#include <optional>
#include <vector>

#include "lease/session_token.hpp"

namespace grid::lease {

/// "cpuser_0x<40 lower-case digits>": the session cookie of the gateway's own origin.
std::string session_cookie_name(const chain::Address& user);

/// The access cookie of an application's host. Browsers take a __Host- cookie only with Secure.
constexpr std::string_view app_cookie_name(bool secure) {
    return secure ? "__Host-grid-app" : "grid-app";
}

/// Whether a cookie is one of ours (either name of it): such are never forwarded to an application.
bool is_own_cookie(std::string_view name) noexcept;

/// The value of a Set-Cookie header: HttpOnly; SameSite=Lax; Path=/; Max-Age, and Secure under TLS.
std::string set_cookie(std::string_view name, std::string_view value, chain::Seconds max_age, bool secure);
/// The same that deletes the cookie.
std::string clear_cookie(std::string_view name, bool secure);

struct Cookie {
    std::string_view name;
    std::string_view value;
    friend bool operator==(const Cookie&, const Cookie&) = default;
};

/// The pairs of one Cookie header, in order; pieces without '=' are passed over. Views into the header.
std::vector<Cookie> parse_cookies(std::string_view header);

/// The Cookie header without our own cookies; empty when nothing is left.
std::string without_own_cookies(std::string_view header);

/// The first good session in a Cookie header: of the API's audience, in a cookie named after its user. A bad
/// cookie of a right name never ends the search. Without a good one: the error of the last candidate, or code
/// `no_token`. `lease`: when not zero, sessions of that lease are preferred; one of another lease is still
/// answered when it is all there is.
Result<Claims> find_session(std::string_view cookie_header, const SessionTokens& tokens, chain::Timestamp now,
                            const RevocationEpochs& epochs, const chain::Hash& lease = {});

/// The first good access cookie of an application's host in a Cookie header. Codes as above, and
/// `foreign_token` for another lease or app.
Result<Claims> find_app_access(std::string_view cookie_header, bool secure, const SessionTokens& tokens,
                               chain::Timestamp now, const RevocationEpochs& epochs, const chain::Hash& lease,
                               std::string_view app);

/// The token of an "Authorization: Bearer" value; empty when it is of another scheme.
std::string_view bearer_token(std::string_view authorization) noexcept;

}  // namespace grid::lease
