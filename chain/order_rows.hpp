#pragma once

#include "chain/market.hpp"

namespace grid::chain {

/// All orders as their rows, in memory: slots of one size, in chunks that are filled without copying what is
/// there. A row takes about half of what the decoded order would, and is what is committed to, stored and
/// loaded, as it is.
class OrderRows {
public:
    /// The newest id; 0 when there is none.
    std::uint64_t size() const noexcept { return size_; }
    /// Empty where there is no order: beyond the newest id, or not loaded yet.
    ByteView get(OrderId id) const noexcept;
    /// Puts a row at an id from 1 on; ids between the newest and this one have none. All rows have the size
    /// of the first (std::length_error otherwise).
    void put(OrderId id, ByteView row);
    /// Drops the newest order.
    void pop();

private:
    /// Rows of a chunk. The first one grows up to this, the others are made whole, so that only the newest
    /// wastes space.
    static constexpr std::size_t kChunk = 1024;
    std::uint8_t* slot(std::uint64_t index) noexcept {
        return chunks_[index / kChunk].data() + index % kChunk * row_size_;
    }
    std::vector<Bytes> chunks_;
    std::size_t row_size_ = 0;
    std::uint64_t size_ = 0;
};

/// What is looked up of an order without decoding all of it.
struct OrderHead {
    OrderStatus status = OrderStatus::none;
    Address user;
    Address provider;
};

}  // namespace grid::chain
