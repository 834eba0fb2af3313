#pragma once

#include "chain/council_calls.hpp"
#include "chain/council_rows.hpp"
#include "chain/pledge_rows.hpp"
#include "unit/chain/world.hpp"

namespace grid::chain::test {

/// The market with a council of three, a slasher, a vetoer, and pledges with round periods.
class PledgeWorld : public World {
public:
    const Address alice = key(10).address();
    const Address bob = key(11).address();
    const Address carol = key(12).address();
    const Address slasher = key(13).address();
    const Address vetoer = key(14).address();

    explicit PledgeWorld(const PledgeParameters& pledge = round()) {
        block.time = {1'000'000};
        council_rows::set_council(state, {{alice, bob, carol}, 2, {100}, 0, 0});
        council_rows::set_role(state, name_word(kSlasherRole), slasher, true);
        council_rows::set_role(state, name_word(kVetoRole), vetoer, true);
        pledge_rows::set_parameters(state, pledge);
        register_provider(offer());
        buy_credits(user, Amount{1'000'000});
        buy_credits(other, Amount{1'000'000});
        state.take_write_set();
    }

    static PledgeParameters round() { return {{1'000}, {5'000}, {2'000}, 5'000, Amount{10'000}}; }

    void next_epoch() { wait(1'000 - block.time.seconds % 1'000); }

    CallResult pledge(const Address& by, std::uint64_t amount) {
        return ok(by, contracts.pledge, calls::pledge::pledge(Amount{amount}, provider));
    }
    CallResult unpledge(const Address& by, std::uint64_t amount) {
        return ok(by, contracts.pledge, calls::pledge::unpledge(Amount{amount}, provider));
    }
    CallResult withdraw(const Address& by) {
        return ok(by, contracts.pledge, calls::pledge::withdraw_unbonded(provider));
    }
    /// As the Market would.
    std::uint64_t promise(std::uint64_t wanted) {
        return *calls::decode_u64(
            ok(contracts.market, contracts.pledge, calls::pledge::promise_profit(Amount{wanted})).output);
    }
    std::uint64_t mint(std::uint64_t amount) {
        return *calls::decode_u64(
            ok(contracts.market, contracts.pledge, calls::pledge::mint_profit(provider, 1, Amount{amount}))
                .output);
    }
    std::uint64_t announce(std::uint64_t amount) {
        return *calls::decode_u64(
            ok(slasher, contracts.pledge, calls::pledge::slash(provider, Amount{amount}, "down")).output);
    }
    /// Announced, waited for and carried out.
    void slash(std::uint64_t amount) {
        const std::uint64_t id = announce(amount);
        wait(2'000);
        ok(stranger, contracts.pledge, calls::pledge::execute_slash(id));
    }

    Pool pool() {
        return *calls::decode_pool(ok(stranger, contracts.pledge, calls::pledge::pool(provider)).output);
    }
    tuples::PositionView position(const Address& account) {
        return *calls::decode_position(
            ok(stranger, contracts.pledge, calls::pledge::position(account, provider)).output);
    }
    std::uint64_t earned(const Address& account) {
        return *calls::decode_u64(
            ok(stranger, contracts.pledge, calls::pledge::earned(account, provider)).output);
    }
    std::uint64_t pledged_by(const Address& account) {
        return *calls::decode_u64(ok(stranger, contracts.pledge, calls::pledge::pledged_by(account)).output);
    }
    Slash slash_of(std::uint64_t id) {
        return *calls::decode_slash(ok(stranger, contracts.pledge, calls::pledge::get_slash(id)).output);
    }
    tuples::ProposalView proposal(std::uint64_t id) {
        return *calls::decode_proposal(ok(stranger, contracts.council, calls::council::proposal(id)).output);
    }
    std::uint64_t propose(const Address& target, const Bytes& data) {
        return *calls::decode_u64(ok(alice, contracts.council, calls::council::propose(target, data)).output);
    }
    /// Proposed, approved, waited for and executed.
    CallResult by_council(const Address& target, const Bytes& data) {
        const std::uint64_t id = propose(target, data);
        ok(bob, contracts.council, calls::council::approve(id));
        wait(100);
        return ok(stranger, contracts.council, calls::council::execute(id));
    }
};

}  // namespace grid::chain::test
