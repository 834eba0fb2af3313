#pragma once

#include <string_view>

#include "lease/session_publisher.hpp"
#include "web/route_list.hpp"

namespace grid::web {

/// Who asks the gateway's API: Authorization: Bearer, else the first good cookie cpuser_<address>. A Bearer
/// token that is not good is an error even when a good cookie is there; a bad cookie never ends the search
/// for a good one. `lease` (not zero): a session of that lease is preferred. Codes: those of
/// SessionPublisher::check, `foreign_token` (a token of an application's host), `no_token`.
Result<Visitor> find_visitor(const std::string* authorization, const std::string* cookies,
                             const lease::SessionPublisher& sessions, chain::Timestamp now,
                             const chain::Hash& lease = {});

/// A token of the API's audience.
Result<lease::Claims> check_api_token(std::string_view token, const lease::SessionPublisher& sessions,
                                      chain::Timestamp now);

/// The first good session in a Cookie header.
Result<lease::Claims> find_api_cookie(std::string_view cookies, const lease::SessionPublisher& sessions,
                                      chain::Timestamp now, const chain::Hash& lease = {});

/// The first good access cookie of an application's host. `secure`: which name it has.
Result<lease::Claims> find_app_cookie(std::string_view cookies, bool secure,
                                      const lease::SessionPublisher& sessions, chain::Timestamp now,
                                      const chain::Hash& lease, std::string_view app);

}  // namespace grid::web
