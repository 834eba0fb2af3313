#include "chain/rlp.hpp"

#include <algorithm>
#include <cassert>
#include <stdexcept>

namespace grid::chain::rlp {
namespace {

constexpr std::uint8_t kString = 0x80;
constexpr std::uint8_t kList = 0xc0;
constexpr std::size_t kShortest = 55;  // the longest payload whose length fits the first byte

/// Items of the outermost list for which room is made at once: a transaction has at most 12.
constexpr std::size_t kFieldsExpected = 12;

/// The header of a string (`base` 0x80) or list (0xc0) of `length` bytes; returns its size (at most 9).
std::size_t write_header(std::uint8_t* out, std::uint8_t base, std::size_t length) noexcept {
    if (length <= kShortest) {
        out[0] = static_cast<std::uint8_t>(base + length);
        return 1;
    }
    std::size_t size = 0;
    for (std::size_t rest = length; rest != 0; rest >>= 8) ++size;
    out[0] = static_cast<std::uint8_t>(base + kShortest + size);
    for (std::size_t i = 0; i < size; ++i)
        out[1 + i] = static_cast<std::uint8_t>(length >> (8 * (size - 1 - i)));
    return 1 + size;
}

class Reader {
public:
    explicit Reader(Limits limits) : limits_(limits) {}

    /// Reads one item off the front of `input`; false with `problem` set when it is malformed.
    bool read(ByteView& input, Item& item, std::size_t depth) {
        if (++count_ > limits_.items) return stop("more items than allowed");
        if (input.empty()) return stop("the input ends within an item");
        const std::uint8_t first = input[0];
        if (first < kString) {
            item.payload = input.first(1);
            input = input.subspan(1);
            return true;
        }
        item.is_list = first >= kList;
        const std::size_t code = first - (item.is_list ? kList : kString);
        input = input.subspan(1);
        std::size_t length = code;
        if (code > kShortest && !read_length(input, code - kShortest, length)) return false;
        if (length > input.size()) return stop("a length reaches over the end of the input");
        item.payload = input.first(length);
        input = input.subspan(length);
        if (!item.is_list) {
            if (length == 1 && item.payload[0] < kString)
                return stop("a byte below 0x80 must stand for itself");
            return true;
        }
        if (depth >= limits_.depth) return stop("lists are nested deeper than allowed");
        if (depth == 0) item.items.reserve(kFieldsExpected);
        for (ByteView rest = item.payload; !rest.empty();)
            if (!read(rest, item.items.emplace_back(), depth + 1)) return false;
        return true;
    }

    const char* problem = "";

private:
    bool stop(const char* why) {
        problem = why;
        return false;
    }

    /// A length in `size` big-endian bytes: no leading zero, and only where the short form does not do.
    bool read_length(ByteView& input, std::size_t size, std::size_t& length) {
        if (size > input.size()) return stop("the input ends within a length");
        if (input[0] == 0) return stop("a length has leading zeros");
        length = 0;
        for (const std::uint8_t byte : input.first(size)) length = length << 8 | byte;
        if (length <= kShortest) return stop("a short length is written in the long form");
        input = input.subspan(size);
        return true;
    }

    Limits limits_;
    std::size_t count_ = 0;
};

}  // namespace

Encoder& Encoder::bytes(ByteView v) {
    if (v.size() == 1 && v[0] < kString) {
        out_.push_back(v[0]);
        return *this;
    }
    std::uint8_t header[9];
    out_.insert(out_.end(), header, header + write_header(header, kString, v.size()));
    return raw(v);
}

Encoder& Encoder::integer(const Amount& v) {
    const Hash word = v.word();
    return bytes(word.view().last((v.bit_length() + 7) / 8));
}

Encoder& Encoder::begin_list() {
    open_.push_back(out_.size());
    return *this;
}

Encoder& Encoder::end_list() {
    if (open_.empty()) throw std::logic_error("rlp: end_list without begin_list");
    const std::size_t start = open_.back();
    open_.pop_back();
    std::uint8_t header[9];
    const std::size_t size = write_header(header, kList, out_.size() - start);
    out_.insert(out_.begin() + static_cast<std::ptrdiff_t>(start), header, header + size);
    return *this;
}

Encoder& Encoder::raw(ByteView encoded) {
    out_.insert(out_.end(), encoded.begin(), encoded.end());
    return *this;
}

Bytes Encoder::take() {
    assert(open_.empty());
    return std::exchange(out_, {});
}

Bytes string_header(ByteView v) {
    if (v.size() == 1 && v[0] < kString) return {};
    std::uint8_t header[9];
    return {header, header + write_header(header, kString, v.size())};
}

std::size_t integer_size(const Amount& v) noexcept {
    const unsigned bits = v.bit_length();
    return bits <= 7 ? 1 : 1 + (bits + 7) / 8;
}

Bytes list_header(std::size_t length) {
    std::uint8_t header[9];
    return {header, header + write_header(header, kList, length)};
}

std::size_t header_size(std::uint8_t first) noexcept {
    if (first < kString) return 0;
    const std::size_t code = first - (first >= kList ? kList : kString);
    return code <= kShortest ? 1 : 1 + code - kShortest;
}

Result<Item> decode(ByteView input, Limits limits) {
    Reader reader(limits);
    Item item;
    if (!reader.read(input, item, 0)) return fail("bad_rlp", reader.problem);
    if (!input.empty()) return fail("bad_rlp", std::to_string(input.size()) + " bytes follow the item");
    return item;
}

Result<Amount> integer(const Item& item, unsigned bits) {
    if (item.is_list) return fail("bad_rlp", "expected an integer, came a list");
    if (item.payload.size() > 32) return fail("bad_rlp", "an integer has more than 32 bytes");
    if (!item.payload.empty() && item.payload[0] == 0) return fail("bad_rlp", "an integer has leading zeros");
    const Amount value = Amount::from_big_endian(item.payload);
    if (value.bit_length() > bits)
        return fail("bad_rlp", "an integer has more than " + std::to_string(bits) + " bits");
    return value;
}

Result<Address> address(const Item& item) {
    Address result;
    if (item.is_list || item.payload.size() != result.bytes.size())
        return fail("bad_rlp", "expected an address of 20 bytes");
    std::copy(item.payload.begin(), item.payload.end(), result.bytes.begin());
    return result;
}

Result<Hash> hash(const Item& item) {
    Hash result;
    if (item.is_list || item.payload.size() != result.bytes.size())
        return fail("bad_rlp", "expected a hash of 32 bytes");
    std::copy(item.payload.begin(), item.payload.end(), result.bytes.begin());
    return result;
}

}  // namespace grid::chain::rlp
