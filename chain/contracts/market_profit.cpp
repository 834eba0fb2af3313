// The profit that an order brings to those who pledge to its provider: promised at creation, minted as it is
// served, lapsed when it ends before.

#include "chain/contracts/market.hpp"
#include "chain/contracts/pledge.hpp"
#include "chain/settlement.hpp"

namespace grid::chain::native::market {

Amount promise_profit(Frame& frame, Order& order, const Amount& deposit) {
    const Amount wanted = deposit * Amount{order.profit_bp} / Amount{kAllBasisPoints};
    if (wanted.is_zero()) return {};
    Frame own = inner(frame);
    const Amount promised = pledge::promise_profit(own, wanted);
    order.profit += promised;
    return promised;
}

void book_profit(Order& order, Amount& due, Amount& lapsed) {
    const Amount earned = settlement::profit(order);
    due = earned - order.profit_minted;
    order.profit_minted = earned;
    // What is left of an ended order's will never be earned.
    lapsed = order.live() ? Amount{} : order.profit - order.profit_minted;
}

void mint_profit(Frame& frame, const Order& order, const Amount& due, const Amount& lapsed) {
    Frame own = inner(frame);
    if (!due.is_zero()) pledge::mint_profit(own, order.provider, order.id, due);
    if (!lapsed.is_zero()) pledge::lapse_profit(own, lapsed);
}

}  // namespace grid::chain::native::market
