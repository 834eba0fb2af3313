#include <algorithm>
#include <vector>

#include "fuzz/target.hpp"
#include "web/proxy/framing.hpp"
#include "web/proxy/rewrite.hpp"

namespace grid::fuzz {

namespace {

using namespace grid::web::proxy;

constexpr std::string_view kClient = "192.0.2.7";
constexpr std::string_view kUser = "0x00000000000000000000000000000000000000AA";
constexpr std::string_view kOwnHost = "app.example";

enum Choice : std::uint8_t {
    kResponse = 1,
    kToHead = 2,      ///< the response is one to HEAD
    kSandbox = 4,     ///< of a request: its Authorization is removed
    kNoReferrer = 8,  ///< of a request: a user is named
    kClose = 16,      ///< of a request: another target is asked for
    kKeepAlive = 32,  ///< of a request: a prefix is named
    kStripChunked = 64,
};

/// The head's size when it is whole; nothing when it is not, or bad.
std::optional<std::size_t> delimit(std::string_view bytes, std::size_t piece) {
    HeadScanner at_once, in_pieces;
    const auto state = at_once.scan(bytes);
    auto slow = HeadScanner::State::incomplete;
    for (std::size_t seen = 0; seen < bytes.size() && slow == HeadScanner::State::incomplete;) {
        seen = std::min(bytes.size(), seen + piece);
        slow = in_pieces.scan(bytes.substr(0, seen));
    }
    require(slow == state, "a head ends in the same place however it comes");
    if (state != HeadScanner::State::complete) return std::nullopt;
    require(at_once.size() == in_pieces.size() && at_once.size() <= bytes.size(), "a head lies in its input");
    require(bytes.substr(0, at_once.size()).ends_with("\r\n"), "a head ends in an empty line");
    return at_once.size();
}

template <class Head>
std::size_t number_of(const Head& head, FieldId id) {
    return static_cast<std::size_t>(std::count_if(head.fields.begin(), head.fields.end(),
                                                  [&](const Field& field) { return field.id == id; }));
}

template <class Head>
bool any_named(const Head& head, std::string_view name) {
    return std::any_of(head.fields.begin(), head.fields.end(),
                       [&](const Field& field) { return equal_ignoring_case(field.name, name); });
}

void check_fields(std::string_view bytes, const std::vector<Field>& fields) {
    for (const Field& field : fields) {
        require(is_token(field.name) && is_field_value(field.value), "a line is a name and a value");
        require(field.line.data() >= bytes.data() &&
                    field.line.data() + field.line.size() <= bytes.data() + bytes.size(),
                "a line lies in its input");
        require(field.line.find_first_of("\r\n") == field.line.size() - 2, "a line is one line");
    }
}

/// A body takes the same bytes and gives the same content however it comes.
void check_body(const Framing& framing, std::string_view body, std::size_t piece) {
    Framing at_once = framing, in_pieces = framing;
    std::string content, slow_content;
    const auto step = at_once.feed(body, &content);
    require(step.used <= body.size() && content.size() <= step.used, "a body takes what there is");
    std::size_t used = 0;
    auto state = in_pieces.complete() ? Framing::State::complete : Framing::State::more;
    while (used < body.size() && state == Framing::State::more) {
        const auto part = in_pieces.feed(body.substr(used, piece), &slow_content);
        used += part.used;
        state = part.state;
    }
    require(used == step.used && slow_content == content, "a body is the same however it comes");
    require(body.empty() || state == step.state, "a body ends the same however it comes");
    require(step.state != Framing::State::bad || at_once.reason() != std::string_view(), "a fault is told");
    if (step.state == Framing::State::complete)
        require(at_once.feed("x").used == 0, "a body that is whole takes no more");
}

/// As one who reads heads more freely sees it: the lines of a rewritten head are its fields.
void check_lines(std::string_view head) {
    require(head.ends_with("\r\n\r\n"), "a rewritten head ends in an empty line");
    head.remove_suffix(2);
    while (!head.empty()) {
        const auto end = head.find('\n');
        require(end != std::string_view::npos && end > 1 && head[end - 1] == '\r',
                "every line ends in CRLF, none is empty");
        require(head.substr(0, end - 1).find('\r') == std::string_view::npos && head.find('\0') > end &&
                    head.front() != ' ' && head.front() != '\t',
                "no line continues another");
        head.remove_prefix(end + 1);
    }
}

void check_request(const RequestHead& head, std::uint8_t choice) {
    RequestRewrite with;
    with.client = kClient;
    if (choice & kSandbox) with.strip_authorization = true;
    if (choice & kNoReferrer) with.user = kUser;
    if (choice & kClose) with.target = "/other?target";
    if (choice & kKeepAlive) with.prefix = "/a/lease/app";
    std::string out;
    rewrite_request(head, with, out);
    check_lines(out);
    RequestHead seen;
    const HeadLimits wide{1 << 20, 1 << 10, 1 << 16};
    const auto error = parse_request_head(out, wide, seen);
    require(!error, "what is passed on is a head", error ? error->reason : "");
    require(seen.method == head.method && seen.minor == head.minor && seen.authority == head.authority,
            "method, version and host stay");
    require(seen.target == (with.target.empty() ? head.target : with.target), "the target is as chosen");
    require(seen.content_length == head.content_length && seen.chunked == head.chunked,
            "the application sees the body's end where we see it");
    require(seen.upgrade == head.upgrade, "an upgrade stays one");
    require(number_of(seen, FieldId::ambiguous) == 0 && number_of(seen, FieldId::proxy) == 0 &&
                number_of(seen, FieldId::keep_alive) == 0 &&
                number_of(seen, FieldId::proxy_connection) == 0 &&
                number_of(seen, FieldId::proxy_authorization) == 0,
            "nothing of this connection is passed on");
    const std::size_t own = 2 + !head.authority.empty() + !with.prefix.empty() + !with.user.empty();
    require(number_of(seen, FieldId::identity) == own, "who visits is said by us alone");
    require(seen.value("x-forwarded-for") == kClient && seen.value("x-grid-user") == with.user,
            "who visits is as we know it");
    require(!with.strip_authorization || number_of(seen, FieldId::authorization) == 0,
            "our token stays here");
    for (const Field& field : seen.fields) {
        if (field.id != FieldId::cookie) continue;
        require(!field.value.empty(), "no empty Cookie line");
        std::string foreign;
        append_foreign_cookies(field.value, foreign);
        require(foreign == field.value, "no cookie of ours is passed on", std::string(field.value));
    }
    for (const auto& option : head.nominated)
        if (field_id(option) == FieldId::other)
            require(!any_named(seen, option), "what Connection names ends here", std::string(option));
}

void check_response(const ResponseHead& head, std::uint8_t choice, bool to_head) {
    ResponseRewrite with;
    with.sandbox = choice & kSandbox;
    with.no_referrer = choice & kNoReferrer;
    with.close = choice & kClose;
    with.keep_alive = choice & kKeepAlive;
    with.strip_chunked = choice & kStripChunked;
    with.own_host = kOwnHost;
    std::string out;
    rewrite_response(head, with, out);
    check_lines(out);
    ResponseHead seen;
    const HeadLimits wide{1 << 20, 1 << 10, 1 << 16};
    const auto error = parse_response_head(out, wide, seen);
    require(!error, "what is passed on is a head", error ? error->reason : "");
    require(seen.status == head.status && seen.reason == head.reason, "the status stays");
    const bool bodiless = head.status < 200 || head.status == 204;
    require(seen.content_length == (bodiless ? std::nullopt : head.content_length), "the length stays");
    require(seen.chunked == (head.chunked && !bodiless && !with.strip_chunked), "the coding stays");
    if (!with.strip_chunked)
        require(Framing::of_response(seen, to_head).kind() == Framing::of_response(head, to_head).kind(),
                "the visitor sees the body's end where we see it");
    require(number_of(seen, FieldId::ambiguous) == 0 && number_of(seen, FieldId::proxy_authenticate) == 0,
            "nothing of this connection is passed on");
    if (with.sandbox && head.status >= 200) {
        require(number_of(seen, FieldId::set_cookie) == 0 && number_of(seen, FieldId::clear_site_data) == 0 &&
                    number_of(seen, FieldId::service_worker_allowed) == 0 &&
                    number_of(seen, FieldId::strict_transport_security) == 0 &&
                    number_of(seen, FieldId::alt_svc) == 0,
                "an application in a sandbox sets nothing for the whole host");
        require(any_named(seen, "content-security-policy"), "the sandbox is told");
    }
    for (const Field& field : seen.fields) {
        if (field.id != FieldId::set_cookie) continue;
        auto name = field.value.substr(0, field.value.find_first_of("=;"));
        while (name.ends_with(' ') || name.ends_with('\t')) name.remove_suffix(1);
        require(!is_own_cookie(name), "an application sets no cookie of ours", std::string(name));
    }
}

}  // namespace

void http_head(chain::ByteView input) {
    if (input.size() < 2) return;
    const std::uint8_t choice = input[0];
    const std::size_t piece = 1 + input[1] % 64;
    const std::string_view bytes(reinterpret_cast<const char*>(input.data()) + 2, input.size() - 2);
    const auto size = delimit(bytes, piece);
    if (!size) return;
    const auto text = bytes.substr(0, *size);
    const auto body = bytes.substr(*size);
    if (choice & kResponse) {
        ResponseHead head;
        if (const auto error = parse_response_head(text, {}, head)) {
            require(error->status == 502 && *error->reason != 0, "a bad answer is the application's fault");
            return;
        }
        check_fields(text, head.fields);
        check_response(head, choice, choice & kToHead);
        check_body(Framing::of_response(head, choice & kToHead), body, piece);
        return;
    }
    RequestHead head;
    if (const auto error = parse_request_head(text, {}, head)) {
        require(error->status >= 400 && error->status < 600 && *error->reason != 0, "a refusal has a status");
        return;
    }
    check_fields(text, head.fields);
    require(head.target.starts_with('/') || (head.target == "*" && head.method == "OPTIONS"),
            "a target is a path");
    std::uint16_t port = 0;
    require(host_name(head.authority, &port).size() <= head.authority.size(), "a host is a part of Host");
    check_request(head, choice);
    check_body(Framing::of_request(head), body, piece);
}

}  // namespace grid::fuzz
