#pragma once

#include "actor/world.hpp"
#include "actors/leases.hpp"
#include "actors/order.hpp"

namespace grid::test {

/// A cluster that does what it is told, or fails as it is told. Outlives a node, as a real one does.
class Cluster {
public:
    using Key = std::pair<chain::Hash, std::string>;
    struct Running {
        lease::Application application;
        messages::Health health = messages::Health::ready;
        std::string reason;
        bool drifted = false;
    };

    std::map<Key, Running> running;
    bool unreachable = false;           ///< health unknown, everything else cluster_unavailable
    std::optional<Error> refuse_apply;  ///< nothing is started
    std::size_t refuse_remove = 0;      ///< so many removals of a lease fail
    bool hold_apply = false;            ///< started, but the answer is lost
    messages::Health begins = messages::Health::ready;  ///< of what is applied
    std::string begins_reason;
    std::string bad_image;  ///< what runs it fails
    std::map<Key, std::vector<messages::AppEvent>> events;
    std::optional<std::vector<chain::Hash>> collected;  ///< the leases named by the last collection
    messages::Inventory inventory;
    std::string log = "a line\n";
    std::vector<messages::LogRequest> log_requests;
    std::vector<lease::Application> applications;  ///< every one that was applied
    std::size_t applied = 0;
    std::size_t checked = 0;  ///< times that was applied what ran already
    std::size_t removed = 0;
    std::size_t asked = 0;  ///< times how an application is

    messages::AppStatus status(const Key& key) const;
};

messages::cluster_actor spawn_cluster(World& world, Cluster& cluster);
/// Answers documents by URL; others with the error bad_status.
messages::fetcher_actor spawn_fetcher(World& world, std::map<std::string, std::string> documents);

/// One run of a gateway over a world.
struct Gateway {
    /// `begun`: runs until nothing moves.
    Gateway(World& world, Cluster& cluster, std::function<void(actors::GatewaySettings&)> adjust = {},
            bool begun = true);

    /// Sends a tick to the leases and runs.
    void tick();
    /// Lets both clocks go on together, ticking four times a second.
    void live(std::uint64_t seconds);
    Asked<messages::LeaseInfo> accept(chain::OrderId order, const chain::Address& user);
    messages::DeployRequest request(const messages::LeaseInfo& lease, std::string yaml,
                                    std::string app = "web") const;
    Asked<messages::AppInfo> deploy(const messages::LeaseInfo& lease, std::string yaml,
                                    std::string app = "web");
    /// The route that visitors of the application get; null when there is none.
    std::shared_ptr<const lease::Route> route(const messages::LeaseInfo& lease,
                                              const std::string& app = "web") const;
    Asked<messages::AppInfo> change(const messages::LeaseInfo& lease, messages::ChangeRequest::Verb verb,
                                    std::uint32_t replicas = 0, std::string idempotency_key = "");
    messages::LeaseState state(const messages::LeaseInfo& lease);

    World& world;
    Cluster& cluster;
    std::shared_ptr<lease::RoutePublisher> routes = std::make_shared<lease::RoutePublisher>();
    std::shared_ptr<runtime::Warnings> warnings = std::make_shared<runtime::Warnings>();
    std::shared_ptr<lease::SessionPublisher> sessions;
    messages::order_actor orders;
    messages::leases_actor leases;
};

/// A manifest of one Deployment that serves on port 8080; `image` tells versions apart.
std::string manifest(const std::string& image = "docker.io/library/web:1", unsigned cpu_milli = 100);

}  // namespace grid::test
