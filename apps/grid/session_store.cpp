#include "apps/grid/session_store.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>

#include "apps/grid/failure.hpp"
#include "apps/grid/json.hpp"
#include "chain/keccak.hpp"
#include "lease/rfc3339.hpp"

namespace grid::cli {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kMaxFile = 16 * 1024;
/// A session that ends so soon is not begun with.
constexpr chain::Seconds kMargin{30};

chain::Timestamp now() {
    const auto since = std::chrono::system_clock::now().time_since_epoch();
    return {static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(since).count())};
}

struct Session {
    std::string token;
    chain::Timestamp expires_at;
};

/// What this user alone can read and write.
std::optional<std::string> read_private(const fs::path& path) {
    const int file = ::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (file < 0) return std::nullopt;
    struct stat facts {};
    std::string content(kMaxFile, '\0');
    const bool ours = ::fstat(file, &facts) == 0 && S_ISREG(facts.st_mode) && facts.st_uid == ::geteuid() &&
                      (facts.st_mode & 077) == 0;
    const auto n = ours ? ::read(file, content.data(), content.size()) : -1;
    ::close(file);
    if (n <= 0) return std::nullopt;
    content.resize(static_cast<std::size_t>(n));
    return content;
}

std::optional<Session> read_session(const fs::path& path) {
    const auto content = read_private(path);
    if (!content) return std::nullopt;
    try {
        const auto document = parse_json(*content, path.string());
        return Session{text_of(document, "token"),
                       need(lease::parse_rfc3339(text_of(document, "expires_at")))};
    } catch (const Failure&) {
        return std::nullopt;
    }
}

/// Whole or not at all, also when two calls end at once.
bool write_private(const fs::path& path, const std::string& content) {
    auto fresh = path.string() + ".XXXXXX";
    const int file = ::mkostemp(fresh.data(), O_CLOEXEC);  // 0600
    if (file < 0) return false;
    const bool written =
        ::write(file, content.data(), content.size()) == static_cast<ssize_t>(content.size());
    ::close(file);
    if (written && ::rename(fresh.c_str(), path.c_str()) == 0) return true;
    ::unlink(fresh.c_str());
    return false;
}

}  // namespace

SessionStore::SessionStore(fs::path directory) : directory_(std::move(directory)) {
    if (directory_ == "none") directory_.clear();
}

fs::path SessionStore::default_directory() {
    if (const char* home = std::getenv("GRID_HOME"))
        return fs::path(home) / "sessions";  // NOLINT(concurrency-mt-unsafe)
    if (const char* home = std::getenv("HOME"))
        return fs::path(home) / ".grid" / "sessions";  // NOLINT(concurrency-mt-unsafe)
    return {};
}

fs::path SessionStore::path_of(const SessionName& name) const {
    const auto place =
        chain::keccak256(chain::as_bytes(name.gateway + '\n' + name.market.hex() + '\n' + name.user.hex()));
    return directory_ / (place.hex().substr(2, 32) + "-" + std::to_string(name.order.value) + ".json");
}

std::optional<std::string> SessionStore::find(const SessionName& name) const {
    if (directory_.empty()) return std::nullopt;
    const auto session = read_session(path_of(name));
    if (!session || session->expires_at <= now() + kMargin) return std::nullopt;
    return session->token;
}

void SessionStore::keep(const SessionName& name, const std::string& token,
                        chain::Timestamp expires_at) const {
    if (directory_.empty()) return;
    std::error_code problem;
    fs::create_directories(directory_, problem);
    fs::permissions(directory_, fs::perms::owner_all, problem);
    for (const auto& file : fs::directory_iterator(directory_, problem))
        if (const auto session = read_session(file.path()); session && session->expires_at <= now())
            fs::remove(file.path(), problem);
    const auto content = "{\"gateway\": " + json_text(name.gateway) +
                         ", \"user\": " + json_text(name.user.checksummed()) +
                         ", \"order\": " + std::to_string(name.order.value) +
                         ", \"expires_at\": " + json_text(lease::format_rfc3339(expires_at)) +
                         ", \"token\": " + json_text(token) + "}\n";
    (void)write_private(path_of(name), content);
}

void SessionStore::drop(const SessionName& name) const {
    if (directory_.empty()) return;
    std::error_code problem;
    fs::remove(path_of(name), problem);
}

}  // namespace grid::cli
