#include "chain/rpc/identifier.hpp"

#include <openssl/rand.h>

#include <array>
#include <stdexcept>

#include "chain/amount.hpp"

namespace grid::chain::rpc {

std::string new_identifier() {
    std::array<std::uint8_t, 16> bytes;
    if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1)
        throw std::runtime_error("the system has no random numbers");
    bytes[0] |= 0x80;  // a quantity has no leading zeros
    return to_hex(bytes);
}

}  // namespace grid::chain::rpc
