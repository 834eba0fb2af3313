#pragma once

#include <rapidjson/document.h>

#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

#include "chain/bytes.hpp"

namespace grid::chain::test {

/// The cases of test/vectors/ethersproject/`name`.json; see the README there for their source.
inline rapidjson::Document load_vectors(const std::string& name) {
    const std::string path = std::string(GRID_SOURCE_DIR) + "/test/vectors/ethersproject/" + name + ".json";
    std::ifstream file(path, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    rapidjson::Document document;
    document.Parse(text.data(), text.size());
    if (document.HasParseError() || !document.IsArray() || document.Empty())
        throw std::runtime_error("no test vectors in " + path);
    return document;
}

inline std::string text_of(const rapidjson::Value& value) {
    return {value.GetString(), value.GetStringLength()};
}

/// Hexadecimal text that is known to be right; throws otherwise.
inline Bytes unhex(std::string_view text) {
    auto bytes = from_hex(text);
    if (!bytes) throw std::runtime_error(bytes.error().message);
    return *std::move(bytes);
}

}  // namespace grid::chain::test
