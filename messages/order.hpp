#pragma once

#include "messages/chain.hpp"

namespace grid::messages {

/// Told of every change of an order, in block order, after it is durable.
using order_watcher_actor = caf::typed_actor<caf::reacts_to<OrderChanged>>;

/// Projection of the Market: every order, live and ended.
using order_actor = block_sink_actor::extend<
    // One order. Error: not_found. The second form waits until the block has been applied.
    caf::replies_to<find_atom, OrderId>::with<OrderRow>,
    caf::replies_to<find_atom, OrderId, std::uint64_t>::with<OrderRow>,
    // The live order of a pair. Error: not_found.
    caf::replies_to<find_atom, Address, Address>::with<OrderRow>,
    // A page, newest first.
    caf::replies_to<list_atom, OrderQuery>::with<OrderPage>,
    // Subscribes; answers every order that is live now, then OrderChanged follow.
    caf::replies_to<live_atom, order_watcher_actor>::with<OrderPage>>;

/// Sees to it that what has ended is settled, whoever is awake: sends settleMany at the end of orders. One
/// per node.
using keeper_actor = order_watcher_actor::extend<caf::reacts_to<tick_atom>, caf::reacts_to<stop_atom>>;

}  // namespace grid::messages
