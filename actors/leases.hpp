#pragma once

#include <map>

#include "actors/lease.hpp"

namespace grid::actors {

/// All leases of this gateway: accepts orders, supervises one lease actor for each live lease, and keeps
/// chain, store and cluster of one mind.
class leases_state {
public:
    using interface = messages::leases_actor::extend<caf::reacts_to<messages::done_atom, std::uint64_t>>;
    static constexpr const char* kName = "leases";
    /// A lease actor that fails so often in a row is left alone until the next reconciliation.
    static constexpr unsigned kMaxRestarts = 8;

    leases_state(interface::pointer self, GatewayParts parts, GatewaySettings settings);
    leases_state(const leases_state&) = delete;
    /// Ends the lease actors; what they do goes on from their rows at the next start.
    ~leases_state();
    interface::behavior_type behavior();

private:
    using Time = caf::actor_clock::time_point;

    /// An order on its way to becoming a lease (leases_accept.cpp).
    struct Acceptance {
        LeaseRow row;
        std::vector<caf::typed_response_promise<messages::LeaseInfo>> waiting;
        bool running = false;
    };
    using Run = std::shared_ptr<Acceptance>;

    struct Child {
        messages::lease_actor actor;  ///< null while it waits for its restart
        chain::OrderId order;
        unsigned restarts = 0;
        bool quarantined = false;
    };

    Result<void> open();
    // --- acceptance, step by step
    caf::typed_response_promise<messages::LeaseInfo> accept(chain::OrderId order, const chain::Address& user);
    void start(const Run& run);
    void read_order(const Run& run, std::function<void(const chain::Order&)> then);
    void name_lease(const Run& run, const chain::Order& order);
    Result<void> take_name(const Run& run, const messages::OrderRow& found);
    void activate(const Run& run);
    void confirm(const Run& run);
    void refuse(const Run& run, const Error& why, bool forget);
    void resume_acceptances();

    // --- supervision
    void spawn(const StoredLease& stored);
    void on_down(const caf::down_msg& down);
    void restart(const chain::Hash& lease_key);
    const Child* child_of(const messages::OrderRow& row) const;
    const Child* child(const chain::Hash& lease_key) const;
    bool replay(const messages::LogRequest& request, const messages::log_sink_actor& sink);
    Error no_lease(const chain::Hash& lease_key) const;

    // --- reconciliation
    void subscribe();
    void tick();
    void reconcile();
    void judge_running(const std::vector<messages::RunningApp>& running);
    void collect();
    void check_stock();
    void warn(const std::string& topic, const std::string& words);
    void purge();
    void ended(const StoredLease& stored);

    interface::pointer self_;
    Inbox inbox_;
    GatewayParts parts_;
    std::shared_ptr<const GatewaySettings> settings_;
    std::shared_ptr<LeaseBoard> board_;
    std::optional<LeaseRows> rows_;
    std::map<chain::Hash, Child> children_;
    std::map<std::pair<chain::OrderId, chain::Address>, Run> accepting_;
    std::map<chain::Hash, chain::Timestamp> ended_;  ///< gone leases, until they are forgotten
    Time next_reconcile_{};
    Time next_collect_{};
    bool reconciling_ = false;
};

messages::leases_actor leases(caf::actor_system& system, GatewayParts parts, GatewaySettings settings);

}  // namespace grid::actors
