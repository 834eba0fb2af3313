#pragma once

#include <vector>

#include "chain/address.hpp"
#include "chain/amount.hpp"

/// Recursive Length Prefix (Ethereum Yellow Paper, appendix B). Decoding is strict: only the canonical form
/// is accepted.
namespace grid::chain::rlp {

/// Appends items to one buffer; lists are opened and closed in pairs.
class Encoder {
public:
    Encoder& bytes(ByteView v);
    Encoder& integer(const Amount& v);
    Encoder& address(const Address& v) { return bytes(v.bytes); }
    Encoder& hash(const Hash& v) { return bytes(v.bytes); }
    Encoder& begin_list();
    Encoder& end_list();
    /// Appends an item that is already encoded.
    Encoder& raw(ByteView encoded);
    /// How many bytes there are; lists that are open lack their headers.
    std::size_t size() const noexcept { return out_.size(); }
    /// Makes room for so many bytes.
    Encoder& reserve(std::size_t size) {
        out_.reserve(size);
        return *this;
    }
    /// The finished encoding; every list must be closed (asserted).
    Bytes take();

private:
    Bytes out_;
    std::vector<std::size_t> open_;
};

/// What comes before the bytes of a string; nothing for a byte that stands for itself.
Bytes string_header(ByteView v);
/// How many bytes an integer takes.
std::size_t integer_size(const Amount& v) noexcept;
/// The header of a list whose items take so many bytes.
Bytes list_header(std::size_t length);
/// How many bytes of a well-formed item that begins with this byte come before its payload.
std::size_t header_size(std::uint8_t first) noexcept;

/// A decoded item; views into the input.
struct Item {
    bool is_list = false;
    ByteView payload;         ///< of a string: its bytes; of a list: the encoded items
    std::vector<Item> items;  ///< of a list
};

struct Limits {
    std::size_t depth = 16;
    std::size_t items = 100'000;
};

/// One item that fills the input. Code `bad_rlp`: malformed, not canonical, over a limit, trailing bytes.
Result<Item> decode(ByteView input, Limits limits = {});

/// An integer without leading zeros of at most `bits`; code `bad_rlp`.
Result<Amount> integer(const Item& item, unsigned bits = 256);
Result<Address> address(const Item& item);
Result<Hash> hash(const Item& item);

}  // namespace grid::chain::rlp
