#include "adapters/kubernetes/guard_rails.hpp"

#include <algorithm>
#include <functional>
#include <set>

namespace grid::adapters::kubernetes {

using runtime::IpNetwork;

namespace {

/// Of the IANA special-purpose registries (RFC 6890) and the multicast blocks, as runtime/address_guard.cpp
/// has them, those inside of what is allowed below.
constexpr const char* kNotPublic4[] = {"0.0.0.0/8",      "10.0.0.0/8",     "100.64.0.0/10", "127.0.0.0/8",
                                       "169.254.0.0/16", "172.16.0.0/12",  "192.0.0.0/24",  "192.0.2.0/24",
                                       "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24",
                                       "203.0.113.0/24", "224.0.0.0/4",    "240.0.0.0/4"};
/// Public by its number alone: here Azure's hosts tell machines, and their pods, what only a node shall know.
constexpr const char* kAzureHost = "168.63.129.16/32";
constexpr const char* kPublic6 = "2000::/3";  // all of today's global unicast addresses
constexpr const char* kNotPublic6[] = {"2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"};

std::string text_of(const IpNetwork& network) {
    return network.base.text() + "/" + std::to_string(network.prefix);
}

json::object match(const json::object& labels) {
    return {{"matchLabels", labels}};
}

json::object labels_of(const std::map<std::string, std::string>& from) {
    json::object out;
    for (const auto& [name, value] : from) out[name] = value;
    return out;
}

/// "except" must lie inside of the block, and one network must not be told twice.
json::object ip_block(const std::string& block, const std::vector<const char*>& special,
                      const ClusterAddresses& cluster) {
    const auto whole = IpNetwork::parse(block).value();
    json::array except;
    std::vector<IpNetwork> told;
    const auto add = [&](const IpNetwork& network) {
        const bool inside =
            network.base.v6 == whole.base.v6 && whole.contains(network.base) && network.prefix > whole.prefix;
        const bool covered = std::any_of(told.begin(), told.end(), [&](const IpNetwork& other) {
            return other.base.v6 == network.base.v6 && other.prefix <= network.prefix &&
                   other.contains(network.base);
        });
        if (!inside || covered) return;
        told.push_back(network);
        except.emplace_back(text_of(network));
    };
    for (const char* one : special) add(IpNetwork::parse(one).value());
    for (const auto& one : cluster) add(one);
    return {{"ipBlock", json::object{{"cidr", block}, {"except", std::move(except)}}}};
}

std::string twice(std::uint64_t n, const char* unit) {
    return std::to_string(n > UINT64_MAX / 2 ? UINT64_MAX : n * 2) + unit;
}

Planned planned(const PlanContext& context, const Resource& resource, const char* name, const char* part,
                json::object content) {
    json::object object{{"apiVersion", resource.group_version},
                        {"kind", resource.kind},
                        {"metadata", json::object{{"name", name}, {"labels", context.labels}}}};
    object[part] = std::move(content);
    return {resource, std::move(object)};
}

Planned service_account(const PlanContext& context, const char* name) {
    auto account = planned(context, core::kServiceAccounts, name, "metadata",
                           {{"name", name}, {"labels", context.labels}});
    account.object["automountServiceAccountToken"] = false;
    return account;
}

Planned quota(const PlanContext& context, const messages::Resources& bought) {
    json::object hard{{"pods", "256"},
                      {"services", "64"},
                      {"services.nodeports", "0"},
                      {"services.loadbalancers", "0"},
                      {"secrets", "1024"},
                      {"configmaps", "256"},
                      {"persistentvolumeclaims", context.config.storage_classes.empty() ? "0" : "64"}};
    for (const char* side : {"requests.", "limits."}) {
        const std::string prefix = side;
        hard[prefix + "cpu"] = twice(bought.cpu_milli, "m");
        hard[prefix + "memory"] = twice(bought.memory_mib, "Mi");
        hard[prefix + "ephemeral-storage"] = twice(bought.storage_mib, "Mi");
    }
    hard["requests.storage"] = std::to_string(bought.storage_mib) + "Mi";
    hard["requests." + context.config.gpu_resource] = twice(bought.gpus, "");
    return planned(context, core::kResourceQuotas, "grid", "spec", {{"hard", std::move(hard)}});
}

Planned limits(const PlanContext& context, const messages::Resources& bought) {
    // A container without limits of its own would be refused by the quota; ours always have some.
    const auto amounts = [](std::uint64_t cpu, std::uint64_t memory, std::uint64_t storage) {
        json::object out;
        if (cpu > 0) out["cpu"] = std::to_string(cpu) + "m";
        if (memory > 0) out["memory"] = std::to_string(memory) + "Mi";
        if (storage > 0) out["ephemeral-storage"] = std::to_string(storage) + "Mi";
        return out;
    };
    const auto small =
        amounts(std::min<std::uint64_t>(10, bought.cpu_milli), std::min<std::uint64_t>(16, bought.memory_mib),
                std::min<std::uint64_t>(16, bought.storage_mib));
    return planned(context, core::kLimitRanges, "grid", "spec",
                   {{"limits", json::array{json::object{{"type", "Container"},
                                                        {"default", small},
                                                        {"defaultRequest", small},
                                                        {"max", amounts(bought.cpu_milli, bought.memory_mib,
                                                                        bought.storage_mib)}}}}});
}

}  // namespace

json::object namespace_object(const KubernetesConfig& config, const Ownership& ownership,
                              const messages::Hash& lease) {
    auto labels = ownership.labels(lease);
    const char* profile = config.restricted ? "restricted" : "baseline";
    labels["pod-security.kubernetes.io/enforce"] = profile;
    labels["pod-security.kubernetes.io/warn"] = profile;
    return {{"apiVersion", "v1"},
            {"kind", "Namespace"},
            {"metadata", json::object{{"name", ownership.namespace_of(lease)},
                                      {"labels", std::move(labels)},
                                      {"annotations", ownership.annotations(lease)}}}};
}

std::vector<Planned> network_policies(const PlanContext& context, const ClusterAddresses& cluster) {
    const auto& config = context.config;
    // Where discovery does not know of them they are applied all the same: nothing runs without.
    const auto kind =
        context.discovery.find("networking.k8s.io", "networkpolicies")
            .value_or(Resource{"networking.k8s.io/v1", "networkpolicies", "NetworkPolicy", true});
    const auto policy = [&](const char* name, json::object spec) {
        spec["podSelector"] = json::object{};
        return planned(context, kind, name, "spec", std::move(spec));
    };
    const json::object own{{"podSelector", json::object{}}};

    json::array from{own};
    for (const auto& network : config.gateway_networks)
        from.push_back(json::object{{"ipBlock", json::object{{"cidr", text_of(network)}}}});
    if (!config.gateway_namespace_labels.empty())
        from.push_back(json::object{{"namespaceSelector", match(labels_of(config.gateway_namespace_labels))},
                                    {"podSelector", match(labels_of(config.gateway_pod_labels))}});

    json::array resolvers{json::object{{"namespaceSelector", json::object{}},
                                       {"podSelector", match(labels_of(config.dns_pod_labels))}}};
    for (const auto& network : config.dns_networks)
        resolvers.push_back(json::object{{"ipBlock", json::object{{"cidr", text_of(network)}}}});
    const json::array dns_ports{json::object{{"protocol", "UDP"}, {"port", 53}},
                                json::object{{"protocol", "TCP"}, {"port", 53}}};
    json::array out{json::object{{"to", std::move(resolvers)}, {"ports", dns_ports}},
                    json::object{{"to", json::array{own}}}};
    if (config.egress) {
        ClusterAddresses denied = config.denied_egress;
        denied.push_back(IpNetwork::parse(kAzureHost).value());
        denied.insert(denied.end(), cluster.begin(), cluster.end());
        out.push_back(json::object{
            {"to",
             json::array{ip_block("0.0.0.0/0", {std::begin(kNotPublic4), std::end(kNotPublic4)}, denied),
                         ip_block(kPublic6, {std::begin(kNotPublic6), std::end(kNotPublic6)}, denied)}}});
    }
    return {policy("grid-deny", {{"policyTypes", json::array{"Ingress", "Egress"}}}),
            policy("grid-ingress", {{"policyTypes", json::array{"Ingress"}},
                                    {"ingress", json::array{json::object{{"from", std::move(from)}}}}}),
            policy("grid-egress", {{"policyTypes", json::array{"Egress"}}, {"egress", std::move(out)}})};
}

std::vector<Planned> guard_rails(const PlanContext& context, const messages::Resources& bought,
                                 const ClusterAddresses& cluster) {
    // Policies first: no pod may run before them.
    auto out = network_policies(context, cluster);
    // Pods are of the first; the second is there in every namespace, for whoever names none.
    out.push_back(service_account(context, "grid"));
    out.push_back(service_account(context, "default"));
    out.push_back(quota(context, bought));
    out.push_back(limits(context, bought));
    return out;
}

Result<ClusterAddresses> cluster_addresses(Api& api) {
    std::set<std::string> texts;
    for (auto& address : addresses_of(api.access())) texts.insert(std::move(address));
    // Who may not look at these has to name them in the configuration.
    const auto collection = [&](const Resource& resource,
                                const std::function<void(const json::value&)>& take) -> Result<void> {
        const auto done = api.read_pages(resource, "", {}, [&](json::array&& objects, bool) {
            for (const auto& object : objects) take(object);
        });
        if (!done && done.error().code != "forbidden") return tl::unexpected(done.error());
        return {};
    };
    const auto nodes = collection(core::kNodes, [&](const json::value& node) {
        for (const auto& address : list_at(node, {"status", "addresses"}))
            texts.insert(text_at(address, {"address"}));
        // Pods have public IPv6 addresses on some clusters.
        texts.insert(text_at(node, {"spec", "podCIDR"}));
        for (const auto& network : list_at(node, {"spec", "podCIDRs"}))
            if (network.is_string()) texts.insert(std::string(network.get_string()));
    });
    if (!nodes) return tl::unexpected(nodes.error());
    const auto services = collection(core::kServices, [&](const json::value& service) {
        for (const auto& ingress : list_at(service, {"status", "loadBalancer", "ingress"}))
            texts.insert(text_at(ingress, {"ip"}));
        for (const auto& external : list_at(service, {"spec", "externalIPs"}))
            if (external.is_string()) texts.insert(std::string(external.get_string()));
    });
    if (!services) return tl::unexpected(services.error());
    const auto endpoints = api.get(core::kEndpoints, "default", "kubernetes");
    if (!endpoints && endpoints.error().code != "forbidden" && endpoints.error().code != "not_found")
        return tl::unexpected(endpoints.error());
    if (endpoints)
        for (const auto& subset : list_at(*endpoints, {"subsets"}))
            for (const auto& address : list_at(subset, {"addresses"})) texts.insert(text_at(address, {"ip"}));
    ClusterAddresses out;
    for (const auto& text : texts)  // names are among them, too
        if (const auto network = IpNetwork::parse(text)) out.push_back(*network);
    return out;
}

}  // namespace grid::adapters::kubernetes
