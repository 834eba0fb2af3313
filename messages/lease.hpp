#pragma once

#include "messages/cluster.hpp"
#include "messages/order.hpp"

namespace grid::messages {

/// One live lease of this gateway: from acceptance to the end of the order. Supervised by leases_actor.
using lease_actor = caf::typed_actor<caf::replies_to<status_atom>::with<LeaseInfo>,
                                     // Deploys or updates an application; answers when it serves, or why not.
                                     // Errors: bad_manifest, policy (message names the path of the field),
                                     // too_large, failed_to_start, fetch errors, ended.
                                     caf::replies_to<deploy_atom, DeployRequest>::with<AppInfo>,
                                     caf::replies_to<remove_atom, std::string>::with<caf::unit_t>,
                                     caf::reacts_to<logs_atom, LogRequest, log_sink_actor>,
                                     // The order changed on the chain.
                                     caf::reacts_to<OrderChanged>, caf::reacts_to<tick_atom>>;

/// All leases of this gateway; the way in for the gateway's API.
using leases_actor = order_watcher_actor::extend<
    // Verifies the order on the chain itself, activates it, records the authorisation; answers the lease.
    // Errors: not_found, not_yours, wrong_state, not_acceptable, unavailable.
    caf::replies_to<accept_atom, OrderId, Address>::with<LeaseInfo>,
    // Leases of a user (live ones).
    caf::replies_to<list_atom, Address>::with<std::vector<LeaseInfo>>,
    // All live leases, for the operator.
    caf::replies_to<list_atom>::with<std::vector<LeaseInfo>>,
    caf::replies_to<find_atom, Hash>::with<LeaseInfo>,
    caf::replies_to<deploy_atom, DeployRequest>::with<AppInfo>,
    caf::replies_to<remove_atom, Hash, std::string>::with<caf::unit_t>,
    caf::reacts_to<logs_atom, LogRequest, log_sink_actor>, caf::reacts_to<tick_atom>>;

}  // namespace grid::messages
