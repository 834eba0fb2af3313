#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "crash/unsynced_writes.hpp"
#include "support/temporary_directory.hpp"

using namespace grid::test;

// The shim must be able to lose writes, or nothing that survives it means anything. A process writes by a
// plan and dies; every line of the plan is one step of crash_writer.

namespace {

std::string after(const std::string& plan) {
    TemporaryDirectory directory;
    const std::string watch = "GRID_SHIM_WATCH=" + directory.path() + "/";
    const std::string journal = directory / "journal";
    const std::string to = "GRID_SHIM_JOURNAL=" + journal;
    const std::string file = directory / "data";
    std::ofstream(file) << "0123456789";
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        std::string preload = "LD_PRELOAD=" GRID_UNSYNCED_SHIM;
        std::string watched = watch;
        std::string journal_at = to;
        std::string asan = "ASAN_OPTIONS=verify_asan_link_order=0";
        char* environment[] = {preload.data(), watched.data(), journal_at.data(), asan.data(), nullptr};
        ::execle(GRID_CRASH_WRITER, "crash_writer", file.c_str(), plan.c_str(), static_cast<char*>(nullptr),
                 environment);
        ::_exit(127);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFSIGNALED(status));
    REQUIRE(WTERMSIG(status) == SIGKILL);
    lose_unsynced_writes(journal);
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

TEST_CASE("the shim loses what was not synced, and nothing else", "[shim]") {
    // w OFFSET TEXT: pwrite, d OFFSET TEXT: pwrite by a descriptor with O_DSYNC, s: fdatasync, f: fsync,
    // v OFFSET TEXT: writev at the file's place, t SIZE: ftruncate
    CHECK(after("") == "0123456789");
    CHECK(after("w 2 ab") == "0123456789");
    CHECK(after("w 2 ab\ns") == "01ab456789");
    CHECK(after("w 2 ab\nf\nw 2 cd") == "01ab456789");
    CHECK(after("v 2 ab\nf\nv 3 cd") == "01ab456789");
    CHECK(after("w 2 ab\nw 3 cd") == "0123456789");
    CHECK(after("w 8 abcdef") == "0123456789");
    CHECK(after("w 8 abcdef\ns\nw 12 xyz") == "01234567abcdef");
    CHECK(after("d 2 ab") == "01ab456789");
    CHECK(after("w 1 xyz\nd 2 ab") == "01ab456789");
    CHECK(after("d 2 ab\nw 1 xyz") == "01ab456789");
    CHECK(after("w 12 x\nd 10 ab") == "0123456789ab");
    CHECK(after("t 4") == "0123456789");
    CHECK(after("t 4\ns") == "0123");
    CHECK(after("t 4\nw 4 xx\ns\nt 2") == "0123xx");
}
