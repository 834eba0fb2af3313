#include "chain/council.hpp"

#include <algorithm>

namespace grid::chain {

Hash name_word(std::string_view name) {
    Hash word;
    std::copy_n(name.begin(), std::min(name.size(), word.bytes.size()), word.bytes.begin());
    return word;
}

bool is_council(std::vector<Address> members, std::uint32_t threshold) {
    if (members.empty() || members.size() > kMaxCouncilMembers) return false;
    if (threshold == 0 || threshold > members.size()) return false;
    std::sort(members.begin(), members.end());
    return !members.front().is_zero() && std::adjacent_find(members.begin(), members.end()) == members.end();
}

}  // namespace grid::chain
