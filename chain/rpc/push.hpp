#pragma once

#include <functional>
#include <memory>
#include <string>

namespace grid::chain::rpc {

/// Takes a notification for one connection; many connections share its text. False: the client lags, its
/// subscriptions end. Called from one thread at a time; must not block and must not destroy the session.
using Push = std::function<bool(std::shared_ptr<const std::string> notification)>;

class Subscriber;

}  // namespace grid::chain::rpc
