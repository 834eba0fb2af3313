// Needs root: mounts in mount namespaces of its own threads, of which nothing is left.
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <fstream>
#include <future>
#include <iterator>
#include <string>
#include <system_error>

#include "adapters/podman/namespaces.hpp"
#include "test/support/temporary_directory.hpp"

using namespace grid;

namespace {

void demand(bool done, const char* what) {
    if (!done) throw std::system_error(errno, std::generic_category(), what);
}

/// Runs this on a thread whose mounts are a copy of the caller's, and answers what it answers.
template <class Work>
auto with_copied_mounts(Work work) {
    return std::async(std::launch::async, [work] {
        demand(::unshare(CLONE_NEWNS) == 0, "a mount namespace");
        return work();
    });
}

std::string read(const std::string& path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), {}};
}

void mount_on(const std::string& what, const std::string& where) {
    std::ofstream{where};
    demand(::mount(what.c_str(), where.c_str(), nullptr, MS_BIND, nullptr) == 0, "a bind mount");
}

/// How often a path is a mount point for this thread.
std::size_t mounts_at(const std::string& path) {
    std::ifstream in("/proc/thread-self/mountinfo");
    std::size_t n = 0;
    for (std::string line; std::getline(in, line);) n += line.find(" " + path + " ") != std::string::npos;
    return n;
}

}  // namespace

TEST_CASE("network namespaces: mounts made later are seen, and ended, by who copied the mounts before") {
    const test::TemporaryDirectory scratch;
    const auto directory = scratch.path() + "/netns";
    struct Seen {
        std::string problem, kept, shared, after;
        int unmounted = -1, unlinked = -1;
        std::size_t mounts = 0;
    };
    const auto work = [&] {
        // As on a machine whose init does not share mounts.
        demand(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0, "private mounts");
        Seen seen;
        demand(::mkdir(directory.c_str(), 0755) == 0, "a directory");
        std::ofstream(scratch.path() + "/source") << "mounted";
        mount_on(scratch.path() + "/source", directory + "/early");
        for (int i = 0; i < 2; ++i)
            if (const auto done = adapters::podman::share_network_namespaces(directory); !done)
                seen.problem += done.error().message;
        seen.mounts = mounts_at(directory);
        seen.kept = read(directory + "/early");
        seen.unmounted = ::umount2((directory + "/early").c_str(), 0);
        seen.unlinked = ::unlink((directory + "/early").c_str());

        std::promise<void> copied, mounted;
        auto other = with_copied_mounts([&] {
            copied.set_value();
            mounted.get_future().wait();
            auto text = read(directory + "/late");
            ::umount2((directory + "/late").c_str(), 0);
            return text;
        });
        copied.get_future().wait();
        mount_on(scratch.path() + "/source", directory + "/late");
        mounted.set_value();
        seen.shared = other.get();
        seen.after = read(directory + "/late");
        return seen;
    };
    const auto seen = with_copied_mounts(work).get();
    CHECK(seen.problem == "");
    CHECK(seen.mounts == 1);
    // What was mounted before is there once, not a second time below.
    CHECK(seen.kept == "mounted");
    CHECK(seen.unmounted == 0);
    CHECK(seen.unlinked == 0);
    CHECK(seen.shared == "mounted");
    CHECK(seen.after == "");
}
