#pragma once

#include <catch2/catch.hpp>
#include <mutex>

#include "fake_actors.hpp"
#include "lease/session_cookie.hpp"
#include "recorded_reply.hpp"
#include "web/gateway_api.hpp"

namespace grid::test {

/// A gateway with one provider, two users and three leases: 1 and 2 of user 1 (order 11 and 12), 3 of user 2
/// (order 13). The actors answer canned data and write down what they were asked.
struct GatewayWorld {
    static constexpr std::uint64_t kNow = 1'800'000'000;

    chain::Timestamp time{kNow};
    std::shared_ptr<lease::SessionPublisher> sessions = std::make_shared<lease::SessionPublisher>(
        lease::SessionTokens(hash_of(200), lease::KeyRing::generate({kNow})));

    std::mutex mutex;
    std::vector<messages::DeployRequest> deployed;
    std::vector<std::string> removed;
    std::vector<messages::ChangeRequest> changed;
    std::vector<messages::ExecRequest> execs;
    std::vector<messages::LogRequest> log_requests;
    std::vector<std::uint64_t> accepted;
    std::vector<messages::LoginProof> proofs;
    std::vector<messages::Terms> terms;
    unsigned quotes = 0;
    unsigned logouts = 0;
    bool acceptable = true;
    messages::LeaseState state_of_first = messages::LeaseState::ready;
    messages::log_sink_actor sink;  ///< of a log that is followed
    ActorWorld world;               // ends before what its actors refer to

    ~GatewayWorld() { sink = messages::log_sink_actor(); }

    static chain::Hash lease(std::uint8_t number) { return hash_of(number); }

    messages::LeaseInfo info(std::uint8_t number) {
        messages::LeaseInfo info;
        info.lease_key = lease(number);
        info.order = {10u + number};
        info.user = address_of(number == 3 ? 2 : 1);
        info.state = number == 1 ? state_of_first : messages::LeaseState::ready;
        info.ends_at = {time.seconds + 3600};
        messages::AppInfo app;
        app.name = "web";
        app.state = messages::AppState::ready;
        app.url = "http://web--" + lease(number).hex().substr(2, 20) + ".apps.localhost:8090/";
        info.apps.push_back(app);
        return info;
    }

    std::string token(std::uint8_t user, std::uint8_t lease_number = 0,
                      lease::Scopes scopes = lease::Scopes::all(), std::uint64_t life = 600,
                      lease::Audience audience = lease::Audience::api) {
        lease::Claims claims;
        claims.user = address_of(user);
        if (lease_number != 0) claims.lease_key = lease(lease_number);
        claims.expires_at = {time.seconds + life};
        claims.scopes = scopes;
        claims.audience = audience;
        if (audience != lease::Audience::api) claims.app = "web";
        return sessions->tokens()->issue(claims);
    }
    web::Headers bearer(std::string token) { return {{"authorization", "Bearer " + token}}; }
    web::Headers cookie(std::uint8_t user, const std::string& token,
                        const char* origin = "http://127.0.0.1:8090") {
        web::Headers headers{{"cookie", lease::session_cookie_name(address_of(user)) + "=" + token}};
        if (origin) headers.emplace_back("origin", origin);
        return headers;
    }

    web::GatewayActors actors();
    std::unique_ptr<web::GatewayApi> api(web::GatewayOptions options = {}) {
        options.sessions = sessions;
        options.now = [this] { return time; };
        options.provider = address_of(9);
        options.router.guard.apps_domain = "apps.localhost";
        options.router.guard.origins = {"http://127.0.0.1:8080"};
        auto made = std::make_unique<web::GatewayApi>(world.system, actors(), std::move(options));
        made->set_port(8090);
        return made;
    }
};

inline web::GatewayActors GatewayWorld::actors() {
    using namespace messages;
    web::GatewayActors actors;
    actors.chain = world.spawn<chain_actor>({[](head_atom) -> caf::result<Head> {
        Head head;
        head.number = 5;
        return head;
    }});
    actors.auth = world.spawn<auth_actor>({
        [](challenge_atom, const Address& user) -> caf::result<Challenge> {
            return Challenge{
                "nonce123", {kNow}, {kNow + 300}, "sign in as " + user.checksummed(), "{\"domain\":{}}"};
        },
        [this](login_atom, const LoginProof& proof) -> caf::result<Session> {
            const std::lock_guard lock(mutex);
            proofs.push_back(proof);
            if (proof.nonce == "used") return to_caf({"used_nonce", "log in again"});
            if (proof.message == "foreign") return to_caf({"foreign_login", "signed for another gateway"});
            return Session{token(1), proof.user, {}, {kNow + 600}};
        },
        [this](bind_atom, const Address& user, const Hash& key, Timestamp) -> caf::result<Session> {
            return Session{token(1, key.bytes[31]), user, key, {kNow + 600}};
        },
        [this](logout_atom, const Address&) -> caf::result<caf::unit_t> {
            const std::lock_guard lock(mutex);
            ++logouts;
            return caf::unit;
        },
    });
    actors.quotes = world.spawn<quote_actor>({
        [this](estim_atom, const Terms& asked) -> caf::result<Estimate> {
            const std::lock_guard lock(mutex);
            terms.push_back(asked);
            Estimate estimate;
            estimate.acceptable = acceptable;
            if (!acceptable) estimate.reason = "not so many GPUs here";
            estimate.deposit = chain::Amount(77);
            return estimate;
        },
        [this](quote_atom, const Terms& asked) -> caf::result<SignedQuote> {
            const std::lock_guard lock(mutex);
            terms.push_back(asked);
            if (!acceptable) return to_caf({"not_acceptable", "not so many GPUs here"});
            ++quotes;
            SignedQuote quote;
            quote.quote.user = asked.user;
            quote.signature = chain::Bytes(65, 1);
            return quote;
        },
    });
    actors.leases = world.spawn<leases_actor>({
        [this](accept_atom, const OrderId& id, const Address& user) -> caf::result<LeaseInfo> {
            const std::lock_guard lock(mutex);
            accepted.push_back(id.value);
            if (id.value < 11 || id.value > 13) return to_caf({"not_found", "there is no such order"});
            const auto found = info(static_cast<std::uint8_t>(id.value - 10));
            if (found.user != user) return to_caf({"not_yours", "another user's order"});
            return found;
        },
        [this](list_atom, const Address& user) -> caf::result<std::vector<LeaseInfo>> {
            const std::lock_guard lock(mutex);
            std::vector<LeaseInfo> mine;
            for (const std::uint8_t number : {1, 2, 3}) {
                if (auto one = info(number); one.user == user) mine.push_back(std::move(one));
            }
            return mine;
        },
        [this](find_atom, const Hash& key) -> caf::result<LeaseInfo> {
            const std::lock_guard lock(mutex);
            for (const std::uint8_t number : {1, 2, 3}) {
                if (lease(number) == key) return info(number);
            }
            return to_caf({"not_found", "there is no such lease"});
        },
        [this](find_atom, const OrderId& id, const Address& user) -> caf::result<LeaseInfo> {
            const std::lock_guard lock(mutex);
            for (const std::uint8_t number : {1, 2, 3}) {
                if (auto one = info(number); one.order == id && one.user == user) return one;
            }
            return to_caf({"not_found", "there is no such lease"});
        },
        [this](change_atom, const ChangeRequest& request) -> caf::result<AppInfo> {
            const std::lock_guard lock(mutex);
            changed.push_back(request);
            if (request.replicas > 9)
                return to_caf({"too_large", "3000 millicores are asked, 1000 are left"});
            AppInfo app;
            app.name = request.app;
            app.state = AppState::ready;
            return app;
        },
        [](status_atom, const Hash&, const std::string& app) -> caf::result<AppDetail> {
            AppDetail detail;
            detail.app.name = app;
            detail.app.state = AppState::ready;
            detail.revision = 3;
            detail.workloads = {{"web", 2}};
            detail.pods.resize(1);
            detail.pods[0].name = "web-0";
            detail.pods[0].restarts = 4;
            detail.pods[0].started = {kNow};
            return detail;
        },
        [](events_atom, const Hash&, const std::string&) -> caf::result<std::vector<AppEvent>> {
            AppEvent event;
            event.time = {kNow};
            event.kind = AppEvent::Kind::warning;
            event.object = "Pod/web-0";
            event.reason = "Crashed";
            event.message = "web exited with code 1";
            event.count = 2;
            return std::vector<AppEvent>{event};
        },
        [this](exec_atom, const ExecRequest& request, const exec_sink_actor& to) -> caf::result<exec_actor> {
            const std::lock_guard lock(mutex);
            execs.push_back(request);
            if (request.command.front() == "nothing") return to_caf({"not_found", "no such program"});
            return world.system.spawn(
                [to](exec_actor::pointer self, caf::unit_t) -> exec_actor::behavior_type {
                    // Tells back what it gets, and ends with the end of its input.
                    const auto say = [to](ExecChunk::Kind kind, std::string bytes, int code) {
                        ExecChunk chunk;
                        chunk.kind = kind;
                        chunk.bytes = std::move(bytes);
                        chunk.exit_code = code;
                        caf::anon_send(to, std::move(chunk));
                    };
                    return {[say](input_atom, const std::string& bytes) {
                                say(bytes.front() == '!' ? ExecChunk::Kind::err : ExecChunk::Kind::out, bytes,
                                    0);
                                return ack_atom_v;
                            },
                            [self, say](finish_atom) {
                                say(ExecChunk::Kind::end, "", 7);
                                self->quit();
                            },
                            [say](resize_atom, std::uint16_t columns, std::uint16_t rows) {
                                say(ExecChunk::Kind::out,
                                    std::to_string(columns) + "x" + std::to_string(rows), 0);
                            }};
                },
                caf::unit);
        },
        [this](deploy_atom, const DeployRequest& request) -> caf::result<AppInfo> {
            const std::lock_guard lock(mutex);
            deployed.push_back(request);
            if (request.manifest == "privileged")
                return to_caf(
                    {"policy", "Pod/x: spec.containers[0].securityContext.privileged: true is not allowed"});
            AppInfo app;
            app.name = request.app;
            app.state = AppState::ready;
            app.url = "http://x.apps.localhost:8090/";
            return app;
        },
        [this](remove_atom, const Hash&, const std::string& app) -> caf::result<caf::unit_t> {
            const std::lock_guard lock(mutex);
            removed.push_back(app);
            return caf::unit;
        },
        [this](logs_atom, const LogRequest& request, const log_sink_actor& to) {
            const std::lock_guard lock(mutex);
            log_requests.push_back(request);
            if (request.follow) {
                sink = to;
                caf::anon_send(to, LogChunk{"web", "first line\n", false});
                return;
            }
            caf::anon_send(to, LogChunk{"web", "one\n", false});
            caf::anon_send(to, LogChunk{"web", "two\n", false});
            caf::anon_send(to, LogChunk{"web", "", true});
        },
    });
    return actors;
}

inline bool is_problem(const RecordedReply& reply, unsigned status, const std::string& code) {
    CAPTURE(reply.status(), reply.body());
    CHECK(reply.status() == status);
    CHECK(reply.header("Content-Type") == "application/problem+json");
    return reply.status() == status && contains(reply, "\"code\":\"" + code + "\"");
}

}  // namespace grid::test
