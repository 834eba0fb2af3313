#pragma once

#include "chain/abi.hpp"
#include "chain/council.hpp"
#include "chain/pledge.hpp"

#define GRID_ABI_POOL_STATE "(uint256,uint256,uint256,uint256,uint64,uint256,uint64)"
#define GRID_ABI_POSITION_STATE "(uint256,uint256,uint64,uint256,uint256,uint64)"

/// The structs of ICouncil and IPledge as ABI tuples.
namespace grid::chain::tuples {

/// Struct Proposal, which is dynamic: its body.
Bytes proposal(const Proposal& v);
/// Votes come as counts: their bits are not known.
struct ProposalView {
    Proposal proposal;
    Timestamp expires_at;
    std::uint32_t approvals = 0;
    std::uint32_t vetoes = 0;
};
ProposalView proposal(abi::Decoder& in);

void put(abi::Encoder& out, const PledgeParameters& v);
PledgeParameters pledge_parameters(abi::Decoder& in);

/// Struct PoolState: what was slashed, and the number of members, are left out.
void put(abi::Encoder& out, const Pool& v);
Pool pool(abi::Decoder& in);

/// Struct PositionState: without the unbonding entries.
void put_state(abi::Encoder& out, const Position& v);
Position position_state(abi::Decoder& in);

/// Struct Position: as it stands now, in credits.
struct PositionView {
    Address account;
    Amount pledged;
    Amount unbonding;
    Amount earned;
    Position position;
    friend bool operator==(const PositionView&, const PositionView&) = default;
};
/// It is dynamic: its body.
Bytes position(const PositionView& v);
PositionView position(abi::Decoder& in);

void put(abi::Encoder& out, const Slash& v);
Slash slash(abi::Decoder& in);

}  // namespace grid::chain::tuples
