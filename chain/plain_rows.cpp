#include "chain/plain_rows.hpp"

#include <algorithm>
#include <stdexcept>

namespace grid::chain {

namespace {

/// A table and a key in one text, without allocating.
class Place {
public:
    Place(std::uint8_t table, ByteView key) : size_(1 + key.size()) {
        if (key.size() > PlainRows::kMaxKey) throw std::length_error("a key over 63 bytes");
        text_[0] = static_cast<char>(table);
        std::copy(key.begin(), key.end(), text_ + 1);
    }
    std::string_view view() const { return {text_, size_}; }

private:
    char text_[1 + PlainRows::kMaxKey];
    std::size_t size_;
};

}  // namespace

ByteView PlainRows::get(std::uint8_t table, ByteView key) const {
    if (key.size() > kMaxKey) return {};
    const auto found = rows_.find(Place(table, key).view());
    return found == rows_.end() ? ByteView{} : ByteView(found->second);
}

void PlainRows::put(std::uint8_t table, ByteView key, ByteView value) {
    const Place place(table, key);
    const auto found = rows_.find(place.view());
    if (value.empty()) {
        if (found != rows_.end()) rows_.erase(found);
        return;
    }
    Bytes row(value.begin(), value.end());
    if (found != rows_.end())
        found->second = std::move(row);
    else
        rows_.emplace(std::string(place.view()), std::move(row));
}

void PlainRows::for_each(
    const std::function<void(std::uint8_t table, ByteView key, ByteView value)>& visit) const {
    for (const auto& [place, value] : rows_)
        visit(static_cast<std::uint8_t>(place[0]), as_bytes(std::string_view(place).substr(1)), value);
}

}  // namespace grid::chain
