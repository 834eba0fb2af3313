/// Deploying and updating: all or nothing.
#include <algorithm>
#include <set>

#include "adapters/kubernetes/deployment.hpp"
#include "adapters/kubernetes/extract.hpp"
#include "lease/demand.hpp"

namespace grid::adapters::kubernetes {

using messages::AppStatus;
using messages::Hash;
using messages::Health;
using messages::Resources;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

constexpr std::chrono::seconds kTick{3};
constexpr milliseconds kAgain{100};
constexpr std::chrono::seconds kClocks{30};     // that those of the cluster may be behind ours
constexpr std::chrono::seconds kNoPods{20};     // a controller that cannot make pods for so long cannot
constexpr std::chrono::seconds kLastWords{20};  // beyond their grace, for pods that go

Result<void> check_demand(const lease::Application& application, const Resources& has) {
    const auto wants = lease::demand_of(application);
    const auto over = [](std::uint64_t wanted, const char* what, std::uint64_t bought) {
        return fail("failed_to_start", "the application wants " + std::to_string(wanted) + " " + what +
                                           ", the order has " + std::to_string(bought));
    };
    if (wants.cpu_milli > has.cpu_milli) return over(wants.cpu_milli, "millicores", has.cpu_milli);
    if (wants.memory_mib > has.memory_mib) return over(wants.memory_mib, "MiB of memory", has.memory_mib);
    if (wants.storage_mib > has.storage_mib)
        return over(wants.storage_mib, "MiB of storage", has.storage_mib);
    if (wants.gpus > has.gpus) return over(wants.gpus, "GPUs", has.gpus);
    return {};
}

bool has_owner(const json::value& object) {
    return !list_at(object, {"metadata", "ownerReferences"}).empty();
}

}  // namespace

Result<AppStatus> Driver::apply(const Hash& lease, const std::string& app,
                                const lease::Application& application, const Resources& resources) {
    if (auto ok = check_demand(application, resources); !ok) return tl::unexpected(ok.error());
    const auto held = gate(lease);
    const std::lock_guard lock(held->mutex);
    Stop stop(stop_);
    struct Applying {
        Gate& gate;
        Applying(Gate& g, Stop& s, const std::string& app) : gate(g) {
            const std::lock_guard inner(gate.applying_mutex);
            gate.applying = &s;
            gate.applied_app = app;
            if (gate.to_be_removed(app)) s.stop();
        }
        ~Applying() {
            const std::lock_guard inner(gate.applying_mutex);
            gate.applying = nullptr;
        }
    } const applying(*held, stop, app);

    const auto known = discovery();
    if (!known) return tl::unexpected(driver_error(known.error()));
    Deployment d{
        app, ownership_.namespace_of(lease), resources, *known, {config_, **known, ownership_.labels(lease)}};
    d.stop = &stop;
    auto plan = plan_app(d.context, app, application);
    if (!plan) return tl::unexpected(plan.error());
    d.plan = std::move(*plan);
    const auto made = ensure_namespace(lease, stop);
    if (!made) return tl::unexpected(driver_error(made.error()));
    d.new_namespace = *made;
    const auto done = run(d);
    keep_replaced(lease, d, done.has_value());
    if (!done) {
        auto error = done.error();
        if (error.code == "stopped" && !stop_.stopped())
            error = {"failed_to_start", "the application is being removed"};
        error = driver_error(error);
        // Where the cluster does not answer nothing can be undone, and nothing is known to be wrong.
        if (error.code != "cluster_unavailable" || !d.touched) undo(d);
        return tl::unexpected(error);
    }
    auto seen = look(d.name_space, d.plan.record);
    if (!seen) return AppStatus{Health::unknown, seen.error().message, {}};
    explain(d.name_space, d.plan.record, *seen);
    return std::move(seen->status);
}

Result<void> Driver::run(Deployment& d) {
    auto cluster = addresses();
    if (!cluster) return tl::unexpected(cluster.error());
    d.cluster = std::move(*cluster);
    if (auto done = apply_objects(d, guard_rails(d.context, d.bought, d.cluster)); !done) return done;
    if (auto done = check_names(d); !done) return done;
    const auto before = find_record(d.name_space, d.app);
    if (!before) return tl::unexpected(before.error());
    d.first = !before->has_value();
    if (auto done = remember_old(d); !done) return done;
    if (!d.first)
        if (const auto pods = api_.list(core::kPods, d.name_space, app_query(d.app)); pods) {
            d.replaced = std::make_unique<ReplacedLogs>(api_, d.name_space, stop_);
            d.replaced->follow(pods->items);
        }
    const auto record = record_object(d.context, d.plan.record);
    d.touched = true;
    // The record comes first where there is none: what is begun can be found again after a crash of ours.
    if (d.first)
        if (auto done = apply_objects(d, {record}); !done) return done;
    if (auto done = apply_objects(d, d.plan.objects); !done) return done;
    if (auto done = await_start(d); !done) return done;
    if (auto done = apply_objects(d, {record}); !done) return done;
    return prune(d);
}

/// What pods say last comes after the answer to who changed the application: it is awaited beside.
void Driver::keep_replaced(const Hash& lease, Deployment& d, bool went_well) {
    if (!d.replaced) return;
    const auto deadline = steady_clock::now() +
                          (went_well ? config_.stop_grace_cap + kLastWords : std::chrono::milliseconds(0));
    auto keep = [this, lease, deadline, record = d.plan.record, name_space = d.name_space,
                 replaced = std::shared_ptr<ReplacedLogs>(std::move(d.replaced))] {
        auto logs = replaced->take(record, deadline);
        if (logs.empty()) return;
        // Nothing is kept of an application that has been removed meanwhile.
        const auto held = gate(lease);
        const std::lock_guard lock(held->mutex);
        const auto still = find_record(name_space, record.app);
        if (!still || !*still) return;
        for (auto& log : logs) kept_logs_.keep(lease.hex().substr(2), record.app, std::move(log));
    };
    const std::lock_guard lock(mutex_);
    std::erase_if(keeping_, [](const auto& one) {
        return one.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
    });
    keeping_.push_back(std::async(std::launch::async, std::move(keep)));
}

Result<bool> Driver::ensure_namespace(const Hash& lease, Stop& stop) {
    const auto object = namespace_object(config_, ownership_, lease);
    const auto name = ownership_.namespace_of(lease);
    const auto deadline = steady_clock::now() + config_.remove_timeout;
    for (;;) {
        const auto found = find_namespace(lease);
        if (!found) return tl::unexpected(found.error());
        if (*found) {
            const auto updated = api_.apply(core::kNamespaces, "", object);
            if (!updated) return tl::unexpected(updated.error());
            return false;
        }
        const auto made = api_.create(core::kNamespaces.path(""), object);
        if (made) return true;
        if (made.error().code != "already_exists") return tl::unexpected(made.error());
        // One of that name is on its way out, or it was made in spite of an answer like 504.
        const auto there = api_.get(core::kNamespaces, "", name);
        if (!there || text_at(*there, {"metadata", "deletionTimestamp"}).empty()) {
            if (steady_clock::now() >= deadline) return tl::unexpected(made.error());
            if (!stop.sleep_about(kAgain)) return fail("stopped", "deploying was stopped");
            continue;
        }
        if (auto gone = await_namespace_gone(name, deadline, stop); !gone)
            return tl::unexpected(gone.error());
    }
}

/// Names that the user's manifest relies on are taken as they are; two applications cannot share one.
Result<void> Driver::check_names(const Deployment& d) {
    std::set<std::string> checked;
    for (const auto& planned : d.plan.objects) {
        const auto& plural = planned.resource.plural;
        if ((plural != "services" && plural != "statefulsets" && planned.resource != core::kClaims) ||
            !checked.insert(plural).second)
            continue;
        const auto there = api_.list(planned.resource, d.name_space);
        if (!there) return tl::unexpected(there.error());
        for (const auto& object : there->items) {
            const auto owner = text_at(object, {"metadata", "labels", label::kApp});
            if (owner.empty() || owner == d.app) continue;
            for (const auto& mine : d.plan.objects)
                if (mine.resource.plural == plural && mine.name() == text_at(object, {"metadata", "name"}))
                    return fail("failed_to_start", mine.resource.kind + " " + mine.name() +
                                                       " belongs to application " + owner +
                                                       " of this lease; give it another name");
        }
    }
    return {};
}

Result<void> Driver::remember_old(Deployment& d) {
    const auto claims = api_.list(core::kClaims, d.name_space, app_query(d.app));
    if (!claims) return tl::unexpected(claims.error());
    for (const auto& claim : claims->items) d.old_claims.insert(text_at(claim, {"metadata", "name"}));
    for (const auto& resource : app_resources(*d.discovery)) {
        auto list = api_.list(resource, d.name_space, app_query(d.app));
        if (!list) return tl::unexpected(list.error());
        for (auto& object : list->items) {
            if (has_owner(object)) continue;  // goes with its owner
            d.old_names.insert(identity(resource, text_at(object, {"metadata", "name"})));
            // Secrets, jobs and pods are never changed, only replaced by others.
            if (resource.plural == "secrets" || resource.plural == "jobs" || resource == core::kPods)
                continue;
            object.as_object()["apiVersion"] = resource.group_version;  // lists leave them out
            object.as_object()["kind"] = resource.kind;
            if (auto applied = extract_applied(object, kFieldManager))
                d.old_objects.push_back({resource, std::move(*applied)});
        }
    }
    return {};
}

Result<void> Driver::apply_objects(const Deployment& d, const std::vector<Planned>& objects) {
    for (const auto& planned : objects) {
        if (d.stop->stopped()) return fail("stopped", "deploying was stopped");
        auto done = api_.apply(planned.resource, d.name_space, planned.object);
        // A service cannot become headless or stop being so; nothing is lost when it is made anew.
        if (!done && done.error().code == "invalid" && planned.resource == core::kServices &&
            d.old_names.contains(identity(planned.resource, planned.name()))) {
            if (auto gone = api_.remove(planned.resource, d.name_space, planned.name()); !gone)
                return tl::unexpected(gone.error());
            done = api_.apply(planned.resource, d.name_space, planned.object);
        }
        if (done) continue;
        auto error = done.error();
        error.message = planned.resource.kind + " " + planned.name() + ": " + error.message;
        return tl::unexpected(error);
    }
    return {};
}

/// A first version is awaited until its containers run, an update until it is ready everywhere.
Result<void> Driver::await_start(Deployment& d) {
    const auto begun = steady_clock::now();
    const auto begun_at = view_limits().now - kClocks.count();
    const auto start_limit = begun + config_.start_timeout;
    std::optional<Deadline> ready_limit;
    Result<void> outcome;
    const bool with_jobs = std::any_of(d.plan.record.workloads.begin(), d.plan.record.workloads.end(),
                                       [](const auto& w) { return w.kind == lease::WorkloadKind::job; });
    const auto failed = [&](const std::string& code, const std::string& why) {
        outcome = fail(code, d.first ? why : "the new version does not run, the old one stays: " + why);
        return false;
    };
    Mirror mirror(api_, core::kPods, d.name_space, app_query(d.app));
    const auto watched =
        mirror.run(start_limit + config_.ready_timeout, kTick, *d.stop, [&](const Mirror::Objects& objects) {
            std::vector<json::value> pods, jobs;
            for (const auto& [key, pod] : objects) pods.push_back(pod);
            if (with_jobs)
                if (auto found = jobs_of(d.name_space, d.app)) jobs = std::move(*found);
            auto view = view_app(d.plan.record, pods, jobs, view_limits());
            if (view.rolled_out || (d.first && view.started)) return false;
            if (view.broken && view.broken->image_missing)
                return failed("image_unavailable", view.broken->reason);
            // A first version may crash a few times before it finds what it needs; an update need not be.
            if (view.broken && (!d.first || view.broken->state == PodView::State::failed))
                return failed("failed_to_start", view.broken->reason);
            const auto now = steady_clock::now();
            if (!view.missing.empty() && now - begun > kNoPods)
                if (const auto why = why_no_pods(d.name_space, d.plan.record, begun_at); !why.empty())
                    return failed("failed_to_start", why);
            if (view.started && !ready_limit) ready_limit = now + config_.ready_timeout;
            const auto limit = ready_limit.value_or(start_limit);
            if (now < limit) return true;
            explain(d.name_space, d.plan.record, view);
            const auto waited = std::chrono::duration_cast<std::chrono::seconds>(now - begun).count();
            return failed("failed_to_start",
                          "not " + std::string(view.started ? "ready" : "started") + " within " +
                              std::to_string(waited) + " s" +
                              (view.status.reason.empty() ? "" : ": " + view.status.reason));
        });
    if (!outcome) return outcome;
    return watched;
}

/// What the application had and has no more. Volumes stay: they live as long as the order.
Result<void> Driver::prune(const Deployment& d) {
    std::set<std::string> wanted;
    for (const auto& planned : d.plan.objects) wanted.insert(identity(planned.resource, planned.name()));
    for (const auto& resource : app_resources(*d.discovery))
        for (const auto& old : d.old_names) {
            const auto prefix = resource.plural + "/";
            if (!old.starts_with(prefix) || wanted.contains(old)) continue;
            if (auto done = api_.remove(resource, d.name_space, old.substr(prefix.size())); !done)
                return tl::unexpected(done.error());
        }
    return {};
}

}  // namespace grid::adapters::kubernetes
