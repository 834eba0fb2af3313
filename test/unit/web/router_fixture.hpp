#pragma once

#include "recorded_reply.hpp"
#include "web/router.hpp"

/// A router with a few routes, for tests of what it does before and after their handlers.
namespace grid::test {

using namespace web;

inline chain::Address user_of(std::uint8_t last) {
    chain::Address address;
    address.bytes[19] = last;
    return address;
}

inline Handler answers(std::string text) {
    return [text](Call&) -> Task<ApiReply> { co_return json_reply("\"" + text + "\""); };
}

inline ApiRoute route(std::string method, std::string pattern, Access access, Handler handler,
                      std::size_t body_limit = 0) {
    auto operation = method + pattern;
    return {std::move(method), std::move(pattern), std::move(operation), access, body_limit, 1,
            std::move(handler)};
}

/// Two routes open to all, one that reads the parameter, writes that need a session.
struct RouterFixture {
    int writes = 0;
    SteadyTime time{0};

    std::vector<ApiRoute> routes() {
        auto write = [this](Call&) -> Task<ApiReply> {
            ++writes;
            co_return json_reply("{\"write\":" + std::to_string(writes) + "}", 201);
        };
        auto breaks = [](Call&) -> Task<ApiReply> {
            throw std::runtime_error("secret of the inside");
            co_return ApiReply{};
        };
        auto parameter = [](Call& call) -> Task<ApiReply> {
            call.query.done();
            co_return json_reply("\"" + call.param("id") + "\"");
        };
        auto conflict = [this](Call&) -> Task<ApiReply> {
            ++writes;
            refuse(409, "wrong_state", "the order is not running");
            co_return ApiReply{};
        };
        auto fails = [this](Call&) -> Task<ApiReply> {
            ++writes;
            refuse(503, "unavailable", "later");
            co_return ApiReply{};
        };
        return {route("GET", "/", Access::open(), answers("root")),
                route("GET", "/v1/things", Access::open(), answers("things")),
                route("POST", "/v1/things", Access::session(lease::Scope::deploy), write, 64),
                route("GET", "/v1/things/{id}", Access::open(), parameter),
                route("DELETE", "/v1/things/{id}", Access::session(lease::Scope::remove), write),
                route("GET", "/v1/things/newest", Access::open(), answers("newest")),
                route("GET", "/v1/mine", Access::session(lease::Scope::read), answers("mine")),
                route("POST", "/v1/maybe", Access::optional(), answers("maybe"), 64),
                route("POST", "/v1/conflict", Access::session(lease::Scope::deploy), conflict, 64),
                route("POST", "/v1/fails", Access::session(lease::Scope::deploy), fails, 64),
                route("GET", "/v1/breaks", Access::open(), breaks)};
    }

    RouterOptions options() {
        RouterOptions options;
        options.guard.origins = {"http://market.example.org"};
        options.guard.apps_domain = "apps.localhost";
        options.steady_now = [this] { return time; };
        return options;
    }

    /// "Bearer one" is user 1 with every scope, "Bearer two" user 2, "Bearer reader" user 3 who may only
    /// read; the cookie "s=one" is user 1.
    static Result<Visitor> identify(const LocalRequest& request) {
        Visitor visitor;
        visitor.claims.scopes = lease::Scopes::all();
        if (const auto* bearer = request.header("authorization")) {
            if (*bearer == "Bearer one") {
                visitor.claims.user = user_of(1);
            } else if (*bearer == "Bearer two") {
                visitor.claims.user = user_of(2);
            } else if (*bearer == "Bearer reader") {
                visitor.claims.user = user_of(3);
                visitor.claims.scopes = lease::Scope::read;
            } else {
                return fail("bad_token", "this token is not ours");
            }
            return visitor;
        }
        const auto* cookie = request.header("cookie");
        if (!cookie) return fail("no_token", "no session came with the request");
        if (*cookie != "s=one") return fail("bad_token", "this token is not ours");
        visitor.claims.user = user_of(1);
        visitor.by_cookie = true;
        return visitor;
    }

    std::unique_ptr<Router> router(RouterOptions with) {
        auto made = std::make_unique<Router>(routes(), std::move(with), &RouterFixture::identify);
        made->set_port(8090);
        return made;
    }
    std::unique_ptr<Router> router() { return router(options()); }
};

inline bool is_problem(const RecordedReply& reply, const std::string& code) {
    return reply.header("Content-Type") == "application/problem+json" &&
           contains(reply, "\"code\":\"" + code + "\"") &&
           contains(reply, "\"status\":" + std::to_string(reply.status()));
}

}  // namespace grid::test
