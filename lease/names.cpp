#include "lease/names.hpp"

#include <algorithm>
#include <cstddef>
#include <string>

namespace grid::lease {
namespace {

bool lower(char c) {
    return c >= 'a' && c <= 'z';
}
bool digit(char c) {
    return c >= '0' && c <= '9';
}
bool letter(char c) {
    return lower(c) || (c >= 'A' && c <= 'Z');
}
bool lower_or_digit(char c) {
    return lower(c) || digit(c);
}

template <class Test>
bool all(std::string_view text, Test test) {
    return std::all_of(text.begin(), text.end(), test);
}

bool name_of_1_to_63(std::string_view text) {
    const auto end = [](char c) { return letter(c) || digit(c); };
    return !text.empty() && text.size() <= 63 && end(text.front()) && end(text.back()) &&
           all(text, [&](char c) { return end(c) || c == '-' || c == '_' || c == '.'; });
}

}  // namespace

bool dns_label(std::string_view text) {
    return !text.empty() && text.size() <= 63 && text.front() != '-' && text.back() != '-' &&
           all(text, [](char c) { return lower_or_digit(c) || c == '-'; });
}

bool dns_1035_label(std::string_view text) {
    return dns_label(text) && lower(text.front());
}

bool dns_subdomain(std::string_view text) {
    if (text.empty() || text.size() > 253) return false;
    while (true) {
        const std::size_t dot = text.find('.');
        if (!dns_label(text.substr(0, dot))) return false;
        if (dot == std::string_view::npos) return true;
        text.remove_prefix(dot + 1);
    }
}

bool port_name(std::string_view text) {
    return text.size() <= 15 && dns_label(text) && std::any_of(text.begin(), text.end(), lower) &&
           text.find("--") == std::string_view::npos;
}

bool variable_name(std::string_view text) {
    return !text.empty() && text.size() <= 1024 && !digit(text.front()) &&
           all(text, [](char c) { return letter(c) || digit(c) || c == '_' || c == '-' || c == '.'; });
}

bool config_key(std::string_view text) {
    return !text.empty() && text.size() <= 253 && text != "." && text != ".." &&
           all(text, [](char c) { return letter(c) || digit(c) || c == '_' || c == '-' || c == '.'; });
}

bool label_key(std::string_view text) {
    if (text.starts_with("grid.") || text.starts_with("grid/") || text.starts_with("grid-")) return false;
    const std::size_t slash = text.find('/');
    if (slash == std::string_view::npos) return name_of_1_to_63(text);
    return dns_subdomain(text.substr(0, slash)) && name_of_1_to_63(text.substr(slash + 1));
}

bool label_value(std::string_view text) {
    return text.empty() || name_of_1_to_63(text);
}

bool cron_job_name(std::string_view text) {
    return text.size() <= 52 && dns_label(text);
}

bool relative_path(std::string_view text) {
    if (text.empty() || text.size() > 1023 || text.starts_with('/') || text.ends_with('/')) return false;
    return text.find("//") == std::string_view::npos && absolute_path("/" + std::string(text));
}

bool http_token(std::string_view text) {
    return !text.empty() && text.size() <= 128 && all(text, [](char c) {
        return letter(c) || digit(c) || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
    });
}

bool header_value(std::string_view text) {
    return text.size() <= 1024 && all(text, [](char c) { return c >= ' ' && c < 0x7f; });
}

bool ingress_host(std::string_view text) {
    return dns_subdomain(text) && text.find('.') != std::string_view::npos;
}

bool absolute_path(std::string_view text) {
    if (text.empty() || text.size() > 1024 || text.front() != '/') return false;
    if (!all(text, [](char c) { return c != ':' && c != '\\' && c >= ' ' && c != 0x7f; })) return false;
    while (!text.empty()) {
        text.remove_prefix(1);
        const std::string_view part = text.substr(0, text.find('/'));
        if (part == "." || part == "..") return false;
        text.remove_prefix(part.size());
    }
    return true;
}

}  // namespace grid::lease
