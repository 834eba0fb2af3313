#include "web/access.hpp"

#include "lease/session_cookie.hpp"
#include "web/proxy/head.hpp"
#include "web/session_lookup.hpp"

namespace grid::web {

namespace {

bool is_safe(std::string_view method) noexcept {
    return method == "GET" || method == "HEAD";
}

/// Whether a browser made this request for a page of the same host: the scheme is not compared, because TLS
/// may end before us. `required`: without an Origin header it does not count.
bool from_own_page(const proxy::RequestHead& head, bool required) {
    std::string_view origin;
    for (const auto& field : head.fields) {
        if (!proxy::equal_ignoring_case(field.name, "origin")) continue;
        if (!origin.empty() || field.value.empty()) return false;
        origin = field.value;
    }
    if (origin.empty()) return !required;
    const auto scheme = origin.find("://");
    return scheme != std::string_view::npos &&
           proxy::equal_ignoring_case(origin.substr(scheme + 3), head.authority);
}

}  // namespace

OwnersAccess::OwnersAccess(std::shared_ptr<const lease::SessionPublisher> sessions, Options options)
    : sessions_(std::move(sessions)), options_(std::move(options)) {}

/// A cookie comes with every request that a browser makes to this host, also for the page of another tenant:
/// the hosts of all applications are one site. So a cookie counts only for requests of the host's own pages,
/// and for plain navigation.
Result<lease::Claims> OwnersAccess::by_cookie(const lease::Route& route, const proxy::RequestHead& head,
                                              chain::Timestamp now, const chain::Hash& lease_key) const {
    const auto host = proxy::host_name(head.authority);
    const bool app_host = !options_.apps_domain.empty() && host.ends_with("." + options_.apps_domain);
    // On the API host a write needs an Origin for certain: old browsers leave it out of cross-site forms.
    const bool origin_required = (!app_host && !is_safe(head.method)) || head.upgrade;
    if (!from_own_page(head, origin_required))
        return fail("no_token",
                    "a page of another origin may not use this session; use Authorization: Bearer");
    Result<lease::Claims> last =
        fail("no_token", app_host ? "Open the application from the gateway, or log in there."
                                  : "Log in with the wallet that ordered it.");
    for (const auto& field : head.fields) {
        if (field.id != proxy::FieldId::cookie) continue;
        auto claims = app_host ? find_app_cookie(field.value, options_.secure_cookies, *sessions_, now,
                                                 lease_key, route.app)
                               : find_api_cookie(field.value, *sessions_, now, lease_key);
        if (claims || claims.error().code != "no_token") last = std::move(claims);
        if (last) break;
    }
    return last;
}

proxy::Access OwnersAccess::check(const lease::Route& route, const proxy::RequestHead& head,
                                  std::uint64_t unix_now) const {
    using Verdict = proxy::Access::Verdict;
    proxy::Access access;
    const chain::Timestamp now{unix_now};
    const auto lease_key = chain::Hash::parse("0x" + route.lease_key);
    if (!lease_key) {
        access.verdict = Verdict::forbidden;
        access.reason = "The application has no lease.";
        return access;
    }
    Result<lease::Claims> claims = fail("no_token", "");
    bool decided = false;
    const auto token = lease::bearer_token(head.value("authorization"));
    if (!token.empty()) {
        claims = check_api_token(token, *sessions_, now);
        // What is not a token of ours is the application's own affair and goes on to it.
        decided = claims || claims.error().code != "bad_token";
        access.strip_authorization = decided;
    }
    if (!decided) claims = by_cookie(route, head, now, *lease_key);
    if (!claims) {
        access.reason = claims.error().message;
        return access;
    }
    const bool owner = claims->user == route.owner;
    const bool right_lease = claims->lease_key.is_zero() || claims->lease_key == *lease_key;
    if (!owner || !right_lease || !claims->scopes.has(lease::Scope::proxy) || claims->epoch < route.epoch) {
        // A stranger's session is no reason to keep a visitor from a public application.
        access.verdict = route.is_public ? Verdict::unauthenticated : Verdict::forbidden;
        access.reason = owner
                            ? "This session is not for this application."
                            : "This application is private, and your wallet is not the one that ordered it.";
        return access;
    }
    access.verdict = Verdict::allowed;
    access.user = claims->user.checksummed();
    return access;
}

}  // namespace grid::web
