#include "chain/order_rows.hpp"

#include <algorithm>
#include <cassert>
#include <stdexcept>

namespace grid::chain {

// The first byte of a row is the order's status, and that is never 0: a slot of zeros is no order.

ByteView OrderRows::get(OrderId id) const noexcept {
    if (id.value == 0 || id.value > size_) return {};
    const std::uint64_t index = id.value - 1;
    const ByteView row = ByteView(chunks_[index / kChunk]).subspan(index % kChunk * row_size_, row_size_);
    return row[0] == 0 ? ByteView{} : row;
}

void OrderRows::put(OrderId id, ByteView row) {
    if (row_size_ == 0) row_size_ = row.size();
    if (row.size() != row_size_ || row.empty()) throw std::length_error("an order's row of another size");
    assert(id.value >= 1 && row[0] != 0);
    for (; size_ < id.value; ++size_) {
        if (size_ % kChunk == 0) {
            chunks_.emplace_back();
            if (size_ != 0) chunks_.back().reserve(kChunk * row_size_);
        }
        chunks_.back().resize(chunks_.back().size() + row_size_);
    }
    std::copy(row.begin(), row.end(), slot(id.value - 1));
}

void OrderRows::pop() {
    assert(size_ > 0);
    --size_;
    chunks_.back().resize(chunks_.back().size() - row_size_);
    if (chunks_.back().empty()) chunks_.pop_back();
}

}  // namespace grid::chain
