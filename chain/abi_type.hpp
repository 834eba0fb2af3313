#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/result.hpp"

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

}  // namespace grid::chain::abi
