#pragma once

#include <string>
#include <string_view>

#include "web/proxy/head.hpp"

/// What changes in heads on their way between visitors and applications. Lines that stay are copied in runs
/// into one flat buffer, in their order and spelling.
namespace grid::web::proxy {

/// What is put into a request for an application.
struct RequestRewrite {
    std::string_view target;           ///< to ask the application for; empty: the target as it came
    std::string_view client;           ///< IP address, for X-Forwarded-For
    std::string_view proto = "http";   ///< for X-Forwarded-Proto
    std::string_view prefix;           ///< for X-Forwarded-Prefix (path form); empty: none
    std::string_view user;             ///< for X-Grid-User; empty: none
    bool strip_authorization = false;  ///< Authorization was a token of ours
};

/// Appends the head for the application to `out`: without hop-by-hop fields, fields that Connection nominates
/// (Host, Content-Length and Transfer-Encoding stay whatever it says), identity fields that the client sent,
/// and our cookies.
void rewrite_request(const RequestHead& head, const RequestRewrite& with, std::string& out);

/// What is done to a response for a visitor.
struct ResponseRewrite {
    bool sandbox = false;  ///< path form: Content-Security-Policy: sandbox; no Set-Cookie and the like
    std::string_view
        own_host;  ///< application's host: cookies for a wider domain are dropped; empty: not checked
    bool no_referrer = false;    ///< adds Referrer-Policy: no-referrer
    bool close = false;          ///< adds Connection: close
    bool keep_alive = false;     ///< adds Connection: keep-alive (for HTTP/1.0)
    bool strip_chunked = false;  ///< the body is sent without its chunk lines (to HTTP/1.0)
};

/// Appends the head for the visitor to `out`. A 101 keeps its Upgrade; a 1xx and a 204 lose fields that tell
/// of a body.
void rewrite_response(const ResponseHead& head, const ResponseRewrite& with, std::string& out);

/// True for the cookies of this gateway: `cpuser_*`, `__Host-grid*` and `grid-app`, case ignored.
bool is_own_cookie(std::string_view name) noexcept;
/// Appends the pairs of a Cookie value that are not ours, joined by "; ". Nothing when none is left.
void append_foreign_cookies(std::string_view cookie_value, std::string& out);

}  // namespace grid::web::proxy
