// What the council does to itself, what may be asked of it, and the table of its functions.

#include "chain/contracts/council.hpp"

#include <algorithm>

#include "chain/contracts/pledge_tuples.hpp"
#include "chain/contracts/tuples.hpp"
#include "chain/council_rows.hpp"

namespace grid::chain::native {

namespace council {

using errors::revert;

bool has_role(const Frame& frame, std::string_view role, const Address& account) {
    return council_rows::has_role(frame.state, name_word(role), account);
}

void check_council(const Frame& frame) {
    if (frame.caller != frame.contracts.council) revert(errors::kNotCouncil, frame.caller);
}

namespace {

template <bool Granted>
void change_role(Frame& frame, abi::Decoder& in, abi::Encoder&) {
    const Hash role = in.hash();
    const Address account = in.address();
    wellformed(in);
    check_council(frame);
    if (role != name_word(kSlasherRole) && role != name_word(kVetoRole)) revert(errors::kUnknownRole, role);
    council_rows::set_role(frame.state, role, account, Granted);
    frame.emit(RoleChanged{role, account, Granted});
}

void set_members(Frame& frame, abi::Decoder& in, abi::Encoder&) {
    std::size_t length = 0;
    abi::Decoder elements = in.array(length, 1u << 20);
    std::vector<Address> members(length);
    for (Address& member : members) member = elements.address();
    const auto threshold = static_cast<std::uint32_t>(in.uint(32).limbs()[0]);
    wellformed(in);
    wellformed(elements);
    check_council(frame);
    if (!is_council(members, threshold)) revert(errors::kInvalidMembers);
    Council council = council_rows::council(frame.state);
    council.members = std::move(members);
    council.threshold = threshold;
    ++council.term;
    council_rows::set_council(frame.state, council);
    frame.emit(MembersChanged{council.term, council.members, council.threshold});
}

void set_delay(Frame& frame, abi::Decoder& in, abi::Encoder&) {
    const Seconds delay{in.u64()};
    wellformed(in);
    check_council(frame);
    if (delay > kMaxCouncilDelay)
        revert(errors::kInvalidDelay, Amount{delay.count}, Amount{kMaxCouncilDelay.count});
    Council council = council_rows::council(frame.state);
    council.delay = delay;
    council_rows::set_council(frame.state, council);
    frame.emit(DelayChanged{delay});
}

void members(Frame& frame, abi::Decoder&, abi::Encoder& out) {
    const Council council = council_rows::council(frame.state);
    abi::Encoder elements;
    for (const Address& member : council.members) elements.address(member);
    out.dynamic(tuples::array(council.members.size(), elements));
}

void has_role_call(Frame& frame, abi::Decoder& in, abi::Encoder& out) {
    const Hash role = in.hash();
    const Address account = in.address();
    wellformed(in);
    out.boolean(council_rows::has_role(frame.state, role, account));
}

void proposal(Frame& frame, abi::Decoder& in, abi::Encoder& out) {
    const std::uint64_t id = in.u64();
    wellformed(in);
    out.dynamic(tuples::proposal(council_rows::proposal(frame.state, id).value_or(Proposal{})));
}

void list(Frame& frame, abi::Decoder& in, abi::Encoder& out) {
    const Amount offset = in.uint();
    const Amount limit = in.uint();
    wellformed(in);
    const Page part = page(council_rows::council(frame.state).proposals, offset, limit);
    abi::Encoder elements;
    for (std::size_t i = part.begin; i < part.end; ++i)
        elements.dynamic(tuples::proposal(*council_rows::proposal(frame.state, i + 1)));
    out.dynamic(tuples::array(part.end - part.begin, elements));
}

void vote_of(Frame& frame, abi::Decoder& in, abi::Encoder& out) {
    const std::uint64_t id = in.u64();
    const Address member = in.address();
    wellformed(in);
    const Council council = council_rows::council(frame.state);
    const auto found = std::find(council.members.begin(), council.members.end(), member);
    const auto proposal = council_rows::proposal(frame.state, id);
    const bool voter = proposal && proposal->term == council.term && found != council.members.end();
    const std::uint32_t bit = voter ? 1u << (found - council.members.begin()) : 0;
    out.boolean(voter && (proposal->approvals & bit) != 0).boolean(voter && (proposal->vetoes & bit) != 0);
}

constexpr Function kFunctions[] = {
    {"propose(address,bytes)", 180'000, propose},
    {"approve(uint64)", 60'000, approve},
    {"veto(uint64)", 60'000, veto},
    {"execute(uint64)", 80'000, execute},
    {"grantRole(bytes32,address)", 50'000, change_role<true>},
    {"revokeRole(bytes32,address)", 40'000, change_role<false>},
    {"setMembers(address[],uint32)", 120'000, set_members},
    {"setDelay(uint64)", 40'000, set_delay},
    {"members()", 60'000, members},
    {"threshold()", 24'000,
     [](Frame& f, abi::Decoder&, abi::Encoder& out) { out.uint(council_rows::council(f.state).threshold); }},
    {"delay()", 24'000,
     [](Frame& f, abi::Decoder&, abi::Encoder& out) {
         out.uint(council_rows::council(f.state).delay.count);
     }},
    {"term()", 24'000,
     [](Frame& f, abi::Decoder&, abi::Encoder& out) { out.uint(council_rows::council(f.state).term); }},
    {"hasRole(bytes32,address)", 24'000, has_role_call},
    {"count()", 24'000,
     [](Frame& f, abi::Decoder&, abi::Encoder& out) { out.uint(council_rows::council(f.state).proposals); }},
    {"proposal(uint64)", 60'000, proposal},
    {"list(uint256,uint256)", 300'000, list},
    {"voteOf(uint64,address)", 40'000, vote_of},
};

}  // namespace

}  // namespace council

std::span<const Function> council_functions() noexcept {
    return council::kFunctions;
}

}  // namespace grid::chain::native
