#pragma once

#include <initializer_list>
#include <optional>

#include "runtime/http_client.hpp"

namespace grid::runtime {

/// The server that a URL names, and what is asked of it.
struct ServerUrl {
    std::string scheme;
    std::string host;       ///< a name, or an address without brackets
    std::string authority;  ///< host and port as they were written: for `Host`
    std::string path;       ///< percent-encoded, may be empty
    std::string query;      ///< with its "?", may be empty
    std::uint16_t port = 0;
    bool tls = false;

    /// `SCHEME://HOST[:PORT][/PATH][?QUERY]` with one of the schemes (http, https, ws, wss); none when it is
    /// anything else.
    static std::optional<ServerUrl> parse(const std::string& url,
                                          std::initializer_list<std::string_view> schemes);

    /// Without path and query, which often hold a key.
    std::string name() const { return scheme + "://" + authority; }
    std::string target() const { return (path.empty() ? "/" : path) + query; }

    /// The host's first address, looked up each time: the server may have moved. Names under "localhost" are
    /// this machine (RFC 6761) whatever the resolver says. Code `unreachable`.
    Result<std::string> address() const;
    /// The same as a server for HttpClient.
    Result<HttpServer> server() const;
};

}  // namespace grid::runtime
