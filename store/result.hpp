#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace grid {

/// Why something was refused or failed, for a person: what was expected, what came, what to do.
/// `code` is stable (snake_case, part of the API); `message` is free text and never holds a secret.
struct Error {
    std::string code;
    std::string message;
    friend bool operator==(const Error&, const Error&) = default;
};

/// A value or the reason why there is none: how errors cross rooms (exceptions stay inside one).
template <class T>
using Result = tl::expected<T, Error>;

/// `return fail("bad_nonce", "expected nonce 7, came 5");`
inline tl::unexpected<Error> fail(std::string code, std::string message) {
    return tl::unexpected<Error>(Error{std::move(code), std::move(message)});
}

}  // namespace grid
