#pragma once

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>

#include "store/result.hpp"

namespace grid::runtime {

/// What a client believes: the authorities of `ca_file` (PEM; empty: the system's), TLS 1.2 at least. Code
/// `tls_failed`.
inline Result<boost::asio::ssl::context> tls_client(const std::string& ca_file) {
    namespace ssl = boost::asio::ssl;
    ssl::context tls(ssl::context::tls_client);
    boost::system::error_code e;
    SSL_CTX_set_min_proto_version(tls.native_handle(), TLS1_2_VERSION);
    ca_file.empty() ? tls.set_default_verify_paths(e) : tls.load_verify_file(ca_file, e);
    if (e) return fail("tls_failed", "the certificate authorities cannot be read: " + e.message());
    tls.set_verify_mode(ssl::verify_peer);
    return tls;
}

/// The certificate must be valid for that name or address; a name is also sent as SNI (RFC 6066: addresses
/// are not). Code `tls_failed`.
template <class SslStream>
Result<void> expect_server(SslStream& stream, const std::string& server_name) {
    stream.set_verify_callback(boost::asio::ssl::host_name_verification(server_name));
    boost::system::error_code e;
    boost::asio::ip::make_address(server_name, e);
    if (e.failed() && !SSL_set_tlsext_host_name(stream.native_handle(), server_name.c_str()))
        return fail("tls_failed", "the server name cannot be sent: " + server_name);
    return {};
}

}  // namespace grid::runtime
