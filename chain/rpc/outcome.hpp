#pragma once

#include <functional>
#include <optional>
#include <string>

#include "store/result.hpp"

namespace grid::chain::rpc {

/// What a method answers: JSON text, or the members of an error object.
struct Outcome {
    std::string result;  ///< JSON text, when there is no error
    int error = 0;
    std::string message;
    std::string data;         ///< JSON text, or empty
    bool overloaded = false;  ///< refused because the node is full: try again later
};

/// Not this many and such parameters. Thrown while reading them, answered as -32602.
struct BadParameters {
    std::string message;
};

inline Outcome good(std::string result) {
    return {std::move(result), 0, {}, {}, false};
}
Outcome refused(int code, std::string message);
/// One of our errors: -32000, or -32005 for limits, with the phrases that wallets look for and our code as
/// {"reason": code}.
Outcome refused(const Error& error);

using Answer = std::function<void(Outcome)>;

}  // namespace grid::chain::rpc
