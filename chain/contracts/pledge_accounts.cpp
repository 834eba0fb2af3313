// What accounts do with their positions.

#include "chain/contracts/credit.hpp"
#include "chain/contracts/pledge.hpp"
#include "chain/pledge_rows.hpp"

namespace grid::chain::native::pledge {

using errors::revert;

namespace {

/// The caller's position in a pool, while a call changes it.
struct Act {
    Frame& frame;
    Address provider;
    Pool pool;
    Position position;

    Act(Frame& f, const Address& to)
        : frame(f),
          provider(to),
          pool((begin(f), open_pool(f, to))),
          position(position_now(f, to, f.caller, pool)) {}

    /// The list of the account's pools follows whether something is there.
    void keep_list() const {
        std::vector<Address> pools = pledge_rows::pools_of(frame.state, frame.caller);
        const auto found = std::find(pools.begin(), pools.end(), provider);
        if ((found == pools.end()) == position.empty()) return;
        if (position.empty())
            pools.erase(found);
        else
            pools.push_back(provider);
        pledge_rows::set_pools_of(frame.state, frame.caller, pools);
    }

    /// Records both and tells.
    void finish(PositionChange change, const Amount& amount, const Amount& shares, Timestamp release_at) {
        if (!pledge_rows::position(frame.state, provider, frame.caller))
            pledge_rows::set_member(frame.state, provider, pool.members++, frame.caller);
        keep_list();
        pledge_rows::set_position(frame.state, provider, frame.caller, position);
        pledge_rows::set_pool(frame.state, provider, pool);
        frame.emit(
            PositionChanged{frame.caller, provider, change, amount, shares, release_at, position, pool});
    }
};

/// How many shares make up an amount out of these: rounded up, and all of them for all they are worth.
Amount shares_for(const Pool& pool, const Amount& amount, const Amount& shares) {
    if (amount == value_of(pool, shares)) return shares;
    return std::min(shares, divide_up(amount * pool.shares, pool.total));
}

}  // namespace

void pledge_call(Frame& frame, abi::Decoder& in, abi::Encoder&) {
    const Amount amount = in.uint();
    const Address provider = in.address();
    wellformed(in);
    if (amount.is_zero()) revert(errors::kZeroAmount);
    if (frame.state.provider(provider) == nullptr) revert(errors::kUnknownProvider, provider);
    Act act(frame, provider);
    Pool& pool = act.pool;
    Position& position = act.position;
    if (ruined(pool)) revert(errors::kPoolRuined, provider);
    const auto pools = pledge_rows::pools_of(frame.state, frame.caller);
    const bool listed = std::find(pools.begin(), pools.end(), provider) != pools.end();
    if (!listed && pools.size() >= kMaxPoolsOfAccount)
        revert(errors::kTooMany, Amount{pools.size() + 1}, Amount{kMaxPoolsOfAccount});
    Frame own = inner(frame);
    credit::escrow(own, frame.caller, amount);

    const std::uint64_t epoch = epoch_at(pledge_rows::parameters(frame.state), frame.block.time);
    const Amount shares = pool.shares.is_zero() ? amount : amount * pool.shares / pool.total;
    pool.total += amount;
    pool.shares += shares;
    pool.incoming += shares;
    pool.incoming_epoch = epoch;
    position.incoming += shares;
    position.incoming_epoch = epoch;
    act.finish(PositionChange::pledged, amount, shares, {});
}

void unpledge(Frame& frame, abi::Decoder& in, abi::Encoder&) {
    const Amount amount = in.uint();
    const Address provider = in.address();
    wellformed(in);
    if (amount.is_zero()) revert(errors::kZeroAmount);
    Act act(frame, provider);
    Pool& pool = act.pool;
    Position& position = act.position;
    const Amount held = position.pledged_shares();
    const Amount pledged = value_of(pool, held);
    if (amount > pledged) revert(errors::kInsufficientPledge, amount, pledged);
    const Timestamp release_at = frame.block.time + pledge_rows::parameters(frame.state).unbonding_period;
    const bool joins = !position.unbonding.empty() && position.unbonding.back().release_at == release_at;
    if (!joins && position.unbonding.size() >= kMaxUnbonding)
        revert(errors::kTooManyUnbonding, Amount{kMaxUnbonding});

    const Amount shares = shares_for(pool, amount, held);
    const Amount young = std::min(shares, position.incoming);
    position.incoming -= young;
    pool.incoming -= young;
    position.active -= shares - young;
    pool.earning -= shares - young;
    if (joins)
        position.unbonding.back().shares += shares;
    else
        position.unbonding.push_back({shares, release_at});
    act.finish(PositionChange::unpledged, amount, shares, release_at);
}

void withdraw_unbonded(Frame& frame, abi::Decoder& in, abi::Encoder& out) {
    const Address provider = in.address();
    wellformed(in);
    Act act(frame, provider);
    Amount shares;
    std::erase_if(act.position.unbonding, [&](const Unbonding& entry) {
        const bool released = frame.block.time >= entry.release_at;
        if (released) shares += entry.shares;
        return released;
    });
    if (shares.is_zero()) revert(errors::kNothingUnbonded, frame.caller, provider);
    const Amount amount = value_of(act.pool, shares);
    act.pool.total -= amount;
    act.pool.shares -= shares;
    if (act.pool.shares.is_zero()) {  // what was announced for those who were here lapses
        end_generation(frame, provider, act.pool);
        act.position.generation = act.pool.generation;
    }
    act.finish(PositionChange::withdrawn, amount, shares, {});
    Frame own = inner(frame);
    credit::release(own, frame.caller, amount);
    out.uint(amount);
}

void claim(Frame& frame, abi::Decoder& in, abi::Encoder& out) {
    const Address provider = in.address();
    wellformed(in);
    Act act(frame, provider);
    const Amount amount = act.position.profit;
    if (amount.is_zero()) revert(errors::kNothingEarned, frame.caller, provider);
    act.position.profit = {};
    PledgeTotals totals = pledge_rows::totals(frame.state);
    totals.unclaimed -= amount;  // never out of what is pledged: it would panic here
    pledge_rows::set_totals(frame.state, totals);
    act.finish(PositionChange::claimed, amount, {}, {});
    Frame own = inner(frame);
    credit::release(own, frame.caller, amount);
    out.uint(amount);
}

}  // namespace grid::chain::native::pledge
