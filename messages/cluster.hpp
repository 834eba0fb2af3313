#pragma once

#include "messages/type_ids.hpp"

namespace grid::messages {

/// Receives log text; acknowledges each piece, so that a slow reader slows the source. The last piece has
/// `end`.
using log_sink_actor = caf::typed_actor<caf::replies_to<LogChunk>::with<ack_atom>>;

/// Takes what a command prints; acknowledges each piece, so that a slow reader slows the command. The end
/// comes last, once.
using exec_sink_actor = caf::typed_actor<caf::replies_to<ExecChunk>::with<ack_atom>>;

/// A command that runs in a container. It ends with its command (the sink has had the end by then) or with
/// its sink: then its streams are closed, and the command is ended where the driver can do that.
using exec_actor = caf::typed_actor<
    // Bytes for the command's input, at most 64 KiB; acknowledged when they are on their way.
    caf::replies_to<input_atom, std::string>::with<ack_atom>,
    // No more input: the command reads the end of its input.
    caf::reacts_to<finish_atom>,
    // The terminal has so many columns and rows from now on.
    caf::reacts_to<resize_atom, std::uint16_t, std::uint16_t>>;

/// A cluster driver: Podman on one machine or Kubernetes. It is told what shall run, never what to do:
/// restart is the same application with a higher `revision`, scale is other replicas, stop is replicas of 0.
/// Everything is idempotent; everything is named by lease key and application; only what this gateway made is
/// ever listed or removed.
using cluster_actor = caf::typed_actor<
    // Makes the cluster run exactly this application within these resources; answers once everything is
    // started (not necessarily ready). The pods of a version before it run until those of the new one are
    // ready; on failure they stay and nothing of the new version is left. Also puts right what has drifted:
    // missing pods are started, what is in the application's place and is not of it is removed. Errors:
    // bad_application, image_unavailable, cluster_unavailable, failed_to_start (with events and last log
    // lines).
    caf::replies_to<apply_atom, Hash, std::string, lease::Application, Resources>::with<AppStatus>,
    // How it is. An unreachable cluster answers health unknown, never an error. An application of which
    // nothing runs, because all its replicas are 0 or because it was never applied, answers absent.
    caf::replies_to<status_atom, Hash, std::string>::with<AppStatus>,
    // What happened to it lately, oldest first, at most kMaxAppEvents. Error: cluster_unavailable.
    caf::replies_to<events_atom, Hash, std::string>::with<std::vector<AppEvent>>,
    // Removes one application, or all of a lease with its network; answers when it is gone.
    caf::replies_to<remove_atom, Hash, std::string>::with<caf::unit_t>,
    caf::replies_to<remove_atom, Hash>::with<caf::unit_t>,
    // All that this gateway runs. Error: cluster_unavailable.
    caf::replies_to<list_atom>::with<std::vector<RunningApp>>,
    // Deletes what none of these leases, the living ones, needs and nobody has used for the driver's grace:
    // images, volumes, files, networks. Answers what was deleted, in words. Error: cluster_unavailable.
    caf::replies_to<collect_atom, std::vector<Hash>>::with<std::vector<std::string>>,
    // Sends chunks to the sink until the end, or for ever with follow.
    caf::reacts_to<logs_atom, LogRequest, log_sink_actor>,
    // Runs a command. Errors: not_found (application, pod, container), not_running, unsupported,
    // cluster_unavailable.
    caf::replies_to<exec_atom, ExecRequest, exec_sink_actor>::with<exec_actor>,
    caf::replies_to<inv_atom>::with<Inventory>, caf::replies_to<probe_atom>::with<std::vector<Capability>>>;

/// Fetches a manifest from a URL behind the SSRF guard.
using fetcher_actor = caf::typed_actor<
    // {url, sha256 in hex or empty}. Errors: bad_url, forbidden_address, too_large, timeout, bad_status,
    // wrong_sha256.
    caf::replies_to<fetch_atom, std::string, std::string>::with<std::string>>;

}  // namespace grid::messages
