// Profit: promised to orders, minted as they are served, or lapsed.

#include "chain/contracts/credit.hpp"
#include "chain/contracts/pledge.hpp"
#include "chain/pledge_rows.hpp"

namespace grid::chain::native::pledge {

namespace {

void check_market(const Frame& frame) {
    if (frame.caller != frame.contracts.market) errors::revert(errors::kNotProtocol, frame.caller);
}

Amount less(const Amount& a, const Amount& b) {
    return a > b ? a - b : Amount{};
}

}  // namespace

Amount promise_profit(Frame& frame, const Amount& wanted) {
    check_market(frame);
    begin(frame);
    const State& state = frame.state;
    PledgeTotals totals = pledge_rows::totals(state);
    const Amount of_epoch = less(pledge_rows::parameters(state).epoch_profit, totals.promised_in_epoch);
    const Amount of_supply = less(less(state.parameters().token_cap, state.token_supply()), totals.promised);
    const Amount promised = std::min({wanted, of_epoch, of_supply});
    if (promised.is_zero()) return promised;
    totals.promised_in_epoch += promised;
    totals.promised += promised;
    pledge_rows::set_totals(frame.state, totals);
    return promised;
}

Amount mint_profit(Frame& frame, const Address& provider, OrderId order, const Amount& amount) {
    lapse_profit(frame, amount);  // kept or not, it is no promise any more
    Pool pool = open_pool(frame, provider);
    // Others may have minted up to the cap since it was promised.
    const Amount room = less(frame.state.parameters().token_cap, frame.state.token_supply());
    const Amount minted = pool.earning.is_zero() ? Amount{} : std::min(amount, room);
    if (minted.is_zero()) return minted;
    pool.profit_per_share += minted * profit_unit() / pool.earning;
    pledge_rows::set_pool(frame.state, provider, pool);
    PledgeTotals totals = pledge_rows::totals(frame.state);
    totals.unclaimed += minted;
    pledge_rows::set_totals(frame.state, totals);
    Frame own = inner(frame);
    credit::issue(own, minted);
    frame.emit(ProfitMinted{provider, order, minted, pool.earning, pool.profit_per_share});
    return minted;
}

void lapse_profit(Frame& frame, const Amount& amount) {
    check_market(frame);
    begin(frame);
    if (amount.is_zero()) return;
    PledgeTotals totals = pledge_rows::totals(frame.state);
    totals.promised -= amount;
    pledge_rows::set_totals(frame.state, totals);
}

}  // namespace grid::chain::native::pledge
