#include "store/undo.hpp"

#include <algorithm>
#include <map>

namespace grid::store {
namespace {

// An undo row: for each overwritten row {table name, key, flag, old value}, each part with a 4-byte length.
// The row with key kFloor holds the highest block whose undo row was dropped.
constexpr std::uint8_t kFloorKey[] = {'f'};

void append_part(Bytes& out, ByteView part) {
    for (int shift = 24; shift >= 0; shift -= 8)
        out.push_back(static_cast<std::uint8_t>(part.size() >> shift));
    out.insert(out.end(), part.begin(), part.end());
}

bool take_part(ByteView& in, ByteView& part) {
    if (in.size() < 4) return false;
    const std::size_t size =
        std::size_t{in[0]} << 24 | std::size_t{in[1]} << 16 | std::size_t{in[2]} << 8 | in[3];
    if (in.size() - 4 < size) return false;
    part = in.subspan(4, size);
    in = in.subspan(4 + size);
    return true;
}

ByteView bytes_of(const std::string& text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

Result<void> restore(WriteTransaction& transaction, const Environment& environment, ByteView row) {
    struct Old {
        Table table;
        ByteView key;
        ByteView flag_and_value;
    };
    std::vector<Old> parts;
    while (!row.empty()) {
        ByteView name, key, old;
        if (!take_part(row, name) || !take_part(row, key) || !take_part(row, old) || old.empty())
            return fail("data_damaged", "an undo row cannot be read");
        const std::string text(name.begin(), name.end());
        const auto table = environment.find(text);
        if (!table)
            return fail("data_damaged", "an undo row names the table " + text + ", which is not open");
        parts.push_back({*table, key, old});
    }
    // Backwards: of a row that was recorded twice the first record holds the oldest value.
    for (auto it = parts.rbegin(); it != parts.rend(); ++it) {
        if (it->flag_and_value[0] == 1)
            transaction.put(it->table, it->key, it->flag_and_value.subspan(1));
        else
            transaction.erase(it->table, it->key);
    }
    return {};
}

}  // namespace

void record_undo(WriteTransaction& transaction, const UndoMark& mark, const std::vector<Change>& changes) {
    Bytes row;
    if (const auto earlier = transaction.get(mark.undo, number_key(mark.block)))
        row.assign(earlier->begin(), earlier->end());
    for (const Change& change : changes) {
        Bytes old{0};
        if (const auto found = transaction.get(change.table, change.key)) {
            old[0] = 1;
            old.insert(old.end(), found->begin(), found->end());
        }
        append_part(row, bytes_of(change.table.name()));
        append_part(row, change.key);
        append_part(row, old);
    }
    transaction.put(mark.undo, number_key(mark.block), row);
    if (mark.block <= mark.window) return;
    const std::uint64_t floor = mark.block - mark.window;
    std::vector<std::uint64_t> old_blocks;
    transaction.scan(mark.undo, {}, number_key(floor + 1), [&](ByteView key, ByteView) {
        if (key.size() == 8) old_blocks.push_back(number_of(key));
        return true;
    });
    for (const std::uint64_t block : old_blocks) transaction.erase(mark.undo, number_key(block));
    if (!old_blocks.empty()) transaction.put(mark.undo, kFloorKey, number_key(old_blocks.back()));
}

Result<void> roll_back(WriteTransaction& transaction, const Environment& environment,
                       const Rollback& rollback) {
    if (const auto floor = transaction.get(rollback.undo, kFloorKey);
        floor && rollback.to_block < number_of(*floor))
        return fail("beyond_finality", "cannot return to block " + std::to_string(rollback.to_block) +
                                           ": undo rows are kept only after block " +
                                           std::to_string(number_of(*floor)));
    std::map<std::uint64_t, Bytes, std::greater<>> rows;
    transaction.scan(rollback.undo, number_key(rollback.to_block + 1), {}, [&](ByteView key, ByteView value) {
        if (key.size() == 8) rows.emplace(number_of(key), Bytes(value.begin(), value.end()));
        return true;
    });
    for (const auto& [block, row] : rows) {
        if (auto done = restore(transaction, environment, row); !done) return done;
        transaction.erase(rollback.undo, number_key(block));
    }
    return {};
}

Result<void> apply(WriteTransaction& transaction, const Environment& environment, const Batch& batch) {
    if (batch.rollback)
        if (auto done = roll_back(transaction, environment, *batch.rollback); !done) return done;
    if (batch.undo) record_undo(transaction, *batch.undo, batch.changes);
    for (const Change& change : batch.changes) {
        if (change.value)
            transaction.put(change.table, change.key, *change.value);
        else
            transaction.erase(change.table, change.key);
    }
    return {};
}

}  // namespace grid::store
