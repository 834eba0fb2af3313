#include "adapters/chain_evm/endpoint.hpp"

#include "adapters/chain_evm/retry_after.hpp"
#include "adapters/chain_evm/web_socket.hpp"

namespace grid::adapters::evm {

Result<Endpoint> Endpoint::at(const std::string& text) {
    auto url = runtime::ServerUrl::parse(text, {"http", "https", "ws", "wss"});
    if (!url)
        return fail("bad_url",
                    "expected http(s):// or ws(s)://HOST[:PORT][/PATH] as the URL of an RPC endpoint");
    Endpoint endpoint;
    endpoint.url_ = std::move(*url);
    if (endpoint.url_.scheme.starts_with("ws")) endpoint.socket_ = std::make_shared<WebSocket>(endpoint.url_);
    return endpoint;
}

EndpointAnswer Endpoint::ask(const std::vector<RpcCall>& calls, std::chrono::milliseconds patience,
                             std::size_t max_reply) const {
    return socket_ ? socket_->ask(calls, patience, max_reply) : post(calls, patience, max_reply);
}

EndpointAnswer Endpoint::post(const std::vector<RpcCall>& calls, std::chrono::milliseconds patience,
                              std::size_t max_reply) const {
    auto server = url_.server();
    if (!server) return {tl::unexpected(server.error()), {}};
    const runtime::HttpRequest request{
        "POST",
        url_.target(),
        {{"Host", url_.authority}, {"Content-Type", "application/json"}, {"Accept", "application/json"}},
        encode(calls)};
    const auto answer = runtime::HttpClient(std::move(*server))
                            .request(request, std::chrono::steady_clock::now() + patience, max_reply);
    if (!answer) return {tl::unexpected(answer.error()), {}};
    if (answer->status / 100 != 2)
        return {refused_with(answer->status),
                retry_after(answer->header("Retry-After"), answer->header("Date"))};
    return {decode(answer->body, calls.size()), {}};
}

void Endpoint::listen(std::function<void()> news) const {
    if (socket_) socket_->listen(std::move(news));
}

bool Endpoint::deaf() const {
    return socket_ && !socket_->connected();
}

}  // namespace grid::adapters::evm
