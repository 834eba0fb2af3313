#include "chain/council_calls.hpp"

#include "chain/contracts/tuples.hpp"
#include "chain/return_data.hpp"

namespace grid::chain::calls {

namespace {

using abi::Encoder;

Bytes with(std::string_view signature, const Encoder& arguments = {}) {
    return arguments.take(abi::selector(signature));
}

Bytes id_call(std::string_view signature, std::uint64_t id) {
    return with(signature, Encoder{}.uint(id));
}

Bytes account_call(std::string_view signature, const Address& account) {
    return with(signature, Encoder{}.address(account));
}

/// A dynamic struct behind its offset.
template <class Read>
auto decode_dynamic(ByteView output, const char* expected, Read read) {
    return decode(output, expected, [&](abi::Decoder& in) {
        abi::Decoder body = in.dynamic();
        auto value = read(body);
        if (body.bad()) in = body;
        return value;
    });
}

/// An array of dynamic structs.
template <class Read>
auto decode_list(ByteView output, const char* expected, Read read) {
    return decode(output, expected, [&](abi::Decoder& in) {
        std::size_t length = 0;
        abi::Decoder elements = in.array(length, 1u << 20);
        std::vector<decltype(read(in))> values;
        for (std::size_t i = 0; i < length && !elements.bad(); ++i) {
            abi::Decoder element = elements.dynamic();
            values.push_back(read(element));
            if (element.bad()) elements = element;
        }
        if (elements.bad()) in = elements;
        return values;
    });
}

}  // namespace

namespace council {
Bytes propose(const Address& target, ByteView data) {
    return with("propose(address,bytes)", Encoder{}.address(target).bytes(data));
}
Bytes approve(std::uint64_t id) {
    return id_call("approve(uint64)", id);
}
Bytes veto(std::uint64_t id) {
    return id_call("veto(uint64)", id);
}
Bytes execute(std::uint64_t id) {
    return id_call("execute(uint64)", id);
}
Bytes grant_role(std::string_view role, const Address& account) {
    return with("grantRole(bytes32,address)", Encoder{}.hash(name_word(role)).address(account));
}
Bytes revoke_role(std::string_view role, const Address& account) {
    return with("revokeRole(bytes32,address)", Encoder{}.hash(name_word(role)).address(account));
}
Bytes set_members(const std::vector<Address>& members, std::uint32_t threshold) {
    Encoder elements;
    for (const Address& member : members) elements.address(member);
    return with("setMembers(address[],uint32)",
                Encoder{}.dynamic(tuples::array(members.size(), elements)).uint(threshold));
}
Bytes set_delay(Seconds delay) {
    return id_call("setDelay(uint64)", delay.count);
}
Bytes members() {
    return with("members()");
}
Bytes threshold() {
    return with("threshold()");
}
Bytes delay() {
    return with("delay()");
}
Bytes term() {
    return with("term()");
}
Bytes has_role(std::string_view role, const Address& account) {
    return with("hasRole(bytes32,address)", Encoder{}.hash(name_word(role)).address(account));
}
Bytes count() {
    return with("count()");
}
Bytes proposal(std::uint64_t id) {
    return id_call("proposal(uint64)", id);
}
Bytes list(std::uint64_t offset, std::uint64_t limit) {
    return with("list(uint256,uint256)", Encoder{}.uint(offset).uint(limit));
}
Bytes vote_of(std::uint64_t id, const Address& member) {
    return with("voteOf(uint64,address)", Encoder{}.uint(id).address(member));
}
}  // namespace council

namespace pledge {
Bytes pledge(const Amount& amount, const Address& provider) {
    return with("pledge(uint256,address)", Encoder{}.uint(amount).address(provider));
}
Bytes unpledge(const Amount& amount, const Address& provider) {
    return with("unpledge(uint256,address)", Encoder{}.uint(amount).address(provider));
}
Bytes withdraw_unbonded(const Address& provider) {
    return account_call("withdrawUnbonded(address)", provider);
}
Bytes claim(const Address& provider) {
    return account_call("claim(address)", provider);
}
Bytes slash(const Address& provider, const Amount& amount, std::string_view reason) {
    return with("slash(address,uint256,string)", Encoder{}.address(provider).uint(amount).text(reason));
}
Bytes execute_slash(std::uint64_t id) {
    return id_call("executeSlash(uint64)", id);
}
Bytes veto_slash(std::uint64_t id) {
    return id_call("vetoSlash(uint64)", id);
}
Bytes promise_profit(const Amount& wanted) {
    return with("promiseProfit(uint256)", Encoder{}.uint(wanted));
}
Bytes mint_profit(const Address& provider, std::uint64_t order, const Amount& amount) {
    return with("mintProfit(address,uint64,uint256)", Encoder{}.address(provider).uint(order).uint(amount));
}
Bytes lapse_profit(const Amount& amount) {
    return with("lapseProfit(uint256)", Encoder{}.uint(amount));
}
Bytes parameters() {
    return with("parameters()");
}
Bytes epoch() {
    return with("epoch()");
}
Bytes pool(const Address& provider) {
    return account_call("pool(address)", provider);
}
Bytes slashable(const Address& provider) {
    return account_call("slashable(address)", provider);
}
Bytes position(const Address& account, const Address& provider) {
    return with("position(address,address)", Encoder{}.address(account).address(provider));
}
Bytes pledged_by(const Address& account) {
    return account_call("pledgedBy(address)", account);
}
Bytes earned(const Address& account, const Address& provider) {
    return with("earned(address,address)", Encoder{}.address(account).address(provider));
}
Bytes pools_of(const Address& account) {
    return account_call("poolsOf(address)", account);
}
Bytes position_count(const Address& provider) {
    return account_call("positionCount(address)", provider);
}
Bytes positions(const Address& provider, std::uint64_t offset, std::uint64_t limit) {
    return with("positions(address,uint256,uint256)", Encoder{}.address(provider).uint(offset).uint(limit));
}
Bytes slash_count() {
    return with("slashCount()");
}
Bytes get_slash(std::uint64_t id) {
    return id_call("getSlash(uint64)", id);
}
Bytes profit() {
    return with("profit()");
}
}  // namespace pledge

namespace multicall {
Bytes aggregate3(const std::vector<Call>& calls) {
    Encoder elements;
    for (const Call& call : calls)
        elements.dynamic(Encoder{}.address(call.target).boolean(call.allow_failure).bytes(call.data).take());
    return with("aggregate3((address,bool,bytes)[])",
                Encoder{}.dynamic(tuples::array(calls.size(), elements)));
}
}  // namespace multicall

grid::Result<std::vector<Address>> decode_addresses(ByteView output) {
    return decode(output, "addresses", [](abi::Decoder& in) {
        std::size_t length = 0;
        abi::Decoder elements = in.array(length, 1u << 20);
        std::vector<Address> values(length);
        for (Address& value : values) value = elements.address();
        if (elements.bad()) in = elements;
        return values;
    });
}
grid::Result<tuples::ProposalView> decode_proposal(ByteView output) {
    return decode_dynamic(output, "a proposal", [](abi::Decoder& in) { return tuples::proposal(in); });
}
grid::Result<std::vector<tuples::ProposalView>> decode_proposals(ByteView output) {
    return decode_list(output, "proposals", [](abi::Decoder& in) { return tuples::proposal(in); });
}
grid::Result<PledgeParameters> decode_pledge_parameters(ByteView output) {
    return decode(output, "parameters", [](abi::Decoder& in) { return tuples::pledge_parameters(in); });
}
grid::Result<Pool> decode_pool(ByteView output) {
    return decode(output, "a pool", [](abi::Decoder& in) { return tuples::pool(in); });
}
grid::Result<tuples::PositionView> decode_position(ByteView output) {
    return decode_dynamic(output, "a position", [](abi::Decoder& in) { return tuples::position(in); });
}
grid::Result<std::vector<tuples::PositionView>> decode_positions(ByteView output) {
    return decode_list(output, "positions", [](abi::Decoder& in) { return tuples::position(in); });
}
grid::Result<Slash> decode_slash(ByteView output) {
    return decode(output, "a slash", [](abi::Decoder& in) { return tuples::slash(in); });
}
grid::Result<std::vector<multicall::Result>> decode_call_results(ByteView output) {
    return decode_list(output, "results of calls", [](abi::Decoder& in) {
        multicall::Result result;
        result.success = in.boolean();
        const ByteView data = in.bytes();
        result.data.assign(data.begin(), data.end());
        return result;
    });
}

}  // namespace grid::chain::calls
