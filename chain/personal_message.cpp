#include "chain/personal_message.hpp"

namespace grid::chain {

Hash personal_message_hash(std::string_view message) {
    const std::string prefix =
        "\x19"
        "Ethereum Signed Message:\n" +
        std::to_string(message.size());
    return keccak256({as_bytes(prefix), as_bytes(message)});
}

}  // namespace grid::chain
