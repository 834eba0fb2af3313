#include "lease/key_ring.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

using namespace grid;
namespace fs = std::filesystem;

namespace {

/// A directory that goes with the test.
struct Directory {
    fs::path path;
    Directory() {
        std::string pattern = (fs::temp_directory_path() / "grid-key-ring-XXXXXX").string();
        REQUIRE(::mkdtemp(pattern.data()) != nullptr);
        path = pattern;
    }
    ~Directory() { fs::remove_all(path); }
};

std::string content(const fs::path& path) {
    std::ifstream in(path);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

void write(const fs::path& path, const std::string& text) {
    std::ofstream(path, std::ios::trunc) << text;
    ::chmod(path.c_str(), 0600);
}

std::string refusal(const fs::path& path) {
    const auto ring = lease::KeyRing::load_or_create(path, {1000});
    REQUIRE_FALSE(ring);
    CHECK(ring.error().code == "bad_key_file");
    CHECK(ring.error().message.find(path.string()) != std::string::npos);
    return ring.error().message;
}

}  // namespace

TEST_CASE("the first start makes a key file for the owner alone, and the next one reads it") {
    Directory directory;
    const fs::path path = directory.path / "session.keys";
    const auto made = lease::KeyRing::load_or_create(path, {1000});
    REQUIRE(made);
    struct stat status;
    REQUIRE(::stat(path.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
    const auto read = lease::KeyRing::load_or_create(path, {2000});
    REQUIRE(read);
    CHECK(read->size() == 1);
    CHECK(read->newest().id == 1);
    CHECK(read->newest().secret == made->newest().secret);
    CHECK(read->newest().created_at == chain::Timestamp{1000});
    CHECK(lease::KeyRing::generate({1000}).newest().secret != made->newest().secret);
}

TEST_CASE("a rotated ring survives its file, and old keys verify until they retire") {
    Directory directory;
    const fs::path path = directory.path / "session.keys";
    auto ring = *lease::KeyRing::load_or_create(path, {1000});
    ring.rotate({2000}, {100});
    CHECK(ring.newest().id == 2);
    CHECK(ring.find(1, {2099}) != nullptr);
    CHECK(ring.find(1, {2100}) == nullptr);
    CHECK(ring.find(2, {9999}) != nullptr);
    CHECK(ring.find(3, {2000}) == nullptr);
    REQUIRE(ring.save(path));
    const auto read = lease::KeyRing::load_or_create(path, {2000});
    REQUIRE(read);
    CHECK(read->size() == 2);
    CHECK(read->find(1, {2050})->secret == ring.find(1, {2050})->secret);
    ring.rotate({3000}, {100});  // the first has retired by now and is dropped
    CHECK(ring.size() == 2);
    CHECK(ring.newest().id == 3);
}

TEST_CASE("a key file that cannot be trusted is refused with what to do") {
    Directory directory;
    const fs::path path = directory.path / "session.keys";
    REQUIRE(lease::KeyRing::load_or_create(path, {1000}));
    const std::string good = content(path);

    SECTION("readable by others") {
        for (const mode_t mode : {0640u, 0604u, 0660u, 0777u}) {
            ::chmod(path.c_str(), mode);
            CHECK(refusal(path).find("chmod 600") != std::string::npos);
        }
    }
    SECTION("damaged") {
        const std::string rows[] = {
            "",
            "x" + good,
            good.substr(0, good.size() - 1),
            good.substr(0, good.size() - 20),
            good.substr(0, good.find('\n') + 1),
            good + "more\n",
            good + good.substr(good.find('\n') + 1),
            "grid key ring 1, keys: 0\n",
            "grid key ring 1, keys: 99999999999999999999\n",
            "grid key ring 1, keys: 1\n0" + good.substr(good.find('\n') + 2),
            std::string(100'000, 'a'),
            [&] {
                std::string text = good;
                text[text.size() - 5] = 'g';
                return text;
            }(),
        };
        for (const std::string& row : rows) {
            INFO(row.substr(0, 100));
            write(path, row);
            const std::string message = refusal(path);
            CHECK((message.find("damaged") != std::string::npos ||
                   message.find("too large") != std::string::npos));
            CHECK(content(path) == row);  // never overwritten
        }
    }
    SECTION("not a file") {
        CHECK(refusal(directory.path).find("not a regular file") != std::string::npos);
        const fs::path fifo = directory.path / "fifo";
        REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
        CHECK(refusal(fifo).find("not a regular file") != std::string::npos);
    }
    SECTION("in a directory that is not there") {
        CHECK(refusal(directory.path / "none" / "keys").find("cannot be made") != std::string::npos);
    }
    SECTION("messages never hold key material") {
        write(path, good.substr(0, good.size() - 20));
        CHECK(refusal(path).find(good.substr(good.size() - 60, 20)) == std::string::npos);
    }
}
