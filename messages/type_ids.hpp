#pragma once

#include <caf/all.hpp>

#include "messages/data.hpp"
#include "messages/inspect.hpp"

namespace grid::messages {

/// What a caf::error of ours says; its context holds our code and message (see error.hpp).
enum class grid_errc : std::uint8_t { failed = 1 };
std::string to_string(grid_errc value);

}  // namespace grid::messages

CAF_BEGIN_TYPE_ID_BLOCK(grid, first_custom_type_id)

CAF_ADD_TYPE_ID(grid, (grid::messages::grid_errc))
CAF_ADD_TYPE_ID(grid, (grid::chain::Hash))
CAF_ADD_TYPE_ID(grid, (grid::chain::Address))
CAF_ADD_TYPE_ID(grid, (grid::chain::Amount))
CAF_ADD_TYPE_ID(grid, (grid::chain::Seconds))
CAF_ADD_TYPE_ID(grid, (grid::chain::Timestamp))
CAF_ADD_TYPE_ID(grid, (grid::chain::OrderId))
CAF_ADD_TYPE_ID(grid, (grid::chain::Bytes))
CAF_ADD_TYPE_ID(grid, (grid::chain::BlockUpdate))
CAF_ADD_TYPE_ID(grid, (grid::chain::Order))
CAF_ADD_TYPE_ID(grid, (grid::chain::Provider))
CAF_ADD_TYPE_ID(grid, (grid::chain::Resources))
CAF_ADD_TYPE_ID(grid, (grid::lease::Application))
CAF_ADD_TYPE_ID(grid, (grid::messages::Head))
CAF_ADD_TYPE_ID(grid, (grid::messages::ChainInfo))
CAF_ADD_TYPE_ID(grid, (grid::messages::MinedReceipt))
CAF_ADD_TYPE_ID(grid, (grid::messages::BlockBatch))
CAF_ADD_TYPE_ID(grid, (grid::messages::ProviderRow))
CAF_ADD_TYPE_ID(grid, (grid::messages::ProviderQuery))
CAF_ADD_TYPE_ID(grid, (grid::messages::ProviderPage))
CAF_ADD_TYPE_ID(grid, (grid::messages::OrderRow))
CAF_ADD_TYPE_ID(grid, (grid::messages::OrderQuery))
CAF_ADD_TYPE_ID(grid, (grid::messages::OrderPage))
CAF_ADD_TYPE_ID(grid, (grid::messages::OrderChanged))
CAF_ADD_TYPE_ID(grid, (grid::messages::Terms))
CAF_ADD_TYPE_ID(grid, (grid::messages::Estimate))
CAF_ADD_TYPE_ID(grid, (grid::messages::SignedQuote))
CAF_ADD_TYPE_ID(grid, (grid::messages::Challenge))
CAF_ADD_TYPE_ID(grid, (grid::messages::LoginProof))
CAF_ADD_TYPE_ID(grid, (grid::messages::Session))
CAF_ADD_TYPE_ID(grid, (grid::messages::AppInfo))
CAF_ADD_TYPE_ID(grid, (std::vector<grid::messages::AppInfo>))
CAF_ADD_TYPE_ID(grid, (grid::messages::LeaseInfo))
CAF_ADD_TYPE_ID(grid, (std::vector<grid::messages::LeaseInfo>))
CAF_ADD_TYPE_ID(grid, (grid::messages::DeployRequest))
CAF_ADD_TYPE_ID(grid, (grid::messages::AppStatus))
CAF_ADD_TYPE_ID(grid, (std::vector<grid::messages::RunningApp>))
CAF_ADD_TYPE_ID(grid, (grid::messages::Inventory))
CAF_ADD_TYPE_ID(grid, (std::vector<grid::messages::Capability>))
CAF_ADD_TYPE_ID(grid, (grid::messages::LogRequest))
CAF_ADD_TYPE_ID(grid, (grid::messages::LogChunk))
CAF_ADD_TYPE_ID(grid, (grid::messages::ChangeRequest))
CAF_ADD_TYPE_ID(grid, (grid::messages::AppDetail))
CAF_ADD_TYPE_ID(grid, (grid::messages::AppEvent))
CAF_ADD_TYPE_ID(grid, (std::vector<grid::messages::AppEvent>))
CAF_ADD_TYPE_ID(grid, (grid::messages::ExecRequest))
CAF_ADD_TYPE_ID(grid, (grid::messages::ExecChunk))
CAF_ADD_TYPE_ID(grid, (std::vector<grid::chain::Hash>))

// Atoms: at most ten characters.
CAF_ADD_ATOM(grid, grid::messages, submit_atom, "submit")
CAF_ADD_ATOM(grid, grid::messages, transact_atom, "transact")
CAF_ADD_ATOM(grid, grid::messages, call_atom, "call")
CAF_ADD_ATOM(grid, grid::messages, head_atom, "head")
CAF_ADD_ATOM(grid, grid::messages, info_atom, "info")
CAF_ADD_ATOM(grid, grid::messages, receipt_atom, "receipt")
CAF_ADD_ATOM(grid, grid::messages, follow_atom, "follow")
CAF_ADD_ATOM(grid, grid::messages, ack_atom, "ack")
CAF_ADD_ATOM(grid, grid::messages, rpc_atom, "rpc")
CAF_ADD_ATOM(grid, grid::messages, find_atom, "find")
CAF_ADD_ATOM(grid, grid::messages, list_atom, "list")
CAF_ADD_ATOM(grid, grid::messages, live_atom, "live")
CAF_ADD_ATOM(grid, grid::messages, quote_atom, "quote")
CAF_ADD_ATOM(grid, grid::messages, estim_atom, "estim")
CAF_ADD_ATOM(grid, grid::messages, challenge_atom, "challenge")
CAF_ADD_ATOM(grid, grid::messages, login_atom, "login")
CAF_ADD_ATOM(grid, grid::messages, logout_atom, "logout")
CAF_ADD_ATOM(grid, grid::messages, bind_atom, "bind")
CAF_ADD_ATOM(grid, grid::messages, accept_atom, "accept")
CAF_ADD_ATOM(grid, grid::messages, deploy_atom, "deploy")
CAF_ADD_ATOM(grid, grid::messages, remove_atom, "remove")
CAF_ADD_ATOM(grid, grid::messages, apply_atom, "apply")
CAF_ADD_ATOM(grid, grid::messages, status_atom, "status")
CAF_ADD_ATOM(grid, grid::messages, logs_atom, "logs")
CAF_ADD_ATOM(grid, grid::messages, change_atom, "change")
CAF_ADD_ATOM(grid, grid::messages, events_atom, "events")
CAF_ADD_ATOM(grid, grid::messages, exec_atom, "exec")
CAF_ADD_ATOM(grid, grid::messages, input_atom, "input")
CAF_ADD_ATOM(grid, grid::messages, finish_atom, "finish")
CAF_ADD_ATOM(grid, grid::messages, resize_atom, "resize")
CAF_ADD_ATOM(grid, grid::messages, collect_atom, "collect")
CAF_ADD_ATOM(grid, grid::messages, cancel_atom, "cancel")
CAF_ADD_ATOM(grid, grid::messages, inv_atom, "inv")
CAF_ADD_ATOM(grid, grid::messages, probe_atom, "probe")
CAF_ADD_ATOM(grid, grid::messages, fetch_atom, "fetch")
CAF_ADD_ATOM(grid, grid::messages, tick_atom, "tick")
CAF_ADD_ATOM(grid, grid::messages, done_atom, "done")
CAF_ADD_ATOM(grid, grid::messages, stop_atom, "stop")

CAF_END_TYPE_ID_BLOCK(grid)

CAF_ERROR_CODE_ENUM(grid::messages::grid_errc, "grid")

namespace grid::messages {
/// Registers our message types and error category with a configuration, before the actor system is made.
void add_message_types(caf::actor_system_config& config);
}  // namespace grid::messages
