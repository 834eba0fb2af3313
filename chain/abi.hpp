#pragma once

#include <string_view>

#include "chain/address.hpp"
#include "chain/amount.hpp"

/// The contract ABI codec (Solidity ABI specification, version 2). Two layers: `Encoder`/`Decoder` work word
/// by word and are what the native contracts use; `codec.hpp` adds values driven by the committed ABI JSON.
namespace grid::chain::abi {

/// The first four bytes of keccak256("transfer(address,uint256)").
using Selector = std::array<std::uint8_t, 4>;
Selector selector(std::string_view signature);

/// Appends a tuple: static words in the head, dynamic values behind it.
class Encoder {
public:
    Encoder& word(const Hash& v);
    Encoder& uint(const Amount& v) { return word(v.word()); }
    Encoder& address(const Address& v) { return word(v.word()); }
    Encoder& boolean(bool v) { return uint(Amount{v ? 1u : 0u}); }
    Encoder& hash(const Hash& v) { return word(v); }
    Encoder& text(std::string_view v) { return bytes(as_bytes(v)); }
    /// A dynamic `bytes` or `string`.
    Encoder& bytes(ByteView v);
    /// A nested dynamic tuple or array body that is already encoded: stored behind an offset.
    Encoder& dynamic(ByteView encoded);
    /// Makes room for so many words in the head.
    void reserve(std::size_t words) { head_.reserve(words * sizeof(Hash)); }
    Bytes take() const&;
    Bytes take() &&;
    /// selector || take(): calldata or error data.
    Bytes take(const Selector& selector) const;

private:
    Bytes take_all();
    struct Tail {
        std::size_t head_position;
        Bytes data;
    };
    Bytes head_;
    std::vector<Tail> tails_;
};

/// Reads a tuple word by word. The first malformed value makes it `bad()` for good; readers then return zero
/// values, and the caller checks once at the end. Strict like Solidity's decoder: wrong padding of an
/// address, a bool that is neither 0 nor 1, an integer over its width, an offset or length outside the data
/// are all malformed.
class Decoder {
public:
    explicit Decoder(ByteView tuple) : data_(tuple) {}
    Hash word();
    Amount uint(unsigned bits = 256);
    std::uint64_t u64() { return static_cast<std::uint64_t>(uint(64).limbs()[0]); }
    Address address();
    bool boolean();
    Hash hash() { return word(); }
    ByteView bytes();
    std::string text();
    /// A nested dynamic tuple: a decoder over its own bytes.
    Decoder dynamic();
    /// A dynamic array: its length (at most `max`) and a decoder positioned at its first element.
    Decoder array(std::size_t& length, std::size_t max);
    bool bad() const noexcept { return bad_; }

private:
    ByteView data_;
    std::size_t position_ = 0;
    bool bad_ = false;
};

}  // namespace grid::chain::abi
