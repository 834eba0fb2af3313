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
        undo_change(journal_.back());
        journal_.pop_back();
    }
}

void State::take_back(const Undo& undo) {
    assert(journal_.empty());
    for (auto change = undo.changes_.rbegin(); change != undo.changes_.rend(); ++change) undo_change(*change);
}

void State::undo_change(const Change& change) {
    std::visit(
        Overloaded{
            [&](const ParametersChange& c) { parameters_ = *c.previous; },
            [&](const SuppliesChange& c) { supplies_ = c.previous; },
            [&](const NonceChange& c) { accounts_[c.account].nonce = c.previous; },
            [&](const TokenBalanceChange& c) { accounts_[c.account].token = c.previous; },
            [&](const AllowanceChange& c) { put(allowances_, c.pair, c.previous); },
            [&](const CreditBalanceChange& c) { accounts_[c.account].credit = c.previous; },
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
                if (c.previous.empty())
                    drop_newest_order(c.previous_current);
                else
                    put_order(c.id, c.previous);
            },
            [&](const QuoteSpent& c) { spent_quotes_.erase(c.digest); },
            [&](const ProbationUseChange& c) {
                if (c.previous)
                    probation_uses_[c.pair] = *c.previous;
                else
                    probation_uses_.erase(c.pair);
            },
            [&](const QuoteCancelledChange& c) { cancelled_quotes_.erase(c.salt); },
            [&](const QuoteEpochChange& c) { put(quote_epochs_, c.provider, c.previous); },
            [&](const ProbationCancelsChange& c) { put(probation_cancels_, c.user, c.previous); },
            [&](const PlainRowChange& c) {
                plain_.put(static_cast<std::uint8_t>(c.table), c.key, c.previous);
            },
        },
        change);
    accounts_.trim();
}

std::uint64_t State::nonce(const Address& account) const {
    const Account* found = accounts_.find(account);
    return found == nullptr ? std::uint64_t{} : found->nonce;
}

void State::set_nonce(const Address& account, std::uint64_t nonce) {
    Account& there = accounts_[account];
    journal_.emplace_back(NonceChange{account, there.nonce});
    there.nonce = nonce;
}

void State::set_token_supply(const Amount& supply) {
    journal_.emplace_back(SuppliesChange{supplies_});
    supplies_.token = supply;
}

Amount State::token_balance(const Address& account) const {
    const Account* found = accounts_.find(account);
    return found == nullptr ? Amount{} : found->token;
}

void State::set_token_balance(const Address& account, const Amount& balance) {
    Account& there = accounts_[account];
    journal_.emplace_back(TokenBalanceChange{account, there.token});
    there.token = balance;
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
    const Account* found = accounts_.find(account);
    return found == nullptr ? Amount{} : found->credit;
}

void State::set_credit_balance(const Address& account, const Amount& balance) {
    Account& there = accounts_[account];
    journal_.emplace_back(CreditBalanceChange{account, there.credit});
    there.credit = balance;
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
        journal_.emplace_back(
            ProviderChange{provider.address, std::make_shared<Provider>(found->second.provider)});
        found->second.provider = provider;
        return;
    }
    journal_.emplace_back(ProviderChange{provider.address, nullptr});
    providers_.emplace(provider.address,
                       ProviderEntry{provider, static_cast<std::uint32_t>(provider_list_.size())});
    provider_list_.push_back(provider.address);
}

void State::set_available(const Address& provider, const Resources& available) {
    Resources& there = providers_.at(provider).provider.available;
    journal_.emplace_back(AvailableChange{provider, there});
    there = available;
}

std::optional<Order> State::order(OrderId id) const {
    const ByteView row = orders_.get(id);
    if (row.empty()) return std::nullopt;
    return order_of(id, row);
}

void State::set_order(const Order& order) {
    assert(order.id.value >= 1 && order.id.value <= orders_.size() + 1 && order.status != OrderStatus::none);
    const ByteView there = orders_.get(order.id);
    if (there.empty())
        journal_.emplace_back(OrderChange{order.id, {}, current(order.user, order.provider)});
    else
        journal_.emplace_back(OrderChange{order.id, Bytes(there.begin(), there.end()), {}});
    put_order(order.id, order_row(order));
}

/// Puts an order in its place, in any order of ids, and keeps what is derived from it.
void State::put_order(OrderId id, ByteView row) {
    const OrderHead order = order_head(row);
    const ByteView there = orders_.get(id);
    const bool created = there.empty();
    const bool waited = !created && order_head(there).status == OrderStatus::unactivated;
    orders_.put(id, row);

    const bool waits = order.status == OrderStatus::unactivated;
    if (!created && waited == waits) return;
    const Accounts::Number user = accounts_.open(order.user);
    if (waited) --accounts_[user].unactivated;
    if (waits) ++accounts_[user].unactivated;
    if (!created) return;

    const auto insert = [&](auto& ids) {
        if (ids.empty() || ids.back() < id)
            ids.push_back(id);
        else
            ids.insert(std::lower_bound(ids.begin(), ids.end(), id), id);
    };
    const Accounts::Number provider = accounts_.open(order.provider);
    insert(accounts_[user].orders);
    insert(accounts_[provider].received);
    OrderId& newest = current_[pair_key(user, provider)];
    newest = std::max(newest, id);
}

void State::drop_newest_order(OrderId previous_current) {
    const OrderHead order = order_head(orders_.get({orders_.size()}));
    const Accounts::Number user = accounts_.open(order.user);
    const Accounts::Number provider = accounts_.open(order.provider);
    if (order.status == OrderStatus::unactivated) --accounts_[user].unactivated;
    accounts_[user].orders.pop_back();
    accounts_[provider].received.pop_back();
    put(current_, pair_key(user, provider), previous_current);
    orders_.pop();
}

OrderId State::current(const Address& user, const Address& provider) const {
    const auto first = accounts_.number(user);
    const auto second = accounts_.number(provider);
    return first && second ? get(current_, pair_key(*first, *second)) : OrderId{};
}

std::span<const OrderId> State::orders_of_user(const Address& user) const {
    const Account* found = accounts_.find(user);
    if (found == nullptr) return {};
    return {found->orders.data(), found->orders.size()};
}

std::span<const OrderId> State::orders_of_provider(const Address& provider) const {
    const Account* found = accounts_.find(provider);
    if (found == nullptr) return {};
    return found->received;
}

std::uint32_t State::unactivated(const Address& user) const {
    const Account* found = accounts_.find(user);
    return found == nullptr ? 0 : found->unactivated;
}

void State::spend_quote(const Hash& digest) {
    assert(!quote_spent(digest));
    journal_.emplace_back(QuoteSpent{digest});
    spent_quotes_.insert(digest);
}

void State::cancel_quote(const SaltOfProvider& salt) {
    assert(!quote_cancelled(salt));
    journal_.emplace_back(QuoteCancelledChange{salt});
    cancelled_quotes_.insert(salt);
}

std::uint64_t State::quote_epoch(const Address& provider) const {
    return get(quote_epochs_, provider);
}

void State::set_quote_epoch(const Address& provider, std::uint64_t epoch) {
    journal_.emplace_back(QuoteEpochChange{provider, quote_epoch(provider)});
    put(quote_epochs_, provider, epoch);
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

ByteView State::plain_row(Table table, ByteView key) const {
    return plain_.get(static_cast<std::uint8_t>(table), key);
}

void State::set_plain_row(Table table, ByteView key, ByteView value) {
    const ByteView there = plain_row(table, key);
    journal_.emplace_back(
        PlainRowChange{table, Bytes(key.begin(), key.end()), Bytes(there.begin(), there.end())});
    plain_.put(static_cast<std::uint8_t>(table), key, value);
}

void State::set_parameters(const ChainParameters& parameters) {
    journal_.emplace_back(ParametersChange{std::make_shared<ChainParameters>(parameters_)});
    parameters_ = parameters;
}

}  // namespace grid::chain
