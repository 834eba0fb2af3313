#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <thread>

#include "web/proxy/engine.hpp"
#include "web/proxy/worker.hpp"

namespace grid::web::proxy {

namespace {

using Acceptor = asio::basic_socket_acceptor<Tcp, Executor>;

constexpr int kBacklog = 4096;
constexpr std::chrono::milliseconds kAcceptPause{50};

class AsioEngine : public Engine {
public:
    AsioEngine(ServerOptions options, LocalHandler& handler, const ProxyWiring* wiring)
        : shared_(std::move(options), handler, wiring), acceptor_(accept_io_), pause_(accept_io_) {}
    ~AsioEngine() override { AsioEngine::stop(); }

    Result<std::uint16_t> listen(const std::string& address, std::uint16_t port) override;
    void start(unsigned threads) override;
    void stop() override;
    ServerStats stats() const override;

private:
    Task<void> accept_for_ever();

    Shared shared_;
    asio::io_context accept_io_{1};
    Acceptor acceptor_;
    Timer pause_;
    std::vector<std::unique_ptr<Worker>> workers_;
    std::vector<std::thread> threads_;
};

tl::unexpected<Error> listen_failure(const std::string& where, const ErrorCode& error) {
    if (error == asio::error::address_in_use) {
        return fail("address_in_use",
                    where + " is in use by another program; stop it or choose another port");
    }
    if (error == asio::error::access_denied) {
        return fail("permission_denied",
                    "no permission to listen on " + where + "; ports below 1024 need one");
    }
    if (error == boost::system::errc::address_not_available) {
        return fail("bad_address", where + " is not an address of this machine");
    }
    return fail("listen_failed", "cannot listen on " + where + ": " + error.message());
}

Result<std::uint16_t> AsioEngine::listen(const std::string& address, std::uint16_t port) {
    const std::string where = address + ":" + std::to_string(port);
    ErrorCode error;
    const auto ip = asio::ip::make_address(address, error);
    if (error) return fail("bad_address", "expected an IP address to listen on, came \"" + address + "\"");
    const Tcp::endpoint endpoint(ip, port);
    acceptor_.open(endpoint.protocol(), error);
    // Lets a restart take the port over from connections that are closing; a living listener still refuses.
    if (!error) acceptor_.set_option(Acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(kBacklog, error);
    if (error) {
        ErrorCode ignored;
        acceptor_.close(ignored);
        return listen_failure(where, error);
    }
    return acceptor_.local_endpoint().port();
}

void AsioEngine::start(unsigned threads) {
    if (!threads_.empty()) return;
    if (threads == 0) threads = std::max(1u, std::thread::hardware_concurrency());
    for (unsigned i = 0; i < threads; ++i) workers_.push_back(std::make_unique<Worker>(shared_));
    for (auto& worker : workers_) threads_.emplace_back([&worker = *worker] { worker.run(); });
    asio::co_spawn(accept_io_, accept_for_ever(), asio::detached);
    threads_.emplace_back([this] { accept_io_.run(); });
}

/// Deals connections out in turn. A failing accept (no descriptors left) waits a little and goes on.
Task<void> AsioEngine::accept_for_ever() {
    for (std::size_t turn = 0; !shared_.stopping.load(); ++turn) {
        Worker& worker = *workers_[turn % workers_.size()];
        Socket socket(worker.io());
        auto [error] = co_await acceptor_.async_accept(socket, use_tuple);
        if (!error) {
            worker.adopt(std::move(socket));
        } else if (error == asio::error::operation_aborted || error == asio::error::bad_descriptor) {
            co_return;
        } else if (error != asio::error::connection_aborted) {
            pause_.expires_after(kAcceptPause);
            co_await pause_.async_wait(use_tuple);
        }
    }
}

void AsioEngine::stop() {
    if (shared_.stopping.exchange(true)) return;
    asio::post(accept_io_, [this] {
        ErrorCode ignored;
        acceptor_.close(ignored);
        pause_.cancel();
    });
    if (threads_.empty()) {
        accept_io_.run();
        return;
    }
    // The accepting thread first: after it nobody makes sockets on the workers.
    threads_.back().join();
    for (auto& worker : workers_) worker->stop();
    threads_.pop_back();
    for (auto& thread : threads_) thread.join();
    threads_.clear();
    workers_.clear();
}

ServerStats AsioEngine::stats() const {
    const auto& counters = shared_.counters;
    ServerStats stats;
    stats.connections_open = counters.open.load(std::memory_order_relaxed);
    stats.connections_total = counters.total.load(std::memory_order_relaxed);
    stats.requests_local = counters.local.load(std::memory_order_relaxed);
    stats.requests_forwarded = counters.forwarded.load(std::memory_order_relaxed);
    stats.requests_refused = counters.refused.load(std::memory_order_relaxed);
    stats.upstream_connects = counters.connects.load(std::memory_order_relaxed);
    stats.upstream_retries = counters.retries.load(std::memory_order_relaxed);
    return stats;
}

}  // namespace

std::unique_ptr<Engine> make_asio_engine(ServerOptions options, LocalHandler& handler,
                                         const ProxyWiring* wiring) {
    return std::make_unique<AsioEngine>(std::move(options), handler, wiring);
}

}  // namespace grid::web::proxy
