// Seeds of calls, logs and results: for every declaration of the committed ABI one of plausible values, then
// the calls that make something happen on the stage.

#include "chain/calls.hpp"
#include "chain/council_calls.hpp"
#include "fuzz/seeds.hpp"
#include "fuzz/stage.hpp"
#include "fuzz/target.hpp"

namespace grid::fuzz {

namespace {

using namespace grid::chain;
using chain::abi::Declaration;
using chain::abi::Type;
using chain::abi::Value;

constexpr std::uint8_t kLog = 0x80;
constexpr std::uint8_t kResult = 0xc0;

/// 3 for numbers (an order that runs), the provider for addresses, two elements of lists.
Value sample(const Type& type) {
    Value value;
    switch (type.kind) {
        case Type::Kind::uint:
        case Type::Kind::integer:
            value.word = Amount{3}.word();
            break;
        case Type::Kind::address:
            value.word = key(1).address().word();
            break;
        case Type::Kind::boolean:
            value.word = Amount{1}.word();
            break;
        case Type::Kind::fixed_bytes:
            value.word.bytes[0] = 0x47;
            break;
        case Type::Kind::bytes:
            value.bytes.assign(65, 27);
            break;
        case Type::Kind::string:
            value.bytes = {'g', 'r', 'i', 'd'};
            break;
        case Type::Kind::array:
            value.items.assign(type.length.value_or(2), sample(type.parts[0]));
            break;
        case Type::Kind::tuple:
            for (const Type& part : type.parts) value.items.push_back(sample(part));
            break;
    }
    return value;
}

Bytes samples(const std::vector<chain::abi::Parameter>& parameters) {
    std::vector<Value> values;
    const auto types = chain::abi::types_of(parameters);
    for (const Type& type : types) values.push_back(sample(type));
    return *chain::abi::encode(types, values);
}

Bytes with_head(std::uint8_t first, std::uint8_t contract, std::uint8_t third, const Bytes& rest) {
    Bytes out{first, contract, third};
    out.insert(out.end(), rest.begin(), rest.end());
    return out;
}

Bytes calldata(const Declaration& function) {
    const auto selector = function.selector();
    Bytes out(selector.begin(), selector.end());
    const Bytes arguments = samples(function.inputs);
    out.insert(out.end(), arguments.begin(), arguments.end());
    return out;
}

/// Topics, then data.
Bytes log_of(const Declaration& event, std::uint8_t& topics) {
    const Hash id = event.id();
    Bytes out(id.bytes.begin(), id.bytes.end());
    std::vector<chain::abi::Parameter> in_data;
    topics = 1;
    for (const auto& input : event.inputs) {
        if (!input.indexed) {
            in_data.push_back(input);
            continue;
        }
        const Hash topic = sample(input.type).word;
        out.insert(out.end(), topic.bytes.begin(), topic.bytes.end());
        ++topics;
    }
    const Bytes data = samples(in_data);
    out.insert(out.end(), data.begin(), data.end());
    return out;
}

void add_declarations(Seeds& seeds) {
    std::uint8_t number = 0;
    for (const Contract& contract : contracts()) {
        for (const Declaration& d : contract.interface.declarations()) {
            const std::string name = contract.name + "-" + d.name;
            if (d.kind == Declaration::Kind::function) {
                seeds["call-" + name] = with_head(0, number, 0, calldata(d));
            } else if (d.kind == Declaration::Kind::event) {
                std::uint8_t topics = 0;
                const Bytes log = log_of(d, topics);
                seeds["log-" + name] = with_head(kLog, number, topics, log);
            }
        }
        ++number;
    }
}

/// Who says what and when; the contract's number is its place in contracts().
void add_play(Seeds& seeds) {
    constexpr std::uint8_t kTokenContract = 0, kCredit = 1, kRegistry = 2, kMarket = 3;
    const auto by = [](std::uint8_t number) { return static_cast<std::uint8_t>(number - 1); };
    const auto market = [&](const char* name, std::uint8_t who, std::uint8_t later, const Bytes& data) {
        seeds[std::string("play-") + name] = with_head(by(who), kMarket, later, data);
    };
    const Address provider = key(1).address();
    const Prices prices{Amount{36'000}, Amount{3'600}, Amount{36}, Amount{1'000'000}};
    market("create", 6, 0, calls::market::create_order(provider, {1, 2, 3, 0}, prices, {3'600}, {}));
    market("create-too-much", 6, 0,
           calls::market::create_order(provider, {8'001, 0, 0, 0}, prices, {60}, {}));
    market("create-again", 4, 0, calls::market::create_order(provider, {1, 0, 0, 0}, prices, {60}, {}));
    market("activate", 1, 1, calls::market::activate_order({5}));
    market("activate-by-operator", 2, 3, calls::market::activate_order({5}));
    market("activate-late", 1, 7, calls::market::activate_order({5}));
    market("cancel-running", 4, 2, calls::market::cancel_order({4}));
    market("cancel-unactivated", 5, 0, calls::market::cancel_order({5}));
    market("settle-before-end", 8, 5, calls::market::settle({4}));
    market("settle-at-end", 8, 6, calls::market::settle({4}));
    market("settle-many", 8, 8, calls::market::settle_many({{1}, {3}, {4}, {9}}));
    market("withdraw", 4, 0, calls::market::withdraw({2}, Amount{1}));
    market("withdraw-past-end", 8, 6, calls::market::withdraw({4}, Amount{1}));
    market("earned", 8, 0, calls::market::earned_at({3}, {1'700'001'000}));
    market("suspend", 1, 0, calls::market::suspend({4}));
    market("resume", 2, 1, calls::market::resume({3}));
    market("extend", 4, 0, calls::market::extend_order({4}, {60}));
    market("report-unserved", 4, 0, calls::market::report_unserved({4}));
    market("get-many", 8, 0, calls::market::get_many({{1}, {4}, {9}}));
    market("ending-before", 8, 0, calls::market::orders_ending_before({1'800'000'000}, {1}, 100));
    market("check-permission", 8, 0,
           calls::market::check_permission(key(6).address(), provider, Amount{9}, {}));
    market("cancel-quote", 1, 0, calls::market::cancel_quote(Hash{}));
    market("bump-epoch", 1, 0, calls::market::bump_quote_epoch());
    const auto set_fee = calls::market::set_parameter("feeBp", Amount{700});
    seeds["play-set-fee-by-council"] = with_head(static_cast<std::uint8_t>(kKeys + 4), kMarket, 0, set_fee);
    Quote quote;
    quote.provider = provider;
    quote.user = key(6).address();
    quote.resources = {1, 1, 1, 0};
    quote.duration = {60};
    quote.valid_until = {1'800'000'000};
    const Hash digest = quote_digest(quote, kEmbeddedChainId, embedded_addresses().market);
    market("quote", 6, 0, calls::market::create_order_with_quote(quote, key(2).sign(digest).rsv()));
    market("quote-of-another", 5, 0,
           calls::market::create_order_with_quote(quote, key(2).sign(digest).rsv()));
    market("quote-forged", 6, 0, calls::market::create_order_with_quote(quote, key(5).sign(digest).rsv()));
    Quote next = quote;
    next.user = key(4).address();
    next.replaces = {4};
    const Hash replaced = quote_digest(next, kEmbeddedChainId, embedded_addresses().market);
    market("replace", 4, 0, calls::market::replace_order(next, key(2).sign(replaced).rsv()));
    const calls::token::PermitTerms terms{
        key(6).address(), embedded_addresses().credit, Amount{1'000'000}, {}, Amount{1'900'000'000}};
    const Signature permit =
        key(6).sign(calls::token::permit_digest(terms, kEmbeddedChainId, embedded_addresses().token));
    market(
        "create-with-permit", 6, 0,
        calls::market::create_order_with_permit(provider, {1, 2, 3, 0}, prices, {3'600}, {}, terms, permit));
    seeds["play-permit"] = with_head(by(8), kTokenContract, 0, calls::token::permit(terms, permit));
    seeds["play-purchase-with-permit"] =
        with_head(by(6), kCredit, 0, calls::credit::purchase_with_permit(terms, permit));
    seeds["play-transfer"] = with_head(by(3), kTokenContract, 0, calls::token::transfer(provider, Amount{5}));
    seeds["play-transfer-from"] = with_head(
        by(3), kTokenContract, 0, calls::token::transfer_from(key(3).address(), provider, Amount{5}));
    seeds["play-mint"] = with_head(by(7), kTokenContract, 0, calls::token::mint(provider, Amount{5}));
    seeds["play-mint-over-cap"] =
        with_head(by(7), kTokenContract, 0, calls::token::mint(provider, Amount::power_of_two(255)));
    seeds["play-faucet"] = with_head(by(8), kTokenContract, 0, calls::token::faucet(Amount{5}));
    seeds["play-purchase"] = with_head(by(3), kCredit, 0, calls::credit::purchase(Amount{5}));
    seeds["play-redeem"] = with_head(by(3), kCredit, 0, calls::credit::redeem(Amount{5}));
    seeds["play-redeem-all-there-is"] =
        with_head(by(3), kCredit, 0, calls::credit::redeem(Amount::power_of_two(96)));
    const auto as_market = static_cast<std::uint8_t>(kKeys + kMarket);
    seeds["play-escrow-by-market"] =
        with_head(as_market, kCredit, 0, calls::credit::escrow(key(3).address(), Amount{5}));
    seeds["play-reserve-by-market"] =
        with_head(as_market, kRegistry, 0, calls::registry::update(provider, {1, 1, 1, 1}, true, Hash{}));
    seeds["play-list"] = with_head(by(8), kRegistry, 0, calls::registry::list(0, 100));
    seeds["play-deregister"] = with_head(by(1), kRegistry, 0, calls::registry::deregister());
}

/// The same for the council, pledges and Multicall3.
void add_council(Seeds& seeds) {
    constexpr std::uint8_t kCouncil = 4, kPledge = 5, kMulticall = 6;
    const auto by = [](std::uint8_t number) { return static_cast<std::uint8_t>(number - 1); };
    const auto add = [&](const char* name, std::uint8_t caller, std::uint8_t contract, std::uint8_t later,
                         const Bytes& data) {
        seeds[std::string("play-") + name] = with_head(caller, contract, later, data);
    };
    const ContractAddresses at = embedded_addresses();
    const Address provider = key(1).address();
    add("propose", by(7), kCouncil, 0, calls::council::propose(at.council, calls::council::set_delay({1})));
    add("approve", by(2), kCouncil, 0, calls::council::approve(2));
    add("veto", by(8), kCouncil, 0, calls::council::veto(2));
    add("execute", by(8), kCouncil, 0, calls::council::execute(1));
    add("execute-early", by(8), kCouncil, 0, calls::council::execute(2));
    const auto council = static_cast<std::uint8_t>(kKeys + kCouncil);
    add("grant-by-council", council, kCouncil, 0, calls::council::grant_role(kVetoRole, provider));
    add("members-by-council", council, kCouncil, 0,
        calls::council::set_members({provider, key(2).address()}, 1));
    add("pledge", by(4), kPledge, 0, calls::pledge::pledge(Amount{7}, provider));
    add("unpledge", by(3), kPledge, 0, calls::pledge::unpledge(Amount{7}, provider));
    add("withdraw-unbonded", by(3), kPledge, 4, calls::pledge::withdraw_unbonded(provider));
    add("slash", by(7), kPledge, 0, calls::pledge::slash(provider, Amount{9}, "again"));
    add("execute-slash", by(8), kPledge, 1, calls::pledge::execute_slash(1));
    add("veto-slash", by(8), kPledge, 0, calls::pledge::veto_slash(1));
    const auto as_market = static_cast<std::uint8_t>(kKeys + 3);
    add("promise-by-market", as_market, kPledge, 0, calls::pledge::promise_profit(Amount{9}));
    const std::vector<calls::multicall::Call> several = {
        {at.token, false, calls::token::total_supply()},
        {at.market, true, calls::market::settle({9})},
        {at.multicall, true, calls::multicall::aggregate3({{at.market, true, calls::market::count()}})}};
    add("aggregate", by(8), kMulticall, 0, calls::multicall::aggregate3(several));
}

void add_malformed(Seeds& seeds) {
    const Bytes address_too_wide = [] {
        Bytes data = calls::token::balance_of(key(1).address());
        data[4] = 1;
        return data;
    }();
    seeds["bad-address-padding"] = with_head(0, 0, 0, address_too_wide);
    seeds["bad-selector"] = with_head(0, 0, 0, {0xde, 0xad, 0xbe, 0xef});
    seeds["bad-short-selector"] = with_head(0, 3, 0, {0xde, 0xad});
    Bytes many = calls::market::settle_many(std::vector<OrderId>(257, OrderId{4}));
    seeds["settle-257"] = with_head(0, 3, 0, many);
    many[4 + 63] = 0xff;
    seeds["bad-array-length"] = with_head(0, 3, 0, many);
    many[4] = 0xff;
    seeds["bad-array-offset"] = with_head(0, 3, 0, many);
}

}  // namespace

Seeds abi_seeds() {
    Seeds seeds;
    add_declarations(seeds);
    add_play(seeds);
    add_council(seeds);
    add_malformed(seeds);
    const std::pair<const char*, const char*> kResults[] = {
        {"GridToken", "balanceOf"}, {"GridToken", "name"}, {"GridToken", "minter"},
        {"Credit", "isProtocol"},   {"Registry", "get"},   {"Registry", "list"},
        {"Market", "get"},          {"Market", "current"}, {"Market", "ordersOfUser"},
        {"Market", "parameters"}};
    std::uint8_t number = 0;
    for (const auto& [name, function] : kResults) {
        for (const Contract& contract : contracts())
            if (contract.name == name)
                seeds[std::string("result-") + name + "-" + function] =
                    with_head(kResult, number, 0, samples(contract.interface.function(function)->outputs));
        ++number;
    }
    return seeds;
}

}  // namespace grid::fuzz
