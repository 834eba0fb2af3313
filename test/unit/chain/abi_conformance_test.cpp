// The committed ABI is the one source: the native contracts implement it, all of it and nothing else.

#include <algorithm>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "chain/contracts/contract.hpp"
#include "chain/interface.hpp"
#include "unit/chain/pledge_world.hpp"

using namespace grid::chain;
using namespace grid::chain::test;

namespace {

struct Contract {
    const char* name;
    Address address;
    std::span<const native::Function> functions;
    abi::Interface interface;
};

abi::Interface committed(const std::string& name) {
    std::ifstream file(std::string(GRID_SOURCE_DIR) + "/chain/abi/" + name + ".json");
    REQUIRE(file);
    std::stringstream text;
    text << file.rdbuf();
    auto interface = abi::Interface::parse(text.str());
    REQUIRE(interface);
    return *interface;
}

std::vector<Contract> contracts() {
    const ContractAddresses at = embedded_addresses();
    return {{"GridToken", at.token, native::token_functions(), committed("GridToken")},
            {"Credit", at.credit, native::credit_functions(), committed("Credit")},
            {"Registry", at.registry, native::registry_functions(), committed("Registry")},
            {"Market", at.market, native::market_functions(), committed("Market")},
            {"Council", at.council, native::council_functions(), committed("Council")},
            {"Pledge", at.pledge, native::pledge_functions(), committed("Pledge")},
            {"Multicall3", at.multicall, native::multicall_functions(), committed("Multicall3")}};
}

std::set<std::string> signatures(const abi::Interface& interface, abi::Declaration::Kind kind) {
    std::set<std::string> found;
    for (const abi::Declaration& d : interface.declarations())
        if (d.kind == kind) found.insert(d.signature());
    return found;
}

const Contract& of(const std::vector<Contract>& all, const Address& address) {
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const Contract& c) { return c.address == address; });
    REQUIRE(found != all.end());
    return *found;
}

/// The JSON form of a call's results, read by the committed ABI alone.
std::string result_json(World& w, const std::vector<Contract>& all, const Address& to, const Bytes& data) {
    const Contract& contract = of(all, to);
    const abi::Declaration* function =
        contract.interface.function(abi::Selector{data[0], data[1], data[2], data[3]});
    REQUIRE(function != nullptr);
    const CallResult result = w.ok(w.user, to, data);
    const auto types = abi::types_of(function->outputs);
    const auto values = abi::decode(types, result.output);
    REQUIRE(values);
    // Nothing but the declared results is returned: encoding them again gives the same bytes.
    REQUIRE(abi::encode(types, *values) == result.output);
    return values->empty() ? "" : abi::to_json(types.front(), values->front());
}

}  // namespace

TEST_CASE("the native functions are exactly the ABI's, selector by selector", "[abi]") {
    for (const Contract& contract : contracts()) {
        INFO(contract.name);
        std::set<std::string> native_ones;
        std::set<abi::Selector> selectors;
        for (const native::Function& function : contract.functions) {
            native_ones.emplace(function.signature);
            CHECK(selectors.insert(abi::selector(function.signature)).second);
            CHECK(function.gas >= 21'000);
        }
        CHECK(native_ones == signatures(contract.interface, abi::Declaration::Kind::function));
    }
}

TEST_CASE("every function of the ABI is dispatched, and refuses calldata that is cut", "[abi]") {
    World w;
    w.open_market();
    for (const Contract& contract : contracts()) {
        for (const abi::Declaration& d : contract.interface.declarations()) {
            if (d.kind != abi::Declaration::Kind::function) continue;
            INFO(contract.name << "." << d.signature());
            const abi::Selector selector = d.selector();
            const Bytes bare(selector.begin(), selector.end());
            const CallResult result = w.call(w.stranger, contract.address, bare);
            // A known selector reports its own gas, an unknown one the transaction's alone.
            CHECK(result.gas_used > 21'000);
            if (d.inputs.empty()) {
                CHECK((result.success || !result.output.empty()));
                continue;
            }
            CHECK_FALSE(result.success);
            CHECK(result.output.empty());
        }
    }
}

TEST_CASE("the native events are exactly the ABI's", "[abi]") {
    const auto all = contracts();
    std::map<std::string, std::set<std::string>> native_ones;
    for (const EventType& type : event_types())
        native_ones[of(all, embedded_addresses().*type.emitter).name].emplace(type.signature);
    for (const Contract& contract : all) {
        INFO(contract.name);
        CHECK(native_ones[contract.name] == signatures(contract.interface, abi::Declaration::Kind::event));
    }
}

TEST_CASE("the native errors are exactly the ABI's, with the same names of arguments", "[abi]") {
    std::set<std::string> declared;
    for (const Contract& contract : contracts())
        for (const std::string& signature : signatures(contract.interface, abi::Declaration::Kind::error))
            declared.insert(signature);
    std::set<std::string> native_ones;
    for (const errors::ErrorType& error : errors::all()) {
        CHECK(native_ones.emplace(error.signature).second);
        for (const Contract& contract : contracts()) {
            const abi::Declaration* d = contract.interface.error(abi::selector(error.signature));
            if (d == nullptr) continue;
            for (std::size_t i = 0; i < d->inputs.size(); ++i) CHECK(d->inputs[i].name == error.names[i]);
        }
    }
    CHECK(native_ones == declared);
}

TEST_CASE("results are what the ABI says, read by the ABI alone", "[abi]") {
    World w;
    w.open_market();
    const auto all = contracts();
    w.run_order(w.user);
    w.wait(10);
    CHECK(
        result_json(w, all, w.contracts.market, calls::market::get({1})) ==
        R"({"id":"1","user":")" + w.user.checksummed() + R"(","provider":")" + w.provider.checksummed() +
            R"(","resources":{"cpuMilli":"1000","memoryMiB":"512","storageMiB":"1000","gpus":"0"},)"
            R"("prices":{"cpuMilli":"36000","memoryMiB":"3600","storageMiB":"36","gpus":"1000000"},)"
            R"("deposit":"37879200","accrued":"0","paidProvider":"0","paidUser":"0","paidFee":"0","userCheck":true,)"
            R"("providerCheck":true,"renewable":false,"unservedReported":false,"wasSuspended":false,"createdAt":"1700000000","activatedAt":"1700000000","activateHeight":"100",)"
            R"("settledAt":"0","settleHeight":"0","probation":"0","duration":"3600","suspendedSeconds":"0",)"
            R"("suspendedSince":"0","activationDeadline":"1700003600","replaces":"0","feeBp":"0","profit":"0","profitMinted":"0","profitBp":"0","status":"2"})");
    const std::string entry =
        R"({"provider":")" + w.provider.checksummed() +
        R"(","host":"provider.example","port":"8090",)"
        R"("prices":{"cpuMilli":"36000","memoryMiB":"3600","storageMiB":"36","gpus":"1000000"},)"
        R"("minimumPrices":{"cpuMilli":"18000","memoryMiB":"1800","storageMiB":"18","gpus":"500000"},)"
        R"("total":{"cpuMilli":"8000","memoryMiB":"16384","storageMiB":"100000","gpus":"2"},)"
        R"("available":{"cpuMilli":"7000","memoryMiB":"15872","storageMiB":"99000","gpus":"2"},)"
        R"("attributes":"{\"region\":\"eu\"}","probation":"0","probationPledge":"0","renewable":false,"acceptsOffers":true,"operatorKey":")" +
        w.operator_key.address().checksummed() + R"(","status":"1"})";
    CHECK(result_json(w, all, w.contracts.registry, calls::registry::get(w.provider)) == entry);
    CHECK(result_json(w, all, w.contracts.registry, calls::registry::list(0, 10)) == "[" + entry + "]");
    CHECK(result_json(w, all, w.contracts.market, calls::market::orders_of_user(w.user, 0, 10)) ==
          R"(["1"])");
    CHECK(
        result_json(w, all, w.contracts.market, calls::market::parameters()) ==
        R"({"activationDeadline":"3600","maxUnactivated":"16","minimumDeposit":"1","probationWindow":"2592000",)"
        R"("maxProbationCancels":"3","feeBp":"0","treasury":"0x0000000000000000000000000000000000000000",)"
        R"("profitBp":"0"})");
    CHECK(result_json(w, all, w.contracts.market, calls::market::current(w.user, w.provider)) == R"("1")");
    CHECK(result_json(w, all, w.contracts.market, calls::market::quote_used({})) == "false");
    CHECK(result_json(w, all, w.contracts.market, calls::market::settle_many({{1}})) == R"("1")");
    CHECK(result_json(w, all, w.contracts.market, calls::market::quote_cancelled(w.provider, {})) == "false");
    CHECK(result_json(w, all, w.contracts.market, calls::market::quote_epoch(w.provider)) == R"("0")");
    CHECK(result_json(w, all, w.contracts.market,
                      calls::market::check_permission(w.other, w.provider, kToken, {})) == R"("0")");
    CHECK(result_json(w, all, w.contracts.market, calls::market::orders_ending_before({~0ull}, {}, 10)) ==
          R"(["1"])");
    CHECK(result_json(w, all, w.contracts.market, calls::market::get_many({{1}})) ==
          "[" + result_json(w, all, w.contracts.market, calls::market::get({1})) + "]");
    CHECK(result_json(w, all, w.contracts.token, calls::token::name()) == R"("GRID")");
    CHECK(result_json(w, all, w.contracts.credit, calls::credit::is_protocol(w.contracts.market)) == "true");
    // Calls without results return nothing.
    CHECK(result_json(w, all, w.contracts.market, calls::market::cancel_order({1})).empty());
}

TEST_CASE("calldata is what the ABI says, read by the ABI alone", "[abi]") {
    World w;
    const auto all = contracts();
    const auto inputs_json = [&](const Address& to, const Bytes& data) {
        const abi::Declaration* function =
            of(all, to).interface.function(abi::Selector{data[0], data[1], data[2], data[3]});
        REQUIRE(function != nullptr);
        const auto values = abi::decode_inputs(*function, data);
        REQUIRE(values);
        return abi::to_json(values->type, values->value);
    };
    const Quote quote = w.quote();
    CHECK(
        inputs_json(w.contracts.market, calls::market::create_order_with_quote(quote, Bytes{1, 2, 3})) ==
        R"({"quote":{"provider":")" + w.provider.checksummed() + R"(","user":")" + w.user.checksummed() +
            R"(","resources":{"cpuMilli":"1000","memoryMiB":"512","storageMiB":"1000","gpus":"0"},)"
            R"("prices":{"cpuMilli":"1","memoryMiB":"1","storageMiB":"1","gpus":"1"},"duration":"7200",)"
            R"("probation":"60","renewable":false,"validUntil":"1700000600","replaces":"0","epoch":"0","salt":")" +
            quote.salt.hex() + R"("},"signature":"0x010203"})");
    CHECK(
        inputs_json(w.contracts.registry, calls::registry::update(w.provider, {~0ull, 1, 0, 2}, true, {})) ==
        R"({"provider":")" + w.provider.checksummed() +
            R"(","delta":{"cpuMilli":"-18446744073709551615","memoryMiB":"-1","storageMiB":"0","gpus":"-2"},)"
            R"("ref":"0x0000000000000000000000000000000000000000000000000000000000000000"})");
}

TEST_CASE("logs are what the ABI says: every event of a long story, read by the ABI alone", "[abi]") {
    PledgeWorld w;
    w.block.time = {1'700'000'000};
    const auto all = contracts();
    std::vector<Log> logs;
    const auto act = [&](const Address& by, const Address& to, const Bytes& data) {
        const CallResult result = w.ok(by, to, data);
        logs.insert(logs.end(), result.logs.begin(), result.logs.end());
    };
    act(w.provider, w.contracts.registry, calls::registry::set(w.offer()));
    act(w.user, w.contracts.token, calls::token::approve(w.contracts.credit, kToken));
    act(w.user, w.contracts.credit, calls::credit::purchase(kToken));
    act(w.user, w.contracts.credit, calls::credit::redeem(Amount{1}));
    act(w.user, w.contracts.token, calls::token::transfer(w.contracts.credit, Amount{1}));
    act(w.other, w.contracts.credit, calls::credit::claim_transfer(w.user));
    act(w.user, w.contracts.market, w.with_quote(w.quote(), w.provider_key));
    act(w.user, w.contracts.market, calls::market::activate_order({1}));
    w.wait(100);
    act(w.stranger, w.contracts.market, calls::market::settle({1}));
    act(w.user, w.contracts.market, calls::market::cancel_order({1}));
    // One that is suspended, extended, reported and continued by another.
    Quote first = w.quote();
    first.renewable = true;
    first.salt.bytes[0] ^= 1;
    act(w.user, w.contracts.market, w.with_quote(first, w.provider_key));
    act(w.user, w.contracts.market, calls::market::activate_order({2}));
    act(w.user, w.contracts.market, calls::market::report_unserved({2}));
    act(w.provider, w.contracts.market, calls::market::suspend({2}));
    act(w.provider, w.contracts.market, calls::market::resume({2}));
    act(w.user, w.contracts.market, calls::market::extend_order({2}, {60}));
    Quote next = first;
    next.replaces = {2};
    act(w.user, w.contracts.market, w.replace_with(next, w.provider_key));
    act(w.user, w.contracts.market, calls::market::cancel_order({3}));
    act(w.provider, w.contracts.market, calls::market::cancel_quote(next.salt));
    act(w.provider, w.contracts.market, calls::market::bump_quote_epoch());
    act(w.user, w.contracts.market, w.create({60}));
    act(w.provider, w.contracts.market, calls::market::activate_order({4}));
    w.wait(60);
    act(w.stranger, w.contracts.market, calls::market::settle({4}));
    act(w.provider, w.contracts.registry, calls::registry::deregister());
    Order unpaid = w.order({4});
    unpaid.paid_provider = unpaid.paid_provider - Amount{1};
    w.state.set_order(unpaid);
    w.state.set_credit_balance(w.contracts.market, Amount{1});
    act(w.provider, w.contracts.market, calls::market::withdraw({4}, Amount{1}));

    const auto council = [&](const Address& by, const Bytes& data) { act(by, w.contracts.council, data); };
    const auto pledge = [&](const Address& by, const Bytes& data) { act(by, w.contracts.pledge, data); };
    council(w.alice, calls::council::propose(w.contracts.council, calls::council::set_delay({1})));
    council(w.bob, calls::council::approve(1));
    council(w.alice, calls::council::propose(w.contracts.pledge, {}));
    council(w.vetoer, calls::council::veto(2));
    w.wait(100);
    council(w.stranger, calls::council::execute(1));
    council(w.contracts.council, calls::council::grant_role(kVetoRole, w.user));
    act(w.contracts.council, w.contracts.market, calls::market::set_parameter("feeBp", Amount{1}));
    council(w.contracts.council, calls::council::set_members({w.user}, 1));
    pledge(w.other, calls::pledge::pledge(Amount{100}, w.provider));
    w.next_epoch();
    pledge(w.contracts.market, calls::pledge::promise_profit(Amount{10}));
    pledge(w.contracts.market, calls::pledge::mint_profit(w.provider, 2, Amount{10}));
    pledge(w.other, calls::pledge::claim(w.provider));
    pledge(w.slasher, calls::pledge::slash(w.provider, Amount{10}, "why"));
    pledge(w.slasher, calls::pledge::slash(w.provider, Amount{10}, "why"));
    pledge(w.user, calls::pledge::veto_slash(2));
    w.wait(2'000);
    pledge(w.stranger, calls::pledge::execute_slash(1));

    std::set<std::pair<std::string, std::string>> seen;
    for (const Log& log : logs) {
        const Contract& contract = of(all, log.address);
        const abi::Declaration* event = contract.interface.event(log.topics.front());
        REQUIRE(event != nullptr);
        INFO(contract.name << "." << event->name);
        const auto values = abi::decode_log(*event, log.topics, log.data);
        REQUIRE(values);
        const auto native_one = decode_event(log, w.contracts);
        REQUIRE(native_one);
        seen.emplace(contract.name, event->name);
        if (event->name == "OrderSettled")
            CHECK(
                abi::to_json(values->type, values->value) ==
                R"({"id":"1","settledAt":"1700000100","settleHeight":"101","balance":{"deposit":"5024",)"
                R"("accrued":"27","paidProvider":"27","paidUser":"0","paidFee":"0","endsAt":"1700007260"}})");
        if (event->name == "ResourceDelta" && std::get<ResourceDelta>(*native_one).reserved)
            CHECK(abi::to_json(values->type, values->value).find(R"("cpuMilli":"-1000")") !=
                  std::string::npos);
    }
    CHECK(seen.size() == event_types().size());
}
