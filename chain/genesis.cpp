#include "chain/genesis.hpp"

#include <stdexcept>
#include <unordered_set>

namespace grid::chain {

namespace {

/// Tokens that a contract holds from the start would back or belong to nothing.
bool is_contract(const Address& account) {
    return embedded_addresses().contains(account);
}

}  // namespace

Result<void> check_genesis(const Genesis& genesis) {
    const auto refuse = [](const std::string& why) { return fail("bad_genesis", why); };
    if (genesis.chain_id == 0) return refuse("chain_id: expected at least 1, came 0");
    if (genesis.token_cap.bit_length() > 96)
        return refuse("token_cap: expected less than 2^96, came " + genesis.token_cap.decimal());
    Amount supply;
    std::unordered_set<Address> seen;
    for (const auto& [account, amount] : genesis.allocations) {
        if (account.is_zero() || is_contract(account))
            return refuse("allocations: " + account.checksummed() + " is no account of a person");
        if (!seen.insert(account).second)
            return refuse("allocations: " + account.checksummed() + " appears twice");
        if (amount > genesis.token_cap || supply + amount > genesis.token_cap)
            return refuse("allocations: their sum is over the token_cap " + genesis.token_cap.decimal());
        supply += amount;
    }
    const MarketParameters& market = genesis.market;
    if (market.activation_deadline.count == 0 || market.activation_deadline > kMaxDuration)
        return refuse("market.activation_deadline: expected 1 to " + std::to_string(kMaxDuration.count) +
                      " seconds, came " + std::to_string(market.activation_deadline.count));
    if (market.minimum_deposit.bit_length() > 96)
        return refuse("market.minimum_deposit: expected less than 2^96, came " +
                      market.minimum_deposit.decimal());
    return {};
}

State make_genesis_state(const Genesis& genesis) {
    if (const auto checked = check_genesis(genesis); !checked)
        throw std::invalid_argument(checked.error().message);
    State state;
    state.set_parameters({genesis.token_cap, genesis.minter, genesis.market});
    Amount supply;
    for (const auto& [account, amount] : genesis.allocations) {
        state.set_token_balance(account, amount);
        supply += amount;
    }
    state.set_token_supply(supply);
    return state;
}

Genesis development_genesis() {
    const Amount million = Amount{1'000'000} * Amount{1'000'000'000'000'000'000};
    Genesis genesis;
    genesis.token_cap = million * Amount{1'000};
    genesis.development = true;
    for (std::uint32_t index = 0; index < kDevelopmentAccounts; ++index)
        genesis.allocations.emplace_back(derive_from_mnemonic(kDevelopmentMnemonic, index)->address(),
                                         million);
    genesis.minter = genesis.allocations.front().first;
    return genesis;
}

}  // namespace grid::chain
