#pragma once

#include <array>
#include <concepts>
#include <cstring>
#include <span>
#include <string_view>

#include "chain/bytes.hpp"

/// Fixed-width big-endian fields, for tokens and stored rows.
namespace grid::lease {

/// Writes into a buffer that the caller has made large enough.
class ByteWriter {
public:
    explicit ByteWriter(std::span<std::uint8_t> out) : out_(out) {}
    template <std::unsigned_integral T>
    ByteWriter& number(T value) {
        for (std::size_t i = sizeof(T); i-- > 0;)
            out_[written_++] = static_cast<std::uint8_t>(value >> (8 * i));
        return *this;
    }
    ByteWriter& bytes(chain::ByteView v) {
        if (!v.empty()) std::memcpy(out_.subspan(written_, v.size()).data(), v.data(), v.size());
        written_ += v.size();
        return *this;
    }
    std::size_t written() const { return written_; }

private:
    std::span<std::uint8_t> out_;
    std::size_t written_ = 0;
};

/// Reads them back; the first read behind the end makes it `bad()` for good, and zero values come.
class ByteReader {
public:
    explicit ByteReader(chain::ByteView in) : in_(in) {}
    template <std::unsigned_integral T>
    T number() {
        T value = 0;
        for (const std::uint8_t byte : bytes(sizeof(T))) value = static_cast<T>(value << 8 | byte);
        return value;
    }
    template <std::size_t N>
    void into(std::array<std::uint8_t, N>& out) {
        const chain::ByteView from = bytes(N);
        if (!from.empty()) std::memcpy(out.data(), from.data(), N);
    }
    std::string_view text(std::size_t size) {
        const chain::ByteView from = bytes(size);
        return {reinterpret_cast<const char*>(from.data()), from.size()};
    }
    chain::ByteView bytes(std::size_t size) {
        if (bad_ || size > in_.size()) {
            bad_ = true;
            return {};
        }
        const chain::ByteView taken = in_.first(size);
        in_ = in_.subspan(size);
        return taken;
    }
    bool bad() const { return bad_; }
    bool done() const { return !bad_ && in_.empty(); }

private:
    chain::ByteView in_;
    bool bad_ = false;
};

}  // namespace grid::lease
