// Every input of the committed corpora holds the properties of its target.

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "fuzz/seeds.hpp"
#include "fuzz/target.hpp"

namespace {

namespace fs = std::filesystem;
using grid::chain::Bytes;

fs::path corpus_of(std::string_view target) {
    return fs::path(GRID_SOURCE_DIR) / "test/fuzz/corpus" / target;
}

Bytes content(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    REQUIRE(file);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::map<std::string, Bytes> files_of(std::string_view target) {
    std::map<std::string, Bytes> files;
    for (const auto& entry : fs::directory_iterator(corpus_of(target)))
        files[entry.path().filename().string()] = content(entry.path());
    return files;
}

void replay(std::string_view target, void (*run)(grid::chain::ByteView)) {
    const auto files = files_of(target);
    REQUIRE(files.size() >= 20);
    for (const auto& [file, input] : files) {
        INFO(file);
        CHECK_NOTHROW(run(input));
    }
}

std::map<std::string, grid::fuzz::Seeds> all_seeds() {
    return {{"rlp", grid::fuzz::rlp_seeds()},
            {"transaction", grid::fuzz::transaction_seeds()},
            {"abi", grid::fuzz::abi_seeds()},
            {"rpc", grid::fuzz::rpc_seeds()},
            {"manifest", grid::fuzz::manifest_seeds()},
            {"notation", grid::fuzz::notation_seeds()},
            {"http_head", grid::fuzz::http_head_seeds()},
            {"web_socket", grid::fuzz::web_socket_seeds()},
            {"evm_reply", grid::fuzz::evm_reply_seeds()},
            {"pods", grid::fuzz::pods_seeds()},
            {"kubeconfig", grid::fuzz::kubeconfig_seeds()}};
}

/// Files that exploring has found are named by their hash, as libFuzzer does.
bool is_found(const std::string& name) {
    return name.size() == 40 && name.find_first_not_of("0123456789abcdef") == std::string::npos;
}

}  // namespace

TEST_CASE("the corpus of RLP holds the properties of its target", "[fuzz]") {
    replay("rlp", grid::fuzz::rlp);
}

TEST_CASE("the corpus of transactions holds the properties of its target", "[fuzz]") {
    replay("transaction", grid::fuzz::transaction);
}

TEST_CASE("the corpus of the ABI holds the properties of its target", "[fuzz]") {
    replay("abi", grid::fuzz::abi);
}

TEST_CASE("the corpus of JSON-RPC holds the properties of its target", "[fuzz]") {
    replay("rpc", grid::fuzz::rpc);
}

TEST_CASE("the corpus of manifests holds the properties of its target", "[fuzz]") {
    replay("manifest", grid::fuzz::manifest);
}

TEST_CASE("the corpus of small notations holds the properties of its target", "[fuzz]") {
    replay("notation", grid::fuzz::notation);
}

TEST_CASE("the corpus of HTTP heads holds the properties of its target", "[fuzz]") {
    replay("http_head", grid::fuzz::http_head);
}

TEST_CASE("the corpus of WebSocket frames holds the properties of its target", "[fuzz]") {
    replay("web_socket", grid::fuzz::web_socket);
}

TEST_CASE("the corpus of EVM nodes' replies holds the properties of its target", "[fuzz]") {
    replay("evm_reply", grid::fuzz::evm_reply);
}

TEST_CASE("the corpus of Kubernetes pods holds the properties of its target", "[fuzz]") {
    replay("pods", grid::fuzz::pods);
}

TEST_CASE("the corpus of kubeconfigs holds the properties of its target", "[fuzz]") {
    replay("kubeconfig", grid::fuzz::kubeconfig);
}

TEST_CASE("a broken property is noticed", "[fuzz]") {
    CHECK_THROWS_AS(grid::fuzz::require(false, "it holds"), grid::fuzz::Broken);
    CHECK_NOTHROW(grid::fuzz::require(true, "it holds"));
}

// The committed seeds are those of the interfaces and formats as they are now: test_fuzz "write the seeds"
// brings them up to date.
TEST_CASE("the corpora begin with today's seeds", "[fuzz]") {
    for (const auto& [target, seeds] : all_seeds()) {
        auto files = files_of(target);
        for (const auto& [name, input] : seeds) {
            INFO(target << "/" << name);
            REQUIRE(files.contains(name));
            CHECK(files[name] == input);
            files.erase(name);
        }
        for (const auto& [name, input] : files) {
            INFO(target << "/" << name);
            CHECK(is_found(name));
        }
    }
}

TEST_CASE("write the seeds", "[.write]") {
    for (const auto& [target, seeds] : all_seeds()) {
        const fs::path directory = corpus_of(target);
        fs::create_directories(directory);
        for (const auto& entry : fs::directory_iterator(directory))
            if (!is_found(entry.path().filename().string())) fs::remove(entry.path());
        for (const auto& [name, input] : seeds) {
            std::ofstream file(directory / name, std::ios::binary);
            file.write(reinterpret_cast<const char*>(input.data()),
                       static_cast<std::streamsize>(input.size()));
            REQUIRE(file.good());
        }
    }
}
