#pragma once

#include <cstdint>
#include <string>

#include "lease/route_table.hpp"

namespace grid::web::proxy {

struct RequestHead;

/// What a session, token or temporary URL allows for one request to one application.
struct Access {
    enum class Verdict : std::uint8_t {
        allowed,
        unauthenticated,  ///< 401: no valid session came with the request
        forbidden,        ///< 403: somebody is known, but may not do this
    };
    Verdict verdict = Verdict::unauthenticated;
    std::string user;    ///< checksummed address, sent to the application as X-Grid-User; may be empty
    std::string reason;  ///< in words for the visitor when not allowed; no secret
    bool strip_authorization =
        false;           ///< the Authorization header was ours and must not reach the application
    std::string target;  ///< when not empty: the target to forward instead (a temporary URL's token removed)
    bool temporary_url = false;  ///< adds Referrer-Policy: no-referrer; the query is not logged
};

/// Decides about one request. Called on the threads of the data plane for every request: must not block and
/// must be safe for concurrent calls. The head and the route are valid during the call only.
class AccessCheck {
public:
    virtual ~AccessCheck() = default;
    /// For a route that has not ended; also for public ones (a session there still tells who visits).
    /// A public route is served whatever the verdict is, unless it is `forbidden`.
    virtual Access check(const lease::Route& route, const RequestHead& head,
                         std::uint64_t unix_now) const = 0;
};

}  // namespace grid::web::proxy
