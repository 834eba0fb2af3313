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
        lease::Application application;  ///< as it is applied: with the replicas that are wanted
        messages::Health health = messages::Health::unknown;
        std::string reason;
        std::vector<messages::Endpoint> endpoints;
        bool seen = false;               ///< the cluster has been asked about it
        bool asked = false;              ///< by the watch, and has not answered yet
        bool interrupted = false;        ///< its deployment was under way when this node stopped
        unsigned failures = 0;           ///< of repairs, one after another
        Time quiet_until{};              ///< no repair before
        std::optional<Time> ready_by{};  ///< else a deployment that was interrupted has failed
        Time next_reapply{};

        /// Nothing of it shall run: then `absent` is how it should be.
        bool idle() const;
        /// It was up, and not down by its own fault. An update does not change that.
        bool served() const {
            const bool was_up = row.state == messages::AppState::ready ||
                                (row.state == messages::AppState::deploying && row.replaces);
            return was_up && !row.failing && !idle();
        }
    };

    /// A deployment or change under way.
    struct Deployment {
        std::string app;
        messages::DeployRequest request;  ///< of a deployment
        caf::typed_response_promise<messages::AppInfo> promise;
        std::optional<AppRow> previous;
        Time deadline{};
        std::chrono::milliseconds delay{20};
        bool applied = false;  ///< the cluster has answered
    };
    using Run = std::shared_ptr<Deployment>;

    // --- deploying, step by step (lease_deploy.cpp)
    caf::typed_response_promise<messages::AppInfo> deploy(const messages::DeployRequest& request);
    /// A repair in the background is no reason to refuse what a user asks: it is waited for.
    void when_mended(const std::string& app, std::function<void()> go, std::chrono::milliseconds waited = {});
    void start(const Run& run);
    void told(const Run& run, const App& app) const;
    std::optional<Error> refusal(const std::string& app, const chain::Address& user) const;
    void obtain(const Run& run);
    void prepare(const Run& run, const std::string& yaml);
    void begin(const Run& run, AppRow row, lease::Application application);
    void apply(const Run& run);
    void follow_update(const Run& run);
    void await_ready(const Run& run);
    void judge(const Run& run, const messages::AppStatus& status);
    void finish(const Run& run);
    void undo(const Run& run, Error why);
    void refuse(const Run& run, const Error& why);

    // --- changing what was deployed (lease_change.cpp)
    caf::typed_response_promise<messages::AppInfo> change(const messages::ChangeRequest& request);
    void start_change(const Run& run, const messages::ChangeRequest& request);
    /// What is left of the order for an application beside the others.
    chain::Resources share_of(const std::string& app) const;
    Result<lease::Application> lower(const AppVersion& version) const;
    /// The same within a share, with less for what the manifest leaves open. Code too_large.
    Result<lease::Application> fitting(AppVersion& version, const chain::Resources& share) const;
    /// After the order's resources have changed.
    void fit_to_order();

    // --- what is asked about them (lease_questions.cpp)
    const App* known(const std::string& name) const;
    caf::typed_response_promise<messages::AppDetail> detail(const std::string& name);
    void tell_detail(const std::string& name, const messages::AppStatus& status);
    caf::result<std::vector<messages::AppEvent>> events(const std::string& name);
    caf::result<messages::exec_actor> exec(const messages::ExecRequest& request,
                                           const messages::exec_sink_actor& sink);
    /// Takes down what the applications have printed, then goes on; the cluster may be silent.
    void keep_logs(std::function<void()> then);

    // --- the order stands still while the cluster is out (lease_outage.cpp)
    void mind_outage();
    bool is_out() const;
    bool is_back() const;
    void steer(bool suspended);
    void send_steering(bool suspended);
    void steered(bool suspended);

    // --- watching over applications (lease_watch.cpp)
    void watch();
    void observe(const std::string& name, const messages::AppStatus& status);
    void note_health(App& app, const messages::AppStatus& status);
    void repair(const std::string& name);
    bool late(App& app) const;
    void take_back(App& app);
    void remove(const std::string& name, std::function<void(std::optional<Error>)> done);

    // --- the life of the order (lease.cpp)
    void tick();
    void verify();
    void ask_chain_time();
    void unverified(const Error& why);
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
    void look_again();
    void adopt(const chain::Order& order);
    void tear_down();
    void remove_all();
    void settle();
    void conclude();
    bool ending() const {
        return row_.state == messages::LeaseState::ending || row_.state == messages::LeaseState::gone;
    }

    // --- telling (lease_info.cpp)
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
    std::set<std::string> busy_;     ///< applications with a deployment, repair or removal under way
    std::set<std::string> mending_;  ///< those of them that are repaired
    /// By application, who waits for what the cluster says of it: it is asked once at a time.
    std::map<std::string, std::vector<caf::typed_response_promise<messages::AppDetail>>> details_;
    unsigned applying_ = 0;
    bool ending_written_ = false;  ///< nothing is torn down before that
    bool tearing_down_ = false;
    unsigned tear_down_tries_ = 0;
    std::uint64_t told_epoch_ = 0;  ///< of the owner, in the routes that were reported last
    bool settling_ = false;
    unsigned settle_tries_ = 0;
    chain::Timestamp next_settle_;
    bool verifying_ = false;
    bool end_asked_ = false;            ///< the chain, whether the end that is known has come
    chain::Timestamp chain_time_;       ///< of the newest block that counts, when it was asked last
    std::uint64_t stands_at_ = 0;       ///< the number of that block,
    std::optional<Time> stands_since_;  ///< and since when it is the newest
    bool activating_ = false;
    bool searching_ = false;                      ///< for an order that the chain does not have any more
    std::optional<std::uint64_t> missing_since_;  ///< the block at which the chain first said so
    bool following_ = false;                      ///< looks for the order that replaced this one
    chain::Timestamp suspended_since_;            ///< as the chain said last
    bool logs_kept_ = false;
    bool steering_ = false;
    Time next_steer_{};
    Time steered_at_{};               ///< when a transaction was sent last, or this actor began
    std::optional<Time> back_since_;  ///< the cluster answers again
    Time next_verify_{};
    Time next_watch_{};
};

messages::lease_actor lease(caf::actor_system& system, LeaseContext context, StoredLease stored);

}  // namespace grid::actors
