// Slashes: announced, vetoed or carried out.

#include "chain/contracts/council.hpp"
#include "chain/contracts/credit.hpp"
#include "chain/contracts/pledge.hpp"
#include "chain/pledge_rows.hpp"

namespace grid::chain::native::pledge {

using errors::revert;

namespace {

Slash announced(const Frame& frame, std::uint64_t id) {
    const auto slash = pledge_rows::slash(frame.state, id);
    if (!slash) revert(errors::kUnknownSlash, Amount{id});
    if (slash->status != SlashStatus::announced)
        revert(errors::kSlashClosed, Amount{id}, Amount{static_cast<std::uint64_t>(slash->status)});
    return *slash;
}

void pay_treasury(Frame& frame, const Address& treasury, const Amount& amount) {
    if (amount.is_zero()) return;
    Frame own = inner(frame);
    if (treasury.is_zero())
        credit::burn(own, amount);
    else
        credit::release(own, treasury, amount);
}

}  // namespace

void slash(Frame& frame, abi::Decoder& in, abi::Encoder& out) {
    const Address provider = in.address();
    const Amount amount = in.uint();
    const std::string reason = in.text();
    wellformed(in);
    begin(frame);
    if (!council::has_role(frame, kSlasherRole, frame.caller))
        revert(errors::kMissingRole, name_word(kSlasherRole), frame.caller);
    if (amount.is_zero()) revert(errors::kZeroAmount);
    if (reason.size() > kMaxSlashReason)
        revert(errors::kTooMany, Amount{reason.size()}, Amount{kMaxSlashReason});
    const PledgeParameters parameters = pledge_rows::parameters(frame.state);
    const Pool pool = pool_now(frame, provider);
    const Amount limit = pool.total * Amount{parameters.max_slash_bp} / Amount{10'000};
    if (amount > limit) revert(errors::kSlashTooLarge, amount, limit);

    PledgeTotals totals = pledge_rows::totals(frame.state);
    const Slash slash{++totals.slashes,
                      provider,
                      frame.caller,
                      amount,
                      {},
                      frame.block.time + parameters.slash_delay,
                      pool.generation,
                      SlashStatus::announced};
    pledge_rows::set_totals(frame.state, totals);
    pledge_rows::set_slash(frame.state, slash);
    frame.emit(SlashAnnounced{slash.id, provider, frame.caller, amount, reason, slash.executable_at});
    out.uint(slash.id);
}

void execute_slash(Frame& frame, abi::Decoder& in, abi::Encoder& out) {
    const std::uint64_t id = in.u64();
    wellformed(in);
    begin(frame);
    Slash slash = announced(frame, id);
    if (frame.block.time < slash.executable_at)
        revert(errors::kSlashNotDue, Amount{id}, Amount{slash.executable_at.seconds});
    Pool pool = open_pool(frame, slash.provider);
    const bool lapsed = pool.generation != slash.generation || pool.shares.is_zero();
    const std::uint64_t epoch = epoch_at(pledge_rows::parameters(frame.state), frame.block.time);
    Amount taken;
    if (lapsed) {  // nobody is there any more who was there when it was announced
        slash.status = SlashStatus::lapsed;
    } else {
        const Amount limit = slashable(frame, pool);
        if (limit.is_zero()) revert(errors::kSlashLimitReached, slash.provider, Amount{epoch});
        taken = take(frame, slash.provider, pool, std::min(limit, slash.amount - slash.taken));
        pool.slashed = pool.slash_epoch == epoch ? pool.slashed + taken : taken;
        pool.slash_epoch = epoch;
        slash.taken += std::min(taken, slash.amount - slash.taken);
        if (slash.taken == slash.amount || pool.generation != slash.generation)
            slash.status = SlashStatus::executed;
        pledge_rows::set_pool(frame.state, slash.provider, pool);
    }
    pledge_rows::set_slash(frame.state, slash);
    const Address& treasury = frame.state.parameters().market.treasury;
    pay_treasury(frame, treasury, taken);
    const Amount left = slash.status == SlashStatus::announced ? slash.amount - slash.taken : Amount{};
    frame.emit(SlashExecuted{id, slash.provider, treasury, taken, left, pool});
    out.uint(taken);
}

void veto_slash(Frame& frame, abi::Decoder& in, abi::Encoder&) {
    const std::uint64_t id = in.u64();
    wellformed(in);
    begin(frame);
    const bool may =
        frame.caller == frame.contracts.council || council::has_role(frame, kVetoRole, frame.caller);
    if (!may) revert(errors::kMissingRole, name_word(kVetoRole), frame.caller);
    Slash slash = announced(frame, id);
    slash.status = SlashStatus::vetoed;
    pledge_rows::set_slash(frame.state, slash);
    frame.emit(SlashVetoed{id, frame.caller});
}

}  // namespace grid::chain::native::pledge
