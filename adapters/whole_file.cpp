#include "adapters/whole_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace grid::adapters {

namespace fs = std::filesystem;

std::string read_whole(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

Result<void> write_whole(const std::string& path, const std::string& content) {
    const auto failed = [&] {
        return fail("not_written", path + " cannot be written: " + std::strerror(errno));
    };
    std::error_code e;
    fs::create_directories(fs::path(path).parent_path(), e);
    const auto next = path + ".new";
    const int fd = ::open(next.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) return failed();
    std::size_t sent = 0;
    while (sent < content.size()) {
        const auto n = ::write(fd, content.data() + sent, content.size() - sent);
        if (n <= 0) break;
        sent += static_cast<std::size_t>(n);
    }
    const bool whole = sent == content.size() && ::fsync(fd) == 0;
    ::close(fd);
    if (!whole || ::rename(next.c_str(), path.c_str()) != 0) return failed();
    const int directory = ::open(fs::path(path).parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory >= 0) {
        ::fsync(directory);
        ::close(directory);
    }
    return {};
}

}  // namespace grid::adapters
