#include "web/http_server.hpp"

#include "web/proxy/engine.hpp"

namespace grid::web {

const std::string* LocalRequest::header(std::string_view name) const {
    for (const auto& [key, value] : headers) {
        if (key == name) return &value;
    }
    return nullptr;
}

struct HttpServer::Parts {
    std::unique_ptr<proxy::Engine> engine;
};

HttpServer::HttpServer(ServerOptions options, LocalHandler& handler, const ProxyWiring* wiring)
    : parts_(std::make_unique<Parts>(Parts{proxy::make_asio_engine(std::move(options), handler, wiring)})) {}

HttpServer::~HttpServer() {
    stop();
}

Result<std::uint16_t> HttpServer::listen(const std::string& address, std::uint16_t port) {
    return parts_->engine->listen(address, port);
}

void HttpServer::start(unsigned threads) {
    parts_->engine->start(threads);
}

void HttpServer::stop() {
    parts_->engine->stop();
}

ServerStats HttpServer::stats() const {
    return parts_->engine->stats();
}

}  // namespace grid::web
