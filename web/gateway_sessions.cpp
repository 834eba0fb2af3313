#include "lease/session_cookie.hpp"
#include "web/gateway_state.hpp"
#include "web/session_lookup.hpp"

namespace grid::web {

using namespace messages;

namespace {

constexpr std::size_t kSignatureBytes = 65;
constexpr std::size_t kMaxSiweMessage = 4096;

Terms terms_of_query(Query& query) {
    Terms terms;
    for (const auto* name : {"cpu_milli", "memory_mib", "duration_s"}) {
        if (!query.has(name)) refuse_field(name, "the parameter is missing", "missing_field");
    }
    terms.resources.cpu_milli = query.integer_or("cpu_milli", 0);
    terms.resources.memory_mib = query.integer_or("memory_mib", 0);
    terms.resources.storage_mib = query.integer_or("storage_mib", 0);
    terms.resources.gpus = query.integer_or("gpus", 0);
    terms.duration.count = query.integer_or("duration_s", 0, 1, chain::kMaxDuration.count);
    terms.user = query.address("user").value_or(Address{});
    terms.replaces.value = query.integer_or("replaces", 0);
    const auto price = [&](const char* name) {
        const auto amount = query.amount(name);
        if (!amount) refuse_field(name, "prices are given all or not at all", "missing_field");
        if (amount->bit_length() > 96) refuse_field(name, "must be below 2^96 base units", "bad_query");
        return *amount;
    };
    if (query.has("price_cpu_milli")) {
        terms.prices.emplace();
        terms.prices->cpu_milli = price("price_cpu_milli");
        terms.prices->memory_mib = price("price_memory_mib");
        terms.prices->storage_mib = price("price_storage_mib");
        if (query.has("price_gpus")) terms.prices->gpus = price("price_gpus");
    }
    query.done();
    return terms;
}

LoginProof proof_of(JsonObject& body) {
    LoginProof proof;
    proof.user = body.address("address");
    proof.signature = body.bytes("signature", kSignatureBytes);
    if (proof.signature.size() != kSignatureBytes)
        refuse_field("signature",
                     "expected 65 bytes: r, s, v; came " + std::to_string(proof.signature.size()));
    if (body.has("message")) {
        proof.form = LoginProof::Form::siwe;
        proof.message = body.text("message", kMaxSiweMessage);
    } else {
        proof.form = LoginProof::Form::login;
        proof.nonce = body.text("nonce", 64);
        proof.issued_at = body.time("issued_at");
        proof.expires_at = body.time("expires_at");
    }
    body.done();
    return proof;
}

}  // namespace

Terms terms_of(JsonObject& body, const Address& user) {
    Terms terms;
    terms.user = user;
    terms.resources = body.resources("resources");
    if (body.has("prices")) terms.prices = body.prices("prices");
    terms.duration.count = body.integer("duration_s", 1, chain::kMaxDuration.count);
    terms.replaces.value = body.integer_or("replaces", 0);
    // The user is the one of the session; naming another one is a mistake that is told.
    if (body.has("user")) {
        const auto named = body.address("user");
        if (user.is_zero()) terms.user = named;
        if (!user.is_zero() && named != user) refuse_field("user", "is not the user of this session");
    }
    body.done();
    return terms;
}

Result<Visitor> GatewayApi::State::identify(const LocalRequest& request) const {
    return find_visitor(request.header("authorization"), request.header("cookie"), *sessions, now());
}

void GatewayApi::State::set_session_cookie(const LocalRequest& request, const Session& session,
                                           Headers& headers) const {
    const auto time = now();
    const chain::Seconds life{session.expires_at > time ? session.expires_at.seconds - time.seconds : 0};
    headers.emplace_back("Set-Cookie", lease::set_cookie(lease::session_cookie_name(session.user),
                                                         session.token, life, request.https));
}

Task<Estimate> GatewayApi::State::ask_estimate(const Terms& terms) {
    auto answer = co_await asker->ask<Estimate>(actors.quotes, ask_timeout, estim_atom_v, terms);
    co_return or_refuse(std::move(answer));
}

Task<ApiReply> GatewayApi::State::estimate(Call& call) {
    const auto terms = terms_of_query(call.query);
    const auto found = co_await ask_estimate(terms);
    co_return json_reply(json_object(found));
}

Task<ApiReply> GatewayApi::State::quote(Call& call) {
    auto body = JsonObject::parse(call.request.body);
    const auto terms = terms_of(body, call.visitor->claims.user);
    auto answer = co_await asker->ask<SignedQuote>(actors.quotes, ask_timeout, quote_atom_v, terms);
    co_return json_reply(json_object(or_refuse(std::move(answer))));
}

Task<ApiReply> GatewayApi::State::greet_estimate(Call& call) {
    const auto type = call.query.integer_or("type", 0, 0, 3);
    if (type != 0)
        refuse_field("type", "only type 0 changes nothing and may be asked by GET; use POST", "bad_query");
    co_return co_await estimate(call);
}

/// The numbered face of the same operations: 0 terms, 1 order, 2 identity, 3 deployment.
Task<ApiReply> GatewayApi::State::greet(Call& call) {
    auto body = JsonObject::parse(call.request.body);
    const auto type = body.integer("type", 0, 3);
    if (type == 1) {
        need_visitor(call, lease::Scope::account);
        const auto id = order_of(body);
        body.done();
        co_return co_await accept_order(call, id);
    }
    if (type == 2) co_return co_await login_with(call, body);
    if (type == 3) {
        need_visitor(call, lease::Scope::deploy);
        co_return co_await deploy_with(call, body);
    }
    const auto terms = terms_of(body, call.visitor ? call.visitor->claims.user : Address{});
    const auto found = co_await ask_estimate(terms);
    JsonText json;
    json.begin_object();
    write_members(json, found);
    if (call.visitor && call.visitor->claims.scopes.has(lease::Scope::account) && found.acceptable) {
        auto answer = co_await asker->ask<SignedQuote>(actors.quotes, ask_timeout, quote_atom_v, terms);
        const auto signed_quote = or_refuse(std::move(answer));
        json.begin_object("quote");
        write_members(json, signed_quote);
        json.end_object();
    }
    json.end_object();
    co_return json_reply(json.take());
}

Task<ApiReply> GatewayApi::State::challenge(Call& call) {
    auto body = JsonObject::parse(call.request.body);
    const auto address = body.address("address");
    body.done();
    auto answer = co_await asker->ask<Challenge>(actors.auth, ask_timeout, challenge_atom_v, address);
    co_return json_reply(json_object(or_refuse(std::move(answer))));
}

Task<ApiReply> GatewayApi::State::login(Call& call) {
    auto body = JsonObject::parse(call.request.body);
    co_return co_await login_with(call, body);
}

Task<ApiReply> GatewayApi::State::login_with(Call& call, JsonObject& body) {
    auto proof = proof_of(body);
    auto answer = co_await asker->ask<Session>(actors.auth, ask_timeout, login_atom_v, std::move(proof));
    const auto session = or_refuse(std::move(answer));
    auto reply = json_reply(json_object(session));
    set_session_cookie(call.request, session, reply.headers);
    co_return reply;
}

Task<ApiReply> GatewayApi::State::logout(Call& call) {
    const Address user = call.visitor->claims.user;
    auto answer = co_await asker->ask<caf::unit_t>(actors.auth, ask_timeout, logout_atom_v, user);
    or_refuse(std::move(answer));
    auto reply = no_content();
    reply.headers.emplace_back("Set-Cookie",
                               lease::clear_cookie(lease::session_cookie_name(user), call.request.https));
    co_return reply;
}

Task<ApiReply> GatewayApi::State::who_am_i(Call& call) {
    const auto claims = call.visitor->claims;
    if (!claims.lease_key.is_zero()) co_await lease_of(call, std::nullopt);  // 401 when it has ended
    JsonText json;
    json.begin_object();
    write_address(json, "user", claims.user);
    write_optional_hash(json, "lease_key", claims.lease_key);
    write_time(json, "expires_at", claims.expires_at);
    json.begin_array("scopes");
    for (unsigned bit = 0; bit < 10; ++bit) {
        const auto scope = static_cast<lease::Scope>(1u << bit);
        if (claims.scopes.has(scope)) json.text(name_of(scope));
    }
    json.end_array();
    json.end_object();
    co_return json_reply(json.take());
}

}  // namespace grid::web
