#include "chain/abi.hpp"

#include <algorithm>

#include "chain/keccak.hpp"

namespace grid::chain::abi {
namespace {

constexpr std::size_t kWord = 32;

void append(Bytes& out, ByteView v) {
    out.insert(out.end(), v.begin(), v.end());
}

void append_word(Bytes& out, const Amount& v) {
    append(out, v.word().view());
}

}  // namespace

Selector selector(std::string_view signature) {
    const Hash hash = keccak256(signature);
    return {hash.bytes[0], hash.bytes[1], hash.bytes[2], hash.bytes[3]};
}

Encoder& Encoder::word(const Hash& v) {
    append(head_, v.view());
    return *this;
}

Encoder& Encoder::bytes(ByteView v) {
    Bytes data;
    data.reserve(kWord + (v.size() + kWord - 1) / kWord * kWord);
    append_word(data, Amount{v.size()});
    append(data, v);
    data.resize(kWord + (v.size() + kWord - 1) / kWord * kWord);
    tails_.push_back({head_.size(), std::move(data)});
    return word({});
}

Encoder& Encoder::dynamic(ByteView encoded) {
    tails_.push_back({head_.size(), {encoded.begin(), encoded.end()}});
    return word({});
}

Bytes Encoder::take() const& {
    return Encoder(*this).take_all();
}

Bytes Encoder::take() && {
    return take_all();
}

Bytes Encoder::take_all() {
    Bytes out = std::move(head_);
    for (const Tail& tail : tails_) {
        const Hash offset = Amount{out.size()}.word();
        std::copy(offset.bytes.begin(), offset.bytes.end(),
                  out.begin() + static_cast<std::ptrdiff_t>(tail.head_position));
        append(out, tail.data);
    }
    return out;
}

Bytes Encoder::take(const Selector& selector) const {
    Bytes out(selector.begin(), selector.end());
    append(out, take());
    return out;
}

Hash Decoder::word() {
    if (bad_ || data_.size() - position_ < kWord) {
        bad_ = true;
        return {};
    }
    Hash result;
    std::memcpy(result.bytes.data(), data_.data() + position_, kWord);
    position_ += kWord;
    return result;
}

Amount Decoder::uint(unsigned bits) {
    const Amount value = Amount::from_word(word());
    if (value.bit_length() <= bits) return value;
    bad_ = true;
    return {};
}

Address Decoder::address() {
    const auto result = Address::from_word(word());
    if (result) return *result;
    bad_ = true;
    return {};
}

bool Decoder::boolean() {
    return !uint(1).is_zero();
}

Decoder Decoder::dynamic() {
    const Amount offset = uint();
    Decoder nested{{}};
    if (bad_ || !offset.fits_u64() || offset.limbs()[0] > data_.size()) {
        nested.bad_ = bad_ = true;
        return nested;
    }
    nested.data_ = data_.subspan(offset.limbs()[0]);
    return nested;
}

ByteView Decoder::bytes() {
    Decoder body = dynamic();
    const Amount length = body.uint();
    const ByteView rest = body.data_.subspan(body.position_);
    if (body.bad_ || !length.fits_u64() || length.limbs()[0] > rest.size()) {
        bad_ = true;
        return {};
    }
    return rest.first(length.limbs()[0]);
}

std::string Decoder::text() {
    const ByteView view = bytes();
    return {view.begin(), view.end()};
}

Decoder Decoder::array(std::size_t& length, std::size_t max) {
    length = 0;
    Decoder body = dynamic();
    const Amount count = body.uint();
    body.data_ = body.data_.subspan(body.position_);
    body.position_ = 0;
    // Every element takes a word at least, of its own or for its offset.
    if (body.bad_ || !count.fits_u64() || count.limbs()[0] > max ||
        count.limbs()[0] > body.data_.size() / kWord) {
        body.bad_ = bad_ = true;
        return body;
    }
    length = count.limbs()[0];
    return body;
}

}  // namespace grid::chain::abi
