#include <algorithm>

#include "adapters/kubernetes/driver.hpp"

namespace grid::adapters::kubernetes {

using messages::Capability;

namespace {

/// Which of the rights are missing, in words; what the server does not tell is missing.
Result<std::string> missing_rights(Api& api) {
    std::string missing;
    for (const auto& right : rights()) {
        json::object what{{"verb", right.verb}, {"group", right.group}, {"resource", right.resource}};
        if (!right.subresource.empty()) what["subresource"] = right.subresource;
        const auto answer = api.create("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
                                       {{"apiVersion", "authorization.k8s.io/v1"},
                                        {"kind", "SelfSubjectAccessReview"},
                                        {"spec", json::object{{"resourceAttributes", std::move(what)}}}});
        if (!answer) return tl::unexpected(answer.error());
        if (flag_at(*answer, {"status", "allowed"})) continue;
        missing += (missing.empty() ? "" : ", ") + right.verb + " " + right.resource +
                   (right.subresource.empty() ? "" : "/" + right.subresource);
    }
    return missing;
}

Capability storage(Api& api, const Discovery& discovery, const KubernetesConfig& config) {
    if (config.storage_classes.empty()) return {"volumes", false, "no storage class is sold"};
    const auto kind = discovery.find("storage.k8s.io", "storageclasses");
    if (!kind) return {"volumes", false, "the cluster has no storage classes"};
    for (const auto& name : config.storage_classes)
        if (const auto found = api.get(*kind, "", name); !found)
            return {"volumes", false, "storage class " + name + ": " + found.error().message};
    return {"volumes", true, std::to_string(config.storage_classes.size()) + " storage classes"};
}

Capability runtime(Api& api, const Discovery& discovery, const KubernetesConfig& config) {
    if (config.runtime_class.empty()) return {"runtime_class", false, "none is configured"};
    const auto kind = discovery.find("node.k8s.io", "runtimeclasses");
    if (!kind) return {"runtime_class", false, "the cluster has no runtime classes"};
    const auto found = api.get(*kind, "", config.runtime_class);
    return {"runtime_class", found.has_value(), found ? config.runtime_class : found.error().message};
}

}  // namespace

const std::vector<Right>& rights() {
    struct Row {
        const char* group;
        std::vector<const char*> resources;
        std::vector<const char*> verbs;
    };
    static const std::vector<Right> all = [] {
        const Row rows[] = {
            {"", {"namespaces", "pods"}, {"get", "list", "watch", "create", "patch", "delete"}},
            {"", {"configmaps"}, {"get", "list", "create", "patch", "delete"}},
            {"", {"services", "secrets"}, {"list", "create", "patch", "delete"}},
            {"", {"persistentvolumeclaims"}, {"list", "watch", "create", "patch", "delete"}},
            {"", {"serviceaccounts", "resourcequotas", "limitranges"}, {"create", "patch"}},
            {"networking.k8s.io", {"networkpolicies"}, {"create", "patch"}},
            {"apps", {"deployments", "statefulsets"}, {"get", "list", "create", "patch", "delete"}},
            {"batch", {"jobs", "cronjobs"}, {"get", "list", "create", "patch", "delete"}},
            {"", {"pods/log"}, {"get"}},
            {"", {"pods/exec"}, {"get", "create"}},
            {"", {"nodes", "events"}, {"list"}},
            {"", {"endpoints"}, {"get"}},
            {"storage.k8s.io", {"storageclasses"}, {"get"}},
            {"node.k8s.io", {"runtimeclasses"}, {"get"}}};
        std::vector<Right> out;
        for (const auto& row : rows)
            for (const std::string resource : row.resources)
                for (const char* verb : row.verbs) {
                    const auto slash = std::min(resource.find('/'), resource.size());
                    out.push_back({verb, row.group, resource.substr(0, slash),
                                   slash == resource.size() ? "" : resource.substr(slash + 1)});
                }
        return out;
    }();
    return all;
}

std::vector<Capability> cluster_capabilities(Api& api, const Discovery& discovery,
                                             const KubernetesConfig& config) {
    std::vector<Capability> out{{"cluster", true, "Kubernetes " + discovery.version()}};
    const auto missing = missing_rights(api);
    out.push_back({"rights", missing && missing->empty(),
                   !missing           ? missing.error().message
                   : missing->empty() ? "all that the driver needs"
                                      : "missing: " + *missing});
    out.push_back({"memory_limit", true, "by the kubelet"});
    out.push_back({"cpu_limit", true, "by the kubelet"});
    out.push_back({"storage_limit", true, "measured by the kubelet, which evicts"});
    out.push_back({"pids_limit", false, "podPidsLimit of the kubelets, which the API does not tell"});
    out.push_back({"seccomp", true, "RuntimeDefault"});
    // Whether policies are enforced is the network plugin's affair, and no API tells it.
    const bool policies = discovery.find("networking.k8s.io", "networkpolicies").has_value();
    out.push_back({"egress_rules", false,
                   policies ? "network policies are made; whether the network plugin enforces them is not "
                              "known: try it from inside of a container"
                            : "the cluster has no network policies"});
    const bool admission = discovery.minor() >= 23;
    out.push_back({"pod_security", admission,
                   admission ? std::string(config.restricted ? "restricted" : "baseline")
                             : "before 1.23 namespaces' labels are not enforced; the manifest policy is"});
    const bool users = config.user_namespaces && discovery.has_user_namespaces();
    out.push_back({"user_namespace", users,
                   !config.user_namespaces ? "switched off by the configuration"
                   : users                 ? "hostUsers: false; needs nodes that can"
                                           : "the server is older than 1.30"});
    out.push_back(runtime(api, discovery, config));
    out.push_back(storage(api, discovery, config));
    return out;
}

}  // namespace grid::adapters::kubernetes
