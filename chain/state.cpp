#include "chain/state.hpp"

#include <algorithm>
#include <cassert>

namespace grid::chain {

namespace {

template <class... F>
struct Overloaded : F... {
    using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

/// The value at a key, or a zero one.
template <class Map, class Key>
typename Map::mapped_type get(const Map& map, const Key& key) {
    const auto found = map.find(key);
    return found == map.end() ? typename Map::mapped_type{} : found->second;
}

/// Keeps maps canonical: a zero value is no entry.
template <class Map, class Key, class Value>
void put(Map& map, const Key& key, const Value& value) {
    if (value == typename Map::mapped_type{})
        map.erase(key);
    else
        map[key] = value;
}

}  // namespace

void State::rollback(std::size_t mark) {
    assert(mark <= journal_.size());
    while (journal_.size() > mark) {
        undo(journal_.back());
        journal_.pop_back();
    }
}

void State::undo(const Change& change) {
    std::visit(
        Overloaded{
            [&](const ParametersChange& c) { parameters_ = c.previous; },
            [&](const SuppliesChange& c) { supplies_ = c.previous; },
            [&](const NonceChange& c) { put(nonces_, c.account, c.previous); },
            [&](const TokenBalanceChange& c) { put(token_balances_, c.account, c.previous); },
            [&](const AllowanceChange& c) { put(allowances_, c.pair, c.previous); },
            [&](const CreditBalanceChange& c) { put(credit_balances_, c.account, c.previous); },
            [&](const ProviderChange& c) {
                if (c.previous) {
                    providers_.at(c.address).provider = *c.previous;
                } else {
                    providers_.erase(c.address);
                    provider_list_.pop_back();
                }
            },
            [&](const AvailableChange& c) { providers_.at(c.address).provider.available = c.previous; },
            [&](const OrderChange& c) {
                if (c.previous)
                    put_order(*c.previous);
                else
                    drop_newest_order(c.previous_current);
            },
            [&](const QuoteSpent& c) { spent_quotes_.erase(c.digest); },
            [&](const ProbationUseChange& c) {
                if (c.previous)
                    probation_uses_[c.pair] = *c.previous;
                else
                    probation_uses_.erase(c.pair);
            },
            [&](const ProbationCancelsChange& c) { put(probation_cancels_, c.user, c.previous); },
        },
        change);
}

std::uint64_t State::nonce(const Address& account) const {
    return get(nonces_, account);
}

void State::set_nonce(const Address& account, std::uint64_t nonce) {
    journal_.emplace_back(NonceChange{account, get(nonces_, account)});
    put(nonces_, account, nonce);
}

void State::set_token_supply(const Amount& supply) {
    journal_.emplace_back(SuppliesChange{supplies_});
    supplies_.token = supply;
}

Amount State::token_balance(const Address& account) const {
    return get(token_balances_, account);
}

void State::set_token_balance(const Address& account, const Amount& balance) {
    journal_.emplace_back(TokenBalanceChange{account, get(token_balances_, account)});
    put(token_balances_, account, balance);
}

Amount State::allowance(const Address& owner, const Address& spender) const {
    return get(allowances_, AddressPair{owner, spender});
}

void State::set_allowance(const Address& owner, const Address& spender, const Amount& amount) {
    const AddressPair pair{owner, spender};
    journal_.emplace_back(AllowanceChange{pair, get(allowances_, pair)});
    put(allowances_, pair, amount);
}

void State::set_credit_supply(const Amount& supply) {
    journal_.emplace_back(SuppliesChange{supplies_});
    supplies_.credit = supply;
}

Amount State::credit_balance(const Address& account) const {
    return get(credit_balances_, account);
}

void State::set_credit_balance(const Address& account, const Amount& balance) {
    journal_.emplace_back(CreditBalanceChange{account, get(credit_balances_, account)});
    put(credit_balances_, account, balance);
}

const Provider* State::provider(const Address& address) const {
    const auto found = providers_.find(address);
    if (found == providers_.end() || found->second.provider.status == ProviderStatus::none) return nullptr;
    return &found->second.provider;
}

void State::set_provider(const Provider& provider) {
    assert(provider.status != ProviderStatus::none);
    const auto found = providers_.find(provider.address);
    if (found != providers_.end()) {
        journal_.emplace_back(ProviderChange{provider.address, found->second.provider});
        found->second.provider = provider;
        return;
    }
    journal_.emplace_back(ProviderChange{provider.address, std::nullopt});
    providers_.emplace(provider.address,
                       ProviderEntry{provider, static_cast<std::uint32_t>(provider_list_.size())});
    provider_list_.push_back(provider.address);
}

void State::set_available(const Address& provider, const Resources& available) {
    Resources& there = providers_.at(provider).provider.available;
    journal_.emplace_back(AvailableChange{provider, there});
    there = available;
}

const Order* State::order(OrderId id) const {
    if (id.value == 0 || id.value > orders_.size()) return nullptr;
    const Order& order = orders_[id.value - 1];
    return order.status == OrderStatus::none ? nullptr : &order;
}

void State::set_order(const Order& order) {
    assert(order.id.value >= 1 && order.id.value <= orders_.size() + 1 && order.status != OrderStatus::none);
    if (order.id.value <= orders_.size())
        journal_.emplace_back(OrderChange{order.id, orders_[order.id.value - 1], {}});
    else
        journal_.emplace_back(OrderChange{order.id, std::nullopt, current(order.user, order.provider)});
    put_order(order);
}

/// Puts an order in its place, in any order of ids, and keeps what is derived from it.
void State::put_order(const Order& order) {
    if (order.id.value > orders_.size()) orders_.resize(order.id.value);
    Order& place = orders_[order.id.value - 1];
    const bool waited = place.status == OrderStatus::unactivated;
    const bool created = place.status == OrderStatus::none;
    place = order;

    UserOrders& of_user = user_orders_[order.user];
    if (waited) --of_user.unactivated;
    if (order.status == OrderStatus::unactivated) ++of_user.unactivated;
    if (!created) return;

    const auto insert = [&](std::vector<OrderId>& ids) {
        if (ids.empty() || ids.back() < order.id)
            ids.push_back(order.id);
        else
            ids.insert(std::lower_bound(ids.begin(), ids.end(), order.id), order.id);
    };
    insert(of_user.ids);
    insert(provider_orders_[order.provider]);
    OrderId& newest = current_[{order.user, order.provider}];
    newest = std::max(newest, order.id);
}

void State::drop_newest_order(OrderId previous_current) {
    const Order& order = orders_.back();
    const auto of_user = user_orders_.find(order.user);
    if (order.status == OrderStatus::unactivated) --of_user->second.unactivated;
    of_user->second.ids.pop_back();
    if (of_user->second.ids.empty()) user_orders_.erase(of_user);
    const auto of_provider = provider_orders_.find(order.provider);
    of_provider->second.pop_back();
    if (of_provider->second.empty()) provider_orders_.erase(of_provider);
    put(current_, AddressPair{order.user, order.provider}, previous_current);
    orders_.pop_back();
}

OrderId State::current(const Address& user, const Address& provider) const {
    return get(current_, AddressPair{user, provider});
}

const std::vector<OrderId>& State::orders_of_user(const Address& user) const {
    static const std::vector<OrderId> kNone;
    const auto found = user_orders_.find(user);
    return found == user_orders_.end() ? kNone : found->second.ids;
}

const std::vector<OrderId>& State::orders_of_provider(const Address& provider) const {
    static const std::vector<OrderId> kNone;
    const auto found = provider_orders_.find(provider);
    return found == provider_orders_.end() ? kNone : found->second;
}

std::uint32_t State::unactivated(const Address& user) const {
    const auto found = user_orders_.find(user);
    return found == user_orders_.end() ? 0 : found->second.unactivated;
}

void State::spend_quote(const Hash& digest) {
    assert(!quote_spent(digest));
    journal_.emplace_back(QuoteSpent{digest});
    spent_quotes_.insert(digest);
}

std::optional<std::uint64_t> State::probation_use(const Address& user, const Address& provider) const {
    const auto found = probation_uses_.find({user, provider});
    if (found == probation_uses_.end()) return std::nullopt;
    return found->second;
}

void State::set_probation_use(const Address& user, const Address& provider, std::uint64_t window) {
    journal_.emplace_back(ProbationUseChange{{user, provider}, probation_use(user, provider)});
    probation_uses_[{user, provider}] = window;
}

ProbationCancels State::probation_cancels(const Address& user) const {
    return get(probation_cancels_, user);
}

void State::set_probation_cancels(const Address& user, const ProbationCancels& cancels) {
    journal_.emplace_back(ProbationCancelsChange{user, get(probation_cancels_, user)});
    put(probation_cancels_, user, cancels);
}

void State::set_parameters(const ChainParameters& parameters) {
    journal_.emplace_back(ParametersChange{parameters_});
    parameters_ = parameters;
}

}  // namespace grid::chain
