#include "manifest_files.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <sstream>

namespace grid::test {

namespace fs = std::filesystem;

namespace {

std::map<std::string, std::string> read_header(const std::string& text) {
    std::map<std::string, std::string> header;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line) && line.starts_with("# ");)
        if (const auto colon = line.find(": "); colon != std::string::npos)
            header[line.substr(2, colon - 2)] = line.substr(colon + 2);
    return header;
}

std::vector<std::string> words(const std::string& text) {
    std::istringstream stream(text);
    return {std::istream_iterator<std::string>(stream), {}};
}

}  // namespace

lease::ManifestLimits ManifestFile::limits() const {
    lease::ManifestLimits limits;
    limits.bought = {2000, 2048, 4096, 0};
    if (const auto bought = words(value("bought")); !bought.empty()) {
        REQUIRE(bought.size() == 3);
        limits.bought = {std::stoull(bought[0]), std::stoull(bought[1]), std::stoull(bought[2]), 0};
    }
    if (value("profile") == "restricted") limits.profile = lease::Profile::restricted;
    limits.images.sources = words(value("images"));
    limits.images.require_digest = value("digest") == "required";
    limits.storage_classes = words(value("classes"));
    return limits;
}

fs::path manifest_directory(const std::string& directory) {
    return fs::path(GRID_SOURCE_DIR) / "test/unit/lease" / directory;
}

std::string file_text(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    INFO(path.string());
    REQUIRE(file);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<ManifestFile> manifest_files(const std::string& directory) {
    std::vector<ManifestFile> files;
    for (const auto& entry : fs::directory_iterator(manifest_directory(directory))) {
        if (entry.path().extension() != ".yaml") continue;
        std::string text = file_text(entry.path());
        auto header = read_header(text);
        files.push_back({entry.path().stem().string(), std::move(text), std::move(header)});
    }
    std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    return files;
}

}  // namespace grid::test
