#include "web/proxy/connection.hpp"

// Whether a visitor gets to an application now, and what of the request goes there.
namespace grid::web::proxy {

namespace {

OwnAnswer order_ended() {
    return {410,
            "The order has ended",
            "The order that paid for this application has ended, so it is served no longer.",
            {},
            {}};
}

}  // namespace

/// Why this visitor does not get to the application now, if so.
std::optional<OwnAnswer> Connection::refusal(const lease::Route& route, const Access& access,
                                             const std::string& label) const {
    using Verdict = Access::Verdict;
    const auto words = [](const std::string& given, const char* fallback) {
        return given.empty() ? fallback : given;
    };
    if (access.verdict == Verdict::forbidden) {
        return OwnAnswer{
            403, "Not allowed", words(access.reason, "Your session does not allow this."), {}, {}};
    }
    if (access.verdict == Verdict::unauthenticated && !route.is_public) {
        OwnAnswer answer{401,
                         "This application is private",
                         words(access.reason, "Log in with the wallet that ordered it."),
                         {{"WWW-Authenticate", "Bearer realm=\"grid\""}},
                         {}};
        if (!shared_.wiring->login_url.empty()) answer.link = shared_.wiring->login_url + label;
        return answer;
    }
    switch (route.state) {
        case lease::RouteState::starting:
            return OwnAnswer{503,
                             "The application is starting",
                             words(route.reason, "Try again in a moment."),
                             {{"Retry-After", "2"}},
                             {}};
        case lease::RouteState::failed:
            return OwnAnswer{
                502,
                "The application has failed",
                words(route.reason, "It was started and does not run. Its owner finds why in its log."),
                {},
                {}};
        case lease::RouteState::stopped:
            return OwnAnswer{503, "The application is stopped", "Its owner has stopped it.", {}, {}};
        case lease::RouteState::ended:
        case lease::RouteState::ready:
            break;
    }
    if (route.upstreams.empty()) {
        return OwnAnswer{503,
                         "The application is starting",
                         "No copy of it is ready yet. Try again in a moment.",
                         {{"Retry-After", "2"}},
                         {}};
    }
    const auto limit = shared_.options.max_proxy_body;
    if (limit != 0 && head_.content_length && *head_.content_length > limit) {
        return OwnAnswer{
            413, "Body too large", "At most " + std::to_string(limit) + " bytes are forwarded.", {}, {}};
    }
    return std::nullopt;
}

Task<bool> Connection::forward(Destination to) {
    const lease::Route& route = *to.route;
    record_.lease_key = route.lease_key;
    record_.app = route.app;
    const auto now = worker_.unix_now();
    if (route.ended(now)) {
        count(shared_.counters.refused);
        record_.local = true;
        co_return co_await answer(order_ended());
    }
    Access access = shared_.wiring->access->check(route, head_, now);
    record_.user = access.user;
    if (access.temporary_url) record_.target = head_.path;
    if (auto own = refusal(route, access, to.label)) {
        count(shared_.counters.refused);
        record_.local = true;
        co_return co_await answer(std::move(*own));
    }
    count(shared_.counters.forwarded);
    count(route.traffic->requests);
    route_ = to.route;
    route_label_ = to.label;
    own_host_ = sandbox_ ? std::string{} : to.host;
    no_referrer_ = access.temporary_url;

    RequestRewrite rewrite;
    rewrite.target = access.target.empty() ? std::string_view(to.target) : std::string_view(access.target);
    rewrite.client = record_.client;
    rewrite.prefix = to.prefix;
    rewrite.user = access.user;
    rewrite.strip_authorization = access.strip_authorization;
    if (shared_.trusts(peer_) && equal_ignoring_case(head_.value("x-forwarded-proto"), "https")) {
        rewrite.proto = "https";
    }
    out_.clear();
    rewrite_request(head_, rewrite, out_);
    co_return co_await exchange(to);
}

}  // namespace grid::web::proxy
