#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "store/result.hpp"

namespace grid::adapters {

/// A command that runs in a container, as a driver holds it. One thread reads, one writes; abandon() is for
/// any.
class ExecSession {
public:
    virtual ~ExecSession() = default;

    struct Piece {
        enum class Kind : std::uint8_t { out, err, nothing, end };
        Kind kind = Kind::nothing;
        std::string bytes;  ///< at most 64 KiB
    };
    /// The next output; `nothing` when none came within the limit, `end` when both streams are closed.
    virtual Piece read(std::chrono::milliseconds limit) = 0;
    /// Blocks until the bytes are on their way. False: the command takes no more.
    virtual bool write(std::string_view bytes) = 0;
    virtual void finish() = 0;  ///< the command reads the end of its input
    virtual void resize(std::uint16_t columns, std::uint16_t rows) = 0;
    /// Closes both streams: read() answers `end`, write() false.
    virtual void abandon() = 0;
    virtual bool abandoned() const = 0;
    /// After the end of its output.
    virtual Result<int> exit_code() = 0;
    /// Ends a command that was abandoned and runs on, where that can be done.
    virtual void end_command() = 0;
};

}  // namespace grid::adapters
