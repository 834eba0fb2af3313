#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "chain/abi.hpp"
#include "chain/codec.hpp"

/// Contract interfaces by their JSON ABI: which functions, events and errors there are, and what bytes of
/// theirs say.
namespace grid::chain::abi {

struct Parameter {
    std::string name;
    Type type;
    bool indexed = false;  ///< of an event: stands in a topic
};

/// A function, event or error.
struct Declaration {
    enum class Kind : std::uint8_t { function, event, error };

    Kind kind = Kind::function;
    std::string name;
    std::vector<Parameter> inputs;
    std::vector<Parameter> outputs;  ///< of a function

    /// "transfer(address,uint256)".
    std::string signature() const;
    /// keccak256 of it: an event's first topic; its first four bytes are the selector of the others.
    Hash id() const;
    Selector selector() const { return abi::selector(signature()); }
};

/// A tuple with its type: `to_json(type, value)` prints it with names.
struct TypedValue {
    Type type;
    Value value;
};

class Interface {
public:
    /// Reads a JSON ABI; constructors, fallbacks and anonymous events are skipped. Code `bad_interface`.
    static Result<Interface> parse(std::string_view json);

    const std::vector<Declaration>& declarations() const noexcept { return declarations_; }
    /// By name or signature; none when there is no such function or a name means several.
    const Declaration* function(std::string_view name) const;
    const Declaration* function(const Selector& selector) const;
    const Declaration* error(const Selector& selector) const;
    const Declaration* event(const Hash& topic) const;

private:
    std::vector<Declaration> declarations_;
};

/// The types of parameters, for `encode` and `decode`.
std::vector<Type> types_of(const std::vector<Parameter>& parameters);

/// The inputs of a call or error from selector and data; code `bad_abi`.
Result<TypedValue> decode_inputs(const Declaration& declaration, ByteView data);

/// The inputs of a log. What is indexed and takes more than a word is there by its hash only and comes as
/// bytes32. Code `bad_abi`.
Result<TypedValue> decode_log(const Declaration& event, std::span<const Hash> topics, ByteView data);

}  // namespace grid::chain::abi
