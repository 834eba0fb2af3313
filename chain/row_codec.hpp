#pragma once

#include <algorithm>
#include <stdexcept>

#include "chain/market.hpp"

/// How fields of state rows are written and read.
namespace grid::chain {

/// Widest integer of money in a row: prices, deposits (the token's cap is below 2^96).
inline constexpr unsigned kMoneyBytes = 12;

/// Appends the fields of a row: fixed big-endian numbers, texts behind their length.
class RowWriter {
public:
    RowWriter() = default;
    /// Makes room for a row of that size.
    explicit RowWriter(std::size_t size) { out_.reserve(size); }
    RowWriter& number(std::uint64_t v, unsigned bytes) {
        std::uint8_t big_endian[8];
        for (unsigned i = 0; i < 8; ++i) big_endian[i] = static_cast<std::uint8_t>(v >> (56 - 8 * i));
        return raw(ByteView(big_endian).last(bytes));
    }
    RowWriter& u8(std::uint8_t v) { return number(v, 1); }
    RowWriter& u32(std::uint32_t v) { return number(v, 4); }
    RowWriter& u64(std::uint64_t v) { return number(v, 8); }
    RowWriter& raw(ByteView v) {
        out_.insert(out_.end(), v.begin(), v.end());
        return *this;
    }
    RowWriter& text(std::string_view v) { return number(v.size(), 2).raw(as_bytes(v)); }
    RowWriter& money(const Amount& v) {
        if (v.bit_length() > 8 * kMoneyBytes) throw std::overflow_error("money of 2^96 or more in a row");
        const Hash word = v.word();
        return raw(word.view().subspan(32 - kMoneyBytes));
    }
    RowWriter& amount(const Amount& v) { return raw(v.minimal_big_endian()); }
    RowWriter& resources(const Resources& r) {
        return u64(r.cpu_milli).u64(r.memory_mib).u64(r.storage_mib).u64(r.gpus);
    }
    RowWriter& prices(const Prices& p) {
        return money(p.cpu_milli).money(p.memory_mib).money(p.storage_mib).money(p.gpus);
    }
    Bytes take() { return std::move(out_); }

private:
    Bytes out_;
};

/// Reads what RowWriter wrote; short or long rows make it bad.
class RowReader {
public:
    explicit RowReader(ByteView row) : rest_(row) {}
    ByteView raw(std::size_t n) {
        if (n > rest_.size()) {
            bad_ = true;
            rest_ = {};
            return {};
        }
        const ByteView result = rest_.first(n);
        rest_ = rest_.subspan(n);
        return result;
    }
    std::uint64_t number(unsigned bytes) {
        std::uint64_t v = 0;
        for (const std::uint8_t byte : raw(bytes)) v = v << 8 | byte;
        return v;
    }
    std::uint8_t u8() { return static_cast<std::uint8_t>(number(1)); }
    std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
    std::uint64_t u64() { return number(8); }
    Address address() {
        Address a;
        const ByteView v = raw(a.bytes.size());
        std::copy(v.begin(), v.end(), a.bytes.begin());
        return a;
    }
    Hash hash() {
        Hash h;
        const ByteView v = raw(h.bytes.size());
        std::copy(v.begin(), v.end(), h.bytes.begin());
        return h;
    }
    std::string text() {
        const ByteView v = raw(number(2));
        return {v.begin(), v.end()};
    }
    Amount money() { return Amount::from_big_endian(raw(kMoneyBytes)); }
    /// The rest of the row.
    Amount amount() {
        if (rest_.size() > 32) bad_ = true;
        return bad_ ? Amount{} : Amount::from_big_endian(raw(rest_.size()));
    }
    Resources resources() {
        Resources r;
        r.cpu_milli = u64();
        r.memory_mib = u64();
        r.storage_mib = u64();
        r.gpus = u64();
        return r;
    }
    Prices prices() {
        Prices p;
        p.cpu_milli = money();
        p.memory_mib = money();
        p.storage_mib = money();
        p.gpus = money();
        return p;
    }
    bool good() const { return !bad_ && rest_.empty(); }

private:
    ByteView rest_;
    bool bad_ = false;
};

}  // namespace grid::chain
