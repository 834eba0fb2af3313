#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "store/result.hpp"

namespace grid::runtime {

/// One mapping of a YAML configuration file. Every read names its key, its default and its bounds; the first
/// mistake is kept with file, line and key, later reads then answer defaults. A key that nobody read is a
/// mistake too (a misspelt key must not be silently ignored). Check `finish()` once, at the end, on the root.
class ConfigSection {
public:
    /// Reads a file. Codes: `config_unreadable`, `bad_config` (not YAML: line and column; not a mapping).
    static Result<ConfigSection> load(const std::string& path);
    /// The same from a text; `name` stands for the file in messages.
    static Result<ConfigSection> parse(std::string_view yaml, std::string name);

    std::string text(std::string_view key, std::string fallback);
    /// An integer in [least, most], decimal.
    std::uint64_t integer(std::string_view key, std::uint64_t fallback, std::uint64_t least,
                          std::uint64_t most);
    bool boolean(std::string_view key, bool fallback);
    /// A number with a unit: "500ms", "30s", "5m", "2h", "1d".
    std::chrono::milliseconds duration(std::string_view key, std::chrono::milliseconds fallback);
    std::vector<std::string> texts(std::string_view key, std::vector<std::string> fallback);
    /// One of a few words.
    std::string choice(std::string_view key, std::string fallback, const std::vector<std::string>& words);
    /// A nested mapping; an absent one is empty, so that its defaults apply.
    ConfigSection section(std::string_view key);
    /// The keys of this mapping, for maps with free keys (they count as read).
    std::vector<std::string> keys();
    bool has(std::string_view key) const;
    /// Records a mistake at a key that only the caller can judge.
    void mistake(std::string_view key, std::string reason);

    /// The first mistake anywhere in the document, or a key that nobody read. Code `bad_config`.
    Result<void> finish() const;

private:
    struct Document;
    struct Mapping;
    ConfigSection(std::shared_ptr<Document> document, std::shared_ptr<Mapping> mapping);
    /// The scalar at a key, or nothing when it is absent or no scalar (which is recorded).
    bool scalar(std::string_view key, std::string& value);

    std::shared_ptr<Document> document_;
    std::shared_ptr<Mapping> mapping_;
};

}  // namespace grid::runtime
