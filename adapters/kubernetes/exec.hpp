#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/exec_session.hpp"
#include "adapters/kubernetes/api.hpp"

namespace grid::adapters::kubernetes {

/// A command in a container.
struct ExecCall {
    std::string name_space;
    std::string pod;
    std::string container;
    std::vector<std::string> command;
    bool tty = false;  ///< a terminal: both outputs are one
    std::uint16_t columns = 80;
    std::uint16_t rows = 24;
};

/// Runs a command over a WebSocket: v5.channel.k8s.io where the server has it, else v4.channel.k8s.io, which
/// cannot tell the command that its input has ended (finish() then closes nothing). Needs TLS. A session that
/// is abandoned closes its connection; Kubernetes has no way to end a command that does not mind.
/// Codes: those of Api; `exec_failed` by exit_code() with the server's words when the command could not be
/// run. `api` outlives the session.
Result<std::shared_ptr<ExecSession>> begin_exec(Api& api, const ExecCall& call, Deadline deadline);

/// The exit code that the last message of a session tells; code `exec_failed`.
Result<int> read_exec_status(std::string_view status);

}  // namespace grid::adapters::kubernetes
