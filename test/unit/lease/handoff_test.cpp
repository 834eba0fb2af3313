#include "lease/handoff.hpp"

#include <catch2/catch.hpp>

using namespace grid;
using lease::Audience;
using lease::Scope;

namespace {

chain::Hash hash(std::uint8_t n) {
    chain::Hash h;
    h.bytes.fill(n);
    return h;
}

lease::Claims session() {
    lease::Claims c;
    c.user.bytes.fill(5);
    c.lease_key = hash(2);
    c.expires_at = {5000};
    c.scopes = lease::Scopes::all();
    c.epoch = 1;
    return c;
}

const lease::SessionTokens& tokens() {
    static const lease::SessionTokens made(hash(1), lease::KeyRing::generate({1000}));
    return made;
}

template <class T>
std::string code(const Result<T>& result) {
    return result ? "ok" : result.error().code;
}

}  // namespace

TEST_CASE("a handoff opens its application once, for visiting, until the session or the order ends") {
    lease::HandoffBook book({900});
    const auto token = lease::issue_handoff(tokens(), session(), hash(2), "web", {1000}, {3000});
    REQUIRE(token);
    const auto access = book.take(tokens(), *token, hash(2), "web", {1030}, {});
    REQUIRE(access);
    CHECK(access->audience == Audience::app_host);
    CHECK(access->scopes == lease::Scopes(Scope::proxy));
    CHECK(access->expires_at == chain::Timestamp{3000});
    CHECK(access->app == "web");
    CHECK(code(book.take(tokens(), *token, hash(2), "web", {1031}, {})) == "used_token");
    const auto cookie = tokens().check(tokens().issue(*access), {2999}, {});
    REQUIRE(cookie);
    CHECK(cookie->audience == Audience::app_host);
}

TEST_CASE("a handoff is bound to its lease, application and minute, and dies with a logout or a restart") {
    lease::HandoffBook book({900});
    const auto token = *lease::issue_handoff(tokens(), session(), hash(2), "web", {1000}, {3000});
    CHECK(code(book.take(tokens(), token, hash(3), "web", {1000}, {})) == "foreign_token");
    CHECK(code(book.take(tokens(), token, hash(2), "other", {1000}, {})) == "foreign_token");
    CHECK(code(book.take(tokens(), token, hash(2), "web", {1060}, {})) == "expired_token");
    CHECK(code(book.take(tokens(), tokens().issue(session()), hash(2), "web", {1000}, {})) ==
          "foreign_token");
    lease::RevocationEpochs epochs;
    epochs.set(session().user, 2);
    CHECK(code(book.take(tokens(), token, hash(2), "web", {1000}, epochs)) == "revoked_token");
    lease::HandoffBook restarted({1001});
    CHECK(code(restarted.take(tokens(), token, hash(2), "web", {1002}, {})) == "used_token");
    CHECK(code(book.take(tokens(), token, hash(2), "web", {1002}, {})) == "ok");  // refusals used nothing up
}

TEST_CASE("only a session of the API that may visit gets a handoff") {
    CHECK(code(lease::issue_handoff(tokens(), session(), hash(3), "web", {1000}, {3000})) == "forbidden");
    CHECK(code(lease::issue_handoff(tokens(), session(), hash(2), "Web", {1000}, {3000})) == "bad_app_name");
    CHECK(code(lease::issue_handoff(tokens(), session(), hash(2), "web", {1000}, {1000})) == "expired_token");
    auto narrow = session();
    narrow.scopes = Scope::logs;
    CHECK(code(lease::issue_handoff(tokens(), narrow, hash(2), "web", {1000}, {3000})) == "forbidden");
    auto app = session();
    app.audience = Audience::app_host;
    CHECK(code(lease::issue_handoff(tokens(), app, hash(2), "web", {1000}, {3000})) == "forbidden");
    auto loose = session();
    loose.lease_key = {};
    CHECK(code(lease::issue_handoff(tokens(), loose, hash(2), "web", {1000}, {3000})) == "ok");
}

TEST_CASE("the memory of used handoffs is bounded and forgets what has expired") {
    lease::HandoffBook book({900}, 2);
    const auto take = [&](std::uint64_t now) {
        const auto token = *lease::issue_handoff(tokens(), session(), hash(2), "web", {now}, {3000});
        return code(book.take(tokens(), token, hash(2), "web", {now}, {}));
    };
    CHECK(take(1000) == "ok");
    CHECK(take(1000) == "ok");
    CHECK(take(1000) == "overloaded");
    CHECK(take(1060) == "ok");
}
