#include "chain/contracts/credit.hpp"

#include "chain/contracts/token.hpp"

namespace grid::chain::native {

namespace credit {

namespace {

/// The contracts that may hold credits for others: fixed, the Market alone so far.
bool is_protocol(const Frame& frame, const Address& account) {
    return account == frame.contracts.market;
}

void check_credits(const State& state, const Address& account, const Amount& value) {
    const Amount available = state.credit_balance(account);
    if (available < value) errors::revert(errors::kInsufficientCredits, value, available);
}

void move(Frame& frame, const Address& from, const Address& to, const Amount& value) {
    if (!is_protocol(frame, frame.caller)) errors::revert(errors::kNotProtocol, frame.caller);
    State& state = frame.state;
    check_credits(state, from, value);
    state.set_credit_balance(from, state.credit_balance(from) - value);
    state.set_credit_balance(to, state.credit_balance(to) + value);
    frame.emit(CreditTransfer{from, to, value});
}

void purchase(Frame& frame, abi::Decoder& in, abi::Encoder&) {
    const Amount value = in.uint();
    wellformed(in);
    if (value.is_zero()) errors::revert(errors::kZeroAmount);
    Frame inner = frame.called_by(frame.contracts.credit);
    token::transfer_from(inner, frame.caller, frame.contracts.credit, value);
    State& state = frame.state;
    state.set_credit_supply(state.credit_supply() + value);
    state.set_credit_balance(frame.caller, state.credit_balance(frame.caller) + value);
    frame.emit(CreditTransfer{{}, frame.caller, value});
    frame.emit(CreditPurchased{frame.caller, value});
}

void redeem(Frame& frame, abi::Decoder& in, abi::Encoder&) {
    const Amount value = in.uint();
    wellformed(in);
    if (value.is_zero()) errors::revert(errors::kZeroAmount);
    State& state = frame.state;
    check_credits(state, frame.caller, value);
    state.set_credit_balance(frame.caller, state.credit_balance(frame.caller) - value);
    state.set_credit_supply(state.credit_supply() - value);
    frame.emit(CreditTransfer{frame.caller, {}, value});
    Frame inner = frame.called_by(frame.contracts.credit);
    token::transfer(inner, frame.caller, value);
    frame.emit(CreditRedeemed{frame.caller, value});
}

/// escrow and release read alike: the other account and the value.
template <void (*Act)(Frame&, const Address&, const Amount&)>
void move_call(Frame& frame, abi::Decoder& in, abi::Encoder&) {
    const Address account = in.address();
    const Amount value = in.uint();
    wellformed(in);
    Act(frame, account, value);
}

constexpr Function kFunctions[] = {
    {"name()", 24'000, [](Frame&, abi::Decoder&, abi::Encoder& out) { out.text("GRID Credit"); }},
    {"symbol()", 24'000, [](Frame&, abi::Decoder&, abi::Encoder& out) { out.text("GRIDC"); }},
    {"decimals()", 24'000, [](Frame&, abi::Decoder&, abi::Encoder& out) { out.uint(18); }},
    {"totalSupply()", 24'000,
     [](Frame& f, abi::Decoder&, abi::Encoder& out) { out.uint(f.state.credit_supply()); }},
    {"token()", 24'000, [](Frame& f, abi::Decoder&, abi::Encoder& out) { out.address(f.contracts.token); }},
    {"balanceOf(address)", 24'000,
     [](Frame& f, abi::Decoder& in, abi::Encoder& out) {
         const Address account = in.address();
         wellformed(in);
         out.uint(f.state.credit_balance(account));
     }},
    {"isProtocol(address)", 24'000,
     [](Frame& f, abi::Decoder& in, abi::Encoder& out) {
         const Address account = in.address();
         wellformed(in);
         out.boolean(is_protocol(f, account));
     }},
    {"purchase(uint256)", 95'000, purchase},
    {"redeem(uint256)", 75'000, redeem},
    {"escrow(address,uint256)", 60'000, move_call<escrow>},
    {"release(address,uint256)", 60'000, move_call<release>},
};

}  // namespace

void escrow(Frame& frame, const Address& from, const Amount& value) {
    move(frame, from, frame.caller, value);
}

void release(Frame& frame, const Address& to, const Amount& value) {
    move(frame, frame.caller, to, value);
}

}  // namespace credit

std::span<const Function> credit_functions() noexcept {
    return credit::kFunctions;
}

}  // namespace grid::chain::native
