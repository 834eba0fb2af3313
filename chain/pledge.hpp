#pragma once

#include <vector>

#include "chain/address.hpp"
#include "chain/amount.hpp"
#include "chain/time.hpp"

/// The words of pledges; docs/contracts/pledge.md has the formulas.
namespace grid::chain {

/// Fixed by genesis.
struct PledgeParameters {
    Seconds epoch_length{24 * 3600};           ///< epoch = time / this; 1 second to 365 days
    Seconds unbonding_period{14 * 24 * 3600};  ///< longer than slash_delay, at most 365 days
    Seconds slash_delay{3 * 24 * 3600};
    std::uint16_t max_slash_bp = 3'000;  ///< of a pool, in an epoch; at most 10,000
    Amount epoch_profit;                 ///< most profit that is promised in an epoch; credits, < 2^96
    friend bool operator==(const PledgeParameters&, const PledgeParameters&) = default;
};

/// What stands behind one provider. total <= shares, and shares <= total * 2^32.
struct Pool {
    Amount total;     ///< credits
    Amount shares;    ///< all, unbonding ones included
    Amount earning;   ///< of them: those that earn
    Amount incoming;  ///< of them: pledged in incoming_epoch, earning from the next one
    std::uint64_t incoming_epoch = 0;
    Amount profit_per_share;        ///< times 2^64, ever growing, < 2^161
    std::uint64_t generation = 0;   ///< how often nothing was left
    std::uint64_t slash_epoch = 0;  ///< of `slashed`
    Amount slashed;                 ///< taken in that epoch
    std::uint32_t members = 0;      ///< how many accounts ever pledged
    friend bool operator==(const Pool&, const Pool&) = default;
};

/// Shares that wait for their release.
struct Unbonding {
    Amount shares;
    Timestamp release_at;
    friend bool operator==(const Unbonding&, const Unbonding&) = default;
};

/// What an account has in one pool.
struct Position {
    Amount active;    ///< shares that earn
    Amount incoming;  ///< shares pledged in incoming_epoch
    std::uint64_t incoming_epoch = 0;
    std::vector<Unbonding> unbonding;
    Amount profit;            ///< banked, not claimed
    Amount profit_per_share;  ///< of the pool, up to which the profit of active shares is banked
    std::uint64_t generation = 0;
    friend bool operator==(const Position&, const Position&) = default;
    Amount pledged_shares() const { return active + incoming; }
    Amount unbonding_shares() const {
        Amount sum;
        for (const Unbonding& entry : unbonding) sum += entry.shares;
        return sum;
    }
    /// Nothing is there or to come.
    bool empty() const {
        return active.is_zero() && incoming.is_zero() && unbonding.empty() && profit.is_zero();
    }
};

/// Most unbonding entries of a position.
inline constexpr std::size_t kMaxUnbonding = 8;
/// Most pools in which an account has something.
inline constexpr std::size_t kMaxPoolsOfAccount = 32;
/// Longest reason of a slash, in bytes.
inline constexpr std::size_t kMaxSlashReason = 256;

enum class SlashStatus : std::uint8_t { none = 0, announced = 1, executed = 2, vetoed = 3, lapsed = 4 };

struct Slash {
    std::uint64_t id = 0;
    Address provider;
    Address by;
    Amount amount;  ///< announced
    Amount taken;
    Timestamp executable_at;
    std::uint64_t generation = 0;  ///< of the pool that it was announced for
    SlashStatus status = SlashStatus::none;
    friend bool operator==(const Slash&, const Slash&) = default;
};

/// Over all pools.
struct PledgeTotals {
    std::uint64_t epoch = 0;   ///< of the last change
    Amount promised_in_epoch;  ///< profit promised to orders that were created in it
    Amount promised;           ///< profit promised and neither minted nor lapsed
    Amount unclaimed;          ///< profit minted and not claimed, rounding included
    std::uint64_t slashes = 0;
    friend bool operator==(const PledgeTotals&, const PledgeTotals&) = default;
};

}  // namespace grid::chain
