#pragma once

#include <set>

#include "actors/clock.hpp"
#include "actors/hosted.hpp"
#include "actors/inbox.hpp"
#include "actors/keeper_schedule.hpp"
#include "messages/order.hpp"

namespace grid::actors {

/// Settles what has ended and cancels what was never activated: for everybody, or where a transaction costs
/// gas for one provider. Holds nothing durable: the orders are the order projection's, and an order is tried
/// until the chain says that it has ended.
class keeper_state {
public:
    using interface = messages::keeper_actor::extend<caf::reacts_to<messages::done_atom, std::uint64_t>>;
    static constexpr const char* kName = "keeper";
    /// Orders in one transaction; the Market takes at most 256.
    static constexpr std::size_t kBatch = 100;

    keeper_state(interface::pointer self, Clock clock, chain::Address market, messages::order_actor orders,
                 messages::chain_actor chain, std::optional<chain::Address> provider,
                 std::chrono::milliseconds tick);
    interface::behavior_type behavior();

private:
    void subscribe();
    void tick();
    void send(const chain::Bytes& call, chain::OrderId one, std::string what);
    void see(const chain::Bytes& call, chain::OrderId one, std::uint64_t block);

    interface::pointer self_;
    Inbox inbox_;
    Clock clock_;
    chain::Address market_;
    messages::order_actor orders_;
    messages::chain_actor chain_;
    std::chrono::milliseconds tick_;
    KeeperSchedule schedule_;
    std::set<chain::Bytes> under_way_;  ///< until the projection has the block that the call was mined in
};

/// `provider`: only orders at this one; none: everybody's. `tick`: how often it looks at the clock; zero:
/// only when somebody sends `tick` (tests).
messages::keeper_actor keeper(caf::actor_system& system, Clock clock, chain::Address market,
                              messages::order_actor orders, messages::chain_actor chain,
                              std::optional<chain::Address> provider = std::nullopt,
                              std::chrono::milliseconds tick = std::chrono::milliseconds{500});

}  // namespace grid::actors
