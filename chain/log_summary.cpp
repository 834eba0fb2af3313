#include "chain/log_summary.hpp"

#include <algorithm>

namespace grid::chain {
namespace {

constexpr std::size_t kBitsPerItem = 10;
constexpr unsigned kProbes = 4;
/// The place of an item: its log's address, or the topic at a position.
constexpr std::uint64_t kAddressPlace = 4;

/// Spreads what may be a small number or an address over 64 bits (the finalizer of MurmurHash3).
std::uint64_t mix(std::uint64_t v) {
    v = (v ^ v >> 33) * 0xff51afd7ed558ccdull;
    v = (v ^ v >> 33) * 0xc4ceb9fe1a85ec53ull;
    return v ^ v >> 33;
}

std::uint64_t item(ByteView bytes, std::uint64_t place) {
    std::uint64_t hash = mix(place + 1);
    for (std::size_t i = 0; i < bytes.size(); i += 4) {  // 20 and 32 are multiples of 4
        std::uint32_t word;
        std::memcpy(&word, bytes.data() + i, sizeof word);
        hash = mix(hash ^ word);
    }
    return hash;
}

/// Bit number `probe` of an item among so many (double hashing, Kirsch and Mitzenmacher 2006).
std::size_t bit_of(std::uint64_t item, unsigned probe, std::size_t bits) {
    return static_cast<std::size_t>((item + probe * (item >> 32 | 1)) % bits);
}

}  // namespace

Bytes summarize_logs(const std::vector<Receipt>& receipts) {
    std::vector<std::uint64_t> items;
    for (const Receipt& receipt : receipts) {
        for (const Log& log : receipt.logs) {
            items.push_back(item(log.address.bytes, kAddressPlace));
            for (std::size_t i = 0; i < log.topics.size(); ++i) items.push_back(item(log.topics[i].bytes, i));
        }
    }
    std::sort(items.begin(), items.end());
    items.erase(std::unique(items.begin(), items.end()), items.end());
    Bytes summary((items.size() * kBitsPerItem + 7) / 8);
    const std::size_t bits = summary.size() * 8;
    for (const std::uint64_t each : items) {
        for (unsigned probe = 0; probe < kProbes; ++probe) {
            const std::size_t bit = bit_of(each, probe, bits);
            summary[bit / 8] |= static_cast<std::uint8_t>(1u << bit % 8);
        }
    }
    return summary;
}

SummaryQuery::SummaryQuery(const LogFilter& filter) {
    if (!filter.addresses.empty()) {
        auto& any = alternatives_.emplace_back();
        for (const Address& address : filter.addresses) any.push_back(item(address.bytes, kAddressPlace));
    }
    for (std::size_t i = 0; i < filter.topics.size(); ++i) {
        if (filter.topics[i].empty()) continue;
        auto& any = alternatives_.emplace_back();
        for (const Hash& topic : filter.topics[i]) any.push_back(item(topic.bytes, i));
    }
}

bool SummaryQuery::may_match(ByteView summary) const {
    if (summary.empty()) return false;  // no logs at all
    const std::size_t bits = summary.size() * 8;
    const auto holds = [&](std::uint64_t each) {
        for (unsigned probe = 0; probe < kProbes; ++probe) {
            const std::size_t bit = bit_of(each, probe, bits);
            if ((summary[bit / 8] >> bit % 8 & 1) == 0) return false;
        }
        return true;
    };
    return std::all_of(alternatives_.begin(), alternatives_.end(),
                       [&](const auto& any) { return std::any_of(any.begin(), any.end(), holds); });
}

}  // namespace grid::chain
