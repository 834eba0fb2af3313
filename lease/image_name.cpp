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

std::string lower_case(std::string_view text) {
    std::string result(text);
    for (char& c : result)
        if (upper(c)) c = static_cast<char>(c - 'A' + 'a');
    return result;
}

bool this_machine(std::string_view host) {
    std::string name = lower_case(host);
    if (name.ends_with('.')) name.pop_back();
    return name == "localhost" || name.ends_with(".localhost") || name.find('.') == std::string::npos;
}

/// The registry of an image's first part. Code `bad_manifest` with an empty message: not of the form.
Result<std::string> read_registry(std::string_view first) {
    std::string_view host = first;
    if (const auto colon = host.find(':'); colon != std::string_view::npos) {
        const std::string_view port = host.substr(colon + 1);
        if (port.empty() || port.size() > 5 || !all(port, digit)) return fail("bad_manifest", "");
        host = host.substr(0, colon);
    }
    if (!host_form(host)) return fail("bad_manifest", "");
    if (numeric_host(host))
        return fail("policy",
                    "an image from a registry by IP address is not allowed: \"" + std::string(first) + "\"");
    if (this_machine(host))
        return fail("policy", "an image from a registry in the provider's own network is not allowed: \"" +
                                  std::string(first) + "\"");
    std::string registry = lower_case(first);
    if (registry == "index.docker.io" || registry == "registry-1.docker.io") registry = "docker.io";
    return registry;
}

/// Takes digest and tag off the end; false when one is malformed.
bool take_version(std::string_view& rest, ImageName& name) {
    if (const auto at = rest.find('@'); at != std::string_view::npos) {
        name.digest = rest.substr(at + 1);
        if (!digest_form(name.digest)) return false;
        rest = rest.substr(0, at);
    }
    const auto colon = rest.rfind(':');
    if (colon == std::string_view::npos || rest.find('/', colon) != std::string_view::npos) return true;
    name.tag = rest.substr(colon + 1);
    rest = rest.substr(0, colon);
    return tag_form(name.tag);
}

bool repository_form(std::string_view path) {
    while (true) {
        const auto end = path.find('/');
        if (!path_component(path.substr(0, end))) return false;
        if (end == std::string_view::npos) return true;
        path.remove_prefix(end + 1);
    }
}

}  // namespace

Result<ImageName> parse_image(std::string_view image) {
    const auto bad = [&] {
        return fail("bad_manifest",
                    "expected an image like nginx:1.27 or ghcr.io/owner/name@sha256:..., came \"" +
                        std::string(image.substr(0, 64)) + "\"");
    };
    ImageName name;
    std::string_view rest = image;
    if (image.empty() || image.size() > 512 || !take_version(rest, name)) return bad();
    const auto slash = rest.find('/');
    const std::string_view first = rest.substr(0, slash);
    const bool has_host = slash != std::string_view::npos &&
                          (first.find_first_of(".:") != std::string_view::npos || first == "localhost" ||
                           std::any_of(first.begin(), first.end(), upper));
    name.local = has_host && first == "localhost";
    if (!has_host) {
        name.registry = "docker.io";
    } else if (!name.local) {
        auto registry = read_registry(first);
        if (!registry) return registry.error().message.empty() ? bad() : tl::unexpected(registry.error());
        name.registry = std::move(*registry);
    }
    if (has_host) rest.remove_prefix(slash + 1);
    if (!repository_form(rest)) return bad();
    name.repository = rest;
    if (name.registry == "docker.io" && name.repository.find('/') == std::string::npos)
        name.repository.insert(0, "library/");
    return name;
}

Result<void> check_image_source(std::string_view source) {
    // A source is good when an image under it would be found again by it.
    const auto image = parse_image(std::string(source) + "/x");
    const bool good = image && !image->local &&
                      (image->registry + "/" + image->repository).starts_with(std::string(source) + "/");
    if (good) return {};
    return fail("bad_source", "expected a registry like ghcr.io or docker.io/library, got \"" +
                                  std::string(source.substr(0, 64)) + "\"");
}

Result<void> check_image(const ImageName& image, const ImageRules& rules) {
    if (image.local) {
        if (rules.allow_local) return {};
        return fail("policy", "an image of the provider's own (localhost/...) is not allowed");
    }
    const std::string full = image.registry + "/" + image.repository;
    const bool known =
        rules.sources.empty() ||
        std::any_of(rules.sources.begin(), rules.sources.end(), [&](const std::string& source) {
            return full == source || full.starts_with(source + "/");
        });
    if (!known) {
        std::string sources;
        for (const std::string& source : rules.sources) sources += (sources.empty() ? "" : ", ") + source;
        return fail("policy", full + " is not allowed: images come from " + sources);
    }
    if (rules.require_digest && image.digest.empty())
        return fail("policy", "an image without a digest (@sha256:...) is not allowed");
    return {};
}

}  // namespace grid::lease
