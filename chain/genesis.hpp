#pragma once

#include <utility>
#include <vector>

#include "chain/contracts.hpp"
#include "chain/council.hpp"
#include "chain/pledge.hpp"
#include "chain/secp256k1.hpp"
#include "chain/state.hpp"

namespace grid::chain {

/// What a chain starts from. Chain id and contract addresses are fixed here for ever.
struct Genesis {
    std::uint64_t chain_id = kEmbeddedChainId;
    Timestamp timestamp;                                  ///< of block 0
    Amount token_cap;                                     ///< base units, < 2^96
    Address minter;                                       ///< zero: nobody
    std::vector<std::pair<Address, Amount>> allocations;  ///< tokens, base units; an address may appear once
    MarketParameters market;
    Council council;                ///< members, threshold, delay; without members nobody decides anything
    std::vector<Address> slashers;  ///< hold SLASHER from the start
    std::vector<Address> vetoers;   ///< hold VETO from the start
    PledgeParameters pledge;
    bool development = false;  ///< the faucet is open
    friend bool operator==(const Genesis&, const Genesis&) = default;
};

/// Code `bad_genesis` names the field: a cap of 2^96 or more, allocations over the cap or twice for an
/// address, a chain id of 0, an activation deadline of 0 or over ten years, a fee of more than all, a
/// contract as treasury.
Result<void> check_genesis(const Genesis& genesis);

/// The state before the first transaction; its rows are the first write set. Throws std::invalid_argument
/// when check_genesis refuses.
State make_genesis_state(const Genesis& genesis);

/// The mnemonic that development chains everywhere use. Its keys are public: never fund them on a real chain.
inline constexpr std::string_view kDevelopmentMnemonic =
    "test test test test test test test test test test test junk";
inline constexpr std::uint32_t kDevelopmentAccounts = 10;

/// Ten accounts of that mnemonic with 1,000,000 GRID each; the first one may mint; faucet open. Two of the
/// first three are the council, with a delay of 30 seconds; the first is SLASHER, the second VETO; an epoch
/// is a minute, unbonding takes two, a slash waits for one. Timestamp 0.
Genesis development_genesis();

}  // namespace grid::chain
