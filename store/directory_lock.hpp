#pragma once

#include <string>

#include "store/result.hpp"

namespace grid::store {

/// Holds a data directory for this process, until it is destroyed or the process dies (flock).
class DirectoryLock {
public:
    /// Makes the directory when it is missing. Codes: `data_directory_in_use` when another process (or
    /// another part of this one) holds it, `data_directory` when it cannot be made or opened.
    static Result<DirectoryLock> take(const std::string& directory);
    DirectoryLock(DirectoryLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
    DirectoryLock& operator=(DirectoryLock&& other) noexcept {
        std::swap(file_, other.file_);
        return *this;
    }
    ~DirectoryLock();

private:
    explicit DirectoryLock(int file) : file_(file) {}
    int file_;
};

}  // namespace grid::store
