#include "chain/rlp.hpp"

#include <algorithm>

#include "fuzz/target.hpp"

namespace grid::fuzz {

namespace {

using namespace grid::chain;

struct Shape {
    std::size_t items = 0;
    std::size_t depth = 0;  ///< of lists, the outermost counts
};

void measure(const rlp::Item& item, std::size_t depth, Shape& shape) {
    ++shape.items;
    if (item.is_list) shape.depth = std::max(shape.depth, depth + 1);
    for (const rlp::Item& each : item.items) measure(each, depth + 1, shape);
}

void encode(rlp::Encoder& out, const rlp::Item& item) {
    if (!item.is_list) {
        out.bytes(item.payload);
        return;
    }
    out.begin_list();
    for (const rlp::Item& each : item.items) encode(out, each);
    out.end_list();
}

Bytes encoded(const rlp::Item& item) {
    rlp::Encoder out;
    encode(out, item);
    return out.take();
}

template <class T>
void check_named(const Result<T>& result) {
    if (!result)
        require(result.error().code == "bad_rlp" && !result.error().message.empty(), "an error has its name");
}

/// Views stay within the input; readers of values take exactly what their writers make.
void check_item(ByteView input, const rlp::Item& item) {
    require(item.payload.data() >= input.data() &&
                item.payload.data() + item.payload.size() <= input.data() + input.size(),
            "a payload lies within the input");
    require(item.is_list || item.items.empty(), "a string has no items");
    const auto integer = rlp::integer(item);
    const auto narrow = rlp::integer(item, 64);
    const auto address = rlp::address(item);
    const auto hash = rlp::hash(item);
    check_named(integer);
    check_named(narrow);
    check_named(address);
    check_named(hash);
    if (integer || address || hash) {
        const Bytes whole = encoded(item);
        rlp::Encoder out;
        const auto same = [&](rlp::Encoder& written) {
            require(written.take() == whole, "a value is written as it was read");
        };
        if (integer) same(out.integer(*integer));
        if (address) same(out.address(*address));
        if (hash) same(out.hash(*hash));
    }
    require(narrow.has_value() == (integer && integer->fits_u64()), "the width of an integer is a limit");
    // Of long lists some: the cost of an input stays bounded while exploring.
    const std::size_t some =
        thorough(input) ? item.items.size() : std::min<std::size_t>(item.items.size(), 8);
    for (std::size_t i = 0; i < some; ++i) check_item(input, item.items[i]);
}

}  // namespace

void rlp(ByteView input) {
    const auto item = rlp::decode(input);
    check_named(item);
    if (!item) return;
    check_item(input, *item);
    const Bytes again = encoded(*item);
    require(std::equal(again.begin(), again.end(), input.begin(), input.end()),
            "what decodes is canonical: encoding it gives the same bytes");
    if (!thorough(input)) return;
    Shape shape;
    measure(*item, 0, shape);
    const rlp::Limits limits;
    require(shape.depth <= limits.depth && shape.items <= limits.items, "the limits hold");
    require(rlp::decode(input, {shape.depth, shape.items}).has_value(),
            "a limit that is just met refuses nothing");
    require(!rlp::decode(input, {shape.depth, shape.items - 1}), "one item over the limit is refused");
    if (shape.depth > 0)
        require(!rlp::decode(input, {shape.depth - 1, shape.items}), "one level over the limit is refused");
}

}  // namespace grid::fuzz
