#pragma once

#include <deque>

#include "actors/hosted.hpp"
#include "actors/inbox.hpp"
#include "actors/order_book.hpp"
#include "messages/order.hpp"
#include "runtime/projection.hpp"

namespace grid::actors {

/// Projection of the Market: an OrderBook in memory, its rows in the table "orders".
class order_state {
public:
    using interface = messages::order_actor::extend<caf::reacts_to<messages::done_atom, std::uint64_t>>;
    static constexpr const char* kName = "order";
    /// So many queries may wait for a block; more are answered `overloaded`.
    static constexpr std::size_t kMaxWaiting = 10'000;
    /// A query that waits longer for its block is answered `timeout`.
    static constexpr std::chrono::seconds kMaxWait{30};

    order_state(interface::pointer self, runtime::Storage storage, messages::ChainInfo chain_info,
                messages::chain_actor chain);
    interface::behavior_type behavior();

private:
    /// A query that names a block which is not applied yet.
    struct Waiting {
        std::uint64_t ticket = 0;
        std::uint64_t at_least_block = 0;
        std::function<void(std::optional<Error>)> go;
    };

    Result<void> open();
    Result<void> reload();
    void tell_taken_back(const OrderBook& before);
    std::vector<store::Change> apply(const chain::BlockUpdate& block);
    void publish(std::uint64_t durable);
    /// Runs `go` now or when the block is durable; with an error when that takes too long.
    void when_applied(std::uint64_t block, std::function<void(std::optional<Error>)> go);
    Result<messages::OrderRow> find(chain::OrderId id) const;

    interface::pointer self_;
    Inbox inbox_;
    runtime::Storage storage_;
    messages::ChainInfo chain_info_;
    messages::chain_actor chain_;
    std::optional<store::Table> rows_;
    std::unique_ptr<runtime::Projection> projection_;
    OrderBook book_;
    std::deque<messages::OrderChanged> unpublished_;
    std::vector<messages::order_watcher_actor> watchers_;
    std::vector<Waiting> waiting_;
    std::uint64_t last_ticket_ = 0;
};

/// Opens its tables, then follows the chain after its cursor.
messages::order_actor order(caf::actor_system& system, runtime::Storage storage,
                            messages::ChainInfo chain_info, messages::chain_actor chain);

}  // namespace grid::actors
