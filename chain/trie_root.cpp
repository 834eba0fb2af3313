#include "chain/trie_root.hpp"

#include <algorithm>
#include <span>

#include "chain/block_constants.hpp"
#include "chain/keccak.hpp"
#include "chain/rlp.hpp"

namespace grid::chain {
namespace {

using Rows = std::span<const std::pair<Bytes, Bytes>>;

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

Bytes node(Rows rows, std::size_t depth);

/// A child inside its parent: itself when it is shorter than a hash, else its hash.
void append_child(rlp::Encoder& out, Rows rows, std::size_t depth) {
    const Bytes child = node(rows, depth);
    if (child.size() < 32)
        out.raw(child);
    else
        out.hash(keccak256(child));
}

/// The encoded node over sorted rows that agree in their first `depth` nibbles.
Bytes node(Rows rows, std::size_t depth) {
    rlp::Encoder out;
    out.begin_list();
    const Bytes& first = rows.front().first;
    if (rows.size() == 1) {
        out.bytes(hex_prefix(first, depth, length(first), true)).bytes(rows.front().second);
        return out.end_list().take();
    }
    const Bytes& last = rows.back().first;
    std::size_t shared = depth;
    while (shared < length(first) && shared < length(last) && nibble(first, shared) == nibble(last, shared))
        ++shared;
    if (shared > depth) {
        out.bytes(hex_prefix(first, depth, shared, false));
        append_child(out, rows, shared);
        return out.end_list().take();
    }
    ByteView value;
    if (length(first) == depth) {
        value = rows.front().second;
        rows = rows.subspan(1);
    }
    for (unsigned digit = 0; digit < 16; ++digit) {
        std::size_t count = 0;
        while (count < rows.size() && nibble(rows[count].first, depth) == digit) ++count;
        if (count == 0)
            out.bytes({});
        else
            append_child(out, rows.first(count), depth + 1);
        rows = rows.subspan(count);
    }
    return out.bytes(value).end_list().take();
}

Bytes index_key(std::size_t index) {
    rlp::Encoder out;
    return out.integer(index).take();
}

Bytes receipt_value(TransactionType type, const Receipt& receipt, std::uint64_t cumulative_gas) {
    static const Bytes bloom(kBloomBytes, kBloomByte);
    rlp::Encoder out;
    out.begin_list().integer(receipt.success ? 1u : 0u).integer(cumulative_gas).bytes(bloom).begin_list();
    for (const Log& log : receipt.logs) {
        out.begin_list().address(log.address).begin_list();
        for (const Hash& topic : log.topics) out.hash(topic);
        out.end_list().bytes(log.data).end_list();
    }
    Bytes value = out.end_list().end_list().take();
    if (type != TransactionType::legacy) value.insert(value.begin(), static_cast<std::uint8_t>(type));
    return value;
}

}  // namespace

Hash trie_root(std::vector<std::pair<Bytes, Bytes>> rows) {
    if (rows.empty()) return keccak256(Bytes{0x80});
    std::sort(rows.begin(), rows.end());
    return keccak256(node(rows, 0));
}

Hash transactions_root(const std::vector<SignedTransaction>& transactions) {
    std::vector<std::pair<Bytes, Bytes>> rows;
    rows.reserve(transactions.size());
    for (const SignedTransaction& transaction : transactions)
        rows.emplace_back(index_key(rows.size()), transaction.raw);
    return trie_root(std::move(rows));
}

Hash receipts_root(const std::vector<SignedTransaction>& transactions, const std::vector<Receipt>& receipts) {
    std::vector<std::pair<Bytes, Bytes>> rows;
    rows.reserve(receipts.size());
    std::uint64_t gas = 0;
    for (const Receipt& receipt : receipts) {
        gas += receipt.gas_used;
        const TransactionType type = transactions[rows.size()].transaction.type;
        rows.emplace_back(index_key(rows.size()), receipt_value(type, receipt, gas));
    }
    return trie_root(std::move(rows));
}

}  // namespace grid::chain
