#pragma once

#include <memory>
#include <string>

#include "lease/session_publisher.hpp"
#include "web/proxy/access.hpp"

namespace grid::web {

/// Who may visit applications: the owner of the lease, by the access cookie of the application's host (set in
/// a one-time handoff), by the session cookie on the API host (path form), or by Authorization: Bearer on
/// either. Public ones are for everybody; that is the proxy's part.
class OwnersAccess : public proxy::AccessCheck {
public:
    struct Options {
        std::string apps_domain;      ///< lower case, no port
        bool secure_cookies = false;  ///< applications are served over TLS: cookies are named __Host-...
    };

    OwnersAccess(std::shared_ptr<const lease::SessionPublisher> sessions, Options options);

    proxy::Access check(const lease::Route& route, const proxy::RequestHead& head,
                        std::uint64_t unix_now) const override;

private:
    Result<lease::Claims> by_cookie(const lease::Route& route, const proxy::RequestHead& head,
                                    chain::Timestamp now, const chain::Hash& lease_key) const;

    std::shared_ptr<const lease::SessionPublisher> sessions_;
    Options options_;
};

}  // namespace grid::web
