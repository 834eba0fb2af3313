#include "web/json.hpp"

#include <catch2/catch.hpp>

#include "web/json_write.hpp"
#include "web/problem.hpp"

using namespace grid;
using namespace grid::web;

namespace {

/// Code and field of the refusal, like "missing_field app"; empty when there is none.
template <class Read>
std::string refusal_of(Read read) {
    try {
        read();
    } catch (const Refusal& refusal) {
        CHECK(refusal.problem().status == 400);
        const auto& field = refusal.problem().field;
        return refusal.problem().code + (field.empty() ? "" : " " + field);
    }
    return {};
}

chain::Amount amount(const char* decimal) {
    return chain::Amount::parse(decimal).value();
}

}  // namespace

TEST_CASE("text that is not one strict JSON object is refused") {
    const auto nested = [](unsigned depth) {
        return "{\"a\":" + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "}";
    };
    struct Row {
        const char* what;
        std::string text;
    };
    const Row rows[] = {
        {"empty", ""},
        {"array", "[]"},
        {"number", "1"},
        {"null", "null"},
        {"cut", "{\"a\":1"},
        {"trailing text", "{} {}"},
        {"trailing comma", "{\"a\":1,}"},
        {"comment", "{/* */}"},
        {"single quotes", "{'a':1}"},
        {"NaN", "{\"a\":NaN}"},
        {"a member twice", "{\"a\":1,\"a\":2}"},
        {"a member twice below", "{\"b\":[{\"a\":1,\"a\":2}]}"},
        {"bad UTF-8", "{\"a\":\"\xff\"}"},
        {"half a surrogate pair", "{\"a\":\"\\ud800\"}"},
        {"control character", std::string("{\"a\":\"\n\"}")},
        {"too deep", nested(kMaxJsonDepth + 1)},
        {"far too deep", std::string(1'000'000, '[')},
    };
    for (const auto& row : rows) {
        CAPTURE(row.what);
        CHECK(refusal_of([&] { JsonObject::parse(row.text); }) == "bad_json");
    }
    CHECK(refusal_of([&] { JsonObject::parse(nested(kMaxJsonDepth)); }).empty());
    CHECK(refusal_of([] { JsonObject::parse("{\"a\":\"[[[[[[[[[[[[[[[[[[[[[\\\"[\"}"); }).empty());
}

TEST_CASE("a field of the wrong type or out of range is named with its path") {
    const std::string text =
        R"({"text":"t","empty":"","number":7,"digits":"12","float":1.5,"minus":-1,"big":18446744073709551616,
        "flag":true,"none":null,"list":[1],"octal":"0755","object":{"cpu_milli":-1,"memory_mib":1},
        "prices":{"cpu_milli":1,"memory_mib":"1","storage_mib":"1"},
        "huge":{"cpu_milli":"79228162514264337593543950336","memory_mib":"1","storage_mib":"1"},
        "hex":"0x1","address":"0x00"})";
    auto json = JsonObject::parse(text);
    const auto refused = [&](auto read) { return refusal_of([&] { read(json); }); };
    CHECK(refused([](auto& j) { j.text("gone"); }) == "missing_field gone");
    CHECK(refused([](auto& j) { j.text("none"); }) == "missing_field none");
    CHECK(refused([](auto& j) { j.text("empty"); }) == "bad_field empty");
    CHECK(refused([](auto& j) { j.text("number"); }) == "bad_field number");
    CHECK(refused([](auto& j) { j.text("digits", 1); }) == "bad_field digits");
    for (const auto* name : {"text", "float", "minus", "big", "flag", "list", "octal", "object"}) {
        CAPTURE(name);
        CHECK(refused([&](auto& j) { j.integer(name); }) == std::string("bad_field ") + name);
    }
    CHECK(refused([](auto& j) { j.integer("number", 8); }) == "bad_field number");
    CHECK(refused([](auto& j) { j.integer("number", 0, 6); }) == "bad_field number");
    CHECK(refused([](auto& j) { j.flag_or("number", true); }) == "bad_field number");
    CHECK(refused([](auto& j) { j.object("list"); }) == "bad_field list");
    CHECK(refused([](auto& j) { j.resources("object"); }) == "bad_field object.cpu_milli");
    CHECK(refused([](auto& j) { j.prices("prices"); }) == "bad_field prices.cpu_milli");
    CHECK(refused([](auto& j) { j.prices("huge"); }) == "bad_field huge.cpu_milli");
    CHECK(refused([](auto& j) { j.bytes("hex", 65); }) == "bad_field hex");
    CHECK(refused([](auto& j) { j.address("address"); }) == "bad_field address");
    CHECK(refused([](auto& j) { j.hash("hex"); }) == "bad_field hex");
    CHECK(refused([](auto& j) { j.time("text"); }) == "bad_field text");
}

TEST_CASE("fields are read as they stand, ids also from strings") {
    auto json = JsonObject::parse(
        R"({"s":"ü","n":18446744073709551615,"d":"18446744073709551615","zero":"0","t":true,"x":null,
            "r":{"cpu_milli":500,"memory_mib":"256"},"when":"2026-11-20T12:00:00Z"})");
    CHECK(json.text("s") == "ü");
    CHECK(json.integer("n") == UINT64_MAX);
    CHECK(json.integer("d") == UINT64_MAX);
    CHECK(json.integer("zero") == 0);
    CHECK(json.integer_or("gone", 5) == 5);
    CHECK(json.flag_or("t", false));
    CHECK(json.flag_or("x", true));
    CHECK(json.resources("r") == chain::Resources{500, 256, 0, 0});
    CHECK(json.time("when").seconds == 1795176000);
    json.done();
}

TEST_CASE("a field that nobody asked for is refused") {
    auto json = JsonObject::parse(R"({"app":"web","imagee":"x"})");
    json.text("app");
    CHECK(refusal_of([&] { json.done(); }) == "unknown_field imagee");
    auto below = JsonObject::parse(R"({"r":{"cpu_milli":1,"memory_mib":1,"cpus":2}})");
    CHECK(refusal_of([&] { below.resources("r"); }) == "unknown_field r.cpus");
}

TEST_CASE("written text is valid JSON whatever the strings hold") {
    JsonText json;
    json.begin_object();
    json.text("quote\"", "a\\b\"c\n\x01\x7f");
    json.text("bad", "x\xffy\xc3z\xed\xa0\x80");
    json.text("good", "ü€😀");
    json.begin_array("list");
    json.text("a");
    json.text("b");
    json.end_array();
    json.begin_object("empty");
    json.end_object();
    json.null("none");
    json.number("n", UINT64_MAX);
    json.flag("f", false);
    json.end_object();
    const auto text = json.take();
    CHECK(text ==
          "{\"quote\\\"\":\"a\\\\b\\\"c\\u000a\\u0001\\u007f\",\"bad\":\"x\uFFFDy\uFFFDz\uFFFD\uFFFD\uFFFD\","
          "\"good\":\"ü€😀\",\"list\":[\"a\",\"b\"],\"empty\":{},\"none\":null,"
          "\"n\":18446744073709551615,\"f\":false}");
    CHECK(refusal_of([&] { JsonObject::parse(text); }).empty());
}

TEST_CASE("a provider's free text is an object only when it is a harmless one") {
    messages::ProviderRow row;
    row.provider.prices.cpu_milli = amount("79228162514264337593543950335");
    const auto written = [&](std::string attributes) {
        row.provider.attributes = std::move(attributes);
        const auto text = json_object(row);
        CHECK(refusal_of([&] { JsonObject::parse(text); }).empty());
        return text;
    };
    CHECK(written(R"({ "region" : "eu" })").find(R"("attributes":{"region":"eu"})") != std::string::npos);
    CHECK(written("plain \"text\"").find(R"("attributes":"plain \"text\"")") != std::string::npos);
    CHECK(written("{\"a\":1,\"a\":2}").find("\"attributes\":\"{") != std::string::npos);
    CHECK(written(std::string(100000, '[')).find("\"attributes\":\"[") != std::string::npos);
    CHECK(written("\xff\xfe").find("\"attributes\":\"") != std::string::npos);
    CHECK(written("").find(R"("cpu_milli":"79228162514264337593543950335")") != std::string::npos);
    CHECK(written("").find(R"("operator_key":null)") != std::string::npos);
}

TEST_CASE("an order says what it has earned now and what is left of the deposit") {
    chain::Order order;
    order.id = {9'007'199'254'740'993};  // above 2^53: a number would lose its last digit in a browser
    order.resources = {1000, 0, 0, 0};
    order.prices.cpu_milli = amount("3600");
    order.deposit = amount("360000");  // 3,600,000 an hour: 1000 a second for 360 s
    order.duration = {360};
    order.created_at = {1000};
    order.status = chain::OrderStatus::running;
    order.activated_at = {2000};
    order.settled_at = {2000};
    messages::OrderRow row;
    row.order = order;
    const auto text = json_object(row);
    CHECK(text.find(R"("id":"9007199254740993")") != std::string::npos);
    CHECK(text.find(R"("status":"running")") != std::string::npos);
    CHECK(text.find(R"("ends_at":"1970-01-01T00:39:20Z")") != std::string::npos);

    const auto cost = [&](std::uint64_t now) {
        JsonText json;
        json.begin_object();
        messages::Head head;
        head.number = 5;
        head.pending_time = {now};
        write_running_cost(json, order, head);
        json.end_object();
        return json.take();
    };
    CHECK(cost(2100).find(R"("earned":"100000","left":"260000")") != std::string::npos);
    CHECK(cost(2100).find(R"("served_s":100)") != std::string::npos);
    CHECK(cost(2100).find(R"("past_end":false)") != std::string::npos);
    CHECK(cost(99999).find(R"("earned":"360000","left":"0")") != std::string::npos);
    CHECK(cost(99999).find(R"("past_end":true)") != std::string::npos);
    // A head that is behind the projection does not turn time back.
    CHECK(cost(1).find(R"("earned":"0","left":"360000")") != std::string::npos);

    order.status = chain::OrderStatus::unactivated;
    order.activated_at = {};
    order.settled_at = {};
    row.order = order;
    CHECK(json_object(row).find(R"("ends_at":null)") != std::string::npos);
    CHECK(cost(3000).find(R"("earned":"0")") != std::string::npos);
}
