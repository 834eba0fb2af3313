#include "web/problem.hpp"

#include <algorithm>
#include <array>

#include "web/json_write.hpp"

namespace grid::web {

namespace {

struct CodeStatus {
    std::string_view code;
    unsigned status;
};

/// Sorted by code. What begins with "bad_" and does not stand here is 400; anything else is 500.
constexpr std::array kStatusOfCode{
    CodeStatus{"bad_manifest", 422},
    CodeStatus{"bad_reply", 502},
    CodeStatus{"bad_response", 502},
    CodeStatus{"bad_signature", 401},
    CodeStatus{"bad_status", 502},
    CodeStatus{"bad_token", 401},
    CodeStatus{"busy", 409},
    CodeStatus{"clock_skew", 401},
    CodeStatus{"cluster_unavailable", 503},
    CodeStatus{"ended", 410},
    CodeStatus{"expired_login", 401},
    CodeStatus{"expired_token", 401},
    CodeStatus{"failed_to_start", 422},
    CodeStatus{"forbidden", 403},
    CodeStatus{"forbidden_address", 422},
    CodeStatus{"foreign_login", 401},
    CodeStatus{"foreign_token", 401},
    CodeStatus{"idempotency_key_reused", 422},
    CodeStatus{"image_unavailable", 422},
    CodeStatus{"internal", 500},
    CodeStatus{"needs_bearer", 403},
    CodeStatus{"no_key", 503},
    CodeStatus{"no_token", 401},
    CodeStatus{"nonce_too_low", 409},
    CodeStatus{"not_acceptable", 422},
    CodeStatus{"not_found", 404},
    CodeStatus{"not_registered", 503},
    CodeStatus{"not_running", 409},
    CodeStatus{"not_yours", 403},
    CodeStatus{"overloaded", 503},
    CodeStatus{"policy", 422},
    CodeStatus{"pool_full", 503},
    CodeStatus{"reverted", 409},
    CodeStatus{"revoked_token", 401},
    CodeStatus{"stopped", 409},
    CodeStatus{"timeout", 504},
    CodeStatus{"tls_failed", 502},
    CodeStatus{"too_large", 422},
    CodeStatus{"too_many_quotes", 429},
    CodeStatus{"unavailable", 503},
    CodeStatus{"unknown_template", 404},
    CodeStatus{"unreachable", 502},
    CodeStatus{"unresolved", 422},
    CodeStatus{"unsupported", 422},
    CodeStatus{"used_nonce", 401},
    CodeStatus{"used_token", 401},
    CodeStatus{"wrong_chain_id", 400},
    CodeStatus{"wrong_lease", 403},
    CodeStatus{"wrong_sha256", 422},
    CodeStatus{"wrong_state", 409},
};
static_assert(std::is_sorted(kStatusOfCode.begin(), kStatusOfCode.end(),
                             [](const CodeStatus& a, const CodeStatus& b) { return a.code < b.code; }));

std::string_view title_of(unsigned status) noexcept {
    switch (status) {
        case 400:
            return "Bad Request";
        case 401:
            return "Unauthorized";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 409:
            return "Conflict";
        case 410:
            return "Gone";
        case 413:
            return "Content Too Large";
        case 415:
            return "Unsupported Media Type";
        case 421:
            return "Misdirected Request";
        case 422:
            return "Unprocessable Content";
        case 426:
            return "Upgrade Required";
        case 429:
            return "Too Many Requests";
        case 502:
            return "Bad Gateway";
        case 503:
            return "Service Unavailable";
        case 504:
            return "Gateway Timeout";
        default:
            return "Internal Server Error";
    }
}

}  // namespace

ApiReply json_reply(std::string body, unsigned status) {
    return {status, {{"Content-Type", "application/json"}}, std::move(body)};
}

ApiReply no_content() {
    return {204, {}, {}};
}

ApiReply to_reply(const Problem& problem) {
    ApiReply reply{problem.status, problem.headers, {}};
    reply.headers.emplace_back("Content-Type", "application/problem+json");
    JsonText json;
    json.begin_object();
    json.text("type", "urn:grid:problem:" + problem.code);
    json.text("title", title_of(problem.status));
    json.number("status", problem.status);
    json.text("code", problem.code);
    json.text("detail", problem.detail);
    if (!problem.field.empty()) json.text("field", problem.field);
    json.end_object();
    reply.body = json.take();
    return reply;
}

unsigned status_of(std::string_view code) noexcept {
    const auto it =
        std::lower_bound(kStatusOfCode.begin(), kStatusOfCode.end(), code,
                         [](const CodeStatus& entry, std::string_view c) { return entry.code < c; });
    if (it != kStatusOfCode.end() && it->code == code) return it->status;
    return code.starts_with("bad_") ? 400 : 500;
}

Problem problem_of(const Error& error) {
    Problem problem{status_of(error.code), error.code, error.message, {}, {}};
    if (problem.status == 401) problem.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"grid\"");
    if (problem.status == 429 || problem.status == 503) problem.headers.emplace_back("Retry-After", "5");
    return problem;
}

void refuse(unsigned status, std::string code, std::string detail) {
    throw Refusal(Problem{status, std::move(code), std::move(detail), {}, {}});
}

void refuse_field(std::string field, std::string detail, std::string code) {
    throw Refusal(Problem{400, std::move(code), std::move(detail), std::move(field), {}});
}

}  // namespace grid::web
