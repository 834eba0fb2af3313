#include "chain/interface.hpp"

#include <catch2/catch.hpp>

#include "chain/keccak.hpp"
#include "unit/chain/vectors.hpp"

using namespace grid::chain;
using namespace grid::chain::test;

namespace {

constexpr const char* kToken = R"([
  {"type":"constructor","inputs":[]},
  {"type":"function","name":"transfer","inputs":[{"name":"to","type":"address"},{"name":"value","type":"uint256"}],
   "outputs":[{"name":"","type":"bool"}],"stateMutability":"nonpayable"},
  {"type":"function","name":"twice","inputs":[],"outputs":[]},
  {"type":"function","name":"twice","inputs":[{"name":"n","type":"uint8"}],"outputs":[]},
  {"type":"error","name":"StaleOrder","inputs":[{"name":"id","type":"uint256"}]},
  {"type":"event","name":"Silent","anonymous":true,"inputs":[]},
  {"type":"event","name":"Transfer","anonymous":false,"inputs":[{"name":"from","type":"address","indexed":true},
   {"name":"to","type":"address","indexed":true},{"name":"value","type":"uint256","indexed":false}]}])";

abi::Interface token() {
    return abi::Interface::parse(kToken).value();
}

}  // namespace

TEST_CASE("JSON ABI: the selectors of ethersproject/contract-signatures.json") {
    const auto cases = load_vectors("contract-signatures");
    for (const auto& c : cases.GetArray()) {
        INFO(c["name"].GetString());
        const auto interface = abi::Interface::parse(text_of(c["abi"]));
        REQUIRE(interface);
        const auto* function = interface->function("testSig");
        REQUIRE(function != nullptr);
        CHECK(function->signature() == text_of(c["signature"]));
        CHECK(to_hex(function->selector()) == text_of(c["sigHash"]));
        CHECK(interface->function(function->selector()) == function);
        CHECK(interface->function(function->signature()) == function);
    }
}

TEST_CASE("JSON ABI: the logs of ethersproject/contract-events.json") {
    const auto cases = load_vectors("contract-events");
    std::size_t hashed = 0;
    for (const auto& c : cases.GetArray()) {
        INFO(c["name"].GetString());
        const auto interface = abi::Interface::parse(text_of(c["interface"]));
        REQUIRE(interface);
        std::vector<Hash> topics;
        for (const auto& topic : c["topics"].GetArray())
            topics.push_back(Hash::parse(text_of(topic)).value());
        const auto* event = interface->event(topics.at(0));
        REQUIRE(event != nullptr);
        CHECK(event->name == "testEvent");
        const Bytes data = unhex(text_of(c["data"]));
        const auto log = abi::decode_log(*event, topics, data);
        INFO((log ? std::string() : log.error().message));
        REQUIRE(log);

        // What was not indexed encodes to the data again, what was is in its topic.
        std::vector<abi::Type> types;
        std::vector<abi::Value> values;
        std::size_t topic = 1;
        for (std::size_t i = 0; i < event->inputs.size(); ++i) {
            if (event->inputs[i].indexed) {
                CHECK(log->value.items[i].word == topics[topic++]);
                hashed += log->type.parts[i] == event->inputs[i].type ? 0 : 1;
            } else {
                types.push_back(event->inputs[i].type);
                values.push_back(log->value.items[i]);
            }
        }
        CHECK(abi::encode(types, values).value() == data);
    }
    CHECK(hashed > 10);
}

TEST_CASE("JSON ABI: declarations are found by what identifies them") {
    const auto interface = token();
    CHECK(interface.declarations().size() == 5);
    CHECK(interface.function("transfer")->outputs.size() == 1);
    CHECK(interface.function("transfer(address,uint256)") == interface.function("transfer"));
    CHECK(interface.function("twice") == nullptr);
    CHECK(interface.function("twice(uint8)")->inputs.size() == 1);
    CHECK(interface.function("Transfer") == nullptr);
    CHECK(interface.error(abi::selector("StaleOrder(uint256)"))->name == "StaleOrder");
    CHECK(interface.error(abi::selector("transfer(address,uint256)")) == nullptr);
    CHECK(interface.function(abi::selector("StaleOrder(uint256)")) == nullptr);
    CHECK(interface.event(keccak256("Transfer(address,address,uint256)"))->name == "Transfer");
    CHECK(interface.event(keccak256("Silent()")) == nullptr);
}

TEST_CASE("JSON ABI: calls, errors and logs become JSON with names") {
    const auto interface = token();
    const auto from = Address::parse("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266").value();
    const auto to = Address::parse("0x70997970C51812dc3A010C7d01b50e0d17dc79C8").value();
    const auto* transfer = interface.function("transfer");
    const Bytes call = abi::Encoder().address(to).uint(5).take(transfer->selector());
    const auto inputs = abi::decode_inputs(*transfer, call);
    REQUIRE(inputs);
    CHECK(abi::to_json(inputs->type, inputs->value) ==
          R"({"to":"0x70997970C51812dc3A010C7d01b50e0d17dc79C8","value":"5"})");

    const auto* event = interface.event(keccak256("Transfer(address,address,uint256)"));
    const std::vector<Hash> topics{event->id(), from.word(), to.word()};
    const auto log = abi::decode_log(*event, topics, Amount{7}.word().view());
    REQUIRE(log);
    CHECK(abi::to_json(log->type, log->value) ==
          R"({"from":"0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",)"
          R"("to":"0x70997970C51812dc3A010C7d01b50e0d17dc79C8","value":"7"})");
}

TEST_CASE("JSON ABI: data and logs that do not belong to a declaration are refused") {
    const auto interface = token();
    const auto* transfer = interface.function("transfer");
    const auto* event = interface.event(keccak256("Transfer(address,address,uint256)"));
    const Hash word = Amount{7}.word();
    const auto inputs = [&](const Bytes& data) { return abi::decode_inputs(*transfer, data).error().code; };
    CHECK(inputs({}) == "bad_abi");
    CHECK(inputs(Bytes(68)) == "bad_abi");
    CHECK(inputs(abi::Encoder().uint(5).take(transfer->selector())) == "bad_abi");
    const auto log = [&](const std::vector<Hash>& topics, ByteView data) {
        return abi::decode_log(*event, topics, data).error().code;
    };
    CHECK(log({}, word.view()) == "bad_abi");
    CHECK(log({event->id(), word}, word.view()) == "bad_abi");
    CHECK(log({event->id(), word, word, word}, word.view()) == "bad_abi");
    CHECK(log({word, word, word}, word.view()) == "bad_abi");
    CHECK(log({event->id(), word, word}, {}) == "bad_abi");
    const Hash dirty = Hash::parse("0x" + std::string(64, 'f')).value();
    CHECK(log({event->id(), dirty, word}, word.view()) == "bad_abi");
}

TEST_CASE("JSON ABI: documents that are malformed are refused") {
    std::string deep = R"({"name":"a","type":"uint8"})";
    for (int i = 0; i < 30; ++i) deep = R"({"name":"a","type":"tuple","components":[)" + deep + "]}";
    const std::string cases[] = {
        "",
        "{}",
        "[1]",
        "[{}]",
        "[",
        R"([{"type":"function"}])",
        R"([{"type":"function","name":1}])",
        R"([{"type":"function","name":"f","inputs":{}}])",
        R"([{"type":"function","name":"f","inputs":[1]}])",
        R"([{"type":"function","name":"f","inputs":[{"name":"a"}]}])",
        R"([{"type":"function","name":"f","inputs":[{"type":"uint8"}]}])",
        R"([{"type":"function","name":"f","inputs":[{"name":"a","type":"uint7"}]}])",
        R"([{"type":"function","name":"f","inputs":[{"name":"a","type":"tuple"}]}])",
        R"([{"type":"function","name":"f","inputs":[{"name":"a","type":"tuple","components":[]}]}])",
        R"([{"type":"function","name":"f","inputs":[)" + deep + "]}]",
        std::string(1'000'000, '['),
        std::string(5 << 20, ' ')};
    for (const std::string& json : cases) {
        INFO(json.substr(0, 100));
        const auto interface = abi::Interface::parse(json);
        REQUIRE_FALSE(interface);
        CHECK(interface.error().code == "bad_interface");
    }
}
