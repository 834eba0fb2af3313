#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "chain/time.hpp"
#include "web/idempotency.hpp"
#include "web/rate_limit.hpp"
#include "web/request_guard.hpp"
#include "web/route_list.hpp"

namespace grid::web {

struct RouterOptions {
    GuardOptions guard;
    RateLimit::Options per_client{200, 400, 65536};
    RateLimit::Options per_wallet{50, 100, 65536};
    /// Requests from this machine are the operator's and its tools': not counted per client.
    bool count_loopback = false;
    IdempotencyCache::Options idempotency;
    /// Time since some fixed point that never steps; empty: the machine's steady clock.
    std::function<SteadyTime()> steady_now;
};

/// Who a token is of. The error's code is `no_token` when none came, else why it is not good.
using Identify = std::function<Result<Visitor>(const LocalRequest&)>;

/// What every request of an API passes before its handler, in this order: Host, Origin, path, method, rate of
/// the client, token and scope, Origin of cookie-authorised requests, rate of the wallet, size and type of
/// the body, query, Idempotency-Key. Every refusal is a problem document. Also adds the security and CORS
/// headers to every answer.
class Router : public LocalHandler {
public:
    /// `routes` must pass check_routes() (std::invalid_argument otherwise). `identify` may be empty when no
    /// route asks for a token. `on_application_host` answers requests under the reserved prefix of an
    /// application's host; empty: 404.
    Router(std::vector<ApiRoute> routes, RouterOptions options, Identify identify = {},
           Handler on_application_host = {});
    ~Router() override;

    void handle(LocalRequest request, std::shared_ptr<LocalReply> reply) override;
    /// The port of the listener, for the check of Host.
    void set_port(std::uint16_t port);
    const std::vector<ApiRoute>& routes() const;

private:
    struct Core;
    std::shared_ptr<Core> core_;  ///< shared with requests that are under way
};

/// Leaves with 401 or 403 unless somebody with the scope is there. For routes of Access::optional().
const Visitor& need_visitor(const Call& call, lease::Scope scope);

/// "read", "deploy", ...
std::string_view name_of(lease::Scope scope) noexcept;

}  // namespace grid::web
