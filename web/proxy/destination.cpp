#include <algorithm>

#include "web/proxy/connection.hpp"

// Where a request goes, by its host and path: to our own handler, to an application, or straight back.
namespace grid::web::proxy {

namespace {

bool is_lease(std::string_view text) noexcept {
    return text.size() >= 20 && text.size() <= 64 &&
           text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool is_app(std::string_view text) noexcept {
    return !text.empty() && text.size() <= 32 &&
           text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

}  // namespace

Connection::Destination Connection::destination() {
    Destination to;
    to.host = host_name(head_.authority, &to.port);
    if (to.host.ends_with('.')) to.host.pop_back();
    record_.host = to.host;
    const auto refuse_with = [&to](unsigned status, std::string title, std::string detail) {
        to.kind = Destination::Kind::answered;
        to.answer = {status, std::move(title), std::move(detail), {}, {}};
        return to;
    };
    if (shared_.wiring) {
        const std::string& domain = shared_.wiring->apps_domain;
        const std::string_view host = to.host;
        const bool below = !domain.empty() && host.ends_with(domain) &&
                           (host.size() == domain.size() || host[host.size() - domain.size() - 1] == '.');
        if (below) {
            if (host.size() > domain.size()) to.label = host.substr(0, host.size() - domain.size() - 1);
            to.route = worker_.routes().by_label(to.label);
            if (!to.route) {
                return refuse_with(
                    404, "No such application",
                    "No application is served under this name. It may have been removed, or its order "
                    "may have ended long ago.");
            }
            const auto& reserved = shared_.options.reserved_prefix;
            const bool ours = !reserved.empty() && head_.path.starts_with(reserved);
            to.kind = ours ? Destination::Kind::local : Destination::Kind::application;
            return to;
        }
    }
    const auto& hosts = shared_.options.local_hosts;
    if (!hosts.empty() && std::find(hosts.begin(), hosts.end(), to.host) == hosts.end()) {
        return refuse_with(421, "Not served here", "This server does not answer to that host name.");
    }
    if (shared_.wiring && head_.path.starts_with("/a/")) return path_destination(std::move(to));
    return to;
}

/// /a/<lease>/<app>/...
Connection::Destination Connection::path_destination(Destination to) {
    const auto rest = head_.path.substr(3);
    const auto slash = rest.find('/');
    const auto lease = rest.substr(0, slash);
    const auto after = slash == std::string_view::npos ? std::string_view{} : rest.substr(slash + 1);
    const auto end = after.find('/');
    const auto app = after.substr(0, end);
    if (is_lease(lease) && is_app(app)) to.route = worker_.routes().by_path(lease, app);
    if (!to.route) {
        to.kind = Destination::Kind::answered;
        to.answer = {404,
                     "No such application",
                     "The path form is /a/<lease>/<app>/...; no such application is known.",
                     {},
                     {}};
        return to;
    }
    to.prefix = "/a/" + std::string(lease) + "/" + std::string(app);
    if (end == std::string_view::npos) {
        // Without the slash the application's relative links would lead elsewhere.
        std::string location = to.prefix + "/";
        if (!head_.query.empty()) location += "?" + std::string(head_.query);
        to.kind = Destination::Kind::answered;
        to.answer = {308, "Moved", "The application's root ends in a slash.", {{"Location", location}}, {}};
        return to;
    }
    to.kind = Destination::Kind::application;
    to.target = head_.target.substr(to.prefix.size());
    to.label = lease::application_label(app, lease);
    sandbox_ = true;
    return to;
}

}  // namespace grid::web::proxy
