#include "unit/chain/pledge_world.hpp"

using namespace grid::chain;
using namespace grid::chain::test;
namespace council = grid::chain::calls::council;

namespace {

std::string address(const char* name, const Address& a) {
    return std::string(name) + "=" + a.checksummed();
}

/// A call that the council alone may make, and that shows.
Bytes set_delay(std::uint64_t seconds) {
    return council::set_delay({seconds});
}

std::uint64_t delay(PledgeWorld& w) {
    return *calls::decode_u64(w.ok(w.stranger, w.contracts.council, council::delay()).output);
}

}  // namespace

TEST_CASE("a proposal runs when enough members approved and the delay is over, and once", "[council]") {
    PledgeWorld w;
    const Bytes call = set_delay(50);
    CHECK(events_of(w.ok(w.alice, w.contracts.council, council::propose(w.contracts.council, call))) ==
          std::vector<Event>{ProposalCreated{1, w.alice, w.contracts.council, call, 0},
                             ProposalApproved{1, w.alice, 1, {}}});
    CHECK(w.refused(w.stranger, w.contracts.council, council::execute(1)) ==
          "NotApproved(id=1, approvals=1, threshold=2)");
    w.wait(10);
    const Timestamp ready = w.block.time + Seconds{100};
    CHECK(events_of(w.ok(w.bob, w.contracts.council, council::approve(1))) ==
          std::vector<Event>{ProposalApproved{1, w.bob, 2, ready}});
    // A third approval changes nothing of the time.
    w.wait(1);
    CHECK(events_of(w.ok(w.carol, w.contracts.council, council::approve(1))) ==
          std::vector<Event>{ProposalApproved{1, w.carol, 3, ready}});
    w.wait(98);
    CHECK(w.refused(w.stranger, w.contracts.council, council::execute(1)) ==
          "ProposalNotReady(id=1, readyAt=" + std::to_string(ready.seconds) + ")");
    w.wait(1);
    CHECK(events_of(w.ok(w.stranger, w.contracts.council, council::execute(1))) ==
          std::vector<Event>{DelayChanged{{50}}, ProposalExecuted{1, w.stranger}});
    CHECK(delay(w) == 50);
    CHECK(w.refused(w.stranger, w.contracts.council, council::execute(1)) ==
          "ProposalClosed(id=1, status=2)");
    const auto view = w.proposal(1);
    CHECK(view.approvals == 3);
    CHECK(view.proposal.data == call);
    CHECK(view.expires_at == ready + kExecutionWindow);
    CHECK(w.proposal(2).proposal.status == ProposalStatus::none);
}

TEST_CASE("an approved proposal can be executed for thirty days", "[council]") {
    PledgeWorld w;
    w.propose(w.contracts.council, set_delay(7));
    w.ok(w.bob, w.contracts.council, council::approve(1));
    w.wait(100 + kExecutionWindow.count - 1);
    const std::size_t before = w.state.checkpoint();
    w.ok(w.stranger, w.contracts.council, council::execute(1));
    w.state.rollback(before);
    w.wait(1);
    CHECK(w.refused(w.stranger, w.contracts.council, council::execute(1)) ==
          "ProposalExpired(id=1, expiresAt=" + std::to_string(w.block.time.seconds) + ")");
}

TEST_CASE("only members propose and approve, each once, and only calls to the protocol", "[council]") {
    PledgeWorld w;
    CHECK(w.refused(w.user, w.contracts.council, council::propose(w.contracts.council, set_delay(1))) ==
          "NotMember(" + address("caller", w.user) + ")");
    for (const Address& target : {w.user, Address{}, w.contracts.multicall})
        CHECK(w.refused(w.alice, w.contracts.council, council::propose(target, set_delay(1))) ==
              "InvalidTarget(" + address("target", target) + ")");
    CHECK(w.refused(w.alice, w.contracts.council,
                    council::propose(w.contracts.council, Bytes(kMaxProposalData + 1, 0))) ==
          "TooMany(given=4097, limit=4096)");
    w.ok(w.alice, w.contracts.council, council::propose(w.contracts.council, Bytes(kMaxProposalData, 0)));
    CHECK(w.refused(w.alice, w.contracts.council, council::approve(2)) == "UnknownProposal(id=2)");
    CHECK(w.refused(w.user, w.contracts.council, council::approve(1)) ==
          "NotMember(" + address("caller", w.user) + ")");
    CHECK(w.refused(w.alice, w.contracts.council, council::approve(1)) ==
          "AlreadyVoted(id=1, " + address("member", w.alice) + ")");
}

TEST_CASE("so many members as the others need for the threshold block a proposal", "[council]") {
    PledgeWorld w;
    w.propose(w.contracts.council, set_delay(1));
    w.ok(w.bob, w.contracts.council, council::approve(1));
    // Who approved may think again; of three with a threshold of two, two block.
    CHECK(events_of(w.ok(w.bob, w.contracts.council, council::veto(1))) ==
          std::vector<Event>{ProposalVetoed{1, w.bob, 1}});
    CHECK(w.refused(w.bob, w.contracts.council, council::veto(1)) ==
          "AlreadyVoted(id=1, " + address("member", w.bob) + ")");
    CHECK(w.refused(w.user, w.contracts.council, council::veto(1)) ==
          "NotMember(" + address("caller", w.user) + ")");
    CHECK(events_of(w.ok(w.carol, w.contracts.council, council::veto(1))) ==
          std::vector<Event>{ProposalVetoed{1, w.carol, 2}, ProposalCancelled{1}});
    w.wait(100);
    for (const Bytes& call : {council::execute(1), council::approve(1), council::veto(1)})
        CHECK(w.refused(w.carol, w.contracts.council, call) == "ProposalClosed(id=1, status=3)");
}

TEST_CASE("a vetoer cancels alone, but nothing that is about the council", "[council]") {
    PledgeWorld w;
    w.propose(w.contracts.pledge, calls::pledge::veto_slash(1));
    CHECK(events_of(w.ok(w.vetoer, w.contracts.council, council::veto(1))) ==
          std::vector<Event>{ProposalVetoed{1, w.vetoer, 0}, ProposalCancelled{1}});
    w.propose(w.contracts.council, council::revoke_role(kVetoRole, w.vetoer));
    CHECK(w.refused(w.vetoer, w.contracts.council, council::veto(2)) ==
          "NotMember(" + address("caller", w.vetoer) + ")");
}

TEST_CASE("roles change by the council alone, and are the known ones", "[council]") {
    PledgeWorld w;
    const auto has = [&](std::string_view role, const Address& account) {
        return *calls::decode_boolean(
            w.ok(w.stranger, w.contracts.council, council::has_role(role, account)).output);
    };
    for (const Bytes& call :
         {council::grant_role(kSlasherRole, w.user), council::revoke_role(kSlasherRole, w.slasher),
          council::set_members({w.user}, 1), set_delay(1)})
        CHECK(w.refused(w.alice, w.contracts.council, call) ==
              "NotCouncil(" + address("caller", w.alice) + ")");
    const auto events =
        events_of(w.by_council(w.contracts.council, council::grant_role(kSlasherRole, w.user)));
    CHECK(events == std::vector<Event>{RoleChanged{name_word(kSlasherRole), w.user, true},
                                       ProposalExecuted{1, w.stranger}});
    CHECK(has(kSlasherRole, w.user));
    CHECK_FALSE(has(kVetoRole, w.user));
    w.by_council(w.contracts.council, council::revoke_role(kSlasherRole, w.user));
    CHECK_FALSE(has(kSlasherRole, w.user));
    w.propose(w.contracts.council, council::grant_role("MINTER", w.user));
    w.ok(w.bob, w.contracts.council, council::approve(3));
    w.wait(100);
    CHECK(w.refused(w.user, w.contracts.council, council::execute(3)) ==
          "UnknownRole(role=" + name_word("MINTER").hex() + ")");
    // What failed can be tried again.
    CHECK(w.proposal(3).proposal.status == ProposalStatus::open);
}

TEST_CASE("new members begin with a clean table", "[council]") {
    PledgeWorld w;
    w.propose(w.contracts.council, set_delay(1));
    CHECK(events_of(w.by_council(w.contracts.council, council::set_members({w.user, w.carol}, 2))) ==
          std::vector<Event>{MembersChanged{1, {w.user, w.carol}, 2}, ProposalExecuted{2, w.stranger}});
    for (const Bytes& call : {council::approve(1), council::execute(1), council::veto(1)})
        CHECK(w.refused(w.carol, w.contracts.council, call) == "ProposalStale(id=1, term=0)");
    CHECK(w.refused(w.alice, w.contracts.council, council::propose(w.contracts.council, set_delay(1))) ==
          "NotMember(" + address("caller", w.alice) + ")");
    CHECK(*calls::decode_addresses(w.ok(w.user, w.contracts.council, council::members()).output) ==
          std::vector<Address>{w.user, w.carol});
    CHECK(*calls::decode_u64(w.ok(w.user, w.contracts.council, council::term()).output) == 1);
    w.ok(w.user, w.contracts.council, council::propose(w.contracts.council, set_delay(1)));
}

TEST_CASE("no council can be made that cannot decide", "[council]") {
    PledgeWorld w;
    std::vector<Address> many;
    for (std::uint8_t i = 1; i <= 33; ++i) many.push_back(key(i).address());
    const auto refusal = [&](const std::vector<Address>& members, std::uint32_t threshold) {
        return w.refused(w.contracts.council, w.contracts.council, council::set_members(members, threshold));
    };
    CHECK(refusal({}, 0) == "InvalidMembers()");
    CHECK(refusal({}, 1) == "InvalidMembers()");
    CHECK(refusal({w.user}, 0) == "InvalidMembers()");
    CHECK(refusal({w.user}, 2) == "InvalidMembers()");
    CHECK(refusal({w.user, w.user}, 1) == "InvalidMembers()");
    CHECK(refusal({w.user, Address{}}, 1) == "InvalidMembers()");
    CHECK(refusal(many, 1) == "InvalidMembers()");
    many.pop_back();
    w.ok(w.contracts.council, w.contracts.council, council::set_members(many, 32));
    CHECK(w.refused(w.contracts.council, w.contracts.council, set_delay(kMaxCouncilDelay.count + 1)) ==
          "InvalidDelay(delay=2592001, limit=2592000)");
}

TEST_CASE("a proposal cannot execute a proposal", "[council]") {
    PledgeWorld w;
    w.propose(w.contracts.council, set_delay(1));
    w.ok(w.bob, w.contracts.council, council::approve(1));
    w.propose(w.contracts.council, council::execute(1));
    w.ok(w.bob, w.contracts.council, council::approve(2));
    w.wait(100);
    CHECK(w.refused(w.stranger, w.contracts.council, council::execute(2)) == "Reentered()");
    w.ok(w.stranger, w.contracts.council, council::execute(1));
}

TEST_CASE("votes and pages tell what was decided", "[council]") {
    PledgeWorld w;
    for (int i = 0; i < 3; ++i) w.propose(w.contracts.council, set_delay(1));
    w.ok(w.bob, w.contracts.council, council::veto(2));
    const auto votes = [&](std::uint64_t id, const Address& member) {
        const auto output = w.ok(w.user, w.contracts.council, council::vote_of(id, member)).output;
        abi::Decoder in(output);
        const bool approved = in.boolean();
        return std::pair(approved, in.boolean());
    };
    CHECK(votes(2, w.alice) == std::pair(true, false));
    CHECK(votes(2, w.bob) == std::pair(false, true));
    CHECK(votes(2, w.user) == std::pair(false, false));
    CHECK(votes(9, w.alice) == std::pair(false, false));
    const auto page =
        *calls::decode_proposals(w.ok(w.user, w.contracts.council, council::list(1, 100)).output);
    REQUIRE(page.size() == 2);
    CHECK(page[0].proposal.id == 2);
    CHECK(page[0].vetoes == 1);
    CHECK(w.refused(w.user, w.contracts.council, council::list(0, 101)) == "TooMany(given=101, limit=100)");
    CHECK(*calls::decode_u64(w.ok(w.user, w.contracts.council, council::count()).output) == 3);
    CHECK(*calls::decode_u64(w.ok(w.user, w.contracts.council, council::threshold()).output) == 2);
}

TEST_CASE("without members nobody decides anything", "[council]") {
    World w;
    CHECK(w.refused(w.user, w.contracts.council, council::propose(w.contracts.council, {})) ==
          "NotMember(" + address("caller", w.user) + ")");
    CHECK(calls::decode_addresses(w.ok(w.user, w.contracts.council, council::members()).output)->empty());
}
