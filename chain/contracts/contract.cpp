#include "chain/contracts/contract.hpp"

#include <algorithm>

namespace grid::chain::native {

Page page(std::size_t size, const Amount& offset, const Amount& limit) {
    if (limit > Amount{kMaxPage}) errors::revert(errors::kTooMany, limit, Amount{kMaxPage});
    if (offset >= Amount{size}) return {};
    const std::size_t begin = offset.to_u64();
    return {begin, begin + std::min<std::size_t>(limit.to_u64(), size - begin)};
}

}  // namespace grid::chain::native
