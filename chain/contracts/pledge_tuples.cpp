#include "chain/contracts/pledge_tuples.hpp"

#include "chain/contracts/tuples.hpp"

namespace grid::chain::tuples {

namespace {

std::uint32_t u32(abi::Decoder& in) {
    return static_cast<std::uint32_t>(in.uint(32).limbs()[0]);
}

}  // namespace

Bytes proposal(const Proposal& v) {
    abi::Encoder out;
    out.uint(v.id).address(v.proposer).address(v.target).bytes(v.data);
    out.uint(v.term)
        .uint(v.created_at.seconds)
        .uint(v.ready_at.seconds)
        .uint(v.expires_at().seconds)
        .uint(v.approval_count())
        .uint(v.veto_count())
        .uint(static_cast<std::uint64_t>(v.status));
    return out.take();
}

ProposalView proposal(abi::Decoder& in) {
    ProposalView v;
    v.proposal.id = in.u64();
    v.proposal.proposer = in.address();
    v.proposal.target = in.address();
    const ByteView data = in.bytes();
    v.proposal.data.assign(data.begin(), data.end());
    v.proposal.term = in.u64();
    v.proposal.created_at = {in.u64()};
    v.proposal.ready_at = {in.u64()};
    v.expires_at = {in.u64()};
    v.approvals = u32(in);
    v.vetoes = u32(in);
    v.proposal.status = static_cast<ProposalStatus>(in.uint(8).limbs()[0]);
    return v;
}

void put(abi::Encoder& out, const PledgeParameters& v) {
    out.uint(v.epoch_length.count)
        .uint(v.unbonding_period.count)
        .uint(v.slash_delay.count)
        .uint(v.max_slash_bp)
        .uint(v.epoch_profit);
}

PledgeParameters pledge_parameters(abi::Decoder& in) {
    PledgeParameters v;
    v.epoch_length = {in.u64()};
    v.unbonding_period = {in.u64()};
    v.slash_delay = {in.u64()};
    v.max_slash_bp = static_cast<std::uint16_t>(in.uint(16).limbs()[0]);
    v.epoch_profit = in.uint();
    return v;
}

void put(abi::Encoder& out, const Pool& v) {
    out.uint(v.total)
        .uint(v.shares)
        .uint(v.earning)
        .uint(v.incoming)
        .uint(v.incoming_epoch)
        .uint(v.profit_per_share)
        .uint(v.generation);
}

Pool pool(abi::Decoder& in) {
    Pool v;
    v.total = in.uint();
    v.shares = in.uint();
    v.earning = in.uint();
    v.incoming = in.uint();
    v.incoming_epoch = in.u64();
    v.profit_per_share = in.uint();
    v.generation = in.u64();
    return v;
}

void put_state(abi::Encoder& out, const Position& v) {
    out.uint(v.active)
        .uint(v.incoming)
        .uint(v.incoming_epoch)
        .uint(v.profit)
        .uint(v.profit_per_share)
        .uint(v.generation);
}

Position position_state(abi::Decoder& in) {
    Position v;
    v.active = in.uint();
    v.incoming = in.uint();
    v.incoming_epoch = in.u64();
    v.profit = in.uint();
    v.profit_per_share = in.uint();
    v.generation = in.u64();
    return v;
}

Bytes position(const PositionView& v) {
    abi::Encoder out;
    out.address(v.account).uint(v.pledged).uint(v.unbonding).uint(v.earned);
    put_state(out, v.position);
    abi::Encoder entries;
    for (const Unbonding& entry : v.position.unbonding)
        entries.uint(entry.shares).uint(entry.release_at.seconds);
    out.dynamic(array(v.position.unbonding.size(), entries));
    return out.take();
}

PositionView position(abi::Decoder& in) {
    PositionView v;
    v.account = in.address();
    v.pledged = in.uint();
    v.unbonding = in.uint();
    v.earned = in.uint();
    v.position = position_state(in);
    std::size_t length = 0;
    abi::Decoder entries = in.array(length, kMaxUnbonding);
    for (std::size_t i = 0; i < length; ++i) {
        const Amount shares = entries.uint();
        v.position.unbonding.push_back({shares, {entries.u64()}});
    }
    return v;
}

void put(abi::Encoder& out, const Slash& v) {
    out.uint(v.id)
        .address(v.provider)
        .address(v.by)
        .uint(v.amount)
        .uint(v.taken)
        .uint(v.executable_at.seconds)
        .uint(v.generation)
        .uint(static_cast<std::uint64_t>(v.status));
}

Slash slash(abi::Decoder& in) {
    Slash v;
    v.id = in.u64();
    v.provider = in.address();
    v.by = in.address();
    v.amount = in.uint();
    v.taken = in.uint();
    v.executable_at = {in.u64()};
    v.generation = in.u64();
    v.status = static_cast<SlashStatus>(in.uint(8).limbs()[0]);
    return v;
}

}  // namespace grid::chain::tuples
