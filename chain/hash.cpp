#include "chain/hash.hpp"

#include <algorithm>

namespace grid::chain {

Result<Hash> Hash::parse(std::string_view text) {
    Hash hash;
    if (text.size() != 2 + 2 * hash.bytes.size())
        return fail("bad_hash", "expected 0x and 64 hexadecimal digits, came " + std::to_string(text.size()) +
                                    " characters");
    const auto bytes = from_hex(text);
    if (!bytes) return fail("bad_hash", bytes.error().message);
    std::copy(bytes->begin(), bytes->end(), hash.bytes.begin());
    return hash;
}

}  // namespace grid::chain
