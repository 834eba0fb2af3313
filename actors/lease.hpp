#pragma once

#include <map>
#include <set>

#include "actors/gateway_parts.hpp"
#include "actors/hosted.hpp"
#include "actors/inbox.hpp"
#include "actors/lease_board.hpp"
#include "actors/lease_rows.hpp"
#include "messages/lease.hpp"

namespace grid::actors {

/// What every lease actor of a gateway shares.
struct LeaseContext {
    GatewayParts parts;
    std::shared_ptr<const GatewaySettings> settings;
    LeaseRows rows;
    std::shared_ptr<LeaseBoard> board;
};

/// One lease from its authorisation until nothing is left of it. Everything that it asks of the cluster or
/// the chain is a row first; what is unknown is left alone. Reports to the board after every change.
class lease_state {
public:
    using interface = messages::lease_actor::extend<caf::reacts_to<messages::done_atom, std::uint64_t>>;
    static constexpr const char* kName = "lease";

    lease_state(interface::pointer self, LeaseContext context, StoredLease stored);
    interface::behavior_type behavior();

private:
    using Time = caf::actor_clock::time_point;

    struct App {
        AppRow row;
        lease::Application application;
        messages::Health health = messages::Health::unknown;
        std::string reason;
        std::vector<messages::Endpoint> endpoints;
        bool interrupted = false;  ///< its deployment was under way when this node stopped
        unsigned failures = 0;     ///< of repairs, one after another
        Time quiet_until{};        ///< no repair before
    };

    /// A deployment under way.
    struct Deployment {
        messages::DeployRequest request;
        caf::typed_response_promise<messages::AppInfo> promise;
        std::optional<AppRow> previous;
        Time deadline{};
        std::chrono::milliseconds delay{20};
    };
    using Run = std::shared_ptr<Deployment>;

    // --- deploying, step by step (lease_deploy.cpp)
    caf::typed_response_promise<messages::AppInfo> deploy(const messages::DeployRequest& request);
    std::optional<Error> refusal(const messages::DeployRequest& request) const;
    void obtain(const Run& run);
    void prepare(const Run& run, const std::string& yaml);
    void apply(const Run& run);
    void await_ready(const Run& run);
    void judge(const Run& run, const messages::AppStatus& status);
    void finish(const Run& run);
    void undo(const Run& run, Error why);
    void refuse(const Run& run, const Error& why);

    // --- watching over applications (lease_watch.cpp)
    void watch();
    void observe(const std::string& name, const messages::AppStatus& status);
    void repair(const std::string& name);
    void roll_back(App& app);
    void remove(const std::string& name, std::function<void(std::optional<Error>)> done);
    Result<lease::Application> lower(const std::string& app, const std::string& yaml) const;

    // --- the life of the order (lease.cpp)
    void tick();
    void verify();
    void take_order(const chain::Order& order);
    void end(const std::string& why);
    // What a reorganisation does to the order (lease_branch.cpp).
    bool is_ours(const chain::Order& order) const;
    bool may_be_ours(const chain::Order& order) const;
    void missing();
    void look_elsewhere(std::uint64_t height);
    void still_missing(std::uint64_t height);
    void activate();
    // An order that was completed before its end goes on as another (lease_replacement.cpp).
    void find_successor();
    void look_at(chain::OrderId id, std::optional<chain::Order> newest);
    void adopt(const chain::Order& order);
    void tear_down();
    void settle();
    void conclude();
    bool ending() const {
        return row_.state == messages::LeaseState::ending || row_.state == messages::LeaseState::gone;
    }

    // --- telling
    messages::AppInfo info(const App& app) const;
    messages::LeaseInfo info() const;
    lease::Route route(const App& app) const;
    void report();
    /// Commits, then runs `then` in this actor's turn; a store that refuses ends the actor.
    void persist(store::Batch batch, std::function<void()> then);
    void persist_row(std::function<void()> then);
    App* find(const std::string& name);
    Time now() const { return self_->clock().now(); }

    interface::pointer self_;
    Inbox inbox_;
    LeaseContext context_;
    LeaseRow row_;
    std::map<std::string, App> apps_;
    std::set<std::string> busy_;  ///< applications with a deployment, repair or removal under way
    unsigned applying_ = 0;
    bool ending_written_ = false;  ///< nothing is torn down before that
    bool tearing_down_ = false;
    unsigned tear_down_tries_ = 0;
    std::uint64_t told_epoch_ = 0;  ///< of the owner, in the routes that were reported last
    bool settling_ = false;
    unsigned settle_tries_ = 0;
    chain::Timestamp next_settle_;
    bool verifying_ = false;
    bool activating_ = false;
    bool searching_ = false;                      ///< for an order that the chain does not have any more
    std::optional<std::uint64_t> missing_since_;  ///< the block at which the chain first said so
    bool following_ = false;                      ///< looks for the order that replaced this one
    chain::Timestamp suspended_since_;            ///< as the chain said last
    Time next_verify_{};
    Time next_watch_{};
};

messages::lease_actor lease(caf::actor_system& system, LeaseContext context, StoredLease stored);

}  // namespace grid::actors
