#include "web/json_write.hpp"

#include <algorithm>

#include "chain/settlement.hpp"
#include "lease/rfc3339.hpp"
#include "web/json.hpp"

namespace grid::web {

namespace {

/// Length of the well-formed UTF-8 sequence at the start of `text`; 0 when there is none (Unicode, table
/// 3-7).
std::size_t utf8_length(std::string_view text) noexcept {
    const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const auto follows = [&](std::size_t i, unsigned low = 0x80, unsigned high = 0xBF) {
        return i < text.size() && at(i) >= low && at(i) <= high;
    };
    const unsigned lead = at(0);
    if (lead < 0x80) return 1;
    if (lead >= 0xC2 && lead <= 0xDF) return follows(1) ? 2 : 0;
    if (lead >= 0xE0 && lead <= 0xEF) {
        const unsigned low = lead == 0xE0 ? 0xA0 : 0x80;
        const unsigned high = lead == 0xED ? 0x9F : 0xBF;
        return follows(1, low, high) && follows(2) ? 3 : 0;
    }
    if (lead >= 0xF0 && lead <= 0xF4) {
        const unsigned low = lead == 0xF0 ? 0x90 : 0x80;
        const unsigned high = lead == 0xF4 ? 0x8F : 0xBF;
        return follows(1, low, high) && follows(2) && follows(3) ? 4 : 0;
    }
    return 0;
}

constexpr std::uint64_t kLastWritableSecond = 253402300799;  // 9999-12-31T23:59:59Z

}  // namespace

void JsonText::separate() {
    if (!first_) out_ += ',';
    first_ = false;
}

void JsonText::quoted(std::string_view value) {
    static constexpr char kDigits[] = "0123456789abcdef";
    out_ += '"';
    while (!value.empty()) {
        const auto c = static_cast<unsigned char>(value.front());
        if (c == '"' || c == '\\') {
            out_ += '\\';
            out_ += static_cast<char>(c);
        } else if (c < 0x20 || c == 0x7F) {
            out_ += "\\u00";
            out_ += kDigits[c >> 4];
            out_ += kDigits[c & 15];
        } else if (const auto length = utf8_length(value); length == 0) {
            out_ += "\xEF\xBF\xBD";
        } else {
            out_ += value.substr(0, length);
            value.remove_prefix(length - 1);
        }
        value.remove_prefix(1);
    }
    out_ += '"';
}

void JsonText::key(std::string_view name) {
    separate();
    quoted(name);
    out_ += ':';
}

void JsonText::begin_object() {
    separate();
    out_ += '{';
    first_ = true;
}
void JsonText::begin_object(std::string_view name) {
    key(name);
    out_ += '{';
    first_ = true;
}
void JsonText::end_object() {
    out_ += '}';
    first_ = false;
}
void JsonText::begin_array() {
    separate();
    out_ += '[';
    first_ = true;
}
void JsonText::begin_array(std::string_view name) {
    key(name);
    out_ += '[';
    first_ = true;
}
void JsonText::end_array() {
    out_ += ']';
    first_ = false;
}
void JsonText::text(std::string_view name, std::string_view value) {
    key(name);
    quoted(value);
}
void JsonText::text(std::string_view value) {
    separate();
    quoted(value);
}
void JsonText::integer(std::string_view name, std::uint64_t value) {
    key(name);
    out_ += std::to_string(value);
}
void JsonText::flag(std::string_view name, bool value) {
    key(name);
    out_ += value ? "true" : "false";
}
void JsonText::null(std::string_view name) {
    key(name);
    out_ += "null";
}
void JsonText::raw(std::string_view name, std::string_view json) {
    key(name);
    out_ += json;
}
std::string JsonText::take() {
    first_ = true;
    return std::exchange(out_, {});
}

void write_address(JsonText& json, std::string_view name, const chain::Address& address) {
    json.text(name, address.checksummed());
}
void write_optional_address(JsonText& json, std::string_view name, const chain::Address& address) {
    address.is_zero() ? json.null(name) : write_address(json, name, address);
}
void write_amount(JsonText& json, std::string_view name, const chain::Amount& amount) {
    json.text(name, amount.decimal());
}
void write_time(JsonText& json, std::string_view name, chain::Timestamp time) {
    json.text(name, lease::format_rfc3339({std::min(time.seconds, kLastWritableSecond)}));
}
void write_optional_time(JsonText& json, std::string_view name, chain::Timestamp time) {
    time.seconds == 0 ? json.null(name) : write_time(json, name, time);
}
void write_hash(JsonText& json, std::string_view name, const chain::Hash& hash) {
    json.text(name, hash.hex());
}
void write_optional_hash(JsonText& json, std::string_view name, const chain::Hash& hash) {
    hash.is_zero() ? json.null(name) : write_hash(json, name, hash);
}

void write_resources(JsonText& json, std::string_view name, const chain::Resources& resources) {
    json.begin_object(name);
    json.number("cpu_milli", resources.cpu_milli);
    json.number("memory_mib", resources.memory_mib);
    json.number("storage_mib", resources.storage_mib);
    json.number("gpus", resources.gpus);
    json.end_object();
}

void write_prices(JsonText& json, std::string_view name, const chain::Prices& prices) {
    json.begin_object(name);
    write_amount(json, "cpu_milli", prices.cpu_milli);
    write_amount(json, "memory_mib", prices.memory_mib);
    write_amount(json, "storage_mib", prices.storage_mib);
    write_amount(json, "gpus", prices.gpus);
    json.end_object();
}

void write_members(JsonText& json, const messages::ProviderRow& row) {
    const auto& provider = row.provider;
    write_address(json, "address", provider.address);
    json.text("host", provider.host);
    json.number("port", provider.port);
    json.text("status", name_of(provider.status));
    write_prices(json, "prices", provider.prices);
    write_prices(json, "minimum_prices", provider.minimum_prices);
    write_resources(json, "total", provider.total);
    write_resources(json, "available", provider.available);
    // Free text of a stranger: an object when it is one, else the text as it stands on the chain.
    if (const auto object = canonical_json_object(provider.attributes)) {
        json.raw("attributes", *object);
    } else {
        json.text("attributes", provider.attributes);
    }
    json.number("probation_s", provider.probation.count);
    write_amount(json, "probation_pledge", provider.probation_pledge);
    json.flag("renewable", provider.renewable);
    json.flag("accepts_offers", provider.accepts_offers);
    write_optional_address(json, "operator_key", provider.operator_key);
    json.number("registered_height", row.registered_height);
    json.number("revised_height", row.revised_height);
}

/// An end that is not known yet is null.
void write_end(JsonText& json, std::string_view name, chain::Timestamp time) {
    write_optional_time(json, name, time == chain::settlement::kUnknownEnd ? chain::Timestamp{} : time);
}

void write_members(JsonText& json, const messages::OrderRow& row) {
    const auto& order = row.order;
    json.text("id", std::to_string(order.id.value));
    write_address(json, "user", order.user);
    write_address(json, "provider", order.provider);
    json.text("status", chain::name_of(order.status));
    write_hash(json, "lease_key", row.lease_key);
    write_resources(json, "resources", order.resources);
    write_prices(json, "prices", order.prices);
    write_amount(json, "hourly_rate", chain::hourly_rate(order.resources, order.prices));
    write_amount(json, "deposit", order.deposit);
    write_amount(json, "accrued", order.accrued);
    write_amount(json, "paid_provider", order.paid_provider);
    write_amount(json, "paid_user", order.paid_user);
    write_amount(json, "paid_fee", order.paid_fee);
    json.number("fee_bp", order.fee_bp);
    write_amount(json, "profit", order.profit);
    write_amount(json, "profit_minted", order.profit_minted);
    json.number("profit_bp", order.profit_bp);
    json.flag("user_check", order.user_check);
    json.flag("provider_check", order.provider_check);
    json.flag("renewable", order.renewable);
    json.flag("unserved_reported", order.unserved_reported);
    json.flag("was_suspended", order.was_suspended);
    json.text("replaces", std::to_string(order.replaces.value));
    write_time(json, "created_at", order.created_at);
    write_optional_time(json, "activation_deadline", order.activation_deadline);
    write_optional_time(json, "activated_at", order.activated_at);
    json.number("activate_height", order.activate_height);
    json.number("probation_s", order.probation.count);
    json.number("duration_s", order.duration.count);
    // Until the order is activated its times are not known, nor while a suspension begun in probation is
    // open.
    const bool activated = order.activated_at.seconds != 0;
    const bool known = activated && chain::settlement::announced_end(order) != chain::settlement::kUnknownEnd;
    write_optional_time(json, "starts_at", known ? order.starts_at() : chain::Timestamp{});
    write_optional_time(json, "ends_at", known ? order.ends_at() : chain::Timestamp{});
    json.number("suspended_s", order.suspended.count);
    write_optional_time(json, "suspended_since", order.suspended_since);
    write_optional_time(json, "settled_at", order.settled_at);
    json.number("settle_height", order.settle_height);
    json.number("created_height", row.created_height);
    write_hash(json, "created_block", row.created_block);
    write_hash(json, "created_transaction", row.created_transaction);
}

void write_running_cost(JsonText& json, const chain::Order& order, const messages::Head& head) {
    // The projection may be ahead of the head that was asked a moment before: time never runs backwards.
    const chain::Timestamp now = std::max(
        {head.pending_time, order.settled_at, order.activated_at, order.suspended_since, order.created_at});
    const bool running = order.status == chain::OrderStatus::running;
    json.begin_object("now");
    write_time(json, "time", now);
    json.number("height", head.number);
    const auto earned = chain::settlement::earned_at(order, now);
    write_amount(json, "earned", earned);
    write_amount(json, "left", earned < order.deposit ? order.deposit - earned : chain::Amount{});
    write_amount(json, "claimable_by_provider", chain::settlement::claimable_by_provider(order));
    write_amount(json, "claimable_by_user", chain::settlement::claimable_by_user(order));
    json.number("served_s", running ? chain::settlement::served_at(order, now).count : 0u);
    write_end(json, "ends_at", running ? chain::settlement::announced_end(order) : chain::Timestamp{});
    json.flag("past_end", running && chain::settlement::past_end(order, now));
    json.end_object();
}

void write_members(JsonText& json, const messages::Estimate& estimate) {
    json.flag("acceptable", estimate.acceptable);
    estimate.acceptable ? json.null("reason") : json.text("reason", estimate.reason);
    write_prices(json, "prices", estimate.prices);
    write_amount(json, "hourly_rate", estimate.hourly_rate);
    write_amount(json, "deposit", estimate.deposit);
    json.number("probation_s", estimate.probation.count);
}

void write_members(JsonText& json, const messages::SignedQuote& signed_quote) {
    const auto& quote = signed_quote.quote;
    write_address(json, "provider", quote.provider);
    write_address(json, "user", quote.user);
    write_resources(json, "resources", quote.resources);
    write_prices(json, "prices", quote.prices);
    json.number("duration_s", quote.duration.count);
    json.number("probation_s", quote.probation.count);
    json.flag("renewable", quote.renewable);
    write_time(json, "valid_until", quote.valid_until);
    json.text("replaces", std::to_string(quote.replaces.value));
    json.text("epoch", std::to_string(quote.epoch));
    write_hash(json, "salt", quote.salt);
    json.text("signature", chain::to_hex(signed_quote.signature));
    write_amount(json, "deposit", signed_quote.deposit);
}

void write_members(JsonText& json, const messages::Challenge& challenge) {
    json.text("nonce", challenge.nonce);
    write_time(json, "issued_at", challenge.issued_at);
    write_time(json, "expires_at", challenge.expires_at);
    json.text("siwe_message", challenge.siwe_message);
    // A string of JSON, as eth_signTypedData_v4 takes it.
    json.text("login_typed_data", challenge.login_typed_data);
}

void write_members(JsonText& json, const messages::Session& session) {
    json.text("token", session.token);
    write_address(json, "user", session.user);
    write_optional_hash(json, "lease_key", session.lease_key);
    write_time(json, "expires_at", session.expires_at);
}

void write_members(JsonText& json, const messages::AppInfo& app) {
    json.text("name", app.name);
    json.text("state", name_of(app.state));
    app.reason.empty() ? json.null("reason") : json.text("reason", app.reason);
    json.text("url", app.url);
    json.text("path_url", app.path_url);
    json.flag("public", app.is_public);
    write_optional_time(json, "deployed_at", app.deployed_at);
    write_optional_hash(json, "manifest_hash", app.manifest_hash);
}

void write_members(JsonText& json, const messages::LeaseInfo& lease) {
    write_hash(json, "lease_key", lease.lease_key);
    json.text("order", std::to_string(lease.order.value));
    write_address(json, "user", lease.user);
    json.text("state", name_of(lease.state));
    write_resources(json, "resources", lease.resources);
    write_end(json, "ends_at", lease.ends_at);
    write_optional_time(json, "suspended_since", lease.suspended_since);
    json.begin_array("apps");
    for (const auto& app : lease.apps) {
        json.begin_object();
        write_members(json, app);
        json.end_object();
    }
    json.end_array();
}

void write_members(JsonText& json, const messages::AppDetail& detail) {
    write_members(json, detail.app);
    json.number("revision", detail.revision);
    json.begin_array("workloads");
    for (const auto& workload : detail.workloads) {
        json.begin_object();
        json.text("name", workload.name);
        json.number("replicas", workload.replicas);
        json.end_object();
    }
    json.end_array();
    json.begin_array("pods");
    for (const auto& pod : detail.pods) {
        json.begin_object();
        json.text("name", pod.name);
        json.text("workload", pod.workload);
        json.flag("ready", pod.ready);
        json.number("restarts", pod.restarts);
        json.text("reason", pod.reason);
        json.text("image", pod.image);
        write_optional_time(json, "started_at", pod.started);
        json.end_object();
    }
    json.end_array();
}

void write_members(JsonText& json, const messages::AppEvent& event) {
    write_time(json, "time", event.time);
    json.text("kind", event.kind == messages::AppEvent::Kind::warning ? "warning" : "normal");
    json.text("object", event.object);
    json.text("reason", event.reason);
    json.text("message", event.message);
    json.number("count", event.count);
}

std::string_view name_of(messages::LeaseState state) noexcept {
    switch (state) {
        case messages::LeaseState::verifying:
            return "verifying";
        case messages::LeaseState::authorised:
            return "authorised";
        case messages::LeaseState::deploying:
            return "deploying";
        case messages::LeaseState::ready:
            return "ready";
        case messages::LeaseState::degraded:
            return "degraded";
        case messages::LeaseState::ending:
            return "ending";
        case messages::LeaseState::gone:
            return "gone";
    }
    return "unknown";
}

std::string_view name_of(messages::AppState state) noexcept {
    switch (state) {
        case messages::AppState::deploying:
            return "deploying";
        case messages::AppState::starting:
            return "starting";
        case messages::AppState::ready:
            return "ready";
        case messages::AppState::failed:
            return "failed";
        case messages::AppState::unknown:
            return "unknown";
        case messages::AppState::removed:
            return "removed";
        case messages::AppState::stopped:
            return "stopped";
    }
    return "unknown";
}

std::string_view name_of(chain::ProviderStatus status) noexcept {
    switch (status) {
        case chain::ProviderStatus::none:
            return "none";
        case chain::ProviderStatus::active:
            return "active";
        case chain::ProviderStatus::deregistered:
            return "deregistered";
    }
    return "unknown";
}

}  // namespace grid::web
