/// Removing: asked for, then awaited.
#include "adapters/kubernetes/driver.hpp"

namespace grid::adapters::kubernetes {

using messages::Hash;
using std::chrono::steady_clock;

namespace {
constexpr std::chrono::seconds kTick{5};
}  // namespace

/// Announces a removal until its turn has come, and stops what it makes futile.
class Driver::Removal {
public:
    Removal(Gate& gate, const std::string& app) : gate_(gate) {
        const std::lock_guard lock(gate_.applying_mutex);
        place_ = gate_.removals.insert(app);
        if (gate_.applying != nullptr && gate_.to_be_removed(gate_.applied_app)) gate_.applying->stop();
    }
    ~Removal() {
        const std::lock_guard lock(gate_.applying_mutex);
        gate_.removals.erase(place_);
    }
    Removal(const Removal&) = delete;
    Removal& operator=(const Removal&) = delete;

private:
    Gate& gate_;
    std::multiset<std::string>::iterator place_;
};

Result<void> Driver::remove(const Hash& lease, const std::string& app) {
    const auto held = gate(lease);
    std::unique_lock lock(held->mutex, std::defer_lock);
    {
        const Removal announced(*held, app);
        lock.lock();
    }
    kept_logs_.forget(lease.hex().substr(2), app);
    const auto name = ownership_.namespace_of(lease);
    const auto deadline = steady_clock::now() + config_.remove_timeout;
    const auto found = api_.get(core::kNamespaces, "", name);
    if (!found) {
        if (found.error().code == "not_found") return {};
        return tl::unexpected(driver_error(found.error()));
    }
    // A namespace that only looks like ours is nobody's application.
    if (ownership_.lease_of(*found) != lease) return {};
    const bool going = !text_at(*found, {"metadata", "deletionTimestamp"}).empty();
    if (!app.empty() && !going) {
        auto done = remove_app(name, app, stop_);
        if (!done) return tl::unexpected(driver_error(done.error()));
        return {};
    }
    if (!going)
        if (const auto begun =
                api_.remove(core::kNamespaces, "", name, "Background", text_at(*found, {"metadata", "uid"}));
            !begun)
            return tl::unexpected(driver_error(begun.error()));
    if (auto gone = await_namespace_gone(name, deadline, stop_); !gone)
        return tl::unexpected(driver_error(gone.error()));
    return {};
}

Result<void> Driver::await_namespace_gone(const std::string& name, Deadline deadline, Stop& stop) {
    std::string stuck;
    Mirror mirror(api_, core::kNamespaces, "", {{"fieldSelector", "metadata.name=" + name}});
    const auto watched = mirror.run(deadline, kTick, stop, [&](const Mirror::Objects& objects) {
        if (objects.empty()) return false;
        stuck.clear();
        for (const auto& one : list_at(objects.begin()->second, {"status", "conditions"}))
            if (text_at(one, {"status"}) == "True") stuck = tamed(text_at(one, {"message"}), 300);
        return true;
    });
    if (watched || watched.error().code != "timeout") return watched;
    return fail("timeout",
                "the namespace " + name + " is still being deleted" + (stuck.empty() ? "" : ": " + stuck));
}

Result<void> Driver::delete_objects(const std::string& name_space, const std::string& app) {
    const auto known = discovery();
    if (!known) return tl::unexpected(known.error());
    for (const auto& resource : app_resources(**known)) {
        const auto list = api_.list(resource, name_space, app_query(app));
        if (!list) return tl::unexpected(list.error());
        for (const auto& object : list->items) {
            if (!list_at(object, {"metadata", "ownerReferences"}).empty()) continue;  // goes with its owner
            if (auto done = api_.remove(resource, name_space, text_at(object, {"metadata", "name"})); !done)
                return tl::unexpected(done.error());
        }
    }
    return {};
}

Result<void> Driver::remove_app(const std::string& name_space, const std::string& app, Stop& stop) {
    if (auto begun = delete_objects(name_space, app); !begun) return begun;
    Mirror mirror(api_, core::kPods, name_space, app_query(app));
    const auto gone = mirror.run(steady_clock::now() + config_.remove_timeout, kTick, stop,
                                 [](const Mirror::Objects& pods) { return !pods.empty(); });
    if (!gone) return gone;
    // Last: until then the application can be found again.
    if (auto done = api_.remove(core::kConfigMaps, name_space, record_name(app)); !done)
        return tl::unexpected(done.error());
    return {};
}

}  // namespace grid::adapters::kubernetes
