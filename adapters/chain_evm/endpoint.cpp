#include "adapters/chain_evm/endpoint.hpp"

#include <netdb.h>

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <charconv>
#include <memory>

namespace grid::adapters::evm {
namespace {

Result<std::string> resolve(const std::string& host, std::uint16_t port) {
    if (host == "localhost" || host.ends_with(".localhost")) return "127.0.0.1";
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const auto service = std::to_string(port);
    if (getaddrinfo(host.c_str(), service.c_str(), &hints, &found) != 0 || found == nullptr)
        return fail("unreachable", "the name " + host + " cannot be resolved");
    const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned(found, freeaddrinfo);
    char text[NI_MAXHOST];
    if (getnameinfo(found->ai_addr, found->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST) != 0)
        return fail("unreachable", "the address of " + host + " cannot be read");
    return text;
}

std::optional<std::chrono::seconds> seconds_of(std::string_view header) {
    std::uint32_t seconds = 0;
    const auto [end, problem] = std::from_chars(header.data(), header.data() + header.size(), seconds);
    if (problem != std::errc{} || end != header.data() + header.size()) return std::nullopt;
    return std::chrono::seconds{seconds};
}

}  // namespace

Result<Endpoint> Endpoint::at(const std::string& url) {
    const auto parsed = boost::urls::parse_uri(url);
    if (!parsed || (parsed->scheme() != "http" && parsed->scheme() != "https") || parsed->host().empty() ||
        parsed->has_userinfo() || parsed->has_fragment())
        return fail("bad_url", "expected http(s)://HOST[:PORT][/PATH] as the URL of an RPC endpoint");
    Endpoint endpoint;
    endpoint.tls_ = parsed->scheme() == "https";
    endpoint.host_ =
        parsed->host_name().empty() ? std::string(parsed->host_address()) : std::string(parsed->host_name());
    endpoint.port_ =
        parsed->has_port() ? parsed->port_number() : static_cast<std::uint16_t>(endpoint.tls_ ? 443 : 80);
    endpoint.authority_ = std::string(parsed->encoded_host_and_port());
    endpoint.name_ = std::string(parsed->scheme()) + "://" + endpoint.authority_;
    endpoint.target_ = parsed->encoded_path().empty() ? "/" : std::string(parsed->encoded_path());
    if (parsed->has_query()) endpoint.target_ += "?" + std::string(parsed->encoded_query());
    return endpoint;
}

/// The name is resolved each time: the endpoint may have moved.
Result<EndpointAnswer> Endpoint::post(const std::string& body, std::chrono::milliseconds patience,
                                      std::size_t max_reply) const {
    const auto address = resolve(host_, port_);
    if (!address) return tl::unexpected(address.error());
    runtime::HttpServer server = runtime::TcpSocket{*address, port_};
    if (tls_) server = runtime::TlsSocket{*address, port_, host_, {}};
    const runtime::HttpRequest request{
        "POST",
        target_,
        {{"Host", authority_}, {"Content-Type", "application/json"}, {"Accept", "application/json"}},
        body};
    const auto answer = runtime::HttpClient(std::move(server))
                            .request(request, std::chrono::steady_clock::now() + patience, max_reply);
    if (!answer) return tl::unexpected(answer.error());
    return EndpointAnswer{answer->status, answer->body, seconds_of(answer->header("Retry-After"))};
}

}  // namespace grid::adapters::evm
