#include "lease/session_cookie.hpp"

namespace grid::lease {
namespace {

constexpr std::string_view kSessionPrefix = "cpuser_";

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

/// Calls `visit(piece)` for every piece between semicolons, without the space around it.
template <class Visit>
void each_piece(std::string_view header, Visit visit) {
    while (!header.empty()) {
        const std::size_t end = header.find(';');
        visit(trimmed(header.substr(0, end)));
        if (end == std::string_view::npos) break;
        header.remove_prefix(end + 1);
    }
}

std::string_view name_of(std::string_view piece) {
    return trimmed(piece.substr(0, piece.find('=')));
}

bool same_ignoring_case(std::string_view a, std::string_view lower) {
    if (a.size() != lower.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
        const char c = a[i] >= 'A' && a[i] <= 'Z' ? static_cast<char>(a[i] - 'A' + 'a') : a[i];
        if (c != lower[i]) return false;
    }
    return true;
}

tl::unexpected<Error> no_token() {
    return fail("no_token", "no session came with the request; sign in");
}

}  // namespace

std::string session_cookie_name(const chain::Address& user) {
    return std::string(kSessionPrefix) + user.hex();
}

bool is_own_cookie(std::string_view name) noexcept {
    return name.starts_with(kSessionPrefix) || name == app_cookie_name(true) ||
           name == app_cookie_name(false);
}

std::string set_cookie(std::string_view name, std::string_view value, chain::Seconds max_age, bool secure) {
    std::string header(name);
    header += "=";
    header += value;
    header += "; Path=/; Max-Age=" + std::to_string(max_age.count) + "; HttpOnly; SameSite=Lax";
    if (secure) header += "; Secure";
    return header;
}

std::string clear_cookie(std::string_view name, bool secure) {
    return set_cookie(name, "", {0}, secure);
}

std::vector<Cookie> parse_cookies(std::string_view header) {
    std::vector<Cookie> cookies;
    each_piece(header, [&](std::string_view piece) {
        const std::size_t equals = piece.find('=');
        if (equals == std::string_view::npos) return;
        std::string_view value = trimmed(piece.substr(equals + 1));
        if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
            value = value.substr(1, value.size() - 2);
        cookies.push_back({name_of(piece), value});
    });
    return cookies;
}

std::string without_own_cookies(std::string_view header) {
    std::string kept;
    each_piece(header, [&](std::string_view piece) {
        if (piece.empty() || is_own_cookie(name_of(piece))) return;
        if (!kept.empty()) kept += "; ";
        kept += piece;
    });
    return kept;
}

Result<Claims> find_session(std::string_view cookie_header, const SessionTokens& tokens, chain::Timestamp now,
                            const RevocationEpochs& epochs, const chain::Hash& lease) {
    Result<Claims> best = no_token();
    for (const Cookie& cookie : parse_cookies(cookie_header)) {
        if (!cookie.name.starts_with(kSessionPrefix)) continue;
        auto claims = tokens.check(cookie.value, now, epochs);
        if (claims && (claims->audience != Audience::api || cookie.name != session_cookie_name(claims->user)))
            claims = fail("foreign_token", "the session token is not one of this cookie; sign in again");
        if (claims && (lease.is_zero() || claims->lease_key == lease)) return claims;
        if (!best) best = std::move(claims);
    }
    return best;
}

Result<Claims> find_app_access(std::string_view cookie_header, bool secure, const SessionTokens& tokens,
                               chain::Timestamp now, const RevocationEpochs& epochs, const chain::Hash& lease,
                               std::string_view app) {
    Result<Claims> best = no_token();
    for (const Cookie& cookie : parse_cookies(cookie_header)) {
        if (cookie.name != app_cookie_name(secure)) continue;
        best = tokens.check(cookie.value, now, epochs);
        if (best && (best->audience != Audience::app_host || best->lease_key != lease || best->app != app ||
                     !best->scopes.has(Scope::proxy)))
            best = fail("foreign_token", "the access token is for another application; open this one anew");
        if (best) return best;
    }
    return best;
}

std::string_view bearer_token(std::string_view authorization) noexcept {
    constexpr std::string_view kScheme = "bearer ";
    authorization = trimmed(authorization);
    if (!same_ignoring_case(authorization.substr(0, kScheme.size()), kScheme)) return {};
    return trimmed(authorization.substr(kScheme.size()));
}

}  // namespace grid::lease
