#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "chain/abi_type.hpp"
#include "chain/hash.hpp"

/// ABI values whose types are known at run time only: their encoding and their JSON form.
namespace grid::chain::abi {

/// A value; the type that it is used with says which member counts.
struct Value {
    Hash word;                 ///< integers (two's complement), address, bool, bytesN (left-aligned)
    Bytes bytes;               ///< bytes, string
    std::vector<Value> items;  ///< of an array, of a tuple

    friend bool operator==(const Value&, const Value&) = default;
};

/// The encoding of the values as a tuple. Code `bad_value`: a value does not fit its type.
Result<Bytes> encode(const std::vector<Type>& types, const std::vector<Value>& values);

/// Reads a tuple; as strict as `Decoder`, and it never yields more values or bytes than the data could hold,
/// however its offsets overlap. Bytes behind the last value are ignored, as Solidity does. Code `bad_abi`.
Result<std::vector<Value>> decode(const std::vector<Type>& types, ByteView data);

/// The values of a JSON array: integers as numbers or as decimal or hexadecimal text, bytes as hexadecimal
/// text, tuples as arrays or, where all components have names, as objects. Code `bad_value` names the
/// element.
Result<std::vector<Value>> values_from_json(const std::vector<Type>& types, std::string_view json);

/// The JSON form of a value: integers as decimal text, addresses with their checksum, bytes as hexadecimal
/// text, tuples as objects where all components have names, as arrays otherwise.
std::string to_json(const Type& type, const Value& value);

}  // namespace grid::chain::abi
