#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "chain/amount.hpp"

/// ABI values whose types are known at run time only: type strings, tuples, arrays, and their JSON form.
namespace grid::chain::abi {

/// A type of the ABI specification. Not supported: fixed-point numbers and function types.
struct Type {
    enum class Kind : std::uint8_t {
        uint,
        integer,
        address,
        boolean,
        fixed_bytes,
        bytes,
        string,
        array,
        tuple
    };

    Kind kind = Kind::uint;
    unsigned size = 256;                ///< bits of an integer, bytes of a bytesN
    std::optional<std::size_t> length;  ///< of an array of fixed length, at least 1
    std::vector<Type> parts;            ///< the element of an array, the components of a tuple
    std::vector<std::string> names;     ///< of a tuple's components; empty text where there is none

    friend bool operator==(const Type&, const Type&) = default;

    /// Reads "uint256", "bytes32[3][]", "(uint256 amount,address)[]", "tuple(bool,string name)"; code
    /// `bad_type`.
    static Result<Type> parse(std::string_view text);
    static Type array_of(Type element, std::optional<std::size_t> length);
    /// Names may be fewer than components: the rest has none.
    static Type tuple_of(std::vector<Type> components, std::vector<std::string> names);

    /// As selectors and topics hash it: "(uint256,address)[]".
    std::string canonical() const;
    /// Whether the value stands behind an offset.
    bool is_dynamic() const;
    /// The bytes of the value's head: 32 of a dynamic one.
    std::size_t head_size() const;
};

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
