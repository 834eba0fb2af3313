#include "web/proxy/rewrite.hpp"

namespace grid::web::proxy {

namespace {

std::string_view trimmed(std::string_view s) noexcept {
    while (!s.empty() && (s.front() == ' ' || s.front() == '\t')) s.remove_prefix(1);
    while (!s.empty() && (s.back() == ' ' || s.back() == '\t')) s.remove_suffix(1);
    return s;
}

/// Copies kept lines in runs: adjacent lines of the source become one append.
class RunCopy {
public:
    explicit RunCopy(std::string& out) : out_(out) {}
    ~RunCopy() { flush(); }
    RunCopy(const RunCopy&) = delete;
    RunCopy& operator=(const RunCopy&) = delete;

    void keep(std::string_view line) {
        if (!run_.empty() && run_.data() + run_.size() == line.data()) {
            run_ = std::string_view(run_.data(), run_.size() + line.size());
            return;
        }
        flush();
        run_ = line;
    }
    void flush() {
        out_.append(run_);
        run_ = {};
    }

private:
    std::string& out_;
    std::string_view run_;
};

bool is_nominated(std::string_view name, const std::vector<std::string_view>& nominated) noexcept {
    for (const auto& each : nominated) {
        if (equal_ignoring_case(each, name)) return true;
    }
    return false;
}

void add_line(std::string& out, std::string_view name, std::string_view value) {
    out.append(name).append(": ").append(value).append("\r\n");
}

/// A TE field survives only to say that trailers are understood, which they are: they pass through.
bool accepts_trailers(std::string_view value) noexcept {
    while (!value.empty()) {
        const auto comma = value.find(',');
        if (equal_ignoring_case(trimmed(value.substr(0, comma)), "trailers")) return true;
        if (comma == std::string_view::npos) return false;
        value.remove_prefix(comma + 1);
    }
    return false;
}

/// The Domain attribute of a Set-Cookie value, without its leading dot; empty when it has none.
std::string_view cookie_domain(std::string_view value) noexcept {
    std::string_view domain;
    auto semicolon = value.find(';');
    while (semicolon != std::string_view::npos) {
        value.remove_prefix(semicolon + 1);
        semicolon = value.find(';');
        const auto part = trimmed(value.substr(0, semicolon));
        const auto equals = part.find('=');
        if (equals == std::string_view::npos) continue;
        if (!equal_ignoring_case(trimmed(part.substr(0, equals)), "domain")) continue;
        domain = trimmed(part.substr(equals + 1));  // the last one counts (RFC 6265, 5.3)
        if (domain.starts_with('.')) domain.remove_prefix(1);
    }
    return domain;
}

bool keep_set_cookie(std::string_view value, const ResponseRewrite& with) noexcept {
    if (with.sandbox || is_own_cookie(trimmed(value.substr(0, value.find_first_of("=;"))))) return false;
    if (with.own_host.empty()) return true;
    const auto domain = cookie_domain(value);
    return domain.empty() || equal_ignoring_case(domain, with.own_host);
}

bool keep_response_field(const Field& field, const ResponseHead& head, const ResponseRewrite& with) noexcept {
    const bool bodiless = head.status < 200 || head.status == 204;
    switch (field.id) {
        case FieldId::connection:
        case FieldId::keep_alive:
        case FieldId::proxy_connection:
        case FieldId::proxy_authenticate:
        case FieldId::proxy_authorization:
        case FieldId::proxy:
        case FieldId::te:
        case FieldId::ambiguous:
            return false;
        case FieldId::upgrade:
            return head.status == 101 || head.status == 426;
        case FieldId::transfer_encoding:
            return !bodiless && !with.strip_chunked;
        case FieldId::content_length:
            return !bodiless;
        case FieldId::set_cookie:
            return keep_set_cookie(field.value, with);
        case FieldId::clear_site_data:
        case FieldId::service_worker_allowed:
        case FieldId::strict_transport_security:
        case FieldId::alt_svc:
            return !with.sandbox;
        default:
            return true;
    }
}

}  // namespace

bool is_own_cookie(std::string_view name) noexcept {
    constexpr std::string_view kSession = "cpuser_";
    constexpr std::string_view kHost = "__host-grid";
    constexpr std::string_view kPlainHost = "grid-app";  // without TLS: lease::app_cookie_name(false)
    return equal_ignoring_case(name.substr(0, kSession.size()), kSession) ||
           equal_ignoring_case(name.substr(0, kHost.size()), kHost) || equal_ignoring_case(name, kPlainHost);
}

void append_foreign_cookies(std::string_view cookie_header, std::string& out) {
    bool first = true;
    while (!cookie_header.empty()) {
        const auto semicolon = cookie_header.find(';');
        const auto pair = trimmed(cookie_header.substr(0, semicolon));
        cookie_header =
            semicolon == std::string_view::npos ? std::string_view{} : cookie_header.substr(semicolon + 1);
        if (pair.empty() || is_own_cookie(trimmed(pair.substr(0, pair.find('='))))) continue;
        if (!first) out.append("; ");
        out.append(pair);
        first = false;
    }
}

void rewrite_request(const RequestHead& head, const RequestRewrite& with, std::string& out) {
    out.append(head.method).append(" ");
    out.append(with.target.empty() ? head.target : with.target);
    out.append(head.minor == 1 ? " HTTP/1.1\r\n" : " HTTP/1.0\r\n");
    bool trailers = false;
    {
        RunCopy copy(out);
        for (const auto& field : head.fields) {
            switch (field.id) {
                case FieldId::host:
                case FieldId::content_length:
                case FieldId::transfer_encoding:
                    copy.keep(field.line);
                    continue;
                case FieldId::connection:
                case FieldId::keep_alive:
                case FieldId::proxy_connection:
                case FieldId::proxy_authenticate:
                case FieldId::proxy_authorization:
                case FieldId::proxy:
                case FieldId::identity:
                case FieldId::ambiguous:
                    continue;
                case FieldId::te:
                    trailers = trailers || accepts_trailers(field.value);
                    continue;
                case FieldId::upgrade:
                    if (head.upgrade) copy.keep(field.line);
                    continue;
                case FieldId::authorization:
                    if (with.strip_authorization) continue;
                    break;
                case FieldId::cookie: {
                    if (is_nominated(field.name, head.nominated)) continue;
                    copy.flush();
                    const auto start = out.size();
                    out.append(field.name).append(": ");
                    const auto empty_size = out.size();
                    append_foreign_cookies(field.value, out);
                    if (out.size() == empty_size) {
                        out.resize(start);
                    } else {
                        out.append("\r\n");
                    }
                    continue;
                }
                default:
                    break;
            }
            if (!head.nominated.empty() && is_nominated(field.name, head.nominated)) continue;
            copy.keep(field.line);
        }
    }
    if (head.upgrade) {
        add_line(out, "Connection", trailers ? "upgrade, TE" : "upgrade");
    } else if (trailers) {
        add_line(out, "Connection", "TE");
    }
    if (trailers) add_line(out, "TE", "trailers");
    add_line(out, "X-Forwarded-For", with.client);
    add_line(out, "X-Forwarded-Proto", with.proto);
    if (!head.authority.empty()) add_line(out, "X-Forwarded-Host", head.authority);
    if (!with.prefix.empty()) add_line(out, "X-Forwarded-Prefix", with.prefix);
    if (!with.user.empty()) add_line(out, "X-Grid-User", with.user);
    out.append("\r\n");
}

void rewrite_response(const ResponseHead& head, const ResponseRewrite& with, std::string& out) {
    const char digits[3] = {static_cast<char>('0' + head.status / 100),
                            static_cast<char>('0' + head.status / 10 % 10),
                            static_cast<char>('0' + head.status % 10)};
    out.append("HTTP/1.1 ").append(digits, 3).append(" ").append(head.reason).append("\r\n");
    {
        RunCopy copy(out);
        for (const auto& field : head.fields) {
            if (!keep_response_field(field, head, with)) continue;
            const bool framing =
                field.id == FieldId::content_length || field.id == FieldId::transfer_encoding;
            if (!framing && !head.nominated.empty() && is_nominated(field.name, head.nominated)) continue;
            copy.keep(field.line);
        }
    }
    if (head.status == 101) {
        add_line(out, "Connection", "upgrade");
    } else if (head.status >= 200) {
        if (with.sandbox) add_line(out, "Content-Security-Policy", "sandbox");
        if (with.no_referrer) add_line(out, "Referrer-Policy", "no-referrer");
        if (with.close) {
            add_line(out, "Connection", "close");
        } else if (with.keep_alive) {
            add_line(out, "Connection", "keep-alive");
        }
    }
    out.append("\r\n");
}

}  // namespace grid::web::proxy
