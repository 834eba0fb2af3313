/// Undoing a deployment that failed.
#include <algorithm>

#include "adapters/kubernetes/deployment.hpp"

namespace grid::adapters::kubernetes {

using std::chrono::steady_clock;

namespace {
constexpr std::chrono::seconds kTick{3};
constexpr std::chrono::seconds kClaimsGo{30};  // after the last pod that has them
}  // namespace

/// Back to what was before. What fails here is left to the next apply or removal, which the lease asks for.
void Driver::undo(Deployment& d) {
    if (d.first) {
        if (d.touched) {
            // The namespace stays: its end would take minutes, and the next try would have to await it.
            (void)delete_objects(d.name_space, d.app);
            drop_new_claims(d);
            (void)api_.remove(core::kConfigMaps, d.name_space, record_name(d.app));
        } else if (d.new_namespace) {
            (void)api_.remove(core::kNamespaces, "", d.name_space);
        }
        return;
    }
    if (!d.touched) return;
    for (const auto& planned : d.plan.objects) {
        if (planned.resource == core::kClaims ||
            d.old_names.contains(identity(planned.resource, planned.name())))
            continue;
        (void)api_.remove(planned.resource, d.name_space, planned.name());
    }
    for (const auto& old : d.old_objects) (void)api_.apply(old.resource, d.name_space, old.object);
    // A stateful set waits for its broken pod for ever; without it the old version comes back.
    const auto pods = api_.list(core::kPods, d.name_space, app_query(d.app));
    if (!pods) return;
    for (const auto& workload : d.plan.record.workloads) {
        if (workload.kind != lease::WorkloadKind::stateful_set) continue;
        for (const auto& pod : pods->items) {
            const auto view = view_pod(pod, view_limits());
            if (view.workload == workload.name && view.template_ == workload.template_ &&
                view.state != PodView::State::ready)
                (void)api_.remove(core::kPods, d.name_space, view.name);
        }
    }
    drop_new_claims(d);
}

/// Volumes that this deployment has made. Awaited, or the next try would take one that is on its way out.
void Driver::drop_new_claims(const Deployment& d) {
    const auto is_new = [&](const json::value& claim) {
        return !d.old_claims.contains(text_at(claim, {"metadata", "name"}));
    };
    const auto claims = api_.list(core::kClaims, d.name_space, app_query(d.app));
    if (!claims || std::none_of(claims->items.begin(), claims->items.end(), is_new)) return;
    for (const auto& claim : claims->items)
        if (is_new(claim))
            (void)api_.remove(core::kClaims, d.name_space, text_at(claim, {"metadata", "name"}));
    Mirror mirror(api_, core::kClaims, d.name_space, app_query(d.app));
    (void)mirror.run(steady_clock::now() + config_.stop_grace_cap + kClaimsGo, kTick, stop_,
                     [&](const Mirror::Objects& left) {
                         return std::any_of(left.begin(), left.end(),
                                            [&](const auto& one) { return is_new(one.second); });
                     });
}

}  // namespace grid::adapters::kubernetes
