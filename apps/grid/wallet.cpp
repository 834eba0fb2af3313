#include "apps/grid/wallet.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <sstream>

#include "apps/grid/failure.hpp"
#include "apps/grid/json.hpp"
#include "chain/genesis.hpp"
#include "chain/keystore.hpp"

namespace grid::cli {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kMaxKeystore = 64 * 1024;

fs::path default_directory() {
    if (const char* home = std::getenv("GRID_HOME"))
        return fs::path(home) / "keys";  // NOLINT(concurrency-mt-unsafe)
    if (const char* home = std::getenv("HOME"))
        return fs::path(home) / ".grid" / "keys";  // NOLINT(concurrency-mt-unsafe)
    throw Failure("no_key", "neither GRID_HOME nor HOME is set; name the key directory with --keys");
}

std::string read_file(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    std::string content(kMaxKeystore, '\0');
    in.read(content.data(), static_cast<std::streamsize>(content.size()));
    if (in.bad() || (!in && !in.eof())) throw Failure("key_unreadable", path.string() + " cannot be read");
    content.resize(static_cast<std::size_t>(in.gcount()));
    return content;
}

void write_secret(const fs::path& path, const std::string& content) {
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0) throw Failure("key_exists", path.string() + " cannot be made; is there one already?");
    const bool written =
        ::write(file, content.data(), content.size()) == static_cast<ssize_t>(content.size()) &&
        ::fsync(file) == 0;
    ::close(file);
    if (!written) throw Failure("key_unreadable", path.string() + " cannot be written");
}

/// Reads a line without showing it.
std::string ask_silently(const std::string& prompt) {
    if (isatty(STDIN_FILENO) == 0)
        throw Failure("no_password", "there is no terminal to ask for a password: use --password-file");
    std::fprintf(stderr, "%s", prompt.c_str());
    termios old{};
    tcgetattr(STDIN_FILENO, &old);
    termios silent = old;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    std::string line;
    std::getline(std::cin, line);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &old);
    std::fprintf(stderr, "\n");
    return line;
}

/// Whose key a keystore says that it holds.
chain::Address address_in(const fs::path& path) {
    rapidjson::Document document;
    document.Parse<rapidjson::kParseIterativeFlag>(read_file(path).c_str());
    auto address = text_or_empty(document, "address");
    if (!address.starts_with("0x")) address.insert(0, "0x");
    const auto parsed = chain::Address::parse(address);
    if (document.HasParseError() || !parsed)
        throw Failure("bad_keystore", path.string() + " is no keystore: it says no address");
    return *parsed;
}

}  // namespace

Wallet::Wallet(fs::path directory, std::string password_file)
    : directory_(directory.empty() ? default_directory() : std::move(directory)),
      password_file_(std::move(password_file)) {}

fs::path Wallet::path_of(const std::string& name) const {
    const bool plain =
        !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](unsigned char c) {
            return std::isalnum(c) != 0 || c == '-' || c == '_';
        });
    if (!plain)
        throw Failure("bad_name", "a key's name has 1 to 64 letters, digits, - and _; got \"" + name + "\"");
    return directory_ / (name + ".json");
}

std::vector<Wallet::Entry> Wallet::list() const {
    std::vector<Entry> entries;
    std::error_code problem;
    for (const auto& file : fs::directory_iterator(directory_, problem)) {
        if (file.path().extension() != ".json") continue;
        entries.push_back({file.path().stem().string(), address_in(file.path())});
    }
    std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    return entries;
}

Wallet::Entry Wallet::find(const std::string& key) const {
    const auto entries = list();
    if (key.empty() && entries.size() == 1) return entries.front();
    if (key.empty())
        throw Failure("no_key",
                      entries.empty()
                          ? "there is no key yet: make one with `grid key new NAME`, or use --key dev:0 "
                            "on a development chain"
                          : "there are several keys: name one with --key");
    for (const auto& entry : entries)
        if (entry.name == key || entry.address.checksummed() == key || entry.address.hex() == key)
            return entry;
    throw Failure("no_key", "there is no key " + key + " in " + directory_.string());
}

Wallet::Entry Wallet::add(const std::string& name, const chain::PrivateKey& key) const {
    const auto path = path_of(name);
    std::error_code problem;
    fs::create_directories(directory_, problem);
    fs::permissions(directory_, fs::perms::owner_all, problem);
    if (fs::exists(path)) throw Failure("key_exists", "there is a key " + name + " already");
    write_secret(path, chain::keystore::encrypt(key, password("Password for the new key: ", true)));
    return {name, key.address()};
}

chain::PrivateKey Wallet::open(const std::string& key) const {
    if (key.starts_with("dev:")) {
        unsigned index = 0;
        const auto* last = key.data() + key.size();
        const auto [end, bad] = std::from_chars(key.data() + 4, last, index);
        if (bad != std::errc{} || end != last || index >= chain::kDevelopmentAccounts)
            throw Failure("no_key", "expected dev:0 to dev:9, got " + key);
        return need(chain::derive_from_mnemonic(chain::kDevelopmentMnemonic, index));
    }
    const auto entry = find(key);
    return need(chain::keystore::decrypt(read_file(path_of(entry.name)),
                                         password("Password for " + entry.name + ": ", false)));
}

std::string Wallet::password(const std::string& prompt, bool twice) const {
    if (!password_file_.empty()) {
        std::ifstream in(password_file_);
        std::string line;
        if (!std::getline(in, line)) throw Failure("no_password", password_file_ + " cannot be read");
        return line;
    }
    auto first = ask_silently(prompt);
    if (twice && ask_silently("Again: ") != first) throw Failure("no_password", "the two passwords differ");
    return first;
}

}  // namespace grid::cli
