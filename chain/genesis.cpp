#include "chain/genesis.hpp"

#include <algorithm>
#include <stdexcept>
#include <unordered_set>

#include "chain/council_rows.hpp"
#include "chain/pledge_rows.hpp"

namespace grid::chain {

namespace {

/// Tokens that a contract holds from the start would back or belong to nothing.
bool is_contract(const Address& account) {
    return embedded_addresses().contains(account);
}

constexpr Seconds kYear{365ull * 24 * 3600};

tl::unexpected<Error> refuse(const std::string& why) {
    return fail("bad_genesis", why);
}

Result<void> check_council(const Genesis& genesis) {
    const Council& council = genesis.council;
    if (council.members.empty() ? council.threshold != 0 : !is_council(council.members, council.threshold))
        return refuse("council: expected 1 to " + std::to_string(kMaxCouncilMembers) +
                      " members, none zero or twice, and a threshold of 1 to their number; or neither");
    if (council.delay > kMaxCouncilDelay)
        return refuse("council.delay: expected at most " + std::to_string(kMaxCouncilDelay.count) +
                      " seconds, came " + std::to_string(council.delay.count));
    for (const auto* accounts : {&council.members, &genesis.slashers, &genesis.vetoers})
        for (const Address& account : *accounts)
            if (account.is_zero() || is_contract(account))
                return refuse("council: " + account.checksummed() + " is no account of a person");
    return {};
}

Result<void> check_pledge(const PledgeParameters& pledge) {
    const auto range = [](const char* field, std::uint64_t least, std::uint64_t most, std::uint64_t came) {
        return std::string("pledge.") + field + ": expected " + std::to_string(least) + " to " +
               std::to_string(most) + ", came " + std::to_string(came);
    };
    if (pledge.epoch_length.count == 0 || pledge.epoch_length > kYear)
        return refuse(range("epoch_length", 1, kYear.count, pledge.epoch_length.count));
    if (pledge.unbonding_period > kYear)
        return refuse(range("unbonding_period", 1, kYear.count, pledge.unbonding_period.count));
    // Who unpledges when a slash is announced must still be there when it comes.
    if (pledge.slash_delay >= pledge.unbonding_period)
        return refuse("pledge.slash_delay: expected less than the unbonding_period of " +
                      std::to_string(pledge.unbonding_period.count) + " seconds, came " +
                      std::to_string(pledge.slash_delay.count));
    if (pledge.max_slash_bp > 10'000) return refuse(range("max_slash_bp", 0, 10'000, pledge.max_slash_bp));
    if (pledge.epoch_profit.bit_length() > 96)
        return refuse("pledge.epoch_profit: expected less than 2^96, came " + pledge.epoch_profit.decimal());
    return {};
}

}  // namespace

Result<void> check_genesis(const Genesis& genesis) {
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
    if (market.fee_bp > kAllBasisPoints)
        return refuse("market.fee_bp: expected 0 to " + std::to_string(kAllBasisPoints) + ", came " +
                      std::to_string(market.fee_bp));
    if (market.profit_bp > market.fee_bp)  // or ordering from oneself would pay
        return refuse("market.profit_bp: expected at most the fee_bp of " + std::to_string(market.fee_bp) +
                      ", came " + std::to_string(market.profit_bp));
    if (is_contract(market.treasury))
        return refuse("market.treasury: expected the account of a person, or zero to burn the fee, came " +
                      market.treasury.checksummed() + ", a contract");
    if (auto checked = check_council(genesis); !checked) return checked;
    return check_pledge(genesis.pledge);
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
    if (genesis.council != Council{}) council_rows::set_council(state, genesis.council);
    for (const Address& account : genesis.slashers)
        council_rows::set_role(state, name_word(kSlasherRole), account, true);
    for (const Address& account : genesis.vetoers)
        council_rows::set_role(state, name_word(kVetoRole), account, true);
    pledge_rows::set_parameters(state, genesis.pledge);
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
    for (std::size_t i = 0; i < 3; ++i) genesis.council.members.push_back(genesis.allocations[i].first);
    genesis.council.threshold = 2;
    genesis.council.delay = {30};
    genesis.slashers = {genesis.allocations[0].first};
    genesis.vetoers = {genesis.allocations[1].first};
    genesis.pledge.epoch_length = {60};
    genesis.pledge.unbonding_period = {120};
    genesis.pledge.slash_delay = {60};
    genesis.pledge.epoch_profit = million;
    return genesis;
}

}  // namespace grid::chain
