#pragma once

#include <map>
#include <set>
#include <unordered_map>

#include "chain/events.hpp"
#include "messages/data.hpp"

namespace grid::actors {

/// Every order of the Market, live and ended, as its events tell. A plain class: no clock, no store.
class OrderBook {
public:
    /// Of which chain: part of every lease key.
    OrderBook(std::uint64_t chain_id, chain::Address market);

    /// Takes an event of a block. Answers the order that changed; none when the event does not concern the
    /// Market or names an order that was never created.
    std::optional<chain::OrderId> apply(const chain::Event& event, const chain::BlockUpdate& block,
                                        const chain::Hash& transaction);
    /// Puts back a stored row, or removes the order when the row is none (roll-back).
    void restore(chain::OrderId id, std::optional<messages::OrderRow> row);

    /// Null when there is none. Valid until the next change.
    const messages::OrderRow* find(chain::OrderId id) const;
    /// The live order of the pair, or null.
    const messages::OrderRow* live_of(const chain::Address& user, const chain::Address& provider) const;
    /// A page, newest first. Code `bad_cursor`: not one that a page answered.
    Result<messages::OrderPage> list(const messages::OrderQuery& query) const;
    const std::unordered_map<std::uint64_t, messages::OrderRow>& rows() const noexcept { return rows_; }
    /// Every live order, oldest first.
    messages::OrderPage live() const;
    std::size_t size() const noexcept { return rows_.size(); }

private:
    using Ids = std::set<std::uint64_t>;
    const Ids* candidates(const messages::OrderQuery& query) const;
    void index(const messages::OrderRow& row);
    void unindex(const messages::OrderRow& row);

    std::uint64_t chain_id_;
    chain::Address market_;
    std::unordered_map<std::uint64_t, messages::OrderRow> rows_;
    Ids ids_;
    Ids live_;
    std::unordered_map<chain::Address, Ids> by_user_;
    std::unordered_map<chain::Address, Ids> by_provider_;
    std::map<std::pair<chain::Address, chain::Address>, std::uint64_t> current_;  ///< live ones only
};

/// A page's length as asked for, brought into 1..200 (0 counts as 50).
std::uint32_t page_length(std::uint32_t asked);

/// Reads a cursor that a page answered: decimal digits; empty is none. Code `bad_cursor`.
Result<std::optional<std::uint64_t>> parse_cursor(const std::string& cursor);

}  // namespace grid::actors
