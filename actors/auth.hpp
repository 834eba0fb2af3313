#pragma once

#include "actors/clock.hpp"
#include "actors/hosted.hpp"
#include "actors/inbox.hpp"
#include "lease/login.hpp"
#include "lease/nonce_book.hpp"
#include "lease/session_publisher.hpp"
#include "messages/auth.hpp"
#include "runtime/projection.hpp"

namespace grid::actors {

struct AuthSettings {
    lease::GatewayIdentity gateway;
    chain::Seconds session_life{12 * 3600};
    lease::NonceBook::Limits nonces{};
};

/// Nonces, logins, sessions and logouts of one gateway. A nonce's row is durable before the nonce is given
/// out and gone before the login is answered; an epoch is durable before it is published.
class auth_state {
public:
    using interface = messages::auth_actor::extend<caf::reacts_to<messages::done_atom, std::uint64_t>>;
    static constexpr const char* kName = "auth";

    auth_state(interface::pointer self, Clock clock, runtime::Storage storage, AuthSettings settings,
               std::shared_ptr<lease::SessionPublisher> sessions);
    interface::behavior_type behavior();

private:
    Result<void> open();
    Result<chain::Address> prove(const messages::LoginProof& proof, std::string& nonce) const;
    messages::Session session(const chain::Address& user, const chain::Hash& lease_key,
                              chain::Timestamp ends_at) const;
    /// Commits, then delivers `value` in this actor's turn, or the store's error.
    template <class T>
    caf::typed_response_promise<T> answer_when_durable(store::Batch batch, std::function<T()> value);

    interface::pointer self_;
    Inbox inbox_;
    Clock clock_;
    runtime::Storage storage_;
    AuthSettings settings_;
    std::shared_ptr<lease::SessionPublisher> sessions_;
    std::optional<store::Table> nonce_rows_;  ///< nonce -> NonceRow
    std::optional<store::Table> epoch_rows_;  ///< address -> epoch
    lease::NonceBook nonces_;
    lease::RevocationEpochs epochs_;
};

messages::auth_actor auth(caf::actor_system& system, Clock clock, runtime::Storage storage,
                          AuthSettings settings, std::shared_ptr<lease::SessionPublisher> sessions);

}  // namespace grid::actors
