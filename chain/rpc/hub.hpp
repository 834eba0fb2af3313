#pragma once

#include <condition_variable>
#include <deque>

#include "chain/rpc/filters.hpp"
#include "chain/rpc/subscriptions.hpp"

namespace grid::chain::rpc {

/// Brings the news of a ledger to filters and subscribers. Notifications are written and pushed on the
/// ledger's executor, one piece of news after the other, beside block production.
class Hub : public std::enable_shared_from_this<Hub> {
public:
    /// Also begins to listen to the ledger.
    static std::shared_ptr<Hub> make(Ledger& ledger);

    Filters& filters() noexcept { return filters_; }
    Subscriptions& subscriptions() noexcept { return subscriptions_; }
    /// A transaction came that waits for an earlier nonce.
    void waiting(const Hash& transaction);

private:
    explicit Hub(Ledger& ledger) : ledger_(ledger), filters_(ledger) {}
    /// Waits while too much is under way: whoever makes blocks faster than they can be told is slowed down.
    void post(std::function<void()> news);
    void work();

    Ledger& ledger_;
    Filters filters_;
    Subscriptions subscriptions_;
    static constexpr std::size_t kMaxNews = 64;
    std::mutex mutex_;
    std::condition_variable told_;
    std::deque<std::function<void()>> news_;
    bool working_ = false;
};

}  // namespace grid::chain::rpc
