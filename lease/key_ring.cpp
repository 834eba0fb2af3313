#include "lease/key_ring.hpp"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <stdexcept>

namespace grid::lease {
namespace {

constexpr std::size_t kMaxFile = 16 * 1024;
constexpr std::size_t kMaxKeys = 64;
constexpr std::string_view kHeader = "grid key ring 1, keys: ";

/// An open file descriptor.
class File {
public:
    explicit File(int descriptor) : descriptor_(descriptor) {}
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    ~File() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }
    int get() const { return descriptor_; }
    bool is_open() const { return descriptor_ >= 0; }

private:
    int descriptor_;
};

tl::unexpected<Error> bad_file(const std::filesystem::path& path, const std::string& problem) {
    return fail("bad_key_file", "the session key file " + path.string() + " " + problem);
}

/// Text that is wiped when it goes.
struct SecretText {
    std::string text;
    SecretText() = default;
    SecretText(const SecretText&) = delete;
    SecretText& operator=(const SecretText&) = delete;
    ~SecretText() { OPENSSL_cleanse(text.data(), text.size()); }
};

Result<void> read_file(const File& file, const std::filesystem::path& path, SecretText& out) {
    struct stat status;
    if (::fstat(file.get(), &status) != 0)
        return bad_file(path, std::string("cannot be examined: ") + std::strerror(errno));
    if (!S_ISREG(status.st_mode)) return bad_file(path, "is not a regular file; move away what is there");
    if (status.st_uid != ::geteuid())
        return bad_file(path, "belongs to user " + std::to_string(status.st_uid) +
                                  ", not to the one that runs this node; change its owner (chown)");
    if ((status.st_mode & 077) != 0)
        return bad_file(path, "can be read by others; run: chmod 600 '" + path.string() +
                                  "', and rotate the keys if others may have seen them");
    out.text.resize(kMaxFile + 1);
    std::size_t size = 0;
    while (size < out.text.size()) {
        const ssize_t got = ::read(file.get(), out.text.data() + size, out.text.size() - size);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return bad_file(path, std::string("cannot be read: ") + std::strerror(errno));
        if (got == 0) break;
        size += static_cast<std::size_t>(got);
    }
    if (size > kMaxFile) return bad_file(path, "is too large to be a key ring; restore it from the backup");
    out.text.resize(size);
    return {};
}

bool write_all(int descriptor, std::string_view text) {
    while (!text.empty()) {
        const ssize_t put = ::write(descriptor, text.data(), text.size());
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return false;
        text.remove_prefix(static_cast<std::size_t>(put));
    }
    return true;
}

/// Takes "<number><end>" off the front.
bool take_number(std::string_view& text, char end, std::uint64_t& value) {
    const auto [stop, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (problem != std::errc{} || stop == text.data() + text.size() || *stop != end) return false;
    text.remove_prefix(static_cast<std::size_t>(stop - text.data()) + 1);
    return true;
}

KeyRing::Key random_key(std::uint32_t id, chain::Timestamp now) {
    KeyRing::Key key;
    key.id = id;
    key.created_at = now;
    if (RAND_priv_bytes(key.secret.data(), static_cast<int>(key.secret.size())) != 1)
        throw std::runtime_error("the random generator of the operating system does not answer");
    return key;
}

}  // namespace

KeyRing::Key::~Key() {
    OPENSSL_cleanse(secret.data(), secret.size());
}

KeyRing KeyRing::generate(chain::Timestamp now) {
    KeyRing ring;
    ring.keys_.push_back(random_key(1, now));
    return ring;
}

Result<KeyRing> KeyRing::parse(std::string_view text) {
    const auto bad = [](std::string_view what) {
        return fail("bad_key_file",
                    "is damaged (" + std::string(what) +
                        "); restore it from the backup, or move it away: a new one is made and "
                        "everybody signs in again");
    };
    std::uint64_t count = 0;
    if (!text.starts_with(kHeader)) return bad("the first line is not that of a key ring");
    text.remove_prefix(kHeader.size());
    if (!take_number(text, '\n', count) || count == 0 || count > kMaxKeys) return bad("the number of keys");
    KeyRing ring;
    for (std::uint64_t i = 0; i < count; ++i) {
        std::uint64_t id = 0;
        Key key;
        if (!take_number(text, ' ', id) || !take_number(text, ' ', key.created_at.seconds) ||
            !take_number(text, ' ', key.retires_at.seconds) || text.size() < 65 || text[64] != '\n')
            return bad("key " + std::to_string(i + 1));
        SecretText digits;
        digits.text = "0x" + std::string(text.substr(0, 64));
        text.remove_prefix(65);
        auto secret = chain::from_hex(digits.text);
        if (!secret || id == 0 || id > UINT32_MAX || (!ring.keys_.empty() && ring.keys_.back().id >= id))
            return bad("key " + std::to_string(i + 1));
        key.id = static_cast<std::uint32_t>(id);
        std::copy(secret->begin(), secret->end(), key.secret.begin());
        OPENSSL_cleanse(secret->data(), secret->size());
        ring.keys_.push_back(key);
    }
    if (!text.empty()) return bad("something follows the last key");
    if (ring.keys_.back().retires_at.seconds != 0) return bad("the newest key has retired");
    return ring;
}

Result<KeyRing> KeyRing::load_or_create(const std::filesystem::path& path, chain::Timestamp now) {
    // O_NONBLOCK: a FIFO in the file's place must not hold the start up.
    const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!file.is_open()) {
        if (errno != ENOENT) return bad_file(path, std::string("cannot be opened: ") + std::strerror(errno));
        KeyRing ring = generate(now);
        if (auto saved = ring.save(path); !saved)
            return bad_file(path, "cannot be made: " + saved.error().message);
        return ring;
    }
    SecretText text;
    if (auto ok = read_file(file, path, text); !ok) return tl::unexpected(ok.error());
    auto ring = parse(text.text);
    if (!ring) return bad_file(path, ring.error().message);
    return ring;
}

Result<void> KeyRing::save(const std::filesystem::path& path) const {
    SecretText text;
    text.text.reserve(kMaxFile);
    text.text = std::string(kHeader) + std::to_string(keys_.size()) + "\n";
    for (const Key& key : keys_) {
        SecretText digits;
        digits.text = chain::to_hex(key.secret);
        text.text += std::to_string(key.id) + " " + std::to_string(key.created_at.seconds) + " " +
                     std::to_string(key.retires_at.seconds) + " ";
        text.text.append(digits.text, 2);
        text.text += "\n";
    }
    const auto failed = [](const std::string& what) {
        return fail("io", what + ": " + std::strerror(errno));
    };
    std::filesystem::path fresh = path;
    fresh += ".new";
    ::unlink(fresh.c_str());  // of a start that died half-way
    const File file(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!file.is_open()) return failed("cannot create " + fresh.string());
    if (!write_all(file.get(), text.text) || ::fsync(file.get()) != 0)
        return failed("cannot write " + fresh.string());
    if (::rename(fresh.c_str(), path.c_str()) != 0) return failed("cannot rename to " + path.string());
    const std::filesystem::path parent = path.has_parent_path() ? path.parent_path() : ".";
    const File directory(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory.is_open() || ::fsync(directory.get()) != 0)
        return failed("cannot sync " + parent.string());
    return {};
}

void KeyRing::rotate(chain::Timestamp now, chain::Seconds overlap) {
    std::erase_if(keys_, [&](const Key& key) {
        return key.retires_at.seconds != 0 && key.retires_at <= now && key.id != newest().id;
    });
    const std::uint32_t next = newest().id + 1;
    for (Key& key : keys_)
        if (key.retires_at.seconds == 0 || key.retires_at > now + overlap) key.retires_at = now + overlap;
    if (keys_.size() == kMaxKeys) keys_.erase(keys_.begin());
    keys_.push_back(random_key(next, now));
}

const KeyRing::Key* KeyRing::find(std::uint32_t id, chain::Timestamp now) const noexcept {
    const auto found = std::find_if(keys_.begin(), keys_.end(), [&](const Key& key) { return key.id == id; });
    if (found == keys_.end() || (found->retires_at.seconds != 0 && now >= found->retires_at)) return nullptr;
    return &*found;
}

}  // namespace grid::lease
