#include "web/route_list.hpp"

#include <algorithm>
#include <set>

namespace grid::web {

namespace {

std::vector<std::string_view> segments_of(std::string_view path) {
    std::vector<std::string_view> segments;
    if (path.starts_with('/')) path.remove_prefix(1);
    while (true) {
        const auto slash = path.find('/');
        segments.push_back(path.substr(0, slash));
        if (slash == std::string_view::npos) return segments;
        path.remove_prefix(slash + 1);
    }
}

bool is_parameter(std::string_view segment) noexcept {
    return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

/// The decoded segments; nothing when one of them can not be a name.
std::optional<std::vector<std::string>> decoded_segments(std::string_view path) {
    if (!path.starts_with('/') || path.size() > 2048) return std::nullopt;
    std::vector<std::string> decoded;
    for (const auto segment : segments_of(path)) {
        auto text = percent_decode(segment);
        if (!text || *text == "." || *text == "..") return std::nullopt;
        if (std::any_of(text->begin(), text->end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; }))
            return std::nullopt;
        decoded.push_back(std::move(*text));
    }
    return decoded;
}

/// Number of literal segments that fit; nothing when the pattern does not.
std::optional<std::size_t> fit(const std::vector<std::string_view>& pattern,
                               const std::vector<std::string>& path) {
    if (pattern.size() != path.size()) return std::nullopt;
    std::size_t literals = 0;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        if (is_parameter(pattern[i])) {
            if (path[i].empty()) return std::nullopt;
        } else if (pattern[i] == path[i]) {
            ++literals;
        } else {
            return std::nullopt;
        }
    }
    return literals;
}

}  // namespace

std::vector<std::string> check_routes(const std::vector<ApiRoute>& routes) {
    std::vector<std::string> faults;
    std::set<std::string> operations;
    std::set<std::string> places;
    for (const auto& route : routes) {
        const auto name = route.method + " " + route.pattern;
        if (route.access.kind == Access::Kind::undeclared)
            faults.push_back(name + ": does not declare who may use it");
        if (route.method != "GET" && route.method != "POST" && route.method != "DELETE")
            faults.push_back(name + ": unknown method");
        if (route.method == "GET" && route.body_limit != 0) faults.push_back(name + ": a GET takes no body");
        if (!route.pattern.starts_with('/')) faults.push_back(name + ": a pattern begins with '/'");
        if (!route.handler) faults.push_back(name + ": has no handler");
        if (!operations.insert(route.operation).second || route.operation.empty())
            faults.push_back(name + ": operation \"" + route.operation + "\" is empty or stands twice");
        if (!places.insert(name).second) faults.push_back(name + ": stands twice");
    }
    return faults;
}

RouteMatch match_route(const std::vector<ApiRoute>& routes, std::string_view method, std::string_view path) {
    RouteMatch match;
    const auto segments = decoded_segments(path);
    if (!segments) return match;
    if (method == "HEAD") method = "GET";
    std::size_t best = 0;
    const ApiRoute* nearest = nullptr;
    for (const auto& route : routes) {
        const auto literals = fit(segments_of(route.pattern), *segments);
        if (!literals || (nearest && *literals < best)) continue;
        if (nearest && *literals > best) match.methods.clear();
        if (!nearest || *literals > best) match.route = nullptr;
        best = *literals;
        nearest = &route;
        match.methods.push_back(route.method);
        if (route.method == "GET") match.methods.emplace_back("HEAD");
        if (route.method == method) match.route = &route;
    }
    if (match.route) {
        const auto pattern = segments_of(match.route->pattern);
        for (std::size_t i = 0; i < pattern.size(); ++i) {
            if (is_parameter(pattern[i]))
                match.params.emplace(pattern[i].substr(1, pattern[i].size() - 2), (*segments)[i]);
        }
    }
    return match;
}

}  // namespace grid::web
