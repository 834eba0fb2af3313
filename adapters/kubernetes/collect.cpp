/// What of ours stands on the cluster, what of it nobody needs any more, and what it takes.
#include "adapters/kubernetes/driver.hpp"

namespace grid::adapters::kubernetes {

using messages::Hash;
using std::chrono::steady_clock;

namespace {
constexpr std::chrono::minutes kAddressesLife{1};
}  // namespace

Result<std::vector<messages::RunningApp>> Driver::list() {
    const auto spaces = api_.list(core::kNamespaces, "", {{"labelSelector", ownership_.selector()}});
    if (!spaces) return tl::unexpected(driver_error(spaces.error()));
    std::map<std::string, Hash> leases;
    for (const auto& one : spaces->items)
        if (const auto lease = ownership_.lease_of(one))
            leases.emplace(text_at(one, {"metadata", "name"}), *lease);
    if (leases.empty()) return std::vector<messages::RunningApp>{};
    const auto records = api_.list(
        core::kConfigMaps, "", {{"labelSelector", ownership_.selector() + "," + label::kRecord + "=app"}});
    if (!records) return tl::unexpected(driver_error(records.error()));
    std::vector<messages::RunningApp> out;
    std::set<std::string> with_apps;
    for (const auto& object : records->items) {
        const auto lease = leases.find(text_at(object, {"metadata", "namespace"}));
        const auto record = read_record(object);
        if (lease == leases.end() || !record) continue;
        with_apps.insert(lease->first);
        out.push_back({lease->second, record->app});
    }
    for (const auto& [name, lease] : leases)
        if (!with_apps.contains(name)) out.push_back({lease, ""});
    return out;
}

Result<std::vector<std::string>> Driver::collect(const std::vector<Hash>& living) {
    const auto running = list();
    if (!running) return tl::unexpected(running.error());
    const std::set<Hash> kept(living.begin(), living.end());
    std::vector<std::string> gone;
    for (const auto& one : *running) {
        if (!one.app.empty() || kept.contains(one.lease_key)) continue;
        // A deployment may have begun since the list was read.
        const auto held = gate(one.lease_key);
        const std::unique_lock lock(held->mutex, std::try_to_lock);
        if (!lock) continue;
        const auto found = find_namespace(one.lease_key);
        if (!found || !*found) continue;
        const auto name = ownership_.namespace_of(one.lease_key);
        const auto records =
            api_.list(core::kConfigMaps, name, {{"labelSelector", std::string(label::kRecord) + "=app"}});
        if (!records || !records->items.empty()) continue;
        if (const auto done =
                api_.remove(core::kNamespaces, "", name, "Background", text_at(**found, {"metadata", "uid"}));
            !done)
            return tl::unexpected(driver_error(done.error()));
        gone.push_back("namespace " + name + " of lease " + one.lease_key.hex());
    }
    std::set<Hash> leases;
    for (const auto& one : *running)
        if (kept.contains(one.lease_key)) leases.insert(one.lease_key);
    if (auto done = renew_policies(leases); !done) return tl::unexpected(driver_error(done.error()));
    return gone;
}

/// Nodes and load balancers come and go: the policies of living leases follow.
Result<void> Driver::renew_policies(const std::set<Hash>& leases) {
    if (!config_.egress) return {};
    const auto now = addresses();
    if (!now) return tl::unexpected(now.error());
    const auto known = discovery();
    if (!known) return tl::unexpected(known.error());
    {
        const std::lock_guard lock(mutex_);
        if (*now == told_addresses_) return {};
    }
    for (const auto& lease : leases) {
        const PlanContext context{config_, **known, ownership_.labels(lease)};
        for (const auto& policy : network_policies(context, *now)) {
            const auto done = api_.apply(policy.resource, ownership_.namespace_of(lease), policy.object);
            // A namespace that has gone since, or is just going, needs none.
            if (!done && done.error().code != "not_found" && done.error().code != "conflict")
                return tl::unexpected(done.error());
        }
    }
    const std::lock_guard lock(mutex_);
    told_addresses_ = *now;
    return {};
}

Result<ClusterAddresses> Driver::addresses() {
    if (!config_.egress) return ClusterAddresses{};
    const auto kept = [this]() -> std::optional<ClusterAddresses> {
        const std::lock_guard lock(mutex_);
        if (steady_clock::now() < addresses_until_) return addresses_;
        return std::nullopt;
    };
    if (auto known = kept()) return *known;
    const std::lock_guard asking(asking_);
    if (auto known = kept()) return *known;
    auto found = cluster_addresses(api_);
    if (!found) return found;
    const std::lock_guard lock(mutex_);
    addresses_ = *found;
    addresses_until_ = steady_clock::now() + kAddressesLife;
    return found;
}

Result<messages::Inventory> Driver::inventory() {
    const auto spaces = api_.list(core::kNamespaces, "", {{"labelSelector", ownership_.selector()}});
    if (!spaces) return tl::unexpected(driver_error(spaces.error()));
    std::set<std::string> ours;
    for (const auto& one : spaces->items)
        if (ownership_.lease_of(one)) ours.insert(text_at(one, {"metadata", "name"}));
    auto inventory =
        read_inventory(api_, config_, [&](const std::string& name) { return ours.contains(name); });
    if (!inventory) return tl::unexpected(driver_error(inventory.error()));
    return inventory;
}

}  // namespace grid::adapters::kubernetes
