#include "adapters/kubernetes/discovery.hpp"

#include <algorithm>
#include <array>
#include <tuple>

namespace grid::adapters::kubernetes {

namespace {

/// Whose resources are asked for; of others it is enough to know nothing.
constexpr std::array<const char*, 5> kGroups{"apps", "batch", "networking.k8s.io", "node.k8s.io",
                                             "storage.k8s.io"};

/// (stability, major, minor) of "v2beta1": larger is better; all zeros when it is no such name.
std::tuple<int, int, int> rank(const std::string& version) {
    int major = 0, minor = 0;
    std::size_t at = 1;
    const auto number = [&](int& into) {
        const auto begin = at;
        while (at < version.size() && version[at] >= '0' && version[at] <= '9' && at - begin < 6)
            into = into * 10 + (version[at++] - '0');
        return at > begin;
    };
    if (version.empty() || version[0] != 'v' || !number(major)) return {0, 0, 0};
    if (at == version.size()) return {3, major, 0};
    const auto rest = version.substr(at);
    const int stability = rest.starts_with("beta") ? 2 : rest.starts_with("alpha") ? 1 : 0;
    at += stability == 2 ? 4 : 5;
    if (stability == 0 || at > version.size() || !number(minor) || at != version.size()) return {0, 0, 0};
    return {stability, major, minor};
}

}  // namespace

bool goes_before(const std::string& a, const std::string& b) {
    return rank(a) > rank(b);
}

Result<Discovery> Discovery::ask(Api& api) {
    Discovery found;
    const auto version = api.get("/version");
    if (!version) return tl::unexpected(version.error());
    found.version_ = tamed(text_at(*version, {"gitVersion"}), 64);
    for (const char c : text_at(*version, {"minor"})) {  // "28+" at some providers
        if (c < '0' || c > '9' || found.minor_ > 1000) break;
        found.minor_ = found.minor_ * 10 + static_cast<unsigned>(c - '0');
    }
    const auto core = api.get("/api");
    if (!core) return tl::unexpected(core.error());
    for (const auto& one : list_at(*core, {"versions"}))
        if (one.is_string())
            if (auto ok = found.read_resources(api, "", std::string(one.get_string())); !ok)
                return tl::unexpected(ok.error());
    const auto groups = api.get("/apis");
    if (!groups) return tl::unexpected(groups.error());
    for (const auto& group : list_at(*groups, {"groups"})) {
        const auto name = text_at(group, {"name"});
        if (std::find(kGroups.begin(), kGroups.end(), name) == kGroups.end()) continue;
        for (const auto& one : list_at(group, {"versions"}))
            if (auto ok = found.read_resources(api, name, text_at(one, {"groupVersion"})); !ok)
                return tl::unexpected(ok.error());
    }
    return found;
}

Result<void> Discovery::read_resources(Api& api, const std::string& group, const std::string& group_version) {
    const auto answer = api.get((group.empty() ? "/api/" : "/apis/") + group_version);
    if (!answer) {
        // A version can go away between two calls, at an upgrade.
        if (answer.error().code == "not_found") return {};
        return tl::unexpected(answer.error());
    }
    for (const auto& one : list_at(*answer, {"resources"})) {
        Resource resource{group_version, text_at(one, {"name"}), text_at(one, {"kind"}),
                          flag_at(one, {"namespaced"})};
        if (resource.plural.empty() || resource.plural.find('/') != std::string::npos) continue;
        resources_[{group, resource.plural}].push_back(std::move(resource));
    }
    return {};
}

std::optional<Resource> Discovery::find(const std::string& group, const std::string& plural) const {
    const auto found = resources_.find({group, plural});
    if (found == resources_.end()) return std::nullopt;
    const auto version_of = [](const Resource& r) {
        return r.group_version.substr(r.group_version.find('/') + 1);  // npos + 1 is 0
    };
    return *std::min_element(found->second.begin(), found->second.end(), [&](const auto& a, const auto& b) {
        return goes_before(version_of(a), version_of(b));
    });
}

}  // namespace grid::adapters::kubernetes
