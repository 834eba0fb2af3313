#include "actors/order_book.hpp"

#include <algorithm>
#include <charconv>

#include "chain/settlement.hpp"
#include "lease/lease_key.hpp"

namespace grid::actors {

using chain::OrderId;
using chain::OrderStatus;
using messages::OrderRow;

namespace {

void take(chain::Order& order, const chain::OrderBalance& balance) {
    order.deposit = balance.deposit;
    order.accrued = balance.accrued;
    order.paid_provider = balance.paid_provider;
    order.paid_user = balance.paid_user;
    order.paid_fee = balance.paid_fee;
}

template <class Settled>
void settle(chain::Order& order, const Settled& event) {
    take(order, event.balance);
    order.settled_at = event.settled_at;
    order.settle_height = event.settle_height;
    order.profit_minted = chain::settlement::profit(order);
}

template <class Ended>
void end(chain::Order& order, const Ended& event, OrderStatus status) {
    settle(order, event);
    order.status = status;
}

// Applies one event to the order that it names.
struct Apply {
    chain::Order& order;

    void operator()(const chain::OrderActivated& e) const {
        order.status = OrderStatus::running;
        order.user_check = order.provider_check = true;
        order.activated_at = e.activated_at;
        order.activate_height = e.activate_height;
        order.probation = {e.starts_at.seconds - e.activated_at.seconds};
        order.duration = {e.balance.ends_at.seconds - e.starts_at.seconds};
        order.settled_at = e.activated_at;
        take(order, e.balance);
    }
    void operator()(const chain::OrderSettled& e) const { settle(order, e); }
    void operator()(const chain::OrderSuspended& e) const {
        order.suspended_since = e.suspended_since;
        order.was_suspended = true;
        take(order, e.balance);
    }
    void operator()(const chain::OrderResumed& e) const {
        order.suspended_since = {};
        order.suspended = e.suspended;
        order.probation = {e.starts_at.seconds - order.activated_at.seconds};
        take(order, e.balance);
    }
    void operator()(const chain::OrderExtended& e) const {
        order.duration = e.duration;
        order.profit += e.added_profit;
        take(order, e.balance);
    }
    void operator()(const chain::OrderUnserved&) const { order.unserved_reported = true; }
    void operator()(const chain::OrderCancelled& e) const { end(order, e, OrderStatus::cancelled); }
    void operator()(const chain::OrderCompleted& e) const { end(order, e, OrderStatus::completed); }
    void operator()(const chain::Withdrawn& e) const { take(order, e.balance); }
};

template <class E>
concept OrderEvent = std::invocable<Apply, const E&>;

}  // namespace

OrderBook::OrderBook(std::uint64_t chain_id, chain::Address market) : chain_id_(chain_id), market_(market) {}

std::optional<OrderId> OrderBook::apply(const chain::Event& event, const chain::BlockUpdate& block,
                                        const chain::Hash& transaction) {
    return std::visit(
        [&](const auto& e) -> std::optional<OrderId> {
            using E = std::decay_t<decltype(e)>;
            if constexpr (std::is_same_v<E, chain::OrderCreated>) {
                OrderRow row{e.order, {}, block.number, block.hash, transaction};
                row.lease_key = lease::lease_key(chain_id_, market_, e.order.provider, e.order.user,
                                                 e.order.id, block.hash);
                restore(e.order.id, std::move(row));
                return e.order.id;
            } else if constexpr (OrderEvent<E>) {
                auto found = rows_.find(e.id.value);
                if (found == rows_.end()) return std::nullopt;
                unindex(found->second);
                Apply{found->second.order}(e);
                index(found->second);
                return e.id;
            } else {
                return std::nullopt;
            }
        },
        event);
}

void OrderBook::restore(OrderId id, std::optional<OrderRow> row) {
    if (auto found = rows_.find(id.value); found != rows_.end()) {
        unindex(found->second);
        rows_.erase(found);
    }
    if (!row) return;
    index(*row);
    rows_.emplace(id.value, std::move(*row));
}

void OrderBook::index(const OrderRow& row) {
    const auto id = row.order.id.value;
    ids_.insert(id);
    by_user_[row.order.user].insert(id);
    by_provider_[row.order.provider].insert(id);
    if (!row.order.live()) return;
    live_.insert(id);
    current_[{row.order.user, row.order.provider}] = id;
}

void OrderBook::unindex(const OrderRow& row) {
    const auto id = row.order.id.value;
    ids_.erase(id);
    by_user_[row.order.user].erase(id);
    by_provider_[row.order.provider].erase(id);
    live_.erase(id);
    auto current = current_.find({row.order.user, row.order.provider});
    if (current != current_.end() && current->second == id) current_.erase(current);
}

const OrderRow* OrderBook::find(OrderId id) const {
    auto found = rows_.find(id.value);
    return found == rows_.end() ? nullptr : &found->second;
}

const OrderRow* OrderBook::live_of(const chain::Address& user, const chain::Address& provider) const {
    auto found = current_.find({user, provider});
    return found == current_.end() ? nullptr : find({found->second});
}

const OrderBook::Ids* OrderBook::candidates(const messages::OrderQuery& query) const {
    static const Ids none;
    const Ids* best = &ids_;
    auto narrow = [&](const auto& table, const auto& key) {
        auto found = table.find(key);
        const Ids* ids = found == table.end() ? &none : &found->second;
        if (ids->size() < best->size()) best = ids;
    };
    if (query.user) narrow(by_user_, *query.user);
    if (query.provider) narrow(by_provider_, *query.provider);
    const bool live = query.status == OrderStatus::unactivated || query.status == OrderStatus::running;
    if (live && live_.size() < best->size()) best = &live_;
    return best;
}

Result<messages::OrderPage> OrderBook::list(const messages::OrderQuery& query) const {
    auto cursor = parse_cursor(query.cursor);
    if (!cursor) return tl::unexpected(cursor.error());
    const Ids& ids = *candidates(query);
    const auto limit = page_length(query.limit);
    messages::OrderPage page;
    auto at = *cursor ? ids.lower_bound(**cursor) : ids.end();
    while (at != ids.begin()) {
        const auto& row = rows_.at(*--at);
        if (query.user && row.order.user != *query.user) continue;
        if (query.provider && row.order.provider != *query.provider) continue;
        if (query.status != OrderStatus::none && row.order.status != query.status) continue;
        if (page.rows.size() == limit) {
            page.next_cursor = std::to_string(page.rows.back().order.id.value);
            break;
        }
        page.rows.push_back(row);
    }
    return page;
}

messages::OrderPage OrderBook::live() const {
    messages::OrderPage page;
    page.rows.reserve(live_.size());
    for (auto id : live_) page.rows.push_back(rows_.at(id));
    return page;
}

std::uint32_t page_length(std::uint32_t asked) {
    return asked == 0 ? 50 : std::min<std::uint32_t>(asked, 200);
}

Result<std::optional<std::uint64_t>> parse_cursor(const std::string& cursor) {
    if (cursor.empty()) return std::optional<std::uint64_t>{};
    std::uint64_t value = 0;
    const auto* end = cursor.data() + cursor.size();
    auto [stopped, error] = std::from_chars(cursor.data(), end, value);
    if (error != std::errc{} || stopped != end)
        return fail("bad_cursor",
                    "expected the cursor of an earlier page, came \"" + cursor.substr(0, 40) + "\"");
    return std::optional<std::uint64_t>{value};
}

}  // namespace grid::actors
