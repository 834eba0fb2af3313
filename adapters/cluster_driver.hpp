#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "adapters/exec_session.hpp"
#include "messages/cluster.hpp"
#include "store/result.hpp"

namespace grid::adapters {

/// A cluster driver without actors: every call blocks, any thread may make any call. What each call promises
/// stands at messages::cluster_actor.
class ClusterDriver {
public:
    /// Takes a piece of a container's log; false when it has enough.
    using LogSink = std::function<bool(const std::string& source, const std::string& text)>;

    virtual ~ClusterDriver() = default;
    /// Ends what runs in the background; applications run on. Calls that come later may fail.
    virtual void end() = 0;

    virtual Result<messages::AppStatus> apply(const messages::Hash& lease, const std::string& app,
                                              const lease::Application& application,
                                              const messages::Resources& resources) = 0;
    virtual messages::AppStatus status(const messages::Hash& lease, const std::string& app) = 0;
    virtual Result<std::vector<messages::AppEvent>> events(const messages::Hash& lease,
                                                           const std::string& app) = 0;
    /// An empty name: all of the lease.
    virtual Result<void> remove(const messages::Hash& lease, const std::string& app) = 0;
    virtual Result<std::vector<messages::RunningApp>> list() = 0;
    virtual Result<std::vector<std::string>> collect(const std::vector<messages::Hash>& living) = 0;
    virtual Result<messages::Inventory> inventory() = 0;
    virtual std::vector<messages::Capability> probe() = 0;
    /// `wanted` is asked about once a second: false ends it.
    virtual void logs(const messages::LogRequest& request, const LogSink& sink,
                      const std::function<bool()>& wanted) = 0;
    /// Starts a command. A driver that ends abandons its sessions.
    virtual Result<std::shared_ptr<ExecSession>> exec(const messages::ExecRequest& request) = 0;
};

/// The actor in front of a driver that has begun: each message is done on a thread of its own. The driver is
/// ended when the actor is, before anybody is told so.
messages::cluster_actor spawn_cluster(caf::actor_system& system, std::shared_ptr<ClusterDriver> driver);

}  // namespace grid::adapters
