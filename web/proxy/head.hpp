#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Strict parsing of HTTP/1.x heads (RFC 9112), without I/O. What two parsers could read in two ways is
/// refused.
namespace grid::web::proxy {

/// Bounds of a head. Beyond `max_bytes` or `max_fields`: 431; a longer target: 414.
struct HeadLimits {
    std::size_t max_bytes = 64 * 1024;
    std::size_t max_fields = 128;
    std::size_t max_target = 16 * 1024;
};

/// Finds the end of a head in a buffer that grows: the empty line. Looks at each byte once.
class HeadScanner {
public:
    enum class State : std::uint8_t { incomplete, complete, bad };

    /// `buffer` starts where the head starts and holds what came in earlier calls at its front.
    /// `bad`: a line feed without a carriage return before it.
    State scan(std::string_view buffer);
    /// Bytes of the head with its empty line, once complete.
    std::size_t size() const noexcept { return seen_; }
    void reset() noexcept { *this = HeadScanner{}; }

private:
    std::size_t seen_ = 0;        ///< bytes looked at
    std::size_t line_start_ = 0;  ///< where the current line starts
};

/// The header fields that the data plane itself understands.
enum class FieldId : std::uint8_t {
    other,
    host,
    connection,
    content_length,
    transfer_encoding,
    upgrade,
    expect,
    te,
    trailer,
    keep_alive,
    proxy_connection,
    proxy_authenticate,
    proxy_authorization,
    proxy,
    cookie,
    authorization,
    identity,   ///< x-grid-*, x-forwarded-*, forwarded, x-real-ip, also spelt with underscores
    ambiguous,  ///< framing fields spelt with underscores, which CGI-like applications take for the real ones
    set_cookie,
    clear_site_data,
    service_worker_allowed,
    strict_transport_security,
    alt_svc,
};

/// Which known field a name is; case does not matter.
FieldId field_id(std::string_view name);

/// One header line. The views point into the parsed buffer.
struct Field {
    FieldId id = FieldId::other;
    std::string_view name;
    std::string_view value;  ///< without the white space around it
    std::string_view line;   ///< the whole line with its CRLF
};

/// Why a head is refused, as an HTTP status and words for the sender. After one the connection is closed.
struct HeadError {
    unsigned status = 400;
    const char* reason = "";
};

/// A request head. Views point into the buffer that was parsed.
struct RequestHead {
    std::string_view method;
    std::string_view target;     ///< origin form ("/path?query"), or "*" with OPTIONS
    std::string_view path;       ///< the target before '?'
    std::string_view query;      ///< the target after '?'; empty when there is none
    std::string_view authority;  ///< value of Host; empty only in HTTP/1.0
    unsigned minor = 1;          ///< HTTP/1.minor, 0 or 1
    std::vector<Field> fields;
    std::optional<std::uint64_t> content_length;
    bool chunked = false;
    bool keep_alive = true;  ///< the client will take another answer on this connection
    bool upgrade = false;    ///< Connection: upgrade and an Upgrade field, not to HTTP/2
    bool expects_continue = false;
    std::vector<std::string_view> nominated;  ///< names that Connection lists, save the standard ones

    bool has_body() const noexcept { return chunked || (content_length && *content_length > 0); }
    /// First value of a field by name, case does not matter; empty when there is none.
    std::string_view value(std::string_view name) const;
};

/// A response head.
struct ResponseHead {
    unsigned minor = 1;
    unsigned status = 0;  ///< 100..599
    std::string_view reason;
    std::vector<Field> fields;
    std::optional<std::uint64_t> content_length;
    bool chunked = false;
    bool keep_alive = true;
    bool upgrade = false;
    std::vector<std::string_view> nominated;

    std::string_view value(std::string_view name) const;
};

/// Parses a whole head (as HeadScanner delimited it, empty line included) into `out`, whose vectors are
/// reused.
std::optional<HeadError> parse_request_head(std::string_view head, const HeadLimits& limits,
                                            RequestHead& out);
/// The same for a response; the status of an error is always 502.
std::optional<HeadError> parse_response_head(std::string_view head, const HeadLimits& limits,
                                             ResponseHead& out);

/// Host without port, in lower case; IPv6 keeps its brackets. `port` gets the number, 0 when none is there.
std::string host_name(std::string_view authority, std::uint16_t* port = nullptr);

/// Equal but for the case of ASCII letters.
bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept;
/// A token of RFC 9110 with at least one character.
bool is_token(std::string_view text) noexcept;
/// Characters that a field value may have: no controls but the tab.
bool is_field_value(std::string_view text) noexcept;

}  // namespace grid::web::proxy
