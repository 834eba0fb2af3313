#pragma once

#include <string>

#include "chain/market.hpp"
#include "chain/pledge.hpp"

/// What Pledge tells.
namespace grid::chain {

/// The first call in a new epoch.
struct EpochRolled {
    std::uint64_t from = 0;
    std::uint64_t to = 0;
    friend bool operator==(const EpochRolled&, const EpochRolled&) = default;
};

enum class PositionChange : std::uint8_t { pledged = 0, unpledged = 1, withdrawn = 2, claimed = 3 };

/// Position and pool as the ABI's states have them: without entries, slashed and members.
struct PositionChanged {
    Address account;
    Address provider;
    PositionChange change = PositionChange::pledged;
    Amount amount;         ///< credits that came, began to unbond, were paid out, were claimed
    Amount shares;         ///< gained, moved to unbonding, given up
    Timestamp release_at;  ///< of what began to unbond
    Position position;
    Pool pool;
    friend bool operator==(const PositionChanged&, const PositionChanged&) = default;
};

struct ProfitMinted {
    Address provider;
    OrderId order;
    Amount amount;
    Amount earning;           ///< shares that share it
    Amount profit_per_share;  ///< afterwards
    friend bool operator==(const ProfitMinted&, const ProfitMinted&) = default;
};

struct SlashAnnounced {
    std::uint64_t id = 0;
    Address provider;
    Address by;
    Amount amount;
    std::string reason;
    Timestamp executable_at;
    friend bool operator==(const SlashAnnounced&, const SlashAnnounced&) = default;
};

struct SlashExecuted {
    std::uint64_t id = 0;
    Address provider;
    Address to;    ///< the treasury; zero: burned
    Amount taken;  ///< now
    Amount left;   ///< for later epochs; 0: it is done
    Pool pool;     ///< as in PositionChanged
    friend bool operator==(const SlashExecuted&, const SlashExecuted&) = default;
};

struct SlashVetoed {
    std::uint64_t id = 0;
    Address by;
    friend bool operator==(const SlashVetoed&, const SlashVetoed&) = default;
};

}  // namespace grid::chain
