#pragma once

#include "messages/type_ids.hpp"
#include "store/bytes.hpp"
#include "store/result.hpp"

/// Rows of the actors' tables: a version byte and the value as its inspector writes it.
namespace grid::actors {

template <class T>
store::Bytes encode_row(std::uint8_t version, const T& value) {
    caf::binary_serializer::container_type bytes;
    caf::binary_serializer sink{nullptr, bytes};
    // Serializers of this CAF read through mutable references; the value is not changed.
    if (auto error = sink(const_cast<T&>(value))) throw std::logic_error(caf::to_string(error));
    store::Bytes row{version};
    for (const auto byte : bytes) row.push_back(static_cast<std::uint8_t>(byte));
    return row;
}

/// Code `data_damaged`: another version, or not such a row.
template <class T>
Result<T> decode_row(std::uint8_t version, store::ByteView row) {
    if (row.empty() || row[0] != version)
        return fail("data_damaged", "expected a row of version " + std::to_string(version));
    T value{};
    caf::binary_deserializer source{nullptr, reinterpret_cast<const char*>(row.data() + 1), row.size() - 1};
    if (auto error = source(value))
        return fail("data_damaged", "a row cannot be read: " + caf::to_string(error));
    return value;
}

}  // namespace grid::actors
