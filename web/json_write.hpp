#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "messages/data.hpp"

namespace grid::web {

/// Writes JSON text member by member. Strings that are not valid UTF-8 are mended with U+FFFD, so the text is
/// always valid JSON. A member's name comes first; inside arrays the forms without a name are used.
class JsonText {
public:
    void begin_object();
    void begin_object(std::string_view name);
    void end_object();
    void begin_array(std::string_view name);
    void begin_array();
    void end_array();

    void text(std::string_view name, std::string_view value);
    void text(std::string_view value);
    template <std::unsigned_integral T>
    void number(std::string_view name, T value) {
        integer(name, value);
    }
    void flag(std::string_view name, bool value);
    void null(std::string_view name);
    /// JSON text that is known to be right.
    void raw(std::string_view name, std::string_view json);

    /// The text so far; the writer is empty afterwards.
    std::string take();

private:
    void integer(std::string_view name, std::uint64_t value);
    void separate();
    void key(std::string_view name);
    void quoted(std::string_view value);

    std::string out_;
    bool first_ = true;
};

/// How our data looks in the API: amounts and ids as decimal strings, times as RFC 3339, addresses with their
/// EIP-55 checksum, hashes in hexadecimal, lengths of time in whole seconds as numbers (`..._s`).
void write_address(JsonText& json, std::string_view name, const chain::Address& address);
/// null for the zero address.
void write_optional_address(JsonText& json, std::string_view name, const chain::Address& address);
void write_amount(JsonText& json, std::string_view name, const chain::Amount& amount);
void write_time(JsonText& json, std::string_view name, chain::Timestamp time);
/// null for 0.
void write_optional_time(JsonText& json, std::string_view name, chain::Timestamp time);
void write_hash(JsonText& json, std::string_view name, const chain::Hash& hash);
void write_optional_hash(JsonText& json, std::string_view name, const chain::Hash& hash);
void write_resources(JsonText& json, std::string_view name, const chain::Resources& resources);
void write_prices(JsonText& json, std::string_view name, const chain::Prices& prices);

/// Members of the object that stands open.
void write_members(JsonText& json, const messages::ProviderRow& row);
void write_members(JsonText& json, const messages::OrderRow& row);
void write_members(JsonText& json, const messages::Estimate& estimate);
void write_members(JsonText& json, const messages::SignedQuote& quote);
void write_members(JsonText& json, const messages::Challenge& challenge);
void write_members(JsonText& json, const messages::Session& session);
void write_members(JsonText& json, const messages::AppInfo& app);
void write_members(JsonText& json, const messages::LeaseInfo& lease);
void write_members(JsonText& json, const messages::AppDetail& detail);
void write_members(JsonText& json, const messages::AppEvent& event);
/// What a running order costs at `now` (member "now" of an order's detail).
void write_running_cost(JsonText& json, const chain::Order& order, const messages::Head& head);

template <class T>
std::string json_object(const T& value) {
    JsonText json;
    json.begin_object();
    write_members(json, value);
    json.end_object();
    return json.take();
}

/// {"<name>": [...], "next_cursor": "..." or null}.
template <class Row>
std::string json_page(std::string_view name, const std::vector<Row>& rows, std::string_view next_cursor) {
    JsonText json;
    json.begin_object();
    json.begin_array(name);
    for (const auto& row : rows) {
        json.begin_object();
        write_members(json, row);
        json.end_object();
    }
    json.end_array();
    if (next_cursor.empty()) {
        json.null("next_cursor");
    } else {
        json.text("next_cursor", next_cursor);
    }
    json.end_object();
    return json.take();
}

std::string_view name_of(messages::LeaseState state) noexcept;
std::string_view name_of(messages::AppState state) noexcept;
std::string_view name_of(chain::ProviderStatus status) noexcept;

}  // namespace grid::web
