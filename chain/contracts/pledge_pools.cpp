// Pools, positions and epochs: every formula of pledges.

#include "chain/contracts/pledge.hpp"
#include "chain/pledge_rows.hpp"

namespace grid::chain::native::pledge {

namespace {

/// Profit of shares between two values of profit_per_share, in profit units.
Amount units_of(const Amount& shares, const Amount& from, const Amount& to) {
    return to > from ? shares * (to - from) : Amount{};
}

/// Banks what active shares earned up to a value of profit_per_share, and incoming ones since their epoch
/// began: rounded down once for both.
void bank(const Frame& frame, const Address& provider, const Pool& pool, Position& position,
          const Amount& to) {
    // Without a mark the pool has not been opened in a later epoch: nothing was minted since.
    const Amount start = pledge_rows::profit_at_epoch(frame.state, provider, position.incoming_epoch + 1)
                             .value_or(pool.profit_per_share);
    const Amount units =
        units_of(position.active, position.profit_per_share, to) + units_of(position.incoming, start, to);
    position.profit += units / profit_unit();
    position.profit_per_share = pool.profit_per_share;
}

bool has_matured(const Pool& pool, std::uint64_t epoch) {
    return !pool.incoming.is_zero() && pool.incoming_epoch < epoch;
}

void mature(Pool& pool) {
    pool.earning += pool.incoming;
    pool.incoming = {};
}

/// Its generation has ended: what was earned before that is left.
void bury(const Frame& frame, const Address& provider, const Pool& pool, Position& position) {
    bank(frame, provider, pool, position,
         pledge_rows::profit_at_end(frame.state, provider, position.generation).value());
    position.active = position.incoming = {};
    position.unbonding.clear();
    position.generation = pool.generation;
}

}  // namespace

Amount profit_unit() {
    return Amount::power_of_two(64);
}

std::uint64_t epoch_at(const PledgeParameters& parameters, Timestamp t) {
    return t.seconds / parameters.epoch_length.count;
}

void begin(Frame& frame) {
    const std::uint64_t epoch = epoch_at(pledge_rows::parameters(frame.state), frame.block.time);
    PledgeTotals totals = pledge_rows::totals(frame.state);
    if (totals.epoch == epoch) return;
    frame.emit(EpochRolled{totals.epoch, epoch});
    totals.epoch = epoch;
    totals.promised_in_epoch = {};
    pledge_rows::set_totals(frame.state, totals);
}

Pool pool_now(const Frame& frame, const Address& provider) {
    Pool pool = pledge_rows::pool(frame.state, provider);
    if (has_matured(pool, epoch_at(pledge_rows::parameters(frame.state), frame.block.time))) mature(pool);
    return pool;
}

Pool open_pool(Frame& frame, const Address& provider) {
    Pool pool = pledge_rows::pool(frame.state, provider);
    if (!has_matured(pool, epoch_at(pledge_rows::parameters(frame.state), frame.block.time))) return pool;
    // Nothing was minted since the epoch of the pledge: what is there now is what the next one began with.
    pledge_rows::set_profit_at_epoch(frame.state, provider, pool.incoming_epoch + 1, pool.profit_per_share);
    mature(pool);
    pledge_rows::set_pool(frame.state, provider, pool);
    return pool;
}

Position position_now(const Frame& frame, const Address& provider, const Address& account, const Pool& pool) {
    auto found = pledge_rows::position(frame.state, provider, account);
    if (!found) {
        Position none;
        none.profit_per_share = pool.profit_per_share;
        none.generation = pool.generation;
        return none;
    }
    Position& position = *found;
    if (position.generation != pool.generation) {
        bury(frame, provider, pool, position);
        return position;
    }
    bank(frame, provider, pool, position, pool.profit_per_share);
    const std::uint64_t epoch = epoch_at(pledge_rows::parameters(frame.state), frame.block.time);
    if (position.incoming_epoch < epoch) {
        position.active += position.incoming;
        position.incoming = {};
    }
    return position;
}

Amount value_of(const Pool& pool, const Amount& shares) {
    return shares.is_zero() ? Amount{} : shares * pool.total / pool.shares;
}

bool ruined(const Pool& pool) {
    return pool.total * Amount::power_of_two(16) < pool.shares;
}

void end_generation(Frame& frame, const Address& provider, Pool& pool) {
    pledge_rows::set_profit_at_end(frame.state, provider, pool.generation, pool.profit_per_share);
    pool.total = pool.shares = pool.earning = pool.incoming = {};
    ++pool.generation;
}

Amount take(Frame& frame, const Address& provider, Pool& pool, const Amount& amount) {
    const Amount before = pool.total;
    pool.total -= std::min(amount, before);
    if (pool.total * Amount::power_of_two(32) < pool.shares || pool.total.is_zero())
        end_generation(frame, provider, pool);
    return before - pool.total;
}

Amount slashable(const Frame& frame, const Pool& pool) {
    const PledgeParameters parameters = pledge_rows::parameters(frame.state);
    const bool counted = pool.slash_epoch == epoch_at(parameters, frame.block.time);
    const Amount taken = counted ? pool.slashed : Amount{};
    const Amount limit = (pool.total + taken) * Amount{parameters.max_slash_bp} / Amount{10'000};
    return limit > taken ? limit - taken : Amount{};
}

Amount pledged_by(const Frame& frame, const Address& account) {
    Amount sum;
    for (const Address& provider : pledge_rows::pools_of(frame.state, account)) {
        const Pool pool = pool_now(frame, provider);
        sum += value_of(pool, position_now(frame, provider, account, pool).pledged_shares());
    }
    return sum;
}

}  // namespace grid::chain::native::pledge
