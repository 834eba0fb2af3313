#pragma once

#include <exception>
#include <string>
#include <string_view>

#include "store/result.hpp"
#include "web/http_server.hpp"

namespace grid::web {

/// A whole answer of the API. Status 0: the handler streams the answer itself.
struct ApiReply {
    unsigned status = 200;
    Headers headers;
    std::string body;
};

/// An answer of JSON text.
ApiReply json_reply(std::string body, unsigned status = 200);
/// 204: done, nothing to say.
ApiReply no_content();

/// Why a request is refused, as RFC 9457 says it. `code` is stable; `detail` is for a person and holds no
/// secret.
struct Problem {
    unsigned status = 500;
    std::string code;
    std::string detail;
    std::string field;  ///< the named input at fault; empty when there is none
    Headers headers;    ///< such as Allow, Retry-After, WWW-Authenticate
};

/// application/problem+json with type, title, status, detail, code and, when known, field.
ApiReply to_reply(const Problem& problem);

/// The HTTP status of an error's code: one table for every error that crosses into the web.
unsigned status_of(std::string_view code) noexcept;
Problem problem_of(const Error& error);

/// How handlers leave early inside this room; the router turns it into the answer.
class Refusal : public std::exception {
public:
    explicit Refusal(Problem problem) : problem_(std::move(problem)) {}
    const Problem& problem() const noexcept { return problem_; }
    const char* what() const noexcept override { return problem_.code.c_str(); }

private:
    Problem problem_;
};

[[noreturn]] void refuse(unsigned status, std::string code, std::string detail);
/// 400 `bad_field`, or `missing_field`: `field` is its path, like "resources.cpu_milli".
[[noreturn]] void refuse_field(std::string field, std::string detail, std::string code = "bad_field");

/// The value, or leaves with the problem of the error.
template <class T>
T or_refuse(Result<T> result) {
    if (!result) throw Refusal(problem_of(result.error()));
    return std::move(*result);
}

}  // namespace grid::web
