#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <functional>
#include <string>

#include "chain/bytes.hpp"

namespace grid::chain {

/// Rows kept as they are stored: for tables whose rows are few, or read and written so seldom that they are
/// decoded each time. A row is never empty; an empty one is none.
class PlainRows {
public:
    /// Longest key.
    static constexpr std::size_t kMaxKey = 63;

    /// Empty when there is none. Valid until the next change.
    ByteView get(std::uint8_t table, ByteView key) const;
    /// An empty value erases the row. Throws std::length_error on a key over kMaxKey.
    void put(std::uint8_t table, ByteView key, ByteView value);
    /// Unsorted.
    void for_each(const std::function<void(std::uint8_t table, ByteView key, ByteView value)>& visit) const;

private:
    struct TextHash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const noexcept {
            return std::hash<std::string_view>{}(text);
        }
    };
    boost::unordered_flat_map<std::string, Bytes, TextHash, std::equal_to<>> rows_;  ///< by table and key
};

}  // namespace grid::chain
