// How the council's proposals come, are decided and run.

#include <algorithm>

#include "chain/contracts/council.hpp"
#include "chain/council_rows.hpp"

namespace grid::chain::native::council {

using errors::revert;

namespace {

/// The member's bit; reverts with NotMember.
std::uint32_t bit_of(const Council& council, const Address& account) {
    const auto found = std::find(council.members.begin(), council.members.end(), account);
    if (found == council.members.end()) revert(errors::kNotMember, account);
    return 1u << (found - council.members.begin());
}

/// What the council still decides on.
Proposal open(const Frame& frame, const Council& council, std::uint64_t id) {
    const auto proposal = council_rows::proposal(frame.state, id);
    if (!proposal) revert(errors::kUnknownProposal, Amount{id});
    if (proposal->status != ProposalStatus::open)
        revert(errors::kProposalClosed, Amount{id}, Amount{static_cast<std::uint64_t>(proposal->status)});
    if (proposal->term != council.term) revert(errors::kProposalStale, Amount{id}, Amount{proposal->term});
    return *proposal;
}

/// Counts an approval that is not there yet; the last one needed starts the delay.
void add_approval(Frame& frame, const Council& council, Proposal& proposal, std::uint32_t bit) {
    proposal.approvals |= bit;
    if (proposal.ready_at.seconds == 0 && proposal.approval_count() >= council.threshold)
        proposal.ready_at = frame.block.time + council.delay;
    council_rows::set_proposal(frame.state, proposal);
    frame.emit(ProposalApproved{proposal.id, frame.caller, proposal.approval_count(), proposal.ready_at});
}

bool vetoes_alone(const Frame& frame, const Proposal& proposal) {
    return proposal.target != frame.contracts.council && has_role(frame, kVetoRole, frame.caller);
}

}  // namespace

void propose(Frame& frame, abi::Decoder& in, abi::Encoder& out) {
    const Address target = in.address();
    const ByteView data = in.bytes();
    wellformed(in);
    Council council = council_rows::council(frame.state);
    const std::uint32_t bit = bit_of(council, frame.caller);
    const bool callable = frame.contracts.contains(target) && target != frame.contracts.multicall;
    if (!callable) revert(errors::kInvalidTarget, target);
    if (data.size() > kMaxProposalData)
        revert(errors::kTooMany, Amount{data.size()}, Amount{kMaxProposalData});

    Proposal proposal;
    proposal.id = ++council.proposals;
    proposal.proposer = frame.caller;
    proposal.target = target;
    proposal.term = council.term;
    proposal.created_at = frame.block.time;
    proposal.status = ProposalStatus::open;
    proposal.data.assign(data.begin(), data.end());
    council_rows::set_council(frame.state, council);
    frame.emit(ProposalCreated{proposal.id, frame.caller, target, proposal.data, council.term});
    add_approval(frame, council, proposal, bit);
    out.uint(proposal.id);
}

void approve(Frame& frame, abi::Decoder& in, abi::Encoder&) {
    const std::uint64_t id = in.u64();
    wellformed(in);
    const Council council = council_rows::council(frame.state);
    Proposal proposal = open(frame, council, id);
    const std::uint32_t bit = bit_of(council, frame.caller);
    if ((proposal.approvals & bit) != 0) revert(errors::kAlreadyVoted, Amount{id}, frame.caller);
    add_approval(frame, council, proposal, bit);
}

void veto(Frame& frame, abi::Decoder& in, abi::Encoder&) {
    const std::uint64_t id = in.u64();
    wellformed(in);
    const Council council = council_rows::council(frame.state);
    Proposal proposal = open(frame, council, id);
    bool blocked = vetoes_alone(frame, proposal);
    if (!blocked) {
        const std::uint32_t bit = bit_of(council, frame.caller);
        if ((proposal.vetoes & bit) != 0) revert(errors::kAlreadyVoted, Amount{id}, frame.caller);
        proposal.vetoes |= bit;
        blocked = proposal.veto_count() + council.threshold > council.members.size();
    }
    if (blocked) proposal.status = ProposalStatus::cancelled;
    council_rows::set_proposal(frame.state, proposal);
    frame.emit(ProposalVetoed{id, frame.caller, proposal.veto_count()});
    if (blocked) frame.emit(ProposalCancelled{id});
}

void execute(Frame& frame, abi::Decoder& in, abi::Encoder&) {
    const std::uint64_t id = in.u64();
    wellformed(in);
    if (frame.meter.executing) revert(errors::kReentered);
    const Council council = council_rows::council(frame.state);
    Proposal proposal = open(frame, council, id);
    if (proposal.ready_at.seconds == 0)
        revert(errors::kNotApproved, Amount{id}, Amount{proposal.approval_count()},
               Amount{council.threshold});
    if (frame.block.time < proposal.ready_at)
        revert(errors::kProposalNotReady, Amount{id}, Amount{proposal.ready_at.seconds});
    if (frame.block.time >= proposal.expires_at())
        revert(errors::kProposalExpired, Amount{id}, Amount{proposal.expires_at().seconds});

    proposal.status = ProposalStatus::executed;
    council_rows::set_proposal(frame.state, proposal);
    Frame own = frame.called_by(frame.contracts.council);
    frame.meter.executing = true;
    const Returned returned = call(own, proposal.target, {}, proposal.data);
    frame.meter.executing = false;
    if (!returned.success) throw errors::Revert{returned.output};
    frame.emit(ProposalExecuted{id, frame.caller});
}

}  // namespace grid::chain::native::council
