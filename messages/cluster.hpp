#pragma once

#include "messages/type_ids.hpp"

namespace grid::messages {

/// Receives log text; acknowledges each piece, so that a slow reader slows the source. The last piece has
/// `end`.
using log_sink_actor = caf::typed_actor<caf::replies_to<LogChunk>::with<ack_atom>>;

/// A cluster driver: Podman on one machine or Kubernetes. Everything is idempotent; everything is named by
/// lease key and application; only what this gateway made is ever listed or removed.
using cluster_actor = caf::typed_actor<
    // Makes the cluster run exactly this application within these resources; answers once everything is
    // started (not necessarily ready). On failure nothing of the new version is left. Errors:
    // image_unavailable, cluster_unavailable, failed_to_start (with events and last log lines).
    caf::replies_to<apply_atom, Hash, std::string, lease::Application, Resources>::with<AppStatus>,
    // How it is. An unreachable cluster answers health unknown, never an error.
    caf::replies_to<status_atom, Hash, std::string>::with<AppStatus>,
    // Removes one application, or all of a lease with its network; answers when it is gone.
    caf::replies_to<remove_atom, Hash, std::string>::with<caf::unit_t>,
    caf::replies_to<remove_atom, Hash>::with<caf::unit_t>,
    // All that this gateway runs. Error: cluster_unavailable.
    caf::replies_to<list_atom>::with<std::vector<RunningApp>>,
    // Sends chunks to the sink until the end, or for ever with follow.
    caf::reacts_to<logs_atom, LogRequest, log_sink_actor>, caf::replies_to<inv_atom>::with<Inventory>,
    caf::replies_to<probe_atom>::with<std::vector<Capability>>>;

/// Fetches a manifest from a URL behind the SSRF guard.
using fetcher_actor = caf::typed_actor<
    // {url, sha256 in hex or empty}. Errors: bad_url, forbidden_address, too_large, timeout, bad_status,
    // wrong_sha256.
    caf::replies_to<fetch_atom, std::string, std::string>::with<std::string>>;

}  // namespace grid::messages
