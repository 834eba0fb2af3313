#include "chain/commitment.hpp"

#include "chain/keccak.hpp"

namespace grid::chain {
namespace {

void append_sized(Bytes& out, ByteView part) {
    for (int shift = 24; shift >= 0; shift -= 8)
        out.push_back(static_cast<std::uint8_t>(part.size() >> shift));
    out.insert(out.end(), part.begin(), part.end());
}

}  // namespace

Hash next_commitment(const Hash& previous, const WriteSet& writes) {
    Bytes rows;
    rows.reserve(writes.size() * 96);
    for (const Row& row : writes) {
        rows.push_back(row.table);
        append_sized(rows, row.key);
        rows.push_back(row.value ? 1 : 0);
        if (row.value) append_sized(rows, *row.value);
    }
    return keccak256({previous.view(), rows});
}

}  // namespace grid::chain
