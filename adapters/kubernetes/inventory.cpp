#include "adapters/kubernetes/driver.hpp"
#include "lease/quantity.hpp"

namespace grid::adapters::kubernetes {

using messages::Resources;

namespace {

constexpr std::uint64_t kMib = 1024 * 1024;

/// Amounts of a resource list; what is malformed counts nothing.
struct Amounts {
    std::uint64_t cpu_milli = 0, memory = 0, storage = 0, gpus = 0;  ///< bytes where it is not said

    static Amounts of(const json::value& from, Path path, const std::string& gpu) {
        const auto& list = object_at(from, path);
        const auto text = [&](std::string_view name) {
            const auto* value = list.if_contains({name.data(), name.size()});
            if (value == nullptr) return std::string();
            if (value->is_string()) return std::string(value->get_string());
            return json::serialize(*value);
        };
        return {lease::parse_millicores(text("cpu")).value_or(0),
                lease::parse_bytes(text("memory")).value_or(0),
                lease::parse_bytes(text("ephemeral-storage")).value_or(0),
                lease::parse_count(text(gpu)).value_or(0)};
    }
    Amounts& operator+=(const Amounts& other) {
        cpu_milli += other.cpu_milli;
        memory += other.memory;
        storage += other.storage;
        gpus += other.gpus;
        return *this;
    }
    void at_least(const Amounts& other) {
        cpu_milli = std::max(cpu_milli, other.cpu_milli);
        memory = std::max(memory, other.memory);
        storage = std::max(storage, other.storage);
        gpus = std::max(gpus, other.gpus);
    }
};

/// What a pod counts for the scheduler: its containers and sidecars together, or its greatest init container
/// with the sidecars before it (KEP-753), and overhead.
Amounts pod_request(const json::value& pod, const std::string& gpu) {
    Amounts sum, init, sidecars;
    for (const auto& c : list_at(pod, {"spec", "initContainers"})) {
        auto now = Amounts::of(c, {"resources", "requests"}, gpu);
        now += sidecars;
        if (text_at(c, {"restartPolicy"}) == "Always") sidecars = now;
        init.at_least(now);
    }
    for (const auto& c : list_at(pod, {"spec", "containers"}))
        sum += Amounts::of(c, {"resources", "requests"}, gpu);
    sum += sidecars;
    sum.at_least(init);
    sum += Amounts::of(pod, {"spec", "overhead"}, gpu);
    return sum;
}

bool takes_pods(const json::value& node) {
    if (flag_at(node, {"spec", "unschedulable"})) return false;
    for (const auto& taint : list_at(node, {"spec", "taints"})) {
        const auto effect = text_at(taint, {"effect"});
        if (effect == "NoSchedule" || effect == "NoExecute") return false;
    }
    for (const auto& condition : list_at(node, {"status", "conditions"}))
        if (text_at(condition, {"type"}) == "Ready") return text_at(condition, {"status"}) == "True";
    return false;
}

std::uint64_t less(std::uint64_t all, std::uint64_t kept) {
    return all > kept ? all - kept : 0;
}

}  // namespace

Result<messages::Inventory> read_inventory(Api& api, const KubernetesConfig& config,
                                           const std::function<bool(const std::string&)>& ours) {
    Amounts used;
    std::map<std::string, Amounts> foreign;  // by node
    const auto count = [&](json::array&& pods, bool first) {
        if (first) {
            used = {};
            foreign.clear();
        }
        for (const auto& pod : pods) {
            const auto request = pod_request(pod, config.gpu_resource);
            if (ours(text_at(pod, {"metadata", "namespace"})))
                used += request;
            else
                foreign[text_at(pod, {"spec", "nodeName"})] += request;
        }
    };
    // Pods that have ended ask for nothing any more.
    const auto pods = api.read_pages(
        core::kPods, "", {{"fieldSelector", "status.phase!=Succeeded,status.phase!=Failed"}}, count);
    if (!pods) return tl::unexpected(pods.error());
    messages::Inventory inventory;
    inventory.used = {used.cpu_milli, (used.memory + kMib - 1) / kMib, (used.storage + kMib - 1) / kMib,
                      used.gpus};
    if (config.total) {
        inventory.total = *config.total;
        return inventory;
    }
    const auto nodes = api.list(core::kNodes, "");
    if (!nodes) return tl::unexpected(nodes.error());
    Resources room;
    for (const auto& node : nodes->items) {
        if (!takes_pods(node)) continue;
        const auto all = Amounts::of(node, {"status", "allocatable"}, config.gpu_resource);
        const auto& others = foreign[text_at(node, {"metadata", "name"})];
        room.cpu_milli += less(all.cpu_milli, others.cpu_milli);
        room.memory_mib += less(all.memory, others.memory) / kMib;
        room.storage_mib += less(all.storage, others.storage) / kMib;
        room.gpus += less(all.gpus, others.gpus);
    }
    inventory.total = {
        less(room.cpu_milli, config.reserve.cpu_milli), less(room.memory_mib, config.reserve.memory_mib),
        less(room.storage_mib, config.reserve.storage_mib), less(room.gpus, config.reserve.gpus)};
    return inventory;
}

}  // namespace grid::adapters::kubernetes
