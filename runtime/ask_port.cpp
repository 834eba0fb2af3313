#include "runtime/ask_port.hpp"

#include <caf/actor_companion.hpp>
#include <mutex>
#include <unordered_map>

namespace grid::runtime {

/// Who waits for which response.
struct AskPort::Waiting {
    using Done = std::function<void(Reply)>;

    std::uint64_t add(Done done) {
        std::lock_guard lock(mutex);
        handlers.emplace(++last_id, std::move(done));
        return last_id;
    }

    /// Hands the response to its handler, once; a late second one (an answer after its timeout) finds nobody.
    void finish(std::uint64_t id, Reply reply) {
        Done done;
        {
            std::lock_guard lock(mutex);
            auto node = handlers.extract(id);
            if (node.empty()) return;
            done = std::move(node.mapped());
        }
        done(std::move(reply));
    }

    void close() {
        std::unordered_map<std::uint64_t, Done> left;
        {
            std::lock_guard lock(mutex);
            left.swap(handlers);
        }
        for (auto& [id, done] : left) done(tl::unexpected(caf::make_error(caf::sec::request_receiver_down)));
    }

    std::mutex mutex;
    std::uint64_t last_id = 0;
    std::unordered_map<std::uint64_t, Done> handlers;
};

AskPort::AskPort(caf::actor_system& system) : waiting_(std::make_shared<Waiting>()) {
    companion_ = system.spawn<caf::actor_companion, caf::hidden>();
    auto* companion = static_cast<caf::actor_companion*>(caf::actor_cast<caf::abstract_actor*>(companion_));
    companion->on_enqueue([waiting = waiting_](caf::mailbox_element_ptr element) {
        if (!element->mid.is_response()) return;
        const auto id = element->mid.request_id().integer_value();
        auto content = element->move_content_to_message();
        if (content.match_elements<caf::error>()) {
            waiting->finish(id, tl::unexpected(content.get_as<caf::error>(0)));
        } else {
            waiting->finish(id, std::move(content));
        }
    });
}

AskPort::~AskPort() {
    static_cast<caf::actor_companion*>(caf::actor_cast<caf::abstract_actor*>(companion_))
        ->on_enqueue(nullptr);
    waiting_->close();
}

void AskPort::send(caf::actor to, std::chrono::milliseconds timeout, caf::message message,
                   std::function<void(Reply)> done) {
    const auto mid = caf::make_message_id(waiting_->add(std::move(done)));
    auto* companion = caf::actor_cast<caf::abstract_actor*>(companion_);
    companion->home_system().clock().set_request_timeout(caf::actor_clock::clock_type::now() + timeout,
                                                         companion, mid.response_id());
    to->enqueue(caf::actor_cast<caf::strong_actor_ptr>(companion_), mid, std::move(message), nullptr);
}

}  // namespace grid::runtime
