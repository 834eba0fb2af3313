#include "lease/image_name.hpp"

#include <algorithm>
#include <cstdint>
#include <string>

namespace grid::lease {
namespace {

bool lower(char c) {
    return c >= 'a' && c <= 'z';
}
bool digit(char c) {
    return c >= '0' && c <= '9';
}
bool upper(char c) {
    return c >= 'A' && c <= 'Z';
}

template <class Test>
bool all(std::string_view text, Test test) {
    return std::all_of(text.begin(), text.end(), test);
}

/// Lower-case letters and digits, joined by single '.', '_', "__" or hyphens.
bool path_component(std::string_view text) {
    const auto inner = [](char c) { return lower(c) || digit(c); };
    return !text.empty() && inner(text.front()) && inner(text.back()) &&
           all(text, [&](char c) { return inner(c) || c == '.' || c == '_' || c == '-'; }) &&
           text.find("..") == std::string_view::npos;
}

bool tag_form(std::string_view text) {
    const auto word = [](char c) { return lower(c) || upper(c) || digit(c) || c == '_'; };
    return !text.empty() && text.size() <= 128 && word(text.front()) &&
           all(text, [&](char c) { return word(c) || c == '.' || c == '-'; });
}

bool digest_form(std::string_view text) {
    return text.starts_with("sha256:") && text.size() == 7 + 64 &&
           all(text.substr(7), [](char c) { return digit(c) || (c >= 'a' && c <= 'f'); });
}

bool host_form(std::string_view text) {
    return !text.empty() && text.front() != '.' && text.front() != '-' &&
           all(text, [](char c) { return lower(c) || upper(c) || digit(c) || c == '.' || c == '-'; }) &&
           text.find("..") == std::string_view::npos;
}

/// An IPv4 address in any of its notations: the last part of a real host's name is never a number.
bool numeric_host(std::string_view host) {
    if (host.ends_with('.')) host.remove_suffix(1);
    const std::string_view last =
        host.substr(host.rfind('.') == std::string_view::npos ? 0 : host.rfind('.') + 1);
    return all(last, digit) || last.starts_with("0x") || last.starts_with("0X");
}

bool this_machine(std::string_view host) {
    std::string name(host);
    for (char& c : name)
        if (upper(c)) c = static_cast<char>(c - 'A' + 'a');
    if (name.ends_with('.')) name.pop_back();
    return name == "localhost" || name.ends_with(".localhost") || name.find('.') == std::string::npos;
}

}  // namespace

Result<ImageSource> check_image(std::string_view image) {
    const auto bad = [&] {
        return fail("bad_manifest",
                    "expected an image like nginx:1.27 or ghcr.io/owner/name@sha256:..., came \"" +
                        std::string(image.substr(0, 64)) + "\"");
    };
    if (image.empty() || image.size() > 512) return bad();
    std::string_view rest = image;
    if (const auto at = rest.find('@'); at != std::string_view::npos) {
        if (!digest_form(rest.substr(at + 1))) return bad();
        rest = rest.substr(0, at);
    }
    if (const auto colon = rest.rfind(':');
        colon != std::string_view::npos && rest.find('/', colon) == std::string_view::npos) {
        if (!tag_form(rest.substr(colon + 1))) return bad();
        rest = rest.substr(0, colon);
    }
    ImageSource source = ImageSource::registry;
    const auto slash = rest.find('/');
    const std::string_view first = rest.substr(0, slash);
    if (slash != std::string_view::npos &&
        (first.find_first_of(".:") != std::string_view::npos || first == "localhost" ||
         std::any_of(first.begin(), first.end(), upper))) {
        std::string_view host = first;
        if (first == "localhost") {
            source = ImageSource::local;
        } else {
            if (const auto colon = host.find(':'); colon != std::string_view::npos) {
                const std::string_view port = host.substr(colon + 1);
                if (port.empty() || port.size() > 5 || !all(port, digit)) return bad();
                host = host.substr(0, colon);
            }
            if (!host_form(host)) return bad();
            if (numeric_host(host))
                return fail("policy", "an image from a registry by IP address is not allowed: \"" +
                                          std::string(first) + "\"");
            if (this_machine(host))
                return fail("policy",
                            "an image from a registry in the provider's own network is not allowed: \"" +
                                std::string(first) + "\"");
        }
        rest.remove_prefix(slash + 1);
    }
    if (rest.empty()) return bad();
    while (true) {
        const auto end = rest.find('/');
        if (!path_component(rest.substr(0, end))) return bad();
        if (end == std::string_view::npos) return source;
        rest.remove_prefix(end + 1);
    }
}

}  // namespace grid::lease
