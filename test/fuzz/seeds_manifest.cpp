// Seeds of manifests: those that the unit tests lower, and those of the hostile ones that are broken as a
// whole (whose header names no path).

#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "fuzz/seeds.hpp"

namespace grid::fuzz {

namespace {

namespace fs = std::filesystem;

void add(Seeds& seeds, const char* directory, bool only_without_path) {
    for (const auto& entry :
         fs::directory_iterator(fs::path(GRID_SOURCE_DIR) / "test/unit/lease" / directory)) {
        if (entry.path().extension() != ".yaml") continue;
        std::ifstream file(entry.path(), std::ios::binary);
        if (!file) throw std::runtime_error("cannot read " + entry.path().string());
        const std::string text{std::istreambuf_iterator<char>(file), {}};
        if (only_without_path && text.find("\n# path: ") != std::string::npos) continue;
        seeds[entry.path().stem().string()] = {text.begin(), text.end()};
    }
}

}  // namespace

Seeds manifest_seeds() {
    Seeds seeds;
    add(seeds, "manifests", false);
    add(seeds, "hostile", true);
    return seeds;
}

}  // namespace grid::fuzz
