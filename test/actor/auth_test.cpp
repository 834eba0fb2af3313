#include <catch2/catch.hpp>

#include "actor/world.hpp"
#include "actors/auth.hpp"
#include "chain/personal_message.hpp"

using namespace grid;
using namespace grid::test;
using namespace grid::messages;

namespace {

lease::GatewayIdentity gateway_of(const Chain& chain, const std::string& domain = "gateway.example.org") {
    return {domain, "https://" + domain, account(1), chain::kEmbeddedChainId, chain.contracts.market};
}

/// Keys of a gateway outlive its process.
struct Keys {
    Keys() : ring(lease::KeyRing::generate({1'700'000'000})) {}
    lease::KeyRing ring;
};

struct Node {
    Node(World& w, const Keys& keys)
        : world(w),
          sessions(std::make_shared<lease::SessionPublisher>(
              lease::SessionTokens(gateway_of(w.chain).id(), keys.ring))),
          auth(
              w.own(actors::auth(w.system(), w.clock(), w.disk.storage(), {gateway_of(w.chain)}, sessions))) {
        w.run();
    }
    Asked<Challenge> challenge(std::uint32_t user) {
        return world.ask<Challenge>(auth, challenge_atom_v, account(user));
    }
    Asked<Session> login(const LoginProof& proof) { return world.ask<Session>(auth, login_atom_v, proof); }
    Result<lease::Claims> check(const Session& session) const {
        return sessions->check(session.token, world.chain.time);
    }

    World& world;
    std::shared_ptr<lease::SessionPublisher> sessions;
    auth_actor auth;
};

LoginProof typed_proof(const Challenge& challenge, std::uint32_t user,
                       const lease::GatewayIdentity& gateway) {
    LoginProof proof;
    proof.form = LoginProof::Form::login;
    proof.user = account(user);
    proof.nonce = challenge.nonce;
    proof.issued_at = challenge.issued_at;
    proof.expires_at = challenge.expires_at;
    const auto digest =
        lease::login_digest(gateway, {proof.user, proof.nonce, proof.issued_at, proof.expires_at});
    proof.signature = key_of(user).sign(digest).rsv();
    return proof;
}

LoginProof siwe_proof(const Challenge& challenge, std::uint32_t user) {
    LoginProof proof;
    proof.form = LoginProof::Form::siwe;
    proof.message = challenge.siwe_message;
    proof.signature = key_of(user).sign(chain::personal_message_hash(proof.message)).rsv();
    return proof;
}

}  // namespace

TEST_CASE("a wallet logs in by typed data and by a signed message") {
    Disk disk;
    Chain chain;
    Keys keys;
    World world(disk, chain);
    Node node(world, keys);
    const auto typed = node.login(typed_proof(node.challenge(2).value(), 2, gateway_of(chain))).value();
    CHECK(typed.user == account(2));
    REQUIRE(node.check(typed));
    CHECK(node.check(typed)->user == account(2));
    const auto siwe = node.login(siwe_proof(node.challenge(3).value(), 3)).value();
    CHECK(siwe.user == account(3));
    CHECK(node.check(siwe));
}

TEST_CASE("a login cannot be replayed, not even at the next start of the node") {
    Disk disk;
    Chain chain;
    Keys keys;
    LoginProof proof;
    {
        World world(disk, chain);
        Node node(world, keys);
        proof = typed_proof(node.challenge(2).value(), 2, gateway_of(chain));
        CHECK(node.login(proof).code() == "no error");
        CHECK(node.login(proof).code() == "used_nonce");
    }
    World world(disk, chain);
    Node node(world, keys);
    CHECK(node.login(proof).code() == "used_nonce");
}

TEST_CASE("a challenge is given out only when its nonce is durable, and survives a restart") {
    Disk disk;
    Chain chain;
    Keys keys;
    Challenge challenge;
    {
        World world(disk, chain);
        Node node(world, keys);
        disk.held = true;
        auto asked = node.challenge(2);
        CHECK_FALSE(asked.answered());
        disk.held = false;
        disk.write();
        world.run();
        challenge = asked.value();
    }
    World world(disk, chain);
    Node node(world, keys);
    CHECK(node.login(typed_proof(challenge, 2, gateway_of(chain))).code() == "no error");
}

TEST_CASE("a login is answered only when its nonce is burned on disk") {
    Disk disk;
    Chain chain;
    Keys keys;
    World world(disk, chain);
    Node node(world, keys);
    const auto proof = typed_proof(node.challenge(2).value(), 2, gateway_of(chain));
    disk.held = true;
    auto asked = node.login(proof);
    CHECK_FALSE(asked.answered());
    disk.write();
    world.run();
    CHECK(node.check(asked.value()));
    CHECK(disk.rows("nonces").empty());
}

TEST_CASE("foreign, forged and late logins are refused and leave the nonce usable") {
    Disk disk;
    Chain chain;
    Keys keys;
    World world(disk, chain);
    Node node(world, keys);
    const auto challenge = node.challenge(2).value();
    CHECK(node.login(typed_proof(challenge, 2, gateway_of(chain, "other.example.org"))).code() ==
          "bad_signature");
    auto forged = typed_proof(challenge, 3, gateway_of(chain));
    forged.user = account(2);
    CHECK(node.login(forged).code() == "bad_signature");
    auto foreign = siwe_proof(challenge, 2);
    foreign.message.replace(0, 7, "phisher");
    foreign.signature = key_of(2).sign(chain::personal_message_hash(foreign.message)).rsv();
    CHECK(node.login(foreign).code() == "foreign_login");
    CHECK(node.login(typed_proof(challenge, 2, gateway_of(chain))).code() == "no error");

    const auto late = node.challenge(2).value();
    chain.time = late.expires_at;
    CHECK(node.login(typed_proof(late, 2, gateway_of(chain))).code() == "expired_login");
}

TEST_CASE("a logout ends every session of the user, also after a restart") {
    Disk disk;
    Chain chain;
    Keys keys;
    Session session;
    Session others;
    {
        World world(disk, chain);
        Node node(world, keys);
        session = node.login(typed_proof(node.challenge(2).value(), 2, gateway_of(chain))).value();
        others = node.login(typed_proof(node.challenge(3).value(), 3, gateway_of(chain))).value();
        disk.held = true;
        auto logout = world.ask<caf::unit_t>(node.auth, logout_atom_v, account(2));
        CHECK_FALSE(logout.answered());
        disk.held = false;
        disk.write();
        world.run();
        CHECK(logout.answered());
        CHECK(node.check(session).error().code == "revoked_token");
        CHECK(node.check(others));
        CHECK(node.check(node.login(typed_proof(node.challenge(2).value(), 2, gateway_of(chain))).value()));
    }
    World world(disk, chain);
    Node node(world, keys);
    CHECK(node.check(session).error().code == "revoked_token");
    CHECK(node.check(others));
}

TEST_CASE("a session for a lease ends with its order") {
    Disk disk;
    Chain chain;
    Keys keys;
    World world(disk, chain);
    Node node(world, keys);
    Hash lease_key;
    lease_key.bytes[5] = 9;
    const auto end = chain.time + chain::Seconds{100};
    const auto session = world.ask<Session>(node.auth, bind_atom_v, account(2), lease_key, end).value();
    CHECK(session.expires_at == end);
    CHECK(node.check(session)->lease_key == lease_key);
    node.sessions->end(lease_key);
    CHECK(node.check(session).error().code == "revoked_token");
    node.sessions->forget(lease_key);
    chain.time = end;
    CHECK(node.check(session).error().code == "expired_token");
    CHECK(world.ask<Session>(node.auth, bind_atom_v, account(2), lease_key, end).code() == "ended");
}
