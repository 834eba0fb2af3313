#pragma once

#include <memory>
#include <mutex>
#include <unordered_set>

#include "lease/session_token.hpp"

namespace grid::lease {

/// What the checkers of sessions read: the keys in force, who has been logged out, which leases have ended.
/// Actors publish by swapping pointers; a check takes the pointers and waits for nobody. Thread-safe.
class SessionPublisher {
public:
    using EndedLeases = std::unordered_set<chain::Hash>;

    explicit SessionPublisher(SessionTokens tokens)
        : tokens_(std::make_shared<const SessionTokens>(std::move(tokens))),
          epochs_(std::make_shared<const RevocationEpochs>()),
          ended_(std::make_shared<const EndedLeases>()) {}

    std::shared_ptr<const SessionTokens> tokens() const { return get(tokens_); }
    std::shared_ptr<const RevocationEpochs> epochs() const { return get(epochs_); }
    std::shared_ptr<const EndedLeases> ended() const { return get(ended_); }

    /// After a rotation of the keys.
    void publish(SessionTokens tokens) {
        put(tokens_, std::make_shared<const SessionTokens>(std::move(tokens)));
    }
    /// After a logout: whole, with everybody who ever logged out.
    void publish(RevocationEpochs epochs) {
        put(epochs_, std::make_shared<const RevocationEpochs>(std::move(epochs)));
    }
    /// From now on sessions of this lease are dead.
    void end(const chain::Hash& lease_key) {
        const std::lock_guard lock(mutex_);
        auto next = std::make_shared<EndedLeases>(*ended_);
        next->insert(lease_key);
        ended_ = std::move(next);
    }
    /// The lease is forgotten: every session that it had has expired.
    void forget(const chain::Hash& lease_key) {
        const std::lock_guard lock(mutex_);
        auto next = std::make_shared<EndedLeases>(*ended_);
        next->erase(lease_key);
        ended_ = std::move(next);
    }

    /// SessionTokens::check against all of that; code `revoked_token` also when the lease has ended.
    Result<Claims> check(std::string_view token, chain::Timestamp now) const {
        auto claims = tokens()->check(token, now, *epochs());
        if (claims && ended()->contains(claims->lease_key))
            return fail("revoked_token", "the order of this session has ended");
        return claims;
    }

private:
    template <class T>
    T get(const T& pointer) const {
        const std::lock_guard lock(mutex_);
        return pointer;
    }
    template <class T>
    void put(T& pointer, T next) {
        const std::lock_guard lock(mutex_);
        pointer = std::move(next);
    }

    mutable std::mutex mutex_;
    std::shared_ptr<const SessionTokens> tokens_;
    std::shared_ptr<const RevocationEpochs> epochs_;
    std::shared_ptr<const EndedLeases> ended_;
};

}  // namespace grid::lease
