#include "lease/lower_security.hpp"

#include <algorithm>
#include <set>

namespace grid::lease {
namespace {

/// What the baseline profile of the Pod Security Standards lets a container add.
constexpr std::string_view kBaseline[] = {"AUDIT_WRITE", "CHOWN",  "DAC_OVERRIDE",     "FOWNER",  "FSETID",
                                          "KILL",        "MKNOD",  "NET_BIND_SERVICE", "SETFCAP", "SETGID",
                                          "SETPCAP",     "SETUID", "SYS_CHROOT"};
/// The same for restricted.
constexpr std::string_view kRestricted[] = {"NET_BIND_SERVICE"};

/// "CAP_CHOWN" and "CHOWN" are the same.
std::string capability_name(std::string_view text) {
    if (text.starts_with("CAP_")) text.remove_prefix(4);
    return std::string(text);
}

void lower_capabilities(const YamlNode* context, const Place& place, Profile profile, Container& container) {
    std::set<std::string> held;
    if (profile == Profile::baseline) {
        // A process of an ordinary user holds none of the others anyway.
        if (container.run_as_non_root)
            held = {"NET_BIND_SERVICE"};
        else
            for (std::string& name : stock_capabilities()) held.insert(std::move(name));
    }
    const YamlNode* const node = context == nullptr ? nullptr : context->find("capabilities");
    if (node != nullptr) {
        for (const YamlNode& name : elements_of(node->find("drop"))) {
            if (name.text == "ALL" || name.text == "all")
                held.clear();
            else
                held.erase(capability_name(name.text));
        }
        const std::span<const std::string_view> allowed = profile == Profile::restricted
                                                              ? std::span<const std::string_view>(kRestricted)
                                                              : std::span<const std::string_view>(kBaseline);
        const Place here(place, "capabilities"), all(here, "add");
        std::size_t index = 0;
        for (const YamlNode& name : elements_of(node->find("add"))) {
            const Place at(all, index++);
            const std::string capability = capability_name(name.text);
            if (std::find(allowed.begin(), allowed.end(), capability) == allowed.end())
                refuse("policy", at,
                       name.text.substr(0, 64) + " is not allowed (profile " +
                           (profile == Profile::restricted ? "restricted)" : "baseline)"),
                       &name);
            held.insert(capability);
        }
    }
    container.capabilities.assign(held.begin(), held.end());
}

}  // namespace

void lower_security(const YamlNode& node, const Place& place, const PodContext& pod, Container& container) {
    const YamlNode* const own = node.find("securityContext");
    const YamlNode* const of_pod = pod.spec.find("securityContext");
    const auto find = [&](std::string_view name) -> const YamlNode* {
        const YamlNode* const found = own == nullptr ? nullptr : own->find(name);
        return found != nullptr || of_pod == nullptr ? found : of_pod->find(name);
    };
    if (const auto* const user = find("runAsUser"))
        container.run_as_user = UserId{static_cast<std::uint32_t>(number_of(user, 0))};
    if (const auto* const group = find("runAsGroup"))
        container.run_as_group = UserId{static_cast<std::uint32_t>(number_of(group, 0))};
    const YamlNode* const non_root = find("runAsNonRoot");
    container.run_as_non_root = flag_of(non_root, false);
    container.read_only_root = own != nullptr && flag_of(own->find("readOnlyRootFilesystem"), false);

    const Place here(place, "securityContext");
    const bool as_root = container.run_as_user && container.run_as_user->value == 0;
    const Profile profile = pod.manifest.limits.profile;
    if (profile == Profile::restricted) {
        if (non_root != nullptr && !container.run_as_non_root)
            refuse("policy", Place(here, "runAsNonRoot"), "false is not allowed (profile restricted)",
                   non_root);
        if (as_root)
            refuse("policy", Place(here, "runAsUser"), "0 is not allowed (profile restricted)",
                   find("runAsUser"));
        container.run_as_non_root = true;
    } else if (as_root && container.run_as_non_root) {
        refuse("bad_manifest", Place(here, "runAsUser"), "0 contradicts runAsNonRoot", find("runAsUser"));
    }
    lower_capabilities(own, here, profile, container);
}

}  // namespace grid::lease
