#include "store/environment.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <thread>

#include "store/directory_lock.hpp"
#include "support/temporary_directory.hpp"

using namespace grid;
using namespace grid::store;
using grid::test::TemporaryDirectory;

namespace {

Bytes bytes(std::string_view text) {
    return {text.begin(), text.end()};
}

std::string text(ByteView view) {
    return {view.begin(), view.end()};
}

std::unique_ptr<Environment> open(const std::string& directory, EnvironmentOptions options = {}) {
    auto environment = Environment::open(directory, options);
    INFO((environment ? "" : environment.error().message));
    REQUIRE(environment);
    return std::move(*environment);
}

void put(Environment& environment, const Table& table, std::string_view key, std::string_view value) {
    REQUIRE(environment.write([&](WriteTransaction& t) -> Result<void> {
        t.put(table, bytes(key), bytes(value));
        return {};
    }));
}

std::optional<std::string> get(const Environment& environment, const Table& table, std::string_view key) {
    const auto found = environment.get(table, bytes(key));
    REQUIRE(found);
    return *found ? std::optional(text(**found)) : std::nullopt;
}

/// "key=value key=value".
std::string all(const Environment& environment, const Table& table, std::string_view from = {},
                std::string_view to = {}, bool backwards = false, std::size_t limit = 100) {
    std::string result;
    const auto visit = [&](ByteView key, ByteView value) {
        result += (result.empty() ? "" : " ") + text(key) + "=" + text(value);
        return --limit > 0;
    };
    REQUIRE(environment.read([&](const ReadTransaction& t) {
        if (backwards)
            t.scan_backwards(table, bytes(from), bytes(to), visit);
        else
            t.scan(table, bytes(from), bytes(to), visit);
    }));
    return result;
}

}  // namespace

TEST_CASE("rows survive the environment that wrote them", "[store]") {
    TemporaryDirectory directory;
    {
        const auto environment = open(directory / "data");
        put(*environment, *environment->table("orders"), "1", "one");
    }
    const auto environment = open(directory / "data");
    const auto table = environment->table("orders");
    CHECK(get(*environment, *table, "1") == "one");
    CHECK(get(*environment, *table, "2") == std::nullopt);
}

TEST_CASE("rows are visited in the order of keys, in both directions and within bounds", "[store]") {
    TemporaryDirectory directory;
    const auto environment = open(directory / "data");
    const auto table = *environment->table("t");
    for (const char* key : {"b", "a", "d", "c"}) put(*environment, table, key, "1");
    CHECK(all(*environment, table) == "a=1 b=1 c=1 d=1");
    CHECK(all(*environment, table, "b", "d") == "b=1 c=1");
    CHECK(all(*environment, table, "bb") == "c=1 d=1");
    CHECK(all(*environment, table, {}, {}, true) == "d=1 c=1 b=1 a=1");
    CHECK(all(*environment, table, "b", "d", true) == "c=1 b=1");
    CHECK(all(*environment, table, "b", "zz", true) == "d=1 c=1 b=1");
    CHECK(all(*environment, table, {}, {}, false, 2) == "a=1 b=1");
    CHECK(all(*environment, *environment->table("empty"), {}, {}, true).empty());
}

TEST_CASE("a prefix scan ends with its prefix", "[store]") {
    TemporaryDirectory directory;
    const auto environment = open(directory / "data");
    const auto table = *environment->table("t");
    for (const char* key : {"a", "ab", "abc", "ac", "b"}) put(*environment, table, key, "1");
    std::string seen;
    REQUIRE(environment->read([&](const ReadTransaction& t) {
        t.scan_prefix(table, bytes("ab"), [&](ByteView key, ByteView) {
            seen += text(key) + " ";
            return true;
        });
        CHECK(t.count(table) == 5);
    }));
    CHECK(seen == "ab abc ");
}

TEST_CASE("numbers as keys keep their order", "[store]") {
    const std::uint64_t numbers[] = {0, 1, 255, 256, 65536, ~0ull};
    for (std::size_t i = 1; i < std::size(numbers); ++i) {
        CHECK(number_key(numbers[i - 1]) < number_key(numbers[i]));
        CHECK(number_of(number_key(numbers[i])) == numbers[i]);
    }
    CHECK(number_of(bytes("short")) == 0);
}

TEST_CASE("a write that is refused changes nothing", "[store]") {
    TemporaryDirectory directory;
    const auto environment = open(directory / "data");
    const auto table = *environment->table("t");
    put(*environment, table, "a", "1");
    const auto refused = environment->write([&](WriteTransaction& t) -> Result<void> {
        t.put(table, bytes("a"), bytes("2"));
        CHECK(t.erase(table, bytes("a")));
        CHECK_FALSE(t.erase(table, bytes("a")));
        t.put(table, bytes("b"), bytes("2"));
        return fail("no", "changed my mind");
    });
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == "no");
    CHECK(all(*environment, table) == "a=1");
    const auto too_long = environment->write([&](WriteTransaction& t) -> Result<void> {
        t.put(table, bytes("c"), bytes("3"));
        t.put(table, Bytes(512, 'x'), bytes("3"));
        return {};
    });
    REQUIRE_FALSE(too_long);
    CHECK(too_long.error().code == "bad_key");
    CHECK(all(*environment, table) == "a=1");
}

TEST_CASE("appending keeps the order and refuses a key that is not behind all others", "[store]") {
    TemporaryDirectory directory;
    const auto environment = open(directory / "data");
    const auto table = *environment->table("t");
    const auto append = [&](std::uint64_t number) {
        return environment->write([&](WriteTransaction& t) -> Result<void> {
            t.append(table, number_key(number), bytes("x"));
            return {};
        });
    };
    CHECK(append(1));
    CHECK(append(2));
    CHECK_FALSE(append(2));
    CHECK_FALSE(append(1));
    CHECK(append(3));
    REQUIRE(environment->write([&](WriteTransaction& t) -> Result<void> {
        t.clear(table);
        return {};
    }));
    CHECK(append(1));
}

TEST_CASE("the map grows when it is full, also while others read", "[store]") {
    TemporaryDirectory directory;
    const auto environment = open(directory / "data", {.map_size = 256 * 1024});
    const auto table = *environment->table("t");
    put(*environment, table, "first", "1");
    std::atomic<bool> stop{false};
    std::thread reader([&] {
        while (!stop) static_cast<void>(environment->get(table, bytes("first")));
    });
    for (int i = 0; i < 64; ++i)
        put(*environment, table, "key" + std::to_string(i), std::string(64 * 1024, 'v'));
    stop = true;
    reader.join();
    CHECK(get(*environment, table, "key63")->size() == 64 * 1024);
    CHECK(get(*environment, table, "first") == "1");
}

TEST_CASE("a map that grew keeps every row, also for who opens it with the small size again", "[store]") {
    TemporaryDirectory directory;
    constexpr int kRows = 64;
    const std::string value(64 * 1024, 'v');
    for (int round = 0; round < 2; ++round) {
        const auto environment = open(directory / "data", {.map_size = 256 * 1024});
        const auto table = *environment->table("t");
        for (int i = 0; i < round * kRows; ++i)
            REQUIRE(get(*environment, table, "key" + std::to_string(i)) == value);
        for (int i = round * kRows; i < (round + 1) * kRows; ++i)
            put(*environment, table, "key" + std::to_string(i), value);
    }
}

TEST_CASE("a map that cannot grow refuses the write and loses nothing", "[store]") {
    TemporaryDirectory directory;
    constexpr std::size_t kMap = std::size_t{16} << 20;
    const auto environment = open(directory / "data", {.map_size = kMap});
    const auto table = *environment->table("t");
    const std::string value(256 * 1024, 'v');
    const auto write = [&](int i) {
        return environment->write([&](WriteTransaction& t) -> Result<void> {
            t.put(table, bytes("key" + std::to_string(i)), bytes(value));
            return {};
        });
    };
    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_AS, &before) == 0);
    std::size_t pages = 0;
    REQUIRE(std::ifstream("/proc/self/statm") >> pages);
    rlimit tight = before;
    tight.rlim_cur = pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)) + kMap * 3 / 2;
    REQUIRE(::setrlimit(RLIMIT_AS, &tight) == 0);
    int rows = 0;
    Result<void> refused;
    while (rows < 100 && (refused = write(rows))) ++rows;
    REQUIRE(::setrlimit(RLIMIT_AS, &before) == 0);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == "disk_full");
    CHECK(rows > 10);
    for (int i = 0; i < rows; ++i) CHECK(get(*environment, table, "key" + std::to_string(i)) == value);
    REQUIRE(write(rows));
    CHECK(get(*environment, table, "key" + std::to_string(rows)) == value);
}

TEST_CASE("a data directory belongs to one opener at a time", "[store]") {
    TemporaryDirectory directory;
    {
        const auto environment = open(directory / "data");
        const auto second = Environment::open(directory / "data");
        REQUIRE_FALSE(second);
        CHECK(second.error().code == "data_directory_in_use");
        CHECK(second.error().message.find(directory / "data") != std::string::npos);
    }
    CHECK(Environment::open(directory / "data"));
}

TEST_CASE("another schema version is refused and left alone", "[store]") {
    TemporaryDirectory directory;
    { open(directory / "data", {.schema_version = 3}); }
    const auto other = Environment::open(directory / "data", {.schema_version = 4});
    REQUIRE_FALSE(other);
    CHECK(other.error().code == "schema_mismatch");
    CHECK(Environment::open(directory / "data", {.schema_version = 3}));
}

TEST_CASE("damaged data are refused with a clear error", "[store]") {
    TemporaryDirectory directory;
    {
        const auto environment = open(directory / "data");
        const auto table = *environment->table("t");
        for (int i = 0; i < 200; ++i)
            put(*environment, table, "key" + std::to_string(i), std::string(2000, 'v'));
    }
    const std::string file = directory / "data/data.mdb";
    SECTION("not a database") {
        std::ofstream(file, std::ios::trunc) << std::string(8192, 'x');
        const auto environment = Environment::open(directory / "data");
        REQUIRE_FALSE(environment);
        CHECK(environment.error().code == "data_damaged");
    }
    SECTION("cut off: reading the lost pages is an error, not the end of the process") {
        std::filesystem::resize_file(file, 4096 * 8);
        const auto environment = Environment::open(directory / "data");
        if (!environment) {
            CHECK(environment.error().code == "data_damaged");
            return;
        }
        const auto table = (*environment)->table("t");
        Result<void> read = table ? (*environment)->read([&](const ReadTransaction& t) {
            t.scan(*table, {}, {}, [](ByteView, ByteView) { return true; });
        })
                                  : Result<void>(tl::unexpected<Error>(table.error()));
        REQUIRE_FALSE(read);
        CHECK(read.error().code == "data_damaged");
    }
}

TEST_CASE("a directory that cannot be made is an error", "[store]") {
    TemporaryDirectory directory;
    std::ofstream(directory / "file") << "x";
    const auto environment = Environment::open(directory / "file/data");
    REQUIRE_FALSE(environment);
    CHECK(environment.error().code == "data_directory");
}

TEST_CASE("an environment is read beside the one that writes it, and not written", "[store]") {
    TemporaryDirectory directory;
    auto missing = Environment::open(directory / "none", {.read_only = true});
    REQUIRE_FALSE(missing);
    CHECK(missing.error().code == "data_directory");
    CHECK_FALSE(std::filesystem::exists(directory / "none"));
    const std::string data = directory / "data";
    {
        auto writer = open(data);
        const auto table = *writer->table("rows");
        REQUIRE(writer->write([&](WriteTransaction& transaction) -> Result<void> {
            transaction.put(table, bytes("key"), bytes("value"));
            return {};
        }));
    }
    // LMDB wants one handle of a process for one environment, so the writer is closed here; grid chain verify
    // beside a running node is an end-to-end test.
    auto reader = open(data, {.read_only = true});
    const auto table = reader->table("rows");
    REQUIRE(table);
    CHECK(text(reader->get(*table, bytes("key")).value().value()) == "value");
    const auto unknown = reader->table("others");
    REQUIRE_FALSE(unknown);
    CHECK(unknown.error().code == "data_damaged");
    CHECK_FALSE(reader->write([&](WriteTransaction& transaction) -> Result<void> {
        transaction.put(*table, bytes("key"), bytes("other"));
        return {};
    }));
    // No lock of the directory is held: a writer may come.
    CHECK(DirectoryLock::take(data));
}
