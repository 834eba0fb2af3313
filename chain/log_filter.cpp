#include "chain/log_filter.hpp"

#include <algorithm>

namespace grid::chain {
namespace {

template <class T>
bool contains(const std::vector<T>& values, const T& value) {
    return std::find(values.begin(), values.end(), value) != values.end();
}

}  // namespace

bool LogFilter::matches(const Log& log) const {
    if (!addresses.empty() && !contains(addresses, log.address)) return false;
    if (topics.size() > log.topics.size()) return false;
    for (std::size_t i = 0; i < topics.size(); ++i)
        if (!topics[i].empty() && !contains(topics[i], log.topics[i])) return false;
    return true;
}

void find_logs(const LogFilter& filter, const BlockHeader& header, const Hash* hash,
               const std::vector<Receipt>& receipts, std::vector<FoundLog>& found) {
    std::optional<Hash> computed;
    std::uint32_t log_index = 0;
    for (std::uint32_t transaction = 0; transaction < receipts.size(); ++transaction) {
        for (const Log& log : receipts[transaction].logs) {
            const std::uint32_t index = log_index++;
            if (!filter.matches(log)) continue;
            if (hash == nullptr) hash = &computed.emplace(header.hash());
            found.push_back({{receipts[transaction].transaction_hash, index, log},
                             header.number,
                             *hash,
                             header.time,
                             transaction});
        }
    }
}

}  // namespace grid::chain
