#include "store/directory_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace grid::store {

Result<DirectoryLock> DirectoryLock::take(const std::string& directory) {
    std::error_code fault;
    std::filesystem::create_directories(directory, fault);
    if (fault)
        return fail("data_directory", "cannot make the directory " + directory + ": " + fault.message());
    const std::string path = directory + "/lock";
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) return fail("data_directory", "cannot open " + path + ": " + std::strerror(errno));
    DirectoryLock lock(file);
    if (::flock(file, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK)
            return fail("data_directory_in_use",
                        "the data directory " + directory +
                            " is in use by another process; stop it or choose another directory");
        return fail("data_directory", "cannot lock " + path + ": " + std::strerror(errno));
    }
    return lock;
}

DirectoryLock::~DirectoryLock() {
    if (file_ >= 0) ::close(file_);
}

}  // namespace grid::store
