#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "store/result.hpp"

/// YAML that strangers send: read through yaml-cpp's events into a tree of our own, every bound checked while
/// the events come, so that no bomb is ever built.
namespace grid::lease {

/// A value of a document. Aliases are resolved: each holds a copy of what it names.
struct YamlNode {
    enum class Kind : std::uint8_t { null, scalar, sequence, mapping };
    Kind kind = Kind::null;
    bool quoted = false;  ///< a scalar in quotes, a block scalar or !!str: a string whatever it looks like
    std::string text;     ///< scalar
    std::vector<std::string> keys;  ///< mapping: keys[i] belongs to items[i]; no key twice
    std::vector<YamlNode> items;    ///< mapping, sequence
    std::uint32_t line = 0;         ///< from 1
    std::uint32_t column = 0;       ///< from 1

    /// The value of a key; null pointer when it is not there or its value is null (which is the same to
    /// Kubernetes).
    const YamlNode* find(std::string_view key) const noexcept;
};

struct YamlLimits {
    std::size_t bytes = 1024 * 1024;
    std::size_t depth = 64;
    std::size_t documents = 64;
    std::size_t nodes = 100'000;               ///< with aliases expanded
    std::size_t text_bytes = 4 * 1024 * 1024;  ///< of scalars and keys, with aliases expanded
};

/// All documents that are not empty. Code `bad_manifest`; the message begins with "line L, column C: " where
/// a place can be named: syntax, tabs, a bound, a key twice, a key that is no string, an unknown tag,
/// characters that YAML does not allow. Never throws.
Result<std::vector<YamlNode>> parse_yaml(std::string_view text, const YamlLimits& limits = {});

}  // namespace grid::lease
