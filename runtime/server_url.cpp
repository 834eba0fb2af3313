#include "runtime/server_url.hpp"

#include <netdb.h>

#include <algorithm>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

namespace grid::runtime {

std::optional<ServerUrl> ServerUrl::parse(const std::string& text,
                                          std::initializer_list<std::string_view> schemes) {
    const auto parsed = boost::urls::parse_uri(text);
    if (!parsed || parsed->host().empty() || parsed->has_userinfo() || parsed->has_fragment())
        return std::nullopt;
    ServerUrl url;
    url.scheme = std::string(parsed->scheme());
    if (std::find(schemes.begin(), schemes.end(), url.scheme) == schemes.end()) return std::nullopt;
    url.tls = url.scheme == "https" || url.scheme == "wss";
    url.host = parsed->host_name().empty() ? parsed->host_address() : parsed->host_name();
    url.port = parsed->has_port() ? parsed->port_number() : static_cast<std::uint16_t>(url.tls ? 443 : 80);
    url.authority = std::string(parsed->encoded_host_and_port());
    url.path = std::string(parsed->encoded_path());
    if (parsed->has_query()) url.query = "?" + std::string(parsed->encoded_query());
    return url;
}

Result<std::string> ServerUrl::address() const {
    if (host == "localhost" || host.ends_with(".localhost")) return "127.0.0.1";
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0 || found == nullptr)
        return fail("unreachable", "the name " + host + " cannot be resolved; check the URL and the network");
    const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned(found, freeaddrinfo);
    char text[NI_MAXHOST];
    if (getnameinfo(found->ai_addr, found->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST) != 0)
        return fail("unreachable", "the address of " + host + " cannot be read");
    return text;
}

Result<HttpServer> ServerUrl::server() const {
    auto found = address();
    if (!found) return tl::unexpected(found.error());
    if (tls) return HttpServer(TlsSocket{std::move(*found), port, host, {}});
    return HttpServer(TcpSocket{std::move(*found), port});
}

}  // namespace grid::runtime
