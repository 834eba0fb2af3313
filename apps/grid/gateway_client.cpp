#include "apps/grid/gateway_client.hpp"

#include <cstdio>

#include "apps/grid/failure.hpp"
#include "chain/typed_data.hpp"
#include "lease/rfc3339.hpp"

namespace grid::cli {

using namespace chain;

namespace {

// Deployments pull images and wait until the application serves.
constexpr auto kDeployTimeout = std::chrono::minutes(10);

Amount amount_of(const rapidjson::Value& object, const char* member) {
    return need(Amount::parse(text_of(object, member)));
}

Prices prices_of(const rapidjson::Value& v) {
    return {amount_of(v, "cpu_milli"), amount_of(v, "memory_mib"), amount_of(v, "storage_mib"),
            amount_of(v, "gpus")};
}

DeployedApp app_of(const rapidjson::Value& v) {
    return {text_of(v, "name"), text_of(v, "state"), text_or_empty(v, "reason"), text_of(v, "url"),
            text_of(v, "path_url")};
}

std::string json_of(const Resources& r) {
    return "{\"cpu_milli\":" + std::to_string(r.cpu_milli) +
           ",\"memory_mib\":" + std::to_string(r.memory_mib) +
           ",\"storage_mib\":" + std::to_string(r.storage_mib) + ",\"gpus\":" + std::to_string(r.gpus) + "}";
}

}  // namespace

GatewayClient::GatewayClient(const std::string& url, ChainClient chain, GatewayUser user,
                             const Address& provider, OrderId order)
    : endpoint_(url), chain_(std::move(chain)), user_(std::move(user)), provider_(provider), order_(order) {}

void GatewayClient::begin() {
    if (auto token = user_.sessions.find(name())) {
        token_ = std::move(*token);
        kept_ = true;
        return;
    }
    log_in();
    if (order_.value != 0) accept(order_);
}

void GatewayClient::take(const rapidjson::Value& session) {
    token_ = text_of(session, "token");
    kept_ = false;
    user_.sessions.keep(name(), token_, need(lease::parse_rfc3339(text_of(session, "expires_at"))));
}

/// Signs only what it understands: a Login of ours to this provider on this chain and market.
void GatewayClient::log_in() {
    token_.clear();
    kept_ = false;
    const auto user = user_.address.checksummed();
    const auto challenge =
        checked(send("POST", "/v1/session/challenge", "{\"address\":" + json_text(user) + "}"));
    const auto typed_text = text_of(challenge, "login_typed_data");
    const auto typed = parse_json(typed_text, endpoint_.url());
    if (!typed.IsObject() || !typed.HasMember("message") || !typed.HasMember("domain"))
        throw Failure("bad_answer", endpoint_.url() + " asks to sign something that is no login");
    const auto& message = typed["message"];
    const auto& domain = typed["domain"];
    if (text_of(typed, "primaryType") != "Login" ||
        need(Address::parse(text_of(message, "user"))) != user_.address ||
        need(Address::parse(text_of(message, "provider"))) != provider_ ||
        need(Address::parse(text_of(domain, "verifyingContract"))) != chain_.contracts().market ||
        number_of(domain, "chainId") != chain_.chain_id())
        throw Failure("foreign_login", endpoint_.url() + " is not the gateway of " + provider_.checksummed() +
                                           " on this chain; nothing was signed");
    const auto signature = user_.key().sign(need(eip712::digest_of_json(typed_text)));
    const auto session = checked(send("POST", "/v1/session",
                                      "{\"address\":" + json_text(user) +
                                          ",\"nonce\":" + json_text(text_of(challenge, "nonce")) +
                                          ",\"issued_at\":" + json_text(text_of(challenge, "issued_at")) +
                                          ",\"expires_at\":" + json_text(text_of(challenge, "expires_at")) +
                                          ",\"signature\":" + json_text(to_hex(signature.rsv())) + "}"));
    // On the way to a lease's session this one is not kept: the file is the lease's.
    if (order_.value == 0)
        take(session);
    else
        token_ = text_of(session, "token");
}

rapidjson::Document GatewayClient::checked(const runtime::HttpResponse& answer) const {
    if (answer.status == 204 || (answer.status < 300 && answer.body.empty())) return {};
    auto document = parse_json(answer.body, endpoint_.url());
    if (answer.status >= 300) {
        auto code = text_or_empty(document, "code");
        auto detail = text_or_empty(document, "detail");
        if (const auto field = text_or_empty(document, "field"); !field.empty())
            detail = field + ": " + detail;
        if (code.empty()) code = "gateway";
        if (detail.empty()) detail = endpoint_.url() + " answered " + std::to_string(answer.status);
        throw Failure(code, detail);
    }
    return document;
}

runtime::HttpResponse GatewayClient::send(const std::string& method, const std::string& path,
                                          const std::string& body) const {
    runtime::HttpHeaders headers;
    if (!body.empty()) headers.emplace_back("Content-Type", "application/json");
    if (!token_.empty()) headers.emplace_back("Authorization", "Bearer " + token_);
    return endpoint_.request(method, path, std::move(headers), body, kDeployTimeout);
}

template <class Send>
runtime::HttpResponse GatewayClient::with_session(const Send& send_it) {
    if (token_.empty()) begin();
    auto answer = send_it();
    // What was refused for its session was not done.
    if (answer.status != 401 || !kept_) return answer;
    user_.sessions.drop(name());
    begin();
    return send_it();
}

rapidjson::Document GatewayClient::ask(const std::string& method, const std::string& path,
                                       const std::string& body) {
    return checked(with_session([&] { return send(method, path, body); }));
}

const std::string& GatewayClient::good_token() {
    if (token_.empty()) begin();
    if (kept_) ask("GET", "/v1/session");
    return token_;
}

GatewayClient::QuotedTerms GatewayClient::quote(const Resources& resources, Seconds duration,
                                                OrderId replaces) {
    const auto q =
        ask("POST", "/v1/quotes",
            "{\"resources\":" + json_of(resources) + ",\"duration_s\":" + std::to_string(duration.count) +
                ",\"replaces\":" + std::to_string(replaces.value) + "}");
    QuotedTerms terms;
    terms.quote.provider = need(Address::parse(text_of(q, "provider")));
    terms.quote.user = need(Address::parse(text_of(q, "user")));
    terms.quote.resources = resources;
    terms.quote.prices = prices_of(q["prices"]);
    terms.quote.duration = duration;
    terms.quote.probation = {number_of(q, "probation_s")};
    terms.quote.valid_until = need(lease::parse_rfc3339(text_of(q, "valid_until")));
    terms.quote.renewable = q.HasMember("renewable") && q["renewable"].IsTrue();
    terms.quote.replaces = {number_of(q, "replaces")};
    terms.quote.epoch = number_of(q, "epoch");
    terms.quote.salt = need(Hash::parse(text_of(q, "salt")));
    terms.signature = need(from_hex(text_of(q, "signature")));
    // What will be paid is computed here, not believed.
    terms.deposit = deposit_for(hourly_rate(resources, terms.quote.prices), duration);
    return terms;
}

std::string GatewayClient::accept(OrderId order) {
    const auto answer = ask("POST", "/v1/orders/" + std::to_string(order.value) + "/accept");
    order_ = order;
    take(answer["session"]);
    return text_of(answer, "lease_key");
}

DeployedApp GatewayClient::deploy(const AppDeployment& d) {
    std::string body = "{\"public\":" + std::string(d.is_public ? "true" : "false");
    if (!d.app.empty()) body += ",\"app\":" + json_text(d.app);
    if (!d.manifest.empty()) body += ",\"manifest\":" + json_text(d.manifest);
    if (!d.url.empty()) body += ",\"url\":" + json_text(d.url);
    if (!d.sha256.empty()) body += ",\"sha256\":" + json_text(d.sha256);
    return app_of(ask("POST", "/v1/apps", body + "}"));
}

std::vector<DeployedApp> GatewayClient::apps() {
    const auto answer = ask("GET", "/v1/apps");
    std::vector<DeployedApp> apps;
    for (const auto& app : answer["apps"].GetArray()) apps.push_back(app_of(app));
    return apps;
}

void GatewayClient::remove(const std::string& app) {
    ask("DELETE", "/v1/apps/" + runtime::percent_encode(app));
}

std::string GatewayClient::open(const std::string& app) {
    return text_of(ask("POST", "/v1/apps/" + runtime::percent_encode(app) + "/open"), "url");
}

DeployedApp GatewayClient::change(const std::string& app, const std::string& verb, const std::string& body) {
    return app_of(ask("POST", "/v1/apps/" + runtime::percent_encode(app) + "/" + verb, body));
}

rapidjson::Document GatewayClient::look(const std::string& app, const std::string& what) {
    return ask("GET", "/v1/apps/" + runtime::percent_encode(app) + "/" + what);
}

void GatewayClient::logs(const std::string& app, const LogOptions& o) {
    auto path = "/v1/apps/" + runtime::percent_encode(app) + "/logs?tail=" + std::to_string(o.tail);
    if (o.follow) path += "&follow=true";
    if (o.previous) path += "&previous=true";
    if (!o.workload.empty()) path += "&workload=" + runtime::percent_encode(o.workload);
    if (o.ended.value != 0) path += "&order=" + std::to_string(o.ended.value);
    const auto print = [](std::string_view piece) {
        std::fwrite(piece.data(), 1, piece.size(), stdout);
        std::fflush(stdout);
        return true;
    };
    checked(with_session([&] {
        return endpoint_.stream(path, {{"Authorization", "Bearer " + token_}}, print);
    }));
}

}  // namespace grid::cli
