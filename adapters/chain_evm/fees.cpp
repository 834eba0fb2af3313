#include "adapters/chain_evm/fees.hpp"

#include <algorithm>

namespace grid::adapters::evm {
namespace {

constexpr std::uint64_t kUsualTip = 1'000'000'000;  ///< 1 gwei, where the node has no opinion

chain::Amount amount_or_usual(const RpcReply& reply) {
    const auto* value = std::get_if<RpcValue>(&reply);
    if (value == nullptr) return kUsualTip;
    RpcValue held = *value;
    return read_amount(*held, "fee").value_or(kUsualTip);
}

}  // namespace

Fees fees_for(const std::optional<chain::Amount>& base_fee, const chain::Amount& tip,
              const chain::Amount& gas_price) {
    if (!base_fee) return {false, gas_price, {}};
    return {true, *base_fee * chain::Amount(2) + tip, tip};
}

Fees read_fees(const std::optional<chain::Amount>& base_fee, const RpcReply& tip, const RpcReply& gas_price) {
    return fees_for(base_fee, amount_or_usual(tip), amount_or_usual(gas_price));
}

Fees bumped(const Fees& before, const Fees& now) {
    const auto more = [](const chain::Amount& amount) {
        return chain::divide_up(amount * chain::Amount(9), chain::Amount(8)) + 1;
    };
    Fees fees = before;
    fees.max_fee = std::max(more(before.max_fee), now.max_fee);
    if (before.dynamic)
        fees.max_priority_fee =
            std::min(fees.max_fee, std::max(more(before.max_priority_fee), now.max_priority_fee));
    return fees;
}

Fees fees_of(const chain::Transaction& transaction) {
    return {transaction.type == chain::TransactionType::dynamic_fee, transaction.max_fee,
            transaction.max_priority_fee};
}

void set_fees(chain::Transaction& transaction, const Fees& fees) {
    transaction.type = fees.dynamic ? chain::TransactionType::dynamic_fee : chain::TransactionType::legacy;
    transaction.max_fee = fees.max_fee;
    transaction.max_priority_fee = fees.max_priority_fee;
}

}  // namespace grid::adapters::evm
