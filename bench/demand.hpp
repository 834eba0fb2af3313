#pragma once

#include <errno.h>
#include <stdlib.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <type_traits>
#include <utility>

#include "store/result.hpp"

/// How a benchmark ends when something is not as it must be, and the place where it works.
namespace grid::bench {

/// Ends the program with status 1 and says why.
[[noreturn]] inline void stop(const std::string& why) {
    std::fprintf(stderr, "%s: %s\n", program_invocation_short_name, why.c_str());
    std::exit(1);
}

/// The value; stop() with `what` when there is none.
template <class T>
T demand(Result<T> result, const char* what) {
    if (!result) stop(std::string(what) + ": " + result.error().code + ": " + result.error().message);
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

/// A directory of its own under the current one (whose disk is measured), removed at the end.
struct Directory {
    Directory() {
        char name[] = "bench-XXXXXX";
        if (::mkdtemp(name) == nullptr) stop("cannot make a directory here");
        path = name;
    }
    ~Directory() { std::filesystem::remove_all(path); }
    Directory(const Directory&) = delete;
    Directory& operator=(const Directory&) = delete;
    std::string path;
};

}  // namespace grid::bench
