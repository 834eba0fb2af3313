#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lease/session_token.hpp"
#include "web/http_server.hpp"
#include "web/problem.hpp"
#include "web/query.hpp"
#include "web/request_guard.hpp"
#include "web/task.hpp"

namespace grid::web {

/// Who is there, by a token that was checked.
struct Visitor {
    lease::Claims claims;
    bool by_cookie = false;  ///< else by Authorization: Bearer
};

/// A request on its way through a handler. It lives until the handler has ended.
struct Call {
    LocalRequest request;
    std::shared_ptr<LocalReply> reply;                       ///< for handlers that stream
    std::map<std::string, std::string, std::less<>> params;  ///< of the path, decoded
    Query query;
    std::optional<Visitor> visitor;
    OriginKind origin = OriginKind::absent;
    Headers common;  ///< security and CORS headers; the router adds them, a streaming handler passes them to
                     ///< begin()

    const std::string& param(std::string_view name) const { return params.find(name)->second; }
};

/// Who may use a route. `undeclared` is refused by check_routes(): nobody forgets it.
struct Access {
    enum class Kind : std::uint8_t {
        undeclared,
        open,      ///< anybody; tokens are not looked at
        optional,  ///< anybody; a token that comes is checked, and the handler asks for what it needs
        session,   ///< a valid token with the scope
    };
    Kind kind = Kind::undeclared;
    lease::Scope scope = lease::Scope::read;

    static constexpr Access open() { return {Kind::open, lease::Scope::read}; }
    static constexpr Access optional() { return {Kind::optional, lease::Scope::read}; }
    static constexpr Access session(lease::Scope scope) { return {Kind::session, scope}; }
};

using Handler = std::function<Task<ApiReply>(Call&)>;

/// One operation of an API.
struct ApiRoute {
    std::string method;     ///< GET, POST or DELETE; HEAD is answered by GET's
    std::string pattern;    ///< like "/v1/orders/{id}"; a parameter is a whole segment
    std::string operation;  ///< operationId in the OpenAPI document
    Access access;
    std::size_t body_limit = 0;  ///< bytes; 0: no body is taken
    double cost = 1;             ///< tokens of the client's bucket; 0: not counted
    Handler handler;
};

/// What is wrong with a table of routes, each in words: undeclared access, a GET that takes a body, one
/// operation or pattern twice, no handler. Empty: nothing.
std::vector<std::string> check_routes(const std::vector<ApiRoute>& routes);

/// What a path leads to.
struct RouteMatch {
    const ApiRoute* route = nullptr;  ///< null: none with this method
    std::map<std::string, std::string, std::less<>> params;
    std::vector<std::string> methods;  ///< that the path takes; empty: there is no such path
};

/// `path` as sent. Segments are decoded one by one, so an encoded slash is never a separator. Literal
/// patterns win over parameters. A path with a broken escape, a control character, or "." or ".." as a
/// segment leads nowhere.
RouteMatch match_route(const std::vector<ApiRoute>& routes, std::string_view method, std::string_view path);

}  // namespace grid::web
