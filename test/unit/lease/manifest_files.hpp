#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "lease/manifest.hpp"

/// Manifests that are kept as files beside the tests, with a header of comments "# key: value"; the first
/// line "# what it is" has no key.
namespace grid::test {

struct ManifestFile {
    std::string name;  ///< without ".yaml"
    std::string text;
    std::map<std::string, std::string> header;

    std::string value(const std::string& key) const {
        const auto found = header.find(key);
        return found == header.end() ? "" : found->second;
    }
    /// 2 cores, 2 GiB of memory, 4 GiB of storage and the baseline profile, unless the header says otherwise.
    lease::ManifestLimits limits() const;
};

/// All files DIRECTORY/*.yaml below test/unit/lease, by name.
std::vector<ManifestFile> manifest_files(const std::string& directory);
std::filesystem::path manifest_directory(const std::string& directory);
std::string file_text(const std::filesystem::path& path);

}  // namespace grid::test
