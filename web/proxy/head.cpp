#include "web/proxy/head.hpp"

#include <array>
#include <cstring>

namespace grid::web::proxy {

namespace {

constexpr std::uint8_t kToken = 1;
constexpr std::uint8_t kValue = 2;
constexpr std::uint8_t kTarget = 4;
constexpr std::uint8_t kHost = 8;

constexpr std::array<std::uint8_t, 256> make_classes() {
    std::array<std::uint8_t, 256> table{};
    for (unsigned c = 0; c < 256; ++c) {
        const bool alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        std::uint8_t bits = alnum ? kToken | kHost : 0;
        for (char t : std::string_view("!#$%&'*+-.^_`|~")) {
            if (c == static_cast<unsigned char>(t)) bits |= kToken;
        }
        for (char t : std::string_view("-._:[]")) {
            if (c == static_cast<unsigned char>(t)) bits |= kHost;
        }
        if (c == '\t' || (c >= 0x20 && c != 0x7f)) bits |= kValue;
        if (c > 0x20 && c < 0x7f && c != '#') bits |= kTarget;
        table[c] = bits;
    }
    return table;
}

constexpr auto kClasses = make_classes();

bool all_of_class(std::string_view text, std::uint8_t wanted) noexcept {
    for (const char c : text) {
        if ((kClasses[static_cast<unsigned char>(c)] & wanted) == 0) return false;
    }
    return true;
}

constexpr char lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

std::string_view trimmed(std::string_view s) noexcept {
    while (!s.empty() && (s.front() == ' ' || s.front() == '\t')) s.remove_prefix(1);
    while (!s.empty() && (s.back() == ' ' || s.back() == '\t')) s.remove_suffix(1);
    return s;
}

/// Takes the next member of a comma-separated list.
std::string_view next_member(std::string_view& list) noexcept {
    const auto comma = list.find(',');
    const auto member = trimmed(list.substr(0, comma));
    list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
    return member;
}

struct KnownField {
    std::string_view name;
    FieldId id;
};

// Sorted by nothing: compared by length first, which leaves one or two candidates.
constexpr KnownField kKnown[] = {
    {"host", FieldId::host},
    {"connection", FieldId::connection},
    {"content-length", FieldId::content_length},
    {"transfer-encoding", FieldId::transfer_encoding},
    {"upgrade", FieldId::upgrade},
    {"expect", FieldId::expect},
    {"te", FieldId::te},
    {"trailer", FieldId::trailer},
    {"keep-alive", FieldId::keep_alive},
    {"proxy-connection", FieldId::proxy_connection},
    {"proxy-authenticate", FieldId::proxy_authenticate},
    {"proxy-authorization", FieldId::proxy_authorization},
    {"proxy", FieldId::proxy},
    {"cookie", FieldId::cookie},
    {"authorization", FieldId::authorization},
    {"forwarded", FieldId::identity},
    {"x-real-ip", FieldId::identity},
    {"set-cookie", FieldId::set_cookie},
    {"set-cookie2", FieldId::set_cookie},
    {"clear-site-data", FieldId::clear_site_data},
    {"service-worker-allowed", FieldId::service_worker_allowed},
    {"strict-transport-security", FieldId::strict_transport_security},
    {"alt-svc", FieldId::alt_svc},
};

/// Compares with a lower-case name; '_' in `name` counts as '-'.
bool equals_loosely(std::string_view name, std::string_view known) noexcept {
    if (name.size() != known.size()) return false;
    for (std::size_t i = 0; i < name.size(); ++i) {
        const char c = name[i] == '_' ? '-' : lower(name[i]);
        if (c != known[i]) return false;
    }
    return true;
}

bool starts_loosely(std::string_view name, std::string_view prefix) noexcept {
    return name.size() >= prefix.size() && equals_loosely(name.substr(0, prefix.size()), prefix);
}

std::optional<std::uint64_t> parse_length(std::string_view text) noexcept {
    if (text.empty() || text.size() > 18) return std::nullopt;
    std::uint64_t value = 0;
    for (const char c : text) {
        if (c < '0' || c > '9') return std::nullopt;
        value = value * 10 + static_cast<unsigned>(c - '0');
    }
    return value;
}

/// An upgrade to clear-text HTTP/2 would carry requests past every check, so it is not one that is passed on.
bool names_http2(std::string_view value) noexcept {
    while (!value.empty()) {
        const auto member = next_member(value);
        if (equal_ignoring_case(member.substr(0, 2), "h2") ||
            equal_ignoring_case(member.substr(0, 5), "http/")) {
            return true;
        }
    }
    return false;
}

/// What request and response heads have in common, gathered while the fields are read.
struct Gathered {
    unsigned hosts = 0;
    bool close = false;
    bool keep_alive = false;
    bool upgrade_option = false;
    bool upgrade_field = false;
    bool http2 = false;
    bool expects_continue = false;
    bool bad_expectation = false;
    std::string_view host;
};

/// Reads one Connection value.
void read_connection(std::string_view value, Gathered& seen, std::vector<std::string_view>& nominated) {
    while (!value.empty()) {
        const auto option = next_member(value);
        if (option.empty()) continue;
        if (equal_ignoring_case(option, "close")) {
            seen.close = true;
        } else if (equal_ignoring_case(option, "keep-alive")) {
            seen.keep_alive = true;
        } else if (equal_ignoring_case(option, "upgrade")) {
            seen.upgrade_option = true;
        } else {
            nominated.push_back(option);
        }
    }
}

/// Reads the field lines after the start line. Returns the reason for a refusal or null; `too_many` tells the
/// limit.
template <class Head>
const char* read_fields(std::string_view text, std::size_t max_fields, Head& out, Gathered& seen,
                        bool& too_many) {
    out.fields.clear();
    out.nominated.clear();
    out.content_length.reset();
    out.chunked = false;
    for (;;) {
        const auto end = text.find("\r\n");
        if (end == std::string_view::npos) return "a header line has no end";
        if (end == 0) return text.size() == 2 ? nullptr : "bytes after the empty line";
        const auto line = text.substr(0, end);
        const auto colon = line.find(':');
        if (colon == std::string_view::npos) return "a header line has no colon";
        const auto name = line.substr(0, colon);
        // Also refuses folded lines (white space first) and white space before the colon.
        if (name.empty() || !all_of_class(name, kToken))
            return "a header name has characters that it may not have";
        const auto value = trimmed(line.substr(colon + 1));
        if (!all_of_class(value, kValue)) return "a header value has control characters";
        if (out.fields.size() >= max_fields) {
            too_many = true;
            return "too many header lines";
        }
        const auto id = field_id(name);
        out.fields.push_back({id, name, value, text.substr(0, end + 2)});
        switch (id) {
            case FieldId::host:
                ++seen.hosts;
                seen.host = value;
                break;
            case FieldId::content_length:
                if (out.content_length) return "Content-Length came twice";
                out.content_length = parse_length(value);
                if (!out.content_length) return "Content-Length is not a decimal number";
                break;
            case FieldId::transfer_encoding:
                if (out.chunked) return "Transfer-Encoding came twice";
                if (!equal_ignoring_case(value, "chunked"))
                    return "the only Transfer-Encoding known is chunked";
                out.chunked = true;
                break;
            case FieldId::connection:
                read_connection(value, seen, out.nominated);
                break;
            case FieldId::upgrade:
                seen.upgrade_field = true;
                seen.http2 = seen.http2 || names_http2(value);
                break;
            case FieldId::expect:
                if (equal_ignoring_case(value, "100-continue")) {
                    seen.expects_continue = true;
                } else {
                    seen.bad_expectation = true;
                }
                break;
            default:
                break;
        }
        text.remove_prefix(end + 2);
    }
}

template <class Head>
const char* check_framing(const Head& head) {
    if (head.chunked && head.content_length) return "Transfer-Encoding and Content-Length came together";
    if (head.chunked && head.minor == 0) return "HTTP/1.0 knows no Transfer-Encoding";
    return nullptr;
}

/// Reads "HTTP/1.0" or "HTTP/1.1"; false for anything else. `known_form`: it looks like HTTP/digit.digit.
bool read_version(std::string_view text, unsigned& minor, bool& known_form) {
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    known_form =
        text.size() == 8 && text.starts_with("HTTP/") && digit(text[5]) && text[6] == '.' && digit(text[7]);
    if (!known_form || text[5] != '1' || text[7] > '1') return false;
    minor = static_cast<unsigned>(text[7] - '0');
    return true;
}

bool valid_authority(std::string_view text) {
    if (text.empty() || text.size() > 300 || !all_of_class(text, kHost)) return false;
    std::string_view port;
    if (text.front() == '[') {
        const auto end = text.find(']');
        if (end == std::string_view::npos || end == 1) return false;
        const auto rest = text.substr(end + 1);
        if (!rest.empty() && rest.front() != ':') return false;
        port = rest.empty() ? rest : rest.substr(1);
        if (text.substr(1, end - 1).find('[') != std::string_view::npos) return false;
    } else {
        const auto colon = text.find(':');
        if (text.find_first_of("[]") != std::string_view::npos || colon == 0) return false;
        port = colon == std::string_view::npos ? std::string_view{} : text.substr(colon + 1);
    }
    if (port.size() > 5) return false;
    for (const char c : port) {
        if (c < '0' || c > '9') return false;
    }
    return true;
}

/// Turns the absolute form into the origin form; its authority must be that of Host.
std::optional<HeadError> read_target(std::string_view target, RequestHead& out) {
    if (!all_of_class(target, kTarget))
        return HeadError{400, "the target has characters that it may not have"};
    std::string_view authority = out.authority;
    if (target == "*") {
        if (out.method != "OPTIONS") return HeadError{400, "the target * is for OPTIONS only"};
    } else if (target.front() != '/') {
        const std::size_t scheme = target.starts_with("http://") ? 7 : target.starts_with("https://") ? 8 : 0;
        if (scheme == 0) return HeadError{400, "the target must start with a slash"};
        const auto slash = target.find('/', scheme);
        if (slash == std::string_view::npos) return HeadError{400, "the target has no path"};
        authority = target.substr(scheme, slash - scheme);
        if (!equal_ignoring_case(authority, out.authority)) {
            return HeadError{400, "the target names another host than Host"};
        }
        target.remove_prefix(slash);
    }
    out.target = target;
    const auto mark = target.find('?');
    out.path = target.substr(0, mark);
    out.query = mark == std::string_view::npos ? std::string_view{} : target.substr(mark + 1);
    return std::nullopt;
}

std::string_view find_value(const std::vector<Field>& fields, std::string_view name) {
    for (const auto& field : fields) {
        if (equal_ignoring_case(field.name, name)) return field.value;
    }
    return {};
}

}  // namespace

HeadScanner::State HeadScanner::scan(std::string_view buffer) {
    while (seen_ < buffer.size()) {
        const void* found = std::memchr(buffer.data() + seen_, '\n', buffer.size() - seen_);
        if (found == nullptr) {
            seen_ = buffer.size();
            return State::incomplete;
        }
        const auto at = static_cast<std::size_t>(static_cast<const char*>(found) - buffer.data());
        if (at == 0 || buffer[at - 1] != '\r') return State::bad;
        const bool empty = at == line_start_ + 1;
        seen_ = at + 1;
        line_start_ = seen_;
        if (empty) return State::complete;
    }
    return State::incomplete;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (lower(a[i]) != lower(b[i])) return false;
    }
    return true;
}

bool is_token(std::string_view text) noexcept {
    return !text.empty() && all_of_class(text, kToken);
}

bool is_field_value(std::string_view text) noexcept {
    return all_of_class(text, kValue);
}

FieldId field_id(std::string_view name) {
    for (const auto& known : kKnown) {
        if (known.name.size() != name.size() || lower(name.front()) != known.name.front()) continue;
        if (equal_ignoring_case(name, known.name)) return known.id;
    }
    if (starts_loosely(name, "x-grid-") || starts_loosely(name, "x-forwarded-")) return FieldId::identity;
    if (name.find('_') != std::string_view::npos) {
        if (equals_loosely(name, "x-real-ip")) return FieldId::identity;
        if (equals_loosely(name, "content-length") || equals_loosely(name, "transfer-encoding")) {
            return FieldId::ambiguous;
        }
    }
    return FieldId::other;
}

std::string_view RequestHead::value(std::string_view name) const {
    return find_value(fields, name);
}

std::string_view ResponseHead::value(std::string_view name) const {
    return find_value(fields, name);
}

std::optional<HeadError> parse_request_head(std::string_view head, const HeadLimits& limits,
                                            RequestHead& out) {
    if (head.size() > limits.max_bytes) return HeadError{431, "the request head is too large"};
    const auto line_end = head.find("\r\n");
    if (line_end == std::string_view::npos) return HeadError{400, "the request line has no end"};
    const auto line = head.substr(0, line_end);
    const auto first = line.find(' ');
    const auto last = line.rfind(' ');
    if (first == std::string_view::npos || first == last) {
        return HeadError{400, "the request line must be: method, target, version"};
    }
    out.method = line.substr(0, first);
    if (out.method.size() > 32 || !is_token(out.method)) return HeadError{400, "the method is not a token"};
    bool known_form = false;
    if (!read_version(line.substr(last + 1), out.minor, known_form)) {
        return known_form ? HeadError{505, "HTTP/1.0 and HTTP/1.1 are served here"}
                          : HeadError{400, "the request line does not end in an HTTP version"};
    }
    const auto target = line.substr(first + 1, last - first - 1);
    if (target.empty()) return HeadError{400, "the target is empty"};
    if (target.size() > limits.max_target) return HeadError{414, "the target is too long"};
    if (out.method == "CONNECT") return HeadError{400, "CONNECT is not served here"};

    Gathered seen;
    bool too_many = false;
    if (const char* reason = read_fields(head.substr(line_end + 2), limits.max_fields, out, seen, too_many)) {
        return HeadError{too_many ? 431u : 400u, reason};
    }
    if (seen.hosts > 1) return HeadError{400, "Host came twice"};
    if (seen.hosts == 0 && out.minor == 1) return HeadError{400, "Host is missing"};
    if (seen.hosts == 1 && !valid_authority(seen.host)) return HeadError{400, "Host is not a host name"};
    out.authority = seen.host;
    if (const char* reason = check_framing(out)) return HeadError{400, reason};
    if (seen.bad_expectation) return HeadError{417, "the only expectation known is 100-continue"};
    out.keep_alive = out.minor == 1 ? !seen.close : seen.keep_alive && !seen.close;
    out.upgrade = out.minor == 1 && seen.upgrade_option && seen.upgrade_field && !seen.http2;
    out.expects_continue = out.minor == 1 && seen.expects_continue;
    return read_target(target, out);
}

std::optional<HeadError> parse_response_head(std::string_view head, const HeadLimits& limits,
                                             ResponseHead& out) {
    const auto bad = [](const char* reason) { return HeadError{502, reason}; };
    if (head.size() > limits.max_bytes) return bad("the response head is too large");
    const auto line_end = head.find("\r\n");
    if (line_end == std::string_view::npos) return bad("the status line has no end");
    const auto line = head.substr(0, line_end);
    bool known_form = false;
    if (line.size() < 12 || !read_version(line.substr(0, 8), out.minor, known_form) || line[8] != ' ') {
        return bad("the status line does not start with HTTP/1.0 or HTTP/1.1");
    }
    out.status = 0;
    for (std::size_t i = 9; i < 12; ++i) {
        if (line[i] < '0' || line[i] > '9') return bad("the status is not a number");
        out.status = out.status * 10 + static_cast<unsigned>(line[i] - '0');
    }
    if (out.status < 100 || out.status > 599) return bad("the status is out of range");
    if (line.size() > 12 && line[12] != ' ') return bad("the status has more than three digits");
    out.reason = line.size() > 13 ? line.substr(13) : std::string_view{};
    if (!all_of_class(out.reason, kValue)) return bad("the reason phrase has control characters");

    Gathered seen;
    bool too_many = false;
    if (const char* reason = read_fields(head.substr(line_end + 2), limits.max_fields, out, seen, too_many)) {
        return bad(reason);
    }
    if (const char* reason = check_framing(out)) return bad(reason);
    out.keep_alive = out.minor == 1 ? !seen.close : seen.keep_alive && !seen.close;
    out.upgrade = seen.upgrade_option && seen.upgrade_field;
    return std::nullopt;
}

std::string host_name(std::string_view authority, std::uint16_t* port) {
    std::size_t end = authority.size();
    const auto colon = authority.rfind(':');
    const auto bracket = authority.rfind(']');
    unsigned number = 0;
    if (colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket)) {
        end = colon;
        for (const char c : authority.substr(colon + 1))
            number = number * 10 + static_cast<unsigned>(c - '0');
    }
    if (port != nullptr) *port = number <= 65535 ? static_cast<std::uint16_t>(number) : 0;
    std::string name(authority.substr(0, end));
    for (char& c : name) c = lower(c);
    return name;
}

}  // namespace grid::web::proxy
