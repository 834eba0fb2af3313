#include "lease/session_cookie.hpp"

namespace grid::lease {
namespace {

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

bool same_ignoring_case(std::string_view a, std::string_view lower) {
    if (a.size() != lower.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
        const char c = a[i] >= 'A' && a[i] <= 'Z' ? static_cast<char>(a[i] - 'A' + 'a') : a[i];
        if (c != lower[i]) return false;
    }
    return true;
}

}  // namespace

std::string session_cookie_name(const chain::Address& user) {
    return std::string(kSessionCookiePrefix) + user.hex();
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
    while (!header.empty()) {
        const std::size_t end = header.find(';');
        const std::string_view piece = header.substr(0, end);
        header = end == std::string_view::npos ? std::string_view{} : header.substr(end + 1);
        const std::size_t equals = piece.find('=');
        if (equals == std::string_view::npos) continue;
        std::string_view value = trimmed(piece.substr(equals + 1));
        if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
            value = value.substr(1, value.size() - 2);
        cookies.push_back({trimmed(piece.substr(0, equals)), value});
    }
    return cookies;
}

std::string_view bearer_token(std::string_view authorization) noexcept {
    constexpr std::string_view kScheme = "bearer ";
    authorization = trimmed(authorization);
    if (!same_ignoring_case(authorization.substr(0, kScheme.size()), kScheme)) return {};
    return trimmed(authorization.substr(kScheme.size()));
}

}  // namespace grid::lease
