#include "web/access.hpp"

#include <catch2/catch.hpp>

#include "fake_actors.hpp"
#include "lease/session_cookie.hpp"
#include "web/proxy/head.hpp"

using namespace grid;
using namespace grid::web;
using test::address_of;
using test::hash_of;
using Verdict = proxy::Access::Verdict;

namespace {

constexpr std::uint64_t kNow = 1'800'000'000;
const std::string kAppHost = "web--cd000000000000000000.apps.localhost:8090";
const std::string kApiHost = "127.0.0.1:8090";

struct Fixture {
    std::shared_ptr<lease::SessionPublisher> sessions = std::make_shared<lease::SessionPublisher>(
        lease::SessionTokens(hash_of(200), lease::KeyRing::generate({kNow})));
    OwnersAccess access{sessions, {"apps.localhost", false}};
    lease::Route route;

    Fixture() {
        route.lease_key = hash_of(1).hex().substr(2);
        route.app = "web";
        route.owner = address_of(1);
    }

    std::string token(lease::Audience audience, std::uint8_t user = 1, std::uint8_t lease_number = 1,
                      std::string app = "web", lease::Scopes scopes = lease::Scopes::all()) {
        lease::Claims claims;
        claims.user = address_of(user);
        if (lease_number != 0) claims.lease_key = hash_of(lease_number);
        claims.expires_at = {kNow + 600};
        claims.scopes = scopes;
        claims.audience = audience;
        if (audience != lease::Audience::api) claims.app = std::move(app);
        return sessions->tokens()->issue(claims);
    }

    proxy::Access check(const std::string& lines, const std::string& host = kAppHost,
                        const std::string& method = "GET", std::uint64_t now = kNow) {
        const std::string text = method + (host == kAppHost ? " /x" : " /a/cd000000000000000000/web/x") +
                                 " HTTP/1.1\r\nHost: " + host + "\r\n" + lines + "\r\n";
        proxy::RequestHead head;
        REQUIRE_FALSE(proxy::parse_request_head(text, {}, head));
        return access.check(route, head, now);
    }
    std::string app_cookie(const std::string& value, const char* name = "grid-app") {
        return std::string("Cookie: ") + name + "=" + value + "\r\n";
    }
    std::string api_cookie(const std::string& value, std::uint8_t user = 1) {
        return "Cookie: " + lease::session_cookie_name(address_of(user)) + "=" + value + "\r\n";
    }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "the owner visits by the cookie of the application's host") {
    const auto good = token(lease::Audience::app_host, 1, 1, "web", lease::Scope::proxy);
    const auto visit = check(app_cookie(good));
    CHECK(visit.verdict == Verdict::allowed);
    CHECK(visit.user == address_of(1).checksummed());
    CHECK_FALSE(visit.strip_authorization);
    CHECK(check("Cookie: grid-app=forged; grid-app=" + good + "\r\n").verdict == Verdict::allowed);

    struct Row {
        const char* what;
        std::string lines;
    };
    const Row rows[] = {
        {"nothing", ""},
        {"a forged one", app_cookie(good + "A")},
        {"under another name", app_cookie(good, "grid")},
        {"under the name for TLS", app_cookie(good, "__Host-grid-app")},
        {"another application's", app_cookie(token(lease::Audience::app_host, 1, 1, "shop"))},
        {"another lease's", app_cookie(token(lease::Audience::app_host, 1, 2))},
        {"a session of the API in its place", app_cookie(token(lease::Audience::api))},
        {"a handoff in its place", app_cookie(token(lease::Audience::handoff))},
        {"the API's cookie on the application's host", api_cookie(token(lease::Audience::api))},
    };
    for (const auto& row : rows) {
        CAPTURE(row.what);
        const auto refused = check(row.lines);
        CHECK(refused.verdict == Verdict::unauthenticated);
        CHECK(refused.user.empty());
        CHECK_FALSE(refused.reason.empty());
    }
    CHECK(check(app_cookie(good), kAppHost, "GET", kNow + 600).verdict == Verdict::unauthenticated);
    CHECK(check(app_cookie(token(lease::Audience::app_host, 2))).verdict == Verdict::forbidden);
    CHECK(check(app_cookie(token(lease::Audience::app_host, 1, 1, "web", lease::Scope::read))).verdict ==
          Verdict::forbidden);
    route.epoch = 1;
    CHECK(check(app_cookie(good)).verdict == Verdict::forbidden);
}

TEST_CASE_METHOD(Fixture, "access ends at once with a logout or the lease") {
    const auto good = token(lease::Audience::app_host);
    CHECK(check(app_cookie(good)).verdict == Verdict::allowed);
    lease::RevocationEpochs epochs;
    epochs.set(address_of(1), 1);
    sessions->publish(epochs);
    CHECK(check(app_cookie(good)).verdict == Verdict::unauthenticated);
    sessions->publish(lease::RevocationEpochs{});
    sessions->end(hash_of(1));
    CHECK(check(app_cookie(good)).verdict == Verdict::unauthenticated);
}

TEST_CASE_METHOD(Fixture,
                 "a tool visits by a Bearer token on either host, and the application never sees it") {
    for (const auto& host : {kAppHost, kApiHost}) {
        for (const std::uint8_t lease_number : {0, 1}) {
            const auto visit =
                check("Authorization: Bearer " + token(lease::Audience::api, 1, lease_number) + "\r\n", host,
                      "POST");
            CHECK(visit.verdict == Verdict::allowed);
            CHECK(visit.strip_authorization);
        }
        const auto other_lease =
            check("Authorization: Bearer " + token(lease::Audience::api, 1, 2) + "\r\n", host);
        CHECK(other_lease.verdict == Verdict::forbidden);
        CHECK(other_lease.strip_authorization);
        const auto stranger =
            check("Authorization: Bearer " + token(lease::Audience::api, 2, 0) + "\r\n", host);
        CHECK(stranger.verdict == Verdict::forbidden);
        CHECK(stranger.user.empty());
    }
    // An expired one is still ours: it is taken away, and a cookie does not make up for it.
    const auto expired = check("Authorization: Bearer " + token(lease::Audience::api) + "\r\n" +
                                   app_cookie(token(lease::Audience::app_host)),
                               kAppHost, "GET", kNow + 600);
    CHECK(expired.verdict == Verdict::unauthenticated);
    CHECK(expired.strip_authorization);
    // What is not ours is the application's own affair.
    for (const auto* own : {"Authorization: Bearer app-token\r\n", "Authorization: Basic dTpw\r\n"}) {
        const auto visit = check(own + app_cookie(token(lease::Audience::app_host)));
        CHECK(visit.verdict == Verdict::allowed);
        CHECK_FALSE(visit.strip_authorization);
    }
}

TEST_CASE_METHOD(Fixture, "the path form takes the API's cookie, for writes only from the API's own page") {
    const auto good = token(lease::Audience::api, 1, 0);
    CHECK(check(api_cookie(good), kApiHost).verdict == Verdict::allowed);
    CHECK(check(api_cookie(token(lease::Audience::api, 1, 1)), kApiHost).verdict == Verdict::allowed);
    CHECK(check(api_cookie(token(lease::Audience::api, 1, 2)), kApiHost).verdict == Verdict::forbidden);
    CHECK(check(api_cookie(token(lease::Audience::api, 2, 0), 2), kApiHost).verdict == Verdict::forbidden);
    CHECK(check(app_cookie(token(lease::Audience::app_host)), kApiHost).verdict == Verdict::unauthenticated);
    CHECK(check(api_cookie(good), kApiHost, "POST").verdict == Verdict::unauthenticated);
    CHECK(check(api_cookie(good) + "Origin: http://127.0.0.1:8090\r\n", kApiHost, "POST").verdict ==
          Verdict::allowed);
    CHECK(check(api_cookie(good) + "Origin: null\r\n", kApiHost, "POST").verdict == Verdict::unauthenticated);
}

TEST_CASE_METHOD(Fixture, "a page of another tenant gets nothing by the visitor's cookie") {
    const auto cookie = app_cookie(token(lease::Audience::app_host));
    const std::string own = "Origin: http://" + kAppHost + "\r\n";
    const std::string upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\n";
    CHECK(check(cookie + own, kAppHost, "POST").verdict == Verdict::allowed);
    CHECK(check(cookie + own + upgrade).verdict == Verdict::allowed);
    CHECK(check(cookie, kAppHost, "POST").verdict ==
          Verdict::allowed);  // old clients leave it out on their own site
    CHECK(check(cookie + upgrade).verdict ==
          Verdict::unauthenticated);  // no browser opens a WebSocket without it
    for (const std::string origin : {"http://shop--cd000000000000000000.apps.localhost:8090", "null",
                                     "http://apps.localhost:8090", "http://evil.example.org"}) {
        CAPTURE(origin);
        const auto foreign = "Origin: " + origin + "\r\n";
        CHECK(check(cookie + foreign).verdict == Verdict::unauthenticated);
        CHECK(check(cookie + foreign, kAppHost, "POST").verdict == Verdict::unauthenticated);
        CHECK(check(cookie + foreign + upgrade).verdict == Verdict::unauthenticated);
    }
    CHECK(check(cookie + own + "Origin: http://evil.example.org\r\n").verdict == Verdict::unauthenticated);
}

TEST_CASE_METHOD(Fixture, "a public application is kept from nobody, and still told who its owner is") {
    route.is_public = true;
    CHECK(check("").verdict == Verdict::unauthenticated);
    CHECK(check(app_cookie(token(lease::Audience::app_host, 2))).verdict == Verdict::unauthenticated);
    CHECK(check("Authorization: Bearer " + token(lease::Audience::api, 2, 0) + "\r\n").strip_authorization);
    CHECK(check(app_cookie(token(lease::Audience::app_host))).user == address_of(1).checksummed());
}

TEST_CASE_METHOD(Fixture, "behind TLS only the cookie that browsers keep for this host alone counts") {
    const OwnersAccess secure(sessions, {"apps.localhost", true});
    const auto good = token(lease::Audience::app_host);
    const auto visit = [&](const std::string& cookie) {
        const std::string text = "GET / HTTP/1.1\r\nHost: " + kAppHost + "\r\n" + cookie + "\r\n";
        proxy::RequestHead head;
        REQUIRE_FALSE(proxy::parse_request_head(text, {}, head));
        return secure.check(route, head, kNow).verdict;
    };
    CHECK(visit(app_cookie(good, "__Host-grid-app")) == Verdict::allowed);
    CHECK(visit(app_cookie(good)) == Verdict::unauthenticated);
}
