#include "web/proxy/worker.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <ctime>

#include "web/proxy/connection.hpp"

namespace grid::web::proxy {

namespace {

HeadLimits limits_of(const ServerOptions& options) {
    HeadLimits limits;
    limits.max_bytes = options.max_head;
    return limits;
}

}  // namespace

bool ClientCounts::enter(const std::string& client, std::size_t limit) {
    const std::lock_guard lock(mutex_);
    auto& count = counts_[client];
    if (count >= limit) return false;
    ++count;
    return true;
}

void ClientCounts::leave(const std::string& client) {
    const std::lock_guard lock(mutex_);
    const auto it = counts_.find(client);
    if (it != counts_.end() && --it->second == 0) counts_.erase(it);
}

Shared::Shared(ServerOptions server_options, LocalHandler& local_handler, const ProxyWiring* proxy_wiring)
    : options(std::move(server_options)),
      handler(local_handler),
      wiring(proxy_wiring == nullptr ? std::nullopt : std::optional<ProxyWiring>(*proxy_wiring)),
      limits(limits_of(options)) {}

bool Shared::trusts(const std::string& address) const {
    for (const auto& proxy : options.trusted_proxies) {
        if (proxy == address) return true;
    }
    return false;
}

void Mailbox::post(std::function<void()> job) {
    const std::lock_guard lock(mutex_);
    if (io_ != nullptr) asio::post(*io_, std::move(job));
}

void Mailbox::close() {
    const std::lock_guard lock(mutex_);
    io_ = nullptr;
}

Worker::Worker(Shared& shared)
    : shared_(shared),
      io_(1),
      upstreams_(shared.options.upstream_idle_per_thread),
      timer_(io_),
      mailbox_(std::make_shared<Mailbox>(io_)) {
    if (shared.wiring) routes_.emplace(*shared.wiring->routes);
}

Worker::~Worker() {
    mailbox_->close();
}

void Worker::run() {
    asio::co_spawn(io_, sweep_for_ever(), asio::detached);
    io_.run();
    mailbox_->close();
}

void Worker::stop() {
    mailbox_->post([this] {
        stopped_ = true;
        timer_.cancel();
        upstreams_.clear();
        // After what is complete already: a WebSocket whose message has just left can still be told.
        asio::post(io_, [this] {
            for (Connection* connection : connections_) {
                connection->say_goodbye();
                connection->abort();
            }
            // The coroutines see their errors and end first; whatever does not is dropped with the
            // io_context.
            asio::post(io_, [this] { asio::post(io_, [this] { io_.stop(); }); });
        });
    });
}

void Worker::adopt(Socket socket) {
    // Copyable for std::function; the socket belongs to this worker's io_context already.
    auto held = std::make_shared<Socket>(std::move(socket));
    mailbox_->post([this, held] { start_connection(std::move(*held)); });
}

void Worker::start_connection(Socket socket) {
    if (stopped_) return;
    ErrorCode error;
    const auto remote = socket.remote_endpoint(error);
    if (error) return;
    socket.set_option(Tcp::no_delay(true), error);
    auto address = remote.address();
    if (address.is_v6() && address.to_v6().is_v4_mapped()) {
        address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
    }
    std::string peer = address.to_string();
    const bool counted = !address.is_loopback() && !shared_.trusts(peer);
    const bool room = shared_.counters.open.load(std::memory_order_relaxed) < shared_.options.max_connections;
    if (!room || (counted && !shared_.clients.enter(peer, shared_.options.max_connections_per_client))) {
        const OwnAnswer busy{
            503, "Too many connections", "Close some and try again.", {{"Retry-After", "5"}}, {}};
        const auto bytes = render_answer(busy, false, true, false, date());
        [[maybe_unused]] const auto sent =
            ::send(socket.native_handle(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        count(shared_.counters.refused);
        return;
    }
    auto connection = std::make_shared<Connection>(*this, std::move(socket), std::move(peer), counted);
    asio::co_spawn(io_, Connection::serve(std::move(connection)), asio::detached);
}

std::uint64_t Worker::unix_now() {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
    return static_cast<std::uint64_t>(now.tv_sec);
}

std::string_view Worker::date() {
    const auto now = static_cast<std::int64_t>(unix_now());
    if (now != date_second_) {
        date_second_ = now;
        date_ = http_date(now);
    }
    return date_;
}

Task<void> Worker::sweep_for_ever() {
    while (!stopped_) {
        timer_.expires_after(shared_.options.sweep_interval);
        co_await timer_.async_wait(use_tuple);
        if (!stopped_) sweep();
    }
}

void Worker::sweep() {
    const auto now = Clock::now();
    bool changed = false;
    if (routes_) {
        routes_->current();
        changed = routes_->generation() != swept_generation_;
        swept_generation_ = routes_->generation();
    }
    // Cutting a connection never ends it at once: its coroutine sees the error later, so the set stays as it
    // is.
    for (Connection* connection : connections_) connection->sweep(now, changed);
    poll_watched(now);
    upstreams_.expire(now - shared_.options.upstream_idle_timeout);
}

/// One poll over all clients that wait for somebody: has one left meanwhile?
void Worker::poll_watched(Clock::time_point now) {
    std::vector<pollfd> descriptors;
    std::vector<Connection*> watched;
    for (Connection* connection : connections_) {
        const int descriptor = connection->watched_descriptor();
        if (descriptor < 0) continue;
        descriptors.push_back({descriptor, POLLRDHUP, 0});
        watched.push_back(connection);
    }
    if (descriptors.empty() || ::poll(descriptors.data(), descriptors.size(), 0) <= 0) return;
    for (std::size_t i = 0; i < watched.size(); ++i) {
        if ((descriptors[i].revents & (POLLERR | POLLHUP | POLLNVAL)) != 0) {
            watched[i]->abort();
        } else if ((descriptors[i].revents & POLLRDHUP) != 0) {
            watched[i]->client_half_closed(now);
        }
    }
}

}  // namespace grid::web::proxy
