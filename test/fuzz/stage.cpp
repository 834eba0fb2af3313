#include "fuzz/stage.hpp"

#include <fstream>
#include <iterator>

#include "chain/calls.hpp"
#include "chain/council_calls.hpp"
#include "chain/genesis.hpp"
#include "chain/revert.hpp"
#include "fuzz/target.hpp"

namespace grid::fuzz {

namespace {

using namespace grid::chain;

const Amount kToken{1'000'000'000'000'000'000};

Contract committed(const std::string& name, const Address& address) {
    std::ifstream file(std::string(GRID_SOURCE_DIR) + "/chain/abi/" + name + ".json", std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    auto interface = chain::abi::Interface::parse(text);
    require(interface.has_value(), "the committed ABI is read", name);
    return Contract(name, address, std::move(*interface));
}

/// Runs calls that must succeed.
struct Play {
    Stage& stage;
    const ContractAddresses at = embedded_addresses();

    void act(std::uint8_t by, const Address& to, const Bytes& data) {
        const CallResult result = call(stage.state, stage.block, {key(by).address(), to, {}, data});
        require(result.success, "the stage is set", describe_revert(result.output));
    }
    void wait(std::uint64_t seconds) {
        stage.block.time.seconds += seconds;
        ++stage.block.number;
    }
    Provider offer() const {
        Provider p;
        p.address = key(1).address();
        p.host = "provider.example";
        p.port = 8090;
        p.prices = {Amount{36'000}, Amount{3'600}, Amount{36}, Amount{1'000'000}};
        p.minimum_prices = {Amount{18'000}, Amount{1'800}, Amount{18}, Amount{500'000}};
        p.total = {8'000, 16'384, 100'000, 2};
        p.attributes = R"({"region":"eu"})";
        p.renewable = p.accepts_offers = true;
        p.operator_key = key(2).address();
        return p;
    }
    void order(std::uint8_t user, std::uint64_t duration) {
        act(user, at.market,
            calls::market::create_order(key(1).address(), {1'000, 512, 1'000, 0}, offer().prices, {duration},
                                        {}));
    }
    void activate(std::uint64_t id) { act(1, at.market, calls::market::activate_order({id})); }
};

Genesis genesis() {
    Genesis g;
    g.token_cap = Amount{1'000'000} * kToken;
    g.minter = key(7).address();
    g.development = true;
    g.council.members = {key(1).address(), key(2).address(), key(7).address()};
    g.council.threshold = 2;
    g.council.delay = {30};
    g.slashers = {key(7).address()};
    g.vetoers = {key(8).address()};
    g.pledge.epoch_length = {60};
    g.pledge.unbonding_period = {120};
    g.pledge.slash_delay = {60};
    g.pledge.epoch_profit = kToken;
    g.market.fee_bp = 500;
    g.market.profit_bp = 300;
    for (std::uint8_t number = 1; number <= kKeys; ++number)
        g.allocations.emplace_back(key(number).address(), Amount{1'000} * kToken);
    return g;
}

}  // namespace

Contract::Contract(std::string its_name, const Address& its_address, chain::abi::Interface its_interface)
    : name(std::move(its_name)), address(its_address), interface(std::move(its_interface)) {
    using Kind = chain::abi::Declaration::Kind;
    for (const chain::abi::Declaration& d : interface.declarations()) {
        if (d.kind == Kind::function) functions[d.selector()] = &d;
        if (d.kind == Kind::error) errors[d.selector()] = &d;
        if (d.kind == Kind::event) events[d.id()] = &d;
    }
}

const std::vector<Contract>& contracts() {
    static const std::vector<Contract> all = [] {
        const ContractAddresses at = embedded_addresses();
        std::vector<Contract> made;
        made.push_back(committed("GridToken", at.token));
        made.push_back(committed("Credit", at.credit));
        made.push_back(committed("Registry", at.registry));
        made.push_back(committed("Market", at.market));
        made.push_back(committed("Council", at.council));
        made.push_back(committed("Pledge", at.pledge));
        made.push_back(committed("Multicall3", at.multicall));
        return made;
    }();
    return all;
}

const Contract* contract_at(const Address& address) {
    for (const Contract& contract : contracts())
        if (contract.address == address) return &contract;
    return nullptr;
}

PrivateKey key(std::uint8_t number) {
    Bytes secret(32, 0);
    secret[31] = number;
    return *PrivateKey::from_bytes(secret);
}

const std::vector<Address>& callers() {
    static const std::vector<Address> all = [] {
        std::vector<Address> accounts;
        for (std::uint8_t number = 1; number <= kKeys; ++number) accounts.push_back(key(number).address());
        for (const Contract& contract : contracts()) accounts.push_back(contract.address);
        return accounts;
    }();
    return all;
}

// Orders: 1 completed, 2 cancelled, 3 running for a long time and suspended, 4 running to a near end, 5
// waiting for activation. Account 3 has pledged, and unpledged some; a slash is announced. Proposals: 1
// ready, 2 open.
Stage::Stage() : state(make_genesis_state(genesis())) {
    Play play{*this};
    play.act(1, play.at.registry, calls::registry::set(play.offer()));
    for (std::uint8_t user = 3; user <= 6; ++user) {
        play.act(user, play.at.token, calls::token::approve(play.at.credit, Amount{500} * kToken));
        play.act(user, play.at.credit, calls::credit::purchase(Amount{100} * kToken));
    }
    play.order(3, 60);
    play.activate(1);
    play.wait(60);
    play.act(8, play.at.market, calls::market::settle({1}));
    play.order(4, 3'600);
    play.activate(2);
    play.wait(600);
    play.act(4, play.at.market, calls::market::cancel_order({2}));
    play.order(3, 1'000'000);
    play.activate(3);
    play.order(4, 3'600);
    play.activate(4);
    play.wait(100);
    play.order(5, 3'600);
    play.wait(1);
    const Address provider = key(1).address();
    play.act(3, play.at.pledge, calls::pledge::pledge(Amount{10} * kToken, provider));
    play.wait(60);
    play.act(3, play.at.pledge, calls::pledge::unpledge(kToken, provider));
    play.act(7, play.at.pledge, calls::pledge::slash(provider, kToken, "reason"));
    for (int i = 0; i < 2; ++i)
        play.act(1, play.at.council,
                 calls::council::propose(play.at.council, calls::council::set_delay({20})));
    play.act(2, play.at.council, calls::council::approve(1));
    play.act(2, play.at.market, calls::market::suspend({3}));
    play.wait(59);
    state.take_write_set();
}

}  // namespace grid::fuzz
