#include "lease/lease_key.hpp"

#include <algorithm>

#include "chain/abi.hpp"
#include "chain/keccak.hpp"

namespace grid::lease {
namespace {

constexpr std::size_t kMaxApp = 32;

bool lower(char c) {
    return c >= 'a' && c <= 'z';
}
bool digit(char c) {
    return c >= '0' && c <= '9';
}

}  // namespace

chain::Hash lease_key(std::uint64_t chain_id, const chain::Address& market, const chain::Address& provider,
                      const chain::Address& user, chain::OrderId first_order,
                      const chain::Hash& creating_block) {
    const chain::Bytes words = chain::abi::Encoder{}
                                   .uint(chain_id)
                                   .address(market)
                                   .address(provider)
                                   .address(user)
                                   .uint(first_order.value)
                                   .hash(creating_block)
                                   .take();
    return chain::keccak256(chain::ByteView(words));
}

std::string lease_label(const chain::Hash& lease_key) {
    return lease_key.hex().substr(2, kLeaseLabelDigits);
}

bool valid_app_name(std::string_view app) noexcept {
    if (app.empty() || app.size() > kMaxApp || !lower(app.front()) || app.back() == '-') return false;
    if (app == "xn" || app.starts_with("xn--")) return false;
    return std::all_of(app.begin(), app.end(), [](char c) { return lower(c) || digit(c) || c == '-'; });
}

}  // namespace grid::lease
