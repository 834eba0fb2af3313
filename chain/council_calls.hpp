#pragma once

#include <vector>

#include "chain/contracts/pledge_tuples.hpp"

/// Calldata for the functions of Council, Pledge and Multicall3, and decoders for what their views return.
namespace grid::chain::calls {

namespace council {
Bytes propose(const Address& target, ByteView data);
Bytes approve(std::uint64_t id);
Bytes veto(std::uint64_t id);
Bytes execute(std::uint64_t id);
// By the council itself
Bytes grant_role(std::string_view role, const Address& account);
Bytes revoke_role(std::string_view role, const Address& account);
Bytes set_members(const std::vector<Address>& members, std::uint32_t threshold);
Bytes set_delay(Seconds delay);
// Views
Bytes members();
Bytes threshold();
Bytes delay();
Bytes term();
Bytes has_role(std::string_view role, const Address& account);
Bytes count();
Bytes proposal(std::uint64_t id);
/// At most 100 a page.
Bytes list(std::uint64_t offset, std::uint64_t limit);
Bytes vote_of(std::uint64_t id, const Address& member);
}  // namespace council

namespace pledge {
Bytes pledge(const Amount& amount, const Address& provider);
Bytes unpledge(const Amount& amount, const Address& provider);
Bytes withdraw_unbonded(const Address& provider);
Bytes claim(const Address& provider);
/// By a holder of SLASHER.
Bytes slash(const Address& provider, const Amount& amount, std::string_view reason);
Bytes execute_slash(std::uint64_t id);
/// By a holder of VETO or the council.
Bytes veto_slash(std::uint64_t id);
// Market only
Bytes promise_profit(const Amount& wanted);
Bytes mint_profit(const Address& provider, std::uint64_t order, const Amount& amount);
Bytes lapse_profit(const Amount& amount);
// Views
Bytes parameters();
Bytes epoch();
Bytes pool(const Address& provider);
Bytes slashable(const Address& provider);
Bytes position(const Address& account, const Address& provider);
Bytes pledged_by(const Address& account);
Bytes earned(const Address& account, const Address& provider);
Bytes pools_of(const Address& account);
Bytes position_count(const Address& provider);
/// At most 100 a page.
Bytes positions(const Address& provider, std::uint64_t offset, std::uint64_t limit);
Bytes slash_count();
Bytes get_slash(std::uint64_t id);
Bytes profit();
}  // namespace pledge

namespace multicall {
struct Call {
    Address target;
    bool allow_failure = false;
    Bytes data;
};
struct Result {
    bool success = false;
    Bytes data;
};
Bytes aggregate3(const std::vector<Call>& calls);
}  // namespace multicall

// Decoders of return data; code `bad_result` when it is not of that form.
grid::Result<std::vector<Address>> decode_addresses(ByteView output);
grid::Result<tuples::ProposalView> decode_proposal(ByteView output);
grid::Result<std::vector<tuples::ProposalView>> decode_proposals(ByteView output);
grid::Result<PledgeParameters> decode_pledge_parameters(ByteView output);
grid::Result<Pool> decode_pool(ByteView output);
grid::Result<tuples::PositionView> decode_position(ByteView output);
grid::Result<std::vector<tuples::PositionView>> decode_positions(ByteView output);
grid::Result<Slash> decode_slash(ByteView output);
grid::Result<std::vector<multicall::Result>> decode_call_results(ByteView output);

}  // namespace grid::chain::calls
