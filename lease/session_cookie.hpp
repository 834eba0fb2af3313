#pragma once

#include <optional>
#include <vector>

#include "lease/session_token.hpp"

namespace grid::lease {

/// What the names of session cookies begin with.
inline constexpr std::string_view kSessionCookiePrefix = "cpuser_";

/// "cpuser_0x<40 lower-case digits>": the session cookie of the gateway's own origin.
std::string session_cookie_name(const chain::Address& user);

/// The access cookie of an application's host. Browsers take a __Host- cookie only with Secure.
constexpr std::string_view app_cookie_name(bool secure) {
    return secure ? "__Host-grid-app" : "grid-app";
}

/// The value of a Set-Cookie header: HttpOnly; SameSite=Lax; Path=/; Max-Age, and Secure under TLS.
std::string set_cookie(std::string_view name, std::string_view value, chain::Seconds max_age, bool secure);
/// The same that deletes the cookie.
std::string clear_cookie(std::string_view name, bool secure);

/// One pair of a Cookie header.
struct Cookie {
    std::string_view name;
    std::string_view value;
    friend bool operator==(const Cookie&, const Cookie&) = default;
};

/// The pairs of one Cookie header, in order; pieces without '=' are passed over. Views into the header.
std::vector<Cookie> parse_cookies(std::string_view header);

/// The token of an "Authorization: Bearer" value; empty when it is of another scheme.
std::string_view bearer_token(std::string_view authorization) noexcept;

}  // namespace grid::lease
