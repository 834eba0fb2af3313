#pragma once

#include <atomic>
#include <mutex>
#include <unordered_map>
#include <unordered_set>

#include "chain/ledger.hpp"
#include "chain/rpc/push.hpp"

namespace grid::chain::rpc {

/// What can be subscribed to.
struct Subject {
    enum class Kind : std::uint8_t { new_heads, logs, pending_transactions, pending_bodies, syncing };
    Kind kind = Kind::new_heads;
    LogFilter filter;  ///< of logs: without its range
};

/// The side of one connection: what may be pushed to it.
class Subscriber {
public:
    /// Notifications of a subscription whose reply is not out yet.
    static constexpr std::size_t kMaxEarly = 10'000;

    explicit Subscriber(Push push) : push_(std::move(push)) {}
    void add(const std::string& id);
    void remove(const std::string& id);
    /// The reply that names the subscription is out: what came in between follows.
    void activate(const std::string& id);
    /// False when this connection is at its end.
    bool push(const std::string& id, const std::vector<std::shared_ptr<const std::string>>& notifications);
    /// Nothing is pushed after it returned.
    void close();
    bool closed() const;

private:
    struct Subscription {
        bool active = false;
        std::vector<std::shared_ptr<const std::string>> early;
    };
    bool push_now(const std::vector<std::shared_ptr<const std::string>>& notifications);

    mutable std::mutex mutex_;
    Push push_;  ///< empty when closed
    std::unordered_map<std::string, Subscription> subscriptions_;
};

/// Who wants to be told what. Connections that ask for the same share one group and its id, so that a
/// notification is written once, whoever gets it. Thread-safe; block_made, rewound and waiting are called one
/// at a time.
class Subscriptions {
public:
    static constexpr std::size_t kMaxPerSession = 128;
    static constexpr std::size_t kMax = 10'000;

    /// The id of the new subscription, not active yet. Code `too_many_subscriptions`.
    Result<std::string> add(const std::shared_ptr<Subscriber>& subscriber, const Subject& subject);
    bool remove(const std::shared_ptr<Subscriber>& subscriber, const std::string& id);
    void close(const std::shared_ptr<Subscriber>& subscriber);
    bool empty() const noexcept { return count_ == 0; }

    void block_made(const BlockPointer& block);
    /// These blocks, oldest first, are no longer of the chain: their logs are sent again as removed.
    void rewound(const std::vector<BlockPointer>& dropped);
    /// A transaction came that waits for an earlier nonce.
    void waiting(const SignedTransaction& transaction, const Address& sender);

private:
    struct Group {
        std::string id;
        Subject subject;
        std::vector<std::shared_ptr<Subscriber>> members;
    };
    /// A group as it is now, to be served without the lock.
    std::vector<Group> groups() const;
    void send(const Group& group, const std::vector<std::string>& results);
    void drop(const std::string& key, const std::shared_ptr<Subscriber>& subscriber);

    mutable std::mutex mutex_;
    std::unordered_map<std::string, Group> groups_;                         ///< by what is asked for
    std::unordered_map<std::string, std::string> ids_;                      ///< id -> key of its group
    std::unordered_map<const Subscriber*, std::vector<std::string>> keys_;  ///< of the groups that it is in
    std::atomic<std::size_t> count_{0};
    /// Sent while they waited, so not again with their block. When it is full, some are sent twice.
    static constexpr std::size_t kMaxAnnounced = 8192;
    std::unordered_set<Hash> announced_;
};

}  // namespace grid::chain::rpc
