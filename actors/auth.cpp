#include "actors/auth.hpp"

#include <algorithm>

#include "messages/error.hpp"

namespace grid::actors {

using namespace messages;

auth_state::auth_state(interface::pointer self, Clock clock, runtime::Storage storage, AuthSettings settings,
                       std::shared_ptr<lease::SessionPublisher> sessions)
    : self_(self),
      inbox_(self->address()),
      clock_(std::move(clock)),
      storage_(std::move(storage)),
      settings_(std::move(settings)),
      sessions_(std::move(sessions)),
      nonces_(settings_.nonces) {}

Result<void> auth_state::open() {
    auto nonces = storage_.environment->table("nonces");
    if (!nonces) return tl::unexpected(nonces.error());
    auto epochs = storage_.environment->table("epochs");
    if (!epochs) return tl::unexpected(epochs.error());
    nonce_rows_ = *nonces;
    epoch_rows_ = *epochs;
    auto read = storage_.environment->read([&](const store::ReadTransaction& rows) {
        rows.scan(*nonce_rows_, {}, {}, [&](store::ByteView, store::ByteView value) {
            // A damaged nonce is a login that must be started again, no reason to stay down.
            if (auto row = lease::NonceRow::decode(value)) nonces_.restore(std::move(*row));
            return true;
        });
        rows.scan(*epoch_rows_, {}, {}, [&](store::ByteView key, store::ByteView value) {
            Address user;
            std::copy_n(key.begin(), std::min(key.size(), user.bytes.size()), user.bytes.begin());
            epochs_.set(user, store::number_of(value));
            return true;
        });
    });
    if (read) sessions_->publish(epochs_);
    return read;
}

Result<Address> auth_state::prove(const LoginProof& proof, std::string& nonce) const {
    if (proof.form == LoginProof::Form::siwe) {
        auto terms = lease::verify_siwe(settings_.gateway, proof.message, proof.signature, clock_());
        if (!terms) return tl::unexpected(terms.error());
        if (!proof.user.is_zero() && terms->user != proof.user)
            return fail("bad_signature", "the message is signed by " + terms->user.checksummed() +
                                             ", not by " + proof.user.checksummed());
        nonce = terms->nonce;
        return terms->user;
    }
    nonce = proof.nonce;
    return lease::verify_login(settings_.gateway,
                               {proof.user, proof.nonce, proof.issued_at, proof.expires_at}, proof.signature,
                               clock_());
}

Session auth_state::session(const Address& user, const Hash& lease_key, Timestamp ends_at) const {
    lease::Claims claims;
    claims.user = user;
    claims.lease_key = lease_key;
    claims.epoch = epochs_.of(user);
    claims.expires_at = std::min(ends_at, clock_() + settings_.session_life);
    claims.scopes = lease::Scopes::all();
    return {sessions_->tokens()->issue(claims), user, lease_key, claims.expires_at};
}

template <class T>
caf::typed_response_promise<T> auth_state::answer_when_durable(store::Batch batch, std::function<T()> value) {
    auto promise = self_->make_response_promise<T>();
    storage_.submit(std::move(batch),
                    [promise, value = std::move(value), post = inbox_.poster()](Result<void> result) {
                        post([promise, value, result = std::move(result)]() mutable {
                            if (result)
                                promise.deliver(value());
                            else
                                promise.deliver(to_caf(result.error()));
                        });
                    });
    return promise;
}

auth_state::interface::behavior_type auth_state::behavior() {
    if (auto opened = open(); !opened) return refuse_to_start<auth_state>(self_, to_caf(opened.error()));
    return {
        [this](challenge_atom, const Address& user) -> caf::result<Challenge> {
            store::Batch batch;
            const auto [row, gone] = nonces_.issue(user.hex(), clock_());
            for (const auto& nonce : gone) batch.erase(*nonce_rows_, chain::as_bytes(nonce));
            batch.put(*nonce_rows_, chain::as_bytes(row.nonce), row.encode());
            const lease::LoginTerms terms{user, row.nonce, row.issued_at, row.expires_at};
            Challenge challenge{row.nonce, row.issued_at, row.expires_at,
                                lease::siwe_message(settings_.gateway, terms),
                                lease::login_typed_data(settings_.gateway, terms)};
            return answer_when_durable<Challenge>(std::move(batch), [challenge] { return challenge; });
        },
        [this](login_atom, const LoginProof& proof) -> caf::result<Session> {
            std::string nonce;
            auto user = prove(proof, nonce);
            if (!user) return to_caf(user.error());
            auto spent = nonces_.spend(nonce, clock_());
            if (!spent) return to_caf(spent.error());
            store::Batch batch;
            batch.erase(*nonce_rows_, chain::as_bytes(nonce));
            return answer_when_durable<Session>(std::move(batch), [this, user = *user] {
                return session(user, {}, clock_() + settings_.session_life);
            });
        },
        [this](bind_atom, const Address& user, const Hash& lease_key,
               Timestamp ends_at) -> caf::result<Session> {
            if (ends_at <= clock_()) return to_caf({"ended", "the order of this lease has ended"});
            return session(user, lease_key, ends_at);
        },
        [this](logout_atom, const Address& user) -> caf::result<caf::unit_t> {
            const auto epoch = epochs_.of(user) + 1;
            epochs_.set(user, epoch);
            store::Batch batch;
            batch.put(*epoch_rows_, user.bytes, store::number_key(epoch));
            return answer_when_durable<caf::unit_t>(std::move(batch), [this] {
                sessions_->publish(epochs_);
                return caf::unit;
            });
        },
        [this](done_atom, std::uint64_t ticket) { inbox_.run(ticket); },
    };
}

auth_actor auth(caf::actor_system& system, Clock clock, runtime::Storage storage, AuthSettings settings,
                std::shared_ptr<lease::SessionPublisher> sessions) {
    return system.spawn<hosted<auth_state>>(std::move(clock), std::move(storage), std::move(settings),
                                            std::move(sessions));
}

}  // namespace grid::actors
