#include "apps/gridd/watch.hpp"

#include <map>

namespace grid::gridd {

namespace {

class watch_state {
public:
    explicit watch_state(caf::event_based_actor* self) : self_(self) {}

    void begin(const PartsWatch::Parts& parts, std::function<void(std::string)> failed) {
        failed_ = std::move(failed);
        for (const auto& [name, part] : parts) {
            if (!part) continue;
            names_.emplace(part.address(), name);
            self_->monitor(part);
        }
        self_->set_down_handler([this](caf::down_msg& down) {
            if (!failed_) return;
            const auto name = names_.find(down.source);
            auto failed_once = std::exchange(failed_, nullptr);
            failed_once((name == names_.end() ? "a part" : name->second) +
                        " ended: " + caf::to_string(down.reason));
        });
    }

private:
    caf::event_based_actor* self_;
    std::map<caf::actor_addr, std::string> names_;
    std::function<void(std::string)> failed_;
};

caf::behavior watch(caf::stateful_actor<watch_state>* self, const PartsWatch::Parts& parts,
                    const std::function<void(std::string)>& failed) {
    self->state.begin(parts, failed);
    return {[](caf::unit_t) {}};
}

}  // namespace

PartsWatch::PartsWatch(caf::actor_system& system, Parts parts, std::function<void(std::string)> failed)
    : watcher_(system.spawn(watch, std::move(parts), std::move(failed))) {}

PartsWatch::~PartsWatch() {
    caf::scoped_actor self(watcher_->home_system());
    self->send_exit(watcher_, caf::exit_reason::kill);
    self->wait_for(watcher_);
}

}  // namespace grid::gridd
