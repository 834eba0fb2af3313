#pragma once

#include "chain/pledge_rows.hpp"
#include "chain/settlement.hpp"
#include "property/market_model.hpp"
#include "property/runs.hpp"

namespace grid::chain::test {

/// Orders, balances and resources are the model's; every invariant of money holds. `bought`: credits of all
/// that trade; `pledged`: of who pledges.
inline void check_market(const State& state, const MarketModel& model, Timestamp now,
                         const std::vector<Amount>& accrued_before, const Amount& bought,
                         const Amount& pledged) {
    const ContractAddresses contracts = embedded_addresses();
    RC_ASSERT(state.last_order().value == model.orders.size());
    Amount escrow;
    for (std::size_t i = 0; i < model.orders.size(); ++i) {
        const Order o = *state.order({i + 1});
        const auto& m = model.orders[i];
        RC_ASSERT(o.status == m.status);
        RC_ASSERT(o.accrued == m.accrued);
        RC_ASSERT(o.accrued <= o.deposit);
        if (i < accrued_before.size()) RC_ASSERT(o.accrued >= accrued_before[i]);
        RC_ASSERT(o.duration.count == m.duration);
        RC_ASSERT((o.renewable == m.renewable && o.unserved_reported == m.reported && o.fee_bp == m.fee_bp));
        RC_ASSERT((o.profit == m.profit && o.profit_minted == m.minted && o.profit_bp == m.profit_bp));
        RC_ASSERT(o.profit_minted <= o.profit);
        RC_ASSERT((o.replaces.value == m.replaces && o.was_suspended == !m.suspensions.empty()));
        if (o.status == OrderStatus::running) {
            for (const std::uint64_t later : {0u, 1u, 100u, 5'000u})
                RC_ASSERT(settlement::earned_at(o, now + Seconds{later}) ==
                          MarketModel::earned(m, now.seconds + later));
            const auto end = MarketModel::end(m, now.seconds);
            RC_ASSERT(settlement::announced_end(o) == (end ? Timestamp{*end} : settlement::kUnknownEnd));
        }
        // Of what accrued everything is paid at once, and of an ended order everything.
        RC_ASSERT(o.paid_provider + o.paid_fee == o.accrued);
        if (!o.live()) RC_ASSERT(o.paid_provider + o.paid_fee + o.paid_user == o.deposit);
        escrow += o.deposit - o.paid_provider - o.paid_user - o.paid_fee;
    }
    RC_ASSERT(state.credit_balance(contracts.market) == escrow);
    RC_ASSERT(model.escrow == escrow);
    for (const auto& [account, credits] : model.credits) RC_ASSERT(state.credit_balance(account) == credits);
    // Nothing is minted but profit, and nothing burned but fees, with what backs them.
    const Amount all = bought + pledged + model.minted;
    RC_ASSERT(state.credit_supply() + model.burned == all);
    RC_ASSERT(state.token_supply() + model.burned == all);
    RC_ASSERT(state.credit_balance(contracts.pledge) == pledged + model.minted);
    const PledgeTotals totals = pledge_rows::totals(state);
    RC_ASSERT((totals.unclaimed == model.minted && totals.promised == model.promised));
    RC_ASSERT(state.token_balance(contracts.credit) == state.credit_supply());
    for (const auto& [address, listing] : model.listings) {
        const Provider& p = *state.provider(address);
        RC_ASSERT(p.available.cpu_milli + listing.reserved.cpu_milli == p.total.cpu_milli);
        RC_ASSERT(p.available.memory_mib + listing.reserved.memory_mib == p.total.memory_mib);
        RC_ASSERT(p.available.storage_mib + listing.reserved.storage_mib == p.total.storage_mib);
        RC_ASSERT(p.available.gpus + listing.reserved.gpus == p.total.gpus);
    }
}

}  // namespace grid::chain::test
