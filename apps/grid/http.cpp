#include "apps/grid/http.hpp"

#include <arpa/inet.h>
#include <netdb.h>

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <memory>

#include "apps/grid/failure.hpp"

namespace grid::cli {

namespace {

/// The first address of a name; names under "localhost" are this machine (RFC 6761) whatever the resolver
/// says.
std::string resolve(const std::string& host, std::uint16_t port) {
    if (host == "localhost" || host.ends_with(".localhost")) return "127.0.0.1";
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const auto service = std::to_string(port);
    if (getaddrinfo(host.c_str(), service.c_str(), &hints, &found) != 0 || found == nullptr)
        throw Failure("unreachable",
                      "the name " + host + " cannot be resolved; check the URL and the network");
    const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned(found, freeaddrinfo);
    char text[NI_MAXHOST];
    if (getnameinfo(found->ai_addr, found->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST) != 0)
        throw Failure("unreachable", "the address of " + host + " cannot be read");
    return text;
}

}  // namespace

Endpoint::Endpoint(const std::string& url) : url_(url) {
    const auto parsed = boost::urls::parse_uri(url);
    if (!parsed || (parsed->scheme() != "http" && parsed->scheme() != "https") || parsed->host().empty() ||
        parsed->has_userinfo())
        throw Failure("bad_url", "expected http(s)://HOST[:PORT][/PATH], got " + url);
    const bool tls = parsed->scheme() == "https";
    host_ =
        parsed->host_name().empty() ? std::string(parsed->host_address()) : std::string(parsed->host_name());
    port_ = parsed->has_port() ? parsed->port_number() : static_cast<std::uint16_t>(tls ? 443 : 80);
    authority_ = std::string(parsed->encoded_host_and_port());
    base_path_ = std::string(parsed->encoded_path());
    if (!base_path_.empty() && base_path_.back() == '/') base_path_.pop_back();
    const auto address = resolve(host_, port_);
    if (tls)
        server_ = runtime::TlsSocket{address, port_, host_, {}};
    else
        server_ = runtime::TcpSocket{address, port_};
}

runtime::HttpResponse Endpoint::request(const std::string& method, const std::string& path,
                                        runtime::HttpHeaders headers, std::string body,
                                        std::chrono::milliseconds timeout) const {
    headers.emplace_back("Host", authority_);
    runtime::HttpRequest request{method, base_path_ + path, std::move(headers), std::move(body)};
    if (request.target.empty()) request.target.push_back('/');
    auto answer =
        runtime::HttpClient(server_).request(request, std::chrono::steady_clock::now() + timeout, 64u << 20);
    if (!answer) throw Failure(answer.error().code, url_ + ": " + answer.error().message);
    return std::move(*answer);
}

runtime::HttpResponse Endpoint::stream(const std::string& path, runtime::HttpHeaders headers,
                                       const runtime::HttpSink& sink) const {
    headers.emplace_back("Host", authority_);
    const runtime::HttpRequest request{"GET", base_path_ + path, std::move(headers), {}};
    auto answer = runtime::HttpClient(server_).stream(request, runtime::HttpDeadline::max(), sink);
    if (!answer) throw Failure(answer.error().code, url_ + ": " + answer.error().message);
    return std::move(*answer);
}

}  // namespace grid::cli
