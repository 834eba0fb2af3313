#include "chain/trie_root.hpp"

#include <algorithm>
#include <span>

#include "chain/block_constants.hpp"
#include "chain/keccak.hpp"
#include "chain/keccak_lanes.hpp"
#include "chain/rlp.hpp"

namespace grid::chain {
namespace {

/// A key and its value; whoever makes it keeps the value.
struct TrieRow {
    Bytes key;
    ByteView value;
};
using Rows = std::span<const TrieRow>;

unsigned nibble(const Bytes& key, std::size_t position) {
    return position % 2 == 0 ? key[position / 2] >> 4 : key[position / 2] & 15u;
}

std::size_t length(const Bytes& key) {
    return key.size() * 2;
}

/// Hex-prefix encoding of the nibbles [from, to) of a key.
Bytes hex_prefix(const Bytes& key, std::size_t from, std::size_t to, bool leaf) {
    const bool odd = (to - from) % 2 != 0;
    Bytes out{static_cast<std::uint8_t>((leaf ? 0x20u : 0u) | (odd ? 0x10u | nibble(key, from) : 0u))};
    for (std::size_t i = from + (odd ? 1 : 0); i < to; i += 2)
        out.push_back(static_cast<std::uint8_t>(nibble(key, i) << 4 | nibble(key, i + 1)));
    return out;
}

/// How many nibbles two keys have in common from the first one on.
std::size_t shared_nibbles(const Bytes& a, const Bytes& b) {
    const std::size_t most = std::min(length(a), length(b));
    std::size_t shared = 0;
    while (shared < most && nibble(a, shared) == nibble(b, shared)) ++shared;
    return shared;
}

/// The leaf nodes of all rows, encoded one behind the other and hashed together, which takes most of the
/// time: with large values and few neighbours nearly every byte of a trie is in a leaf.
class Leaves {
public:
    /// Of sorted rows with different keys.
    explicit Leaves(Rows rows) : ends_(rows.size()), digests_(rows.size()) {
        std::size_t size = 0;
        for (const auto& [key, value] : rows) size += value.size() + key.size() + 16;
        nodes_.reserve(size);
        std::size_t before =
            0;  // nibbles that a row's node comes behind: those it shares, and one of its own
        for (std::size_t i = 0; i < rows.size(); ++i) {
            const std::size_t after =
                i + 1 < rows.size() ? shared_nibbles(rows[i].key, rows[i + 1].key) + 1 : 0;
            const std::size_t depth = std::max(before, after);
            // A key that others begin with ends in a branch and has no leaf.
            if (depth <= length(rows[i].key)) append(rows[i], depth);
            ends_[i] = nodes_.size();
            before = after;
        }
        std::vector<ByteView> nodes(rows.size());
        for (std::size_t i = 0; i < rows.size(); ++i) nodes[i] = node(i);
        keccak256_each(nodes, digests_);
    }

    ByteView node(std::size_t row) const {
        const std::size_t begin = row == 0 ? 0 : ends_[row - 1];
        return ByteView(nodes_).subspan(begin, ends_[row] - begin);
    }
    const Hash& digest(std::size_t row) const { return digests_[row]; }

private:
    void append(const TrieRow& row, std::size_t depth) {
        rlp::Encoder path;
        path.bytes(hex_prefix(row.key, depth, length(row.key), true));
        const Bytes front = path.take();
        const Bytes value_header = rlp::string_header(row.value);
        const Bytes header = rlp::list_header(front.size() + value_header.size() + row.value.size());
        for (const ByteView part :
             {ByteView(header), ByteView(front), ByteView(value_header), ByteView(row.value)})
            nodes_.insert(nodes_.end(), part.begin(), part.end());
    }

    Bytes nodes_;
    std::vector<std::size_t> ends_;
    std::vector<Hash> digests_;
};

/// The nodes above the leaves.
class Trie {
public:
    explicit Trie(Rows rows) : rows_(rows), leaves_(rows) {}

    Hash root() const { return rows_.size() == 1 ? leaves_.digest(0) : keccak256(node(0, rows_.size(), 0)); }

private:
    /// A child inside its parent: itself when it is shorter than a hash, else its hash.
    void append_child(rlp::Encoder& out, std::size_t begin, std::size_t end, std::size_t depth) const {
        constexpr std::size_t kHash = 32;
        if (end - begin == 1) {
            if (const ByteView leaf = leaves_.node(begin); leaf.size() < kHash)
                out.raw(leaf);
            else
                out.hash(leaves_.digest(begin));
            return;
        }
        const Bytes child = node(begin, end, depth);
        if (child.size() < kHash)
            out.raw(child);
        else
            out.hash(keccak256(child));
    }

    /// The encoded node over at least two rows that agree in their first `depth` nibbles.
    Bytes node(std::size_t begin, std::size_t end, std::size_t depth) const {
        rlp::Encoder out;
        out.begin_list();
        const Bytes& first = rows_[begin].key;
        const std::size_t shared = shared_nibbles(first, rows_[end - 1].key);
        if (shared > depth) {
            out.bytes(hex_prefix(first, depth, shared, false));
            append_child(out, begin, end, shared);
            return out.end_list().take();
        }
        ByteView value;
        if (length(first) == depth) value = rows_[begin++].value;
        for (unsigned digit = 0; digit < 16; ++digit) {
            const std::size_t from = begin;
            while (begin < end && nibble(rows_[begin].key, depth) == digit) ++begin;
            if (from == begin)
                out.bytes({});
            else
                append_child(out, from, begin, depth + 1);
        }
        return out.bytes(value).end_list().take();
    }

    Rows rows_;
    Leaves leaves_;
};

/// The root over values in the order of their indexes, which are the keys as RLP writes them: 0 as 0x80, so
/// that it comes behind 1 to 127.
Hash indexed_root(std::span<const ByteView> values) {
    if (values.empty()) return trie_root({});
    constexpr std::size_t kOneByte = 0x80;
    std::vector<TrieRow> rows;
    rows.reserve(values.size());
    const auto add = [&](std::size_t index) {
        rows.push_back({rlp::Encoder{}.integer(index).take(), values[index]});
    };
    for (std::size_t index = 1; index < std::min(kOneByte, values.size()); ++index) add(index);
    add(0);
    for (std::size_t index = kOneByte; index < values.size(); ++index) add(index);
    return Trie(rows).root();
}

std::size_t expected_size(const Receipt& receipt) {
    std::size_t size = kBloomBytes + 64;
    for (const Log& log : receipt.logs) size += 48 + 33 * log.topics.size() + log.data.size();
    return size;
}

/// EIP-2718: the type before the list of a typed transaction's receipt.
void put_receipt(rlp::Encoder& out, TransactionType type, const Receipt& receipt,
                 std::uint64_t cumulative_gas) {
    static const Bytes bloom(kBloomBytes, kBloomByte);
    if (type != TransactionType::legacy) out.raw(std::array{static_cast<std::uint8_t>(type)});
    out.begin_list().integer(receipt.success ? 1u : 0u).integer(cumulative_gas).bytes(bloom).begin_list();
    for (const Log& log : receipt.logs) {
        out.begin_list().address(log.address).begin_list();
        for (const Hash& topic : log.topics) out.hash(topic);
        out.end_list().bytes(log.data).end_list();
    }
    out.end_list().end_list();
}

}  // namespace

Hash trie_root(std::vector<std::pair<Bytes, Bytes>> rows) {
    if (rows.empty()) return keccak256(Bytes{0x80});
    std::sort(rows.begin(), rows.end());
    std::vector<TrieRow> views;
    views.reserve(rows.size());
    for (auto& [key, value] : rows) views.push_back({std::move(key), value});
    return Trie(views).root();
}

Hash transactions_root(const std::vector<SignedTransaction>& transactions) {
    std::vector<ByteView> values;
    values.reserve(transactions.size());
    for (const SignedTransaction& transaction : transactions) values.emplace_back(transaction.raw);
    return indexed_root(values);
}

Hash receipts_root(const std::vector<SignedTransaction>& transactions, const std::vector<Receipt>& receipts) {
    std::size_t size = 0;
    for (const Receipt& receipt : receipts) size += expected_size(receipt);
    rlp::Encoder out;
    out.reserve(size);
    std::vector<std::size_t> ends;
    ends.reserve(receipts.size());
    std::uint64_t gas = 0;
    for (const Receipt& receipt : receipts) {
        gas += receipt.gas_used;
        put_receipt(out, transactions[ends.size()].transaction.type, receipt, gas);
        ends.push_back(out.size());
    }
    const Bytes encoded = out.take();
    std::vector<ByteView> values;
    values.reserve(receipts.size());
    std::size_t begin = 0;
    for (const std::size_t end : ends) {
        values.push_back(ByteView(encoded).subspan(begin, end - begin));
        begin = end;
    }
    return indexed_root(values);
}

}  // namespace grid::chain
