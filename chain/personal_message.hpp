#pragma once

#include "chain/keccak.hpp"

namespace grid::chain {

/// EIP-191 version 0x45: what `personal_sign` signs.
Hash personal_message_hash(std::string_view message);

}  // namespace grid::chain
