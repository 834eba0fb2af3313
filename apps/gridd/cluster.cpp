#include "apps/gridd/cluster.hpp"

#include <filesystem>

#include "chain/keccak.hpp"

namespace grid::gridd {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using runtime::ConfigSection;
using runtime::IpNetwork;

namespace {

constexpr std::uint64_t kMost = 1ull << 50;

std::vector<IpNetwork> read_networks(ConfigSection& section, const char* key) {
    std::vector<IpNetwork> networks;
    for (const auto& text : section.texts(key, {})) {
        const auto network = IpNetwork::parse(text);
        if (network)
            networks.push_back(*network);
        else
            section.mistake(key, network.error().message);
    }
    return networks;
}

std::map<std::string, std::string> read_labels(ConfigSection section) {
    std::map<std::string, std::string> labels;
    for (const auto& name : section.keys()) labels[name] = section.text(name, "");
    return labels;
}

messages::Resources read_resources(ConfigSection section, const messages::Resources& unsaid = {}) {
    return {section.integer("cpu_milli", unsaid.cpu_milli, 0, kMost),
            section.integer("memory_mib", unsaid.memory_mib, 0, kMost),
            section.integer("storage_mib", unsaid.storage_mib, 0, kMost),
            section.integer("gpus", unsaid.gpus, 0, kMost)};
}

}  // namespace

std::optional<adapters::KubernetesConfig> read_cluster(ConfigSection section) {
    const bool kubernetes = section.choice("kind", "podman", {"podman", "kubernetes"}) == "kubernetes";
    // Keys of the other kind are a mistake, which whoever finishes the document finds unread.
    if (!kubernetes) return std::nullopt;
    adapters::KubernetesConfig config;
    config.kubeconfig = section.text("kubeconfig", "");
    config.context = section.text("context", "");
    config.namespace_prefix = section.text("namespace_prefix", config.namespace_prefix);
    config.runtime_class = section.text("runtime_class", "");
    config.gpu_resource = section.text("gpu_resource", config.gpu_resource);
    config.storage_classes = section.texts("storage_classes", {});
    config.user_namespaces = section.boolean("user_namespaces", false);
    config.gateway_networks = read_networks(section, "gateway_networks");
    if (section.has("gateway_namespace_labels"))
        config.gateway_namespace_labels = read_labels(section.section("gateway_namespace_labels"));
    if (section.has("gateway_pod_labels"))
        config.gateway_pod_labels = read_labels(section.section("gateway_pod_labels"));
    if (section.has("dns_pod_labels")) config.dns_pod_labels = read_labels(section.section("dns_pod_labels"));
    config.dns_networks = read_networks(section, "dns_networks");
    config.denied_egress = read_networks(section, "denied_egress");
    config.required = section.texts("required", {});
    if (section.has("total")) config.total = read_resources(section.section("total"));
    if (section.has("reserve")) config.reserve = read_resources(section.section("reserve"));
    config.start_timeout = section.duration("start_timeout", config.start_timeout);
    config.ready_timeout = section.duration("ready_timeout", config.ready_timeout);
    config.schedule_timeout = section.duration("schedule_timeout", config.schedule_timeout);
    config.remove_timeout = section.duration("remove_timeout", config.remove_timeout);
    return config;
}

adapters::PodmanConfig read_podman(ConfigSection section) {
    adapters::PodmanConfig config;
    config.socket = section.text("socket", "");
    config.oci_runtime = section.text("runtime", "");
    config.storage_root = section.text("storage_root", "");
    config.allowed_registries = read_networks(section, "allowed_registries");
    config.required = section.texts("required", {});
    if (section.has("total")) config.total = read_resources(section.section("total"));
    if (section.has("reserve")) config.reserve = read_resources(section.section("reserve"), config.reserve);
    return config;
}

Result<messages::cluster_actor> spawn_cluster_driver(caf::actor_system& system, const NodeConfig& config,
                                                     const chain::Address& provider) {
    const auto& gateway = config.gateway_config;
    // Two gateways of one provider on one machine (tests) must not see each other: the data directory is part
    // of the name.
    const auto data = fs::canonical(config.data);
    const auto id = "g" + chain::keccak256(data.string() + provider.hex()).hex().substr(2, 16);
    if (config.kubernetes) {
        auto kubernetes = *config.kubernetes;
        kubernetes.gateway_id = id;
        kubernetes.data_dir = (data / "kubernetes").string();
        kubernetes.egress = gateway.egress;
        kubernetes.restricted = gateway.manifest.profile == lease::Profile::restricted;
        return adapters::spawn_kubernetes(system, kubernetes);
    }
    auto podman = config.podman;
    podman.gateway_id = id;
    podman.data_dir = (data / "podman").string();
    podman.egress = gateway.egress;
    return adapters::spawn_podman(system, podman);
}

}  // namespace grid::gridd
