#pragma once

#include <map>
#include <set>

#include "chain/events.hpp"
#include "chain/genesis.hpp"
#include "chain/settlement.hpp"

namespace grid::chain::test {

/// The market as somebody sees it who reads the logs and nothing else, from genesis on.
struct LogModel {
    std::map<Address, Amount> tokens;
    std::map<std::pair<Address, Address>, Amount> allowances;
    std::map<Address, Amount> credits;
    std::map<Address, Amount> pending;
    std::map<Address, Provider> providers;
    std::vector<Address> provider_list;
    std::vector<Order> orders;
    std::map<std::pair<Address, Address>, OrderId> current;
    std::set<Hash> quotes;
    std::set<std::pair<Address, Hash>> cancelled_quotes;
    std::map<Address, std::uint64_t> quote_epochs;
    std::map<std::pair<Address, Address>, std::uint64_t> probation_uses;  ///< window
    Amount token_supply;
    Amount credit_supply;
    Seconds probation_window;

    explicit LogModel(const Genesis& genesis) : probation_window(genesis.market.probation_window) {
        for (const auto& [account, amount] : genesis.allocations) {
            tokens[account] = amount;
            token_supply += amount;
        }
    }

    void apply(const Event& event) {
        std::visit([this](const auto& e) { on(e); }, event);
    }

private:
    static void move(std::map<Address, Amount>& balances, Amount& supply, const Address& from,
                     const Address& to, const Amount& amount) {
        if (from.is_zero())
            supply += amount;
        else
            balances[from] -= amount;
        if (to.is_zero())
            supply -= amount;
        else
            balances[to] += amount;
    }

    Order& order(OrderId id) { return orders.at(id.value - 1); }

    void settle(OrderId id, const OrderBalance& balance) {
        Order& o = order(id);
        o.accrued = balance.accrued;
        o.paid_provider = balance.paid_provider;
        o.paid_user = balance.paid_user;
        o.paid_fee = balance.paid_fee;
        o.deposit = balance.deposit;
    }

    template <class E>
    void settle_at(const E& e, OrderStatus status) {
        settle(e.id, e.balance);
        Order& o = order(e.id);
        o.settled_at = e.settled_at;
        o.settle_height = e.settle_height;
        o.status = status;
        o.profit_minted = settlement::profit(o);
    }

    void on(const TokenTransfer& e) { move(tokens, token_supply, e.from, e.to, e.amount); }
    void on(const TokenApproval& e) { allowances[{e.owner, e.spender}] = e.amount; }
    void on(const CreditTransfer& e) { move(credits, credit_supply, e.from, e.to, e.amount); }
    void on(const CreditPurchased&) {}
    void on(const CreditRedeemed&) {}
    void on(const CreditTransferReceived& e) { pending[e.from] += e.amount; }
    void on(const CreditTransferClaimed& e) { pending[e.from] -= e.amount; }
    void on(const ProviderSet& e) {
        if (!providers.contains(e.provider.address)) provider_list.push_back(e.provider.address);
        providers[e.provider.address] = e.provider;
    }
    void on(const ProviderDeregistered& e) { providers.at(e.provider).status = ProviderStatus::deregistered; }
    void on(const ResourceDelta& e) { providers.at(e.provider).available = e.available; }
    void on(const OrderCreated& e) {
        orders.push_back(e.order);
        current[{e.order.user, e.order.provider}] = e.order.id;
    }
    void on(const OrderActivated& e) {
        Order& o = order(e.id);
        o.provider_check = true;
        o.activated_at = e.activated_at;
        o.activate_height = e.activate_height;
        o.status = OrderStatus::running;
        if (o.probation.count != 0 && o.replaces.value == 0 && probation_window.count != 0)
            probation_uses[{o.user, o.provider}] = e.activated_at.seconds / probation_window.count;
    }
    void on(const OrderSettled& e) { settle_at(e, OrderStatus::running); }
    void on(const OrderCancelled& e) { settle_at(e, OrderStatus::cancelled); }
    void on(const OrderCompleted& e) { settle_at(e, OrderStatus::completed); }
    void on(const Withdrawn& e) { settle(e.id, e.balance); }
    void on(const QuoteUsed& e) { quotes.insert(e.digest); }
    void on(const OrderSuspended& e) {
        settle(e.id, e.balance);
        order(e.id).suspended_since = e.suspended_since;
        order(e.id).was_suspended = true;
    }
    void on(const OrderResumed& e) {
        settle(e.id, e.balance);
        Order& o = order(e.id);
        o.suspended_since = {};
        o.suspended = e.suspended;
        o.probation.count = e.starts_at.seconds - o.activated_at.seconds;
    }
    void on(const OrderExtended& e) {
        order(e.id).profit += e.added_profit;
        settle(e.id, e.balance);
        order(e.id).duration = e.duration;
    }
    void on(const OrderReplaced&) {}
    void on(const OrderUnserved& e) { order(e.id).unserved_reported = true; }
    void on(const QuoteCancelled& e) { cancelled_quotes.insert({e.provider, e.salt}); }
    void on(const QuoteEpochBumped& e) { quote_epochs[e.provider] = e.epoch; }
    /// Council and pledges have a model of their own.
    template <class E>
    void on(const E&) {}
};

}  // namespace grid::chain::test
