#include "web/request_guard.hpp"

#include <algorithm>

namespace grid::web {

namespace {

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return out;
}

bool contains(const std::vector<std::string>& list, std::string_view text) {
    return std::find(list.begin(), list.end(), text) != list.end();
}

}  // namespace

RequestGuard::RequestGuard(GuardOptions options) : options_(std::move(options)) {
    for (auto& host : options_.hosts) host = lower(host);
    for (auto& origin : options_.origins) origin = lower(origin);
    options_.apps_domain = lower(options_.apps_domain);
    for (const auto* name : {"localhost", "127.0.0.1", "[::1]"}) options_.hosts.emplace_back(name);
}

bool RequestGuard::own_host(const LocalRequest& request) const {
    if (!contains(options_.hosts, lower(request.host))) return false;
    if (!options_.ports.empty())
        return std::find(options_.ports.begin(), options_.ports.end(), request.port) != options_.ports.end();
    const auto ours = port_.load(std::memory_order_relaxed);
    const std::uint16_t named = request.port != 0 ? request.port : (request.https ? 443 : 80);
    // Behind a TLS front of ours the visitor names the front's port.
    return ours == 0 || named == ours || (request.https && named == 443);
}

OriginKind RequestGuard::origin(const LocalRequest& request) const {
    const std::string* found = nullptr;
    for (const auto& [name, value] : request.headers) {
        if (name != "origin") continue;
        if (found) return OriginKind::foreign;  // two of them: nobody honest
        found = &value;
    }
    if (!found) return OriginKind::absent;
    const auto origin = lower(*found);
    const auto host = origin_host(origin);
    const auto& domain = options_.apps_domain;
    if (!domain.empty() && (host == domain || host.ends_with("." + domain))) return OriginKind::tenant;
    std::string own = (request.https ? "https://" : "http://") + lower(request.host);
    const std::uint16_t standard = request.https ? 443 : 80;
    if (request.port != 0 && request.port != standard) own += ":" + std::to_string(request.port);
    if (origin == own) return OriginKind::own;
    return contains(options_.origins, origin) ? OriginKind::trusted : OriginKind::foreign;
}

std::string origin_host(std::string_view origin) {
    const auto scheme = origin.find("://");
    if (scheme == std::string_view::npos) return {};
    auto host = origin.substr(scheme + 3);
    if (host.starts_with('[')) {
        const auto end = host.find(']');
        return end == std::string_view::npos ? std::string{} : lower(host.substr(0, end + 1));
    }
    return lower(host.substr(0, host.find_first_of(":/")));
}

}  // namespace grid::web
