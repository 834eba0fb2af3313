#pragma once

#include <spdlog/spdlog.h>
#include <caf/all.hpp>
#include <optional>

namespace grid::actors {

/// An actor that is nothing but its state: `State(self, dependencies...)`, `State::interface` (the handle
/// with what it sends itself), `State::kName`, `State::behavior()`. The state dies when the actor ends, so
/// handles that point in a circle keep nobody alive. An exception in a handler ends the actor with an error.
template <class State>
class hosted : public State::interface::base {
public:
    using super = typename State::interface::base;

    template <class... Ts>
    explicit hosted(caf::actor_config& config, Ts&&... xs) : super(config) {
        this->set_exception_handler([](caf::scheduled_actor*, std::exception_ptr& thrown) {
            try {
                std::rethrow_exception(thrown);
            } catch (const std::exception& e) {
                spdlog::error("{}: ended by an exception: {}", State::kName, e.what());
                return caf::make_error(caf::sec::runtime_error, std::string(e.what()));
            } catch (...) {
                return caf::make_error(caf::sec::runtime_error, std::string("an unknown exception"));
            }
        });
        state_.emplace(this, std::forward<Ts>(xs)...);
    }

    const char* name() const override { return State::kName; }
    void on_exit() override { state_.reset(); }

protected:
    typename super::behavior_type make_behavior() override { return state_->behavior(); }

private:
    std::optional<State> state_;
};

/// A state that cannot begin: logs why, ends the actor, and answers nothing.
template <class State, class Self>
typename State::interface::behavior_type refuse_to_start(Self* self, const caf::error& why) {
    spdlog::error("{}: cannot start: {}", State::kName, caf::to_string(why));
    self->quit(why);
    return State::interface::behavior_type::make_empty_behavior();
}

}  // namespace grid::actors
