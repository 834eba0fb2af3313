#pragma once

#include "messages/cluster.hpp"
#include "messages/order.hpp"

namespace grid::messages {

/// One live lease of this gateway: from acceptance to the end of the order. Supervised by leases_actor.
using lease_actor =
    caf::typed_actor<caf::replies_to<status_atom>::with<LeaseInfo>,
                     // Deploys or updates an application; answers when it serves, or why not. Errors:
                     // bad_manifest, policy (message names the path of the field), too_large,
                     // failed_to_start, busy, idempotency_key_reused, fetch errors, ended, unavailable (its
                     // time is up, and the chain does not say whether it goes on).
                     caf::replies_to<deploy_atom, DeployRequest>::with<AppInfo>,
                     // Restarts, scales, stops or starts one; answers when that is done. A failure leaves
                     // what was. Errors: not_found, not_yours, busy, bad_workload, too_large, stopped,
                     // failed_to_start, idempotency_key_reused, ended, unavailable.
                     caf::replies_to<change_atom, ChangeRequest>::with<AppInfo>,
                     // Asks the cluster anew.
                     caf::replies_to<status_atom, std::string>::with<AppDetail>,
                     caf::replies_to<events_atom, std::string>::with<std::vector<AppEvent>>,
                     caf::replies_to<remove_atom, std::string>::with<caf::unit_t>,
                     caf::reacts_to<logs_atom, LogRequest, log_sink_actor>,
                     caf::replies_to<exec_atom, ExecRequest, exec_sink_actor>::with<exec_actor>,
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
    // By key, or by order and user; also one that ended a while ago.
    caf::replies_to<find_atom, Hash>::with<LeaseInfo>,
    caf::replies_to<find_atom, OrderId, Address>::with<LeaseInfo>,
    caf::replies_to<deploy_atom, DeployRequest>::with<AppInfo>,
    caf::replies_to<change_atom, ChangeRequest>::with<AppInfo>,
    caf::replies_to<status_atom, Hash, std::string>::with<AppDetail>,
    caf::replies_to<events_atom, Hash, std::string>::with<std::vector<AppEvent>>,
    caf::replies_to<remove_atom, Hash, std::string>::with<caf::unit_t>,
    // Of a lease that has ended: what was kept.
    caf::reacts_to<logs_atom, LogRequest, log_sink_actor>,
    caf::replies_to<exec_atom, ExecRequest, exec_sink_actor>::with<exec_actor>, caf::reacts_to<tick_atom>>;

}  // namespace grid::messages
