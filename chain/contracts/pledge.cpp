// What may be asked of Pledge, and the table of its functions.

#include "chain/contracts/pledge.hpp"

#include "chain/contracts/pledge_tuples.hpp"
#include "chain/contracts/tuples.hpp"
#include "chain/pledge_rows.hpp"

namespace grid::chain::native {

namespace pledge {

namespace {

tuples::PositionView view_of(const Frame& frame, const Address& provider, const Address& account) {
    const Pool pool = pool_now(frame, provider);
    const Position now = position_now(frame, provider, account, pool);
    return {account, value_of(pool, now.pledged_shares()), value_of(pool, now.unbonding_shares()), now.profit,
            now};
}

/// These read a provider alone.
template <void (*Tell)(const Frame&, const Address&, abi::Encoder&)>
void of_provider(Frame& frame, abi::Decoder& in, abi::Encoder& out) {
    const Address provider = in.address();
    wellformed(in);
    Tell(frame, provider, out);
}

void tell_pool(const Frame& frame, const Address& provider, abi::Encoder& out) {
    tuples::put(out, pool_now(frame, provider));
}
void tell_slashable(const Frame& frame, const Address& provider, abi::Encoder& out) {
    out.uint(slashable(frame, pool_now(frame, provider)));
}
void tell_pledged_by(const Frame& frame, const Address& account, abi::Encoder& out) {
    out.uint(pledged_by(frame, account));
}
void tell_count(const Frame& frame, const Address& provider, abi::Encoder& out) {
    out.uint(pledge_rows::pool(frame.state, provider).members);
}
void tell_pools(const Frame& frame, const Address& account, abi::Encoder& out) {
    const auto pools = pledge_rows::pools_of(frame.state, account);
    abi::Encoder elements;
    for (const Address& provider : pools) elements.address(provider);
    out.dynamic(tuples::array(pools.size(), elements));
}

void position(Frame& frame, abi::Decoder& in, abi::Encoder& out) {
    const Address account = in.address();
    const Address provider = in.address();
    wellformed(in);
    out.dynamic(tuples::position(view_of(frame, provider, account)));
}

void earned(Frame& frame, abi::Decoder& in, abi::Encoder& out) {
    const Address account = in.address();
    const Address provider = in.address();
    wellformed(in);
    out.uint(position_now(frame, provider, account, pool_now(frame, provider)).profit);
}

void positions(Frame& frame, abi::Decoder& in, abi::Encoder& out) {
    const Address provider = in.address();
    const Amount offset = in.uint();
    const Amount limit = in.uint();
    wellformed(in);
    const Page part = page(pledge_rows::pool(frame.state, provider).members, offset, limit);
    abi::Encoder elements;
    for (std::size_t i = part.begin; i < part.end; ++i) {
        const Address account = pledge_rows::member(frame.state, provider, static_cast<std::uint32_t>(i));
        elements.dynamic(tuples::position(view_of(frame, provider, account)));
    }
    out.dynamic(tuples::array(part.end - part.begin, elements));
}

void get_slash(Frame& frame, abi::Decoder& in, abi::Encoder& out) {
    const std::uint64_t id = in.u64();
    wellformed(in);
    tuples::put(out, pledge_rows::slash(frame.state, id).value_or(Slash{}));
}

void promise_call(Frame& frame, abi::Decoder& in, abi::Encoder& out) {
    const Amount wanted = in.uint();
    wellformed(in);
    out.uint(promise_profit(frame, wanted));
}

void mint_call(Frame& frame, abi::Decoder& in, abi::Encoder& out) {
    const Address provider = in.address();
    const OrderId order{in.u64()};
    const Amount amount = in.uint();
    wellformed(in);
    out.uint(mint_profit(frame, provider, order, amount));
}

void lapse_call(Frame& frame, abi::Decoder& in, abi::Encoder&) {
    const Amount amount = in.uint();
    wellformed(in);
    lapse_profit(frame, amount);
}

void profit(Frame& frame, abi::Decoder&, abi::Encoder& out) {
    const PledgeTotals totals = pledge_rows::totals(frame.state);
    const std::uint64_t now = epoch_at(pledge_rows::parameters(frame.state), frame.block.time);
    out.uint(totals.unclaimed)
        .uint(totals.promised)
        .uint(totals.epoch == now ? totals.promised_in_epoch : Amount{});
}

constexpr Function kFunctions[] = {
    {"pledge(uint256,address)", 260'000, pledge_call},
    {"unpledge(uint256,address)", 180'000, unpledge},
    {"withdrawUnbonded(address)", 160'000, withdraw_unbonded},
    {"claim(address)", 150'000, claim},
    {"slash(address,uint256,string)", 160'000, slash},
    {"executeSlash(uint64)", 180'000, execute_slash},
    {"vetoSlash(uint64)", 60'000, veto_slash},
    {"promiseProfit(uint256)", 60'000, promise_call},
    {"mintProfit(address,uint64,uint256)", 180'000, mint_call},
    {"lapseProfit(uint256)", 50'000, lapse_call},
    {"parameters()", 30'000,
     [](Frame& f, abi::Decoder&, abi::Encoder& out) { tuples::put(out, pledge_rows::parameters(f.state)); }},
    {"epoch()", 24'000,
     [](Frame& f, abi::Decoder&, abi::Encoder& out) {
         out.uint(epoch_at(pledge_rows::parameters(f.state), f.block.time));
     }},
    {"pool(address)", 40'000, of_provider<tell_pool>},
    {"slashable(address)", 40'000, of_provider<tell_slashable>},
    {"position(address,address)", 60'000, position},
    {"pledgedBy(address)", 300'000, of_provider<tell_pledged_by>},
    {"earned(address,address)", 50'000, earned},
    {"poolsOf(address)", 60'000, of_provider<tell_pools>},
    {"positionCount(address)", 24'000, of_provider<tell_count>},
    {"positions(address,uint256,uint256)", 900'000, positions},
    {"slashCount()", 24'000,
     [](Frame& f, abi::Decoder&, abi::Encoder& out) { out.uint(pledge_rows::totals(f.state).slashes); }},
    {"getSlash(uint64)", 40'000, get_slash},
    {"profit()", 30'000, profit},
};

}  // namespace

}  // namespace pledge

std::span<const Function> pledge_functions() noexcept {
    return pledge::kFunctions;
}

}  // namespace grid::chain::native
