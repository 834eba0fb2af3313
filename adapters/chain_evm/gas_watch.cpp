#include "adapters/chain_evm/gas_watch.hpp"

#include <spdlog/spdlog.h>

#include "adapters/chain_evm/fees.hpp"

namespace grid::adapters::evm {

void GasWatch::look() {
    const auto now = options_.now();
    const auto head = branch_.head();
    if (!head || (looked_ && now - *looked_ < options_.every)) return;
    looked_ = now;
    const std::vector<RpcCall> calls{{"eth_getBalance", "[\"" + account_.hex() + "\",\"latest\"]"},
                                     {"eth_maxPriorityFeePerGas"},
                                     {"eth_gasPrice"}};
    const auto account = network_.pool().read<chain::GasAccount>(
        calls, [&](const RpcPool::Replies& replies) -> Result<chain::GasAccount> {
            auto value = value_of(replies[0]);
            if (!value) return tl::unexpected(value.error());
            const auto balance = read_amount(**value, "eth_getBalance");
            if (!balance) return tl::unexpected(balance.error());
            return chain::GasAccount{account_, *balance,
                                     read_fees(head->base_fee, replies[1], replies[2]).max_fee};
        });
    if (account) judge(*account);
}

void GasWatch::judge(const chain::GasAccount& account) {
    const auto before = board_->status();
    const auto count = account.transactions();
    // A fee that goes up and down by itself is no news: it is over when there is a quarter more.
    const auto enough = options_.warn_below + (before && before->low ? options_.warn_below / 4 : 0);
    const bool low = count < enough;
    board_->set({account, low});
    if (low && count == 0 && (!before || !before->low || before->account.transactions() != 0))
        spdlog::error("chain: {}: nothing is activated or settled before it has more", account.words());
    else if (low && (!before || !before->low))
        spdlog::warn("chain: {}; send it more, or orders will not be activated and settled", account.words());
    else if (!low && before && before->low)
        spdlog::info("chain: {} again", account.words());
}

}  // namespace grid::adapters::evm
