#pragma once

#include <stdexcept>

#include "store/result.hpp"

namespace grid::cli {

/// Exit codes of the command, the same for every subcommand (docs/quickstart.md lists them).
enum class Exit : int { ok = 0, failed = 1, usage = 2, unreachable = 3, differs = 4 };

/// Ends a command with an error; main prints it. Stays inside this program.
class Failure : public std::runtime_error {
public:
    explicit Failure(Error error) : std::runtime_error(error.message), error_(std::move(error)) {}
    Failure(std::string code, std::string message) : Failure(Error{std::move(code), std::move(message)}) {}
    const Error& error() const noexcept { return error_; }
    Exit exit() const noexcept {
        if (error_.code == "block_differs" || error_.code == "flushed_differs" ||
            error_.code == "data_damaged")
            return Exit::differs;
        return error_.code == "unreachable" || error_.code == "timeout" ? Exit::unreachable : Exit::failed;
    }

private:
    Error error_;
};

/// The value, or a Failure.
template <class T>
T need(Result<T> result) {
    if (!result) throw Failure(result.error());
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

}  // namespace grid::cli
