#include "chain/contracts/credit.hpp"

#include "chain/token_rows.hpp"

namespace grid::chain::native {

namespace credit {

namespace {

/// The contracts that may hold credits for others: fixed.
bool is_protocol(const Frame& frame, const Address& account) {
    return account == frame.contracts.market || account == frame.contracts.pledge;
}

void check_protocol(const Frame& frame) {
    if (!is_protocol(frame, frame.caller)) errors::revert(errors::kNotProtocol, frame.caller);
}

void check_credits(const State& state, const Address& account, const Amount& value) {
    const Amount available = state.credit_balance(account);
    if (available < value) errors::revert(errors::kInsufficientCredits, value, available);
}

void move(Frame& frame, const Address& from, const Address& to, const Amount& value) {
    check_protocol(frame);
    State& state = frame.state;
    check_credits(state, from, value);
    state.set_credit_balance(from, state.credit_balance(from) - value);
    state.set_credit_balance(to, state.credit_balance(to) + value);
    frame.emit(CreditTransfer{from, to, value});
}

void give_new(Frame& frame, const Address& account, const Amount& value) {
    State& state = frame.state;
    state.set_credit_supply(state.credit_supply() + value);
    state.set_credit_balance(account, state.credit_balance(account) + value);
    frame.emit(CreditTransfer{{}, account, value});
}

void take_away(Frame& frame, const Address& account, const Amount& value) {
    State& state = frame.state;
    check_credits(state, account, value);
    state.set_credit_balance(account, state.credit_balance(account) - value);
    state.set_credit_supply(state.credit_supply() - value);
    frame.emit(CreditTransfer{account, {}, value});
}

void buy(Frame& frame, const Address& account, const Amount& value) {
    Frame own = frame.called_by(frame.contracts.credit);
    token::transfer_from(own, account, frame.contracts.credit, value);
    give_new(frame, account, value);
    frame.emit(CreditPurchased{account, value});
}

void buy_with_permit(Frame& frame, const Address& account, const token::Permit& permit) {
    if (permit.value.is_zero()) errors::revert(errors::kZeroAmount);
    const std::size_t mark = frame.state.checkpoint();
    const std::size_t logs = frame.logs.size();
    Frame own = frame.called_by(frame.contracts.credit);
    try {
        token::permit(own, account, frame.contracts.credit, permit);
    } catch (const errors::Revert&) {
        // Whoever saw the permit may have used it first: what it allowed is there, then.
        frame.state.rollback(mark);
        frame.logs.resize(logs);
        if (frame.state.allowance(account, frame.contracts.credit) < permit.value) throw;
    }
    buy(frame, account, permit.value);
}

void purchase(Frame& frame, abi::Decoder& in, abi::Encoder&) {
    const Amount value = in.uint();
    wellformed(in);
    if (value.is_zero()) errors::revert(errors::kZeroAmount);
    buy(frame, frame.caller, value);
}

void purchase_with_permit(Frame& frame, abi::Decoder& in, abi::Encoder&) {
    const token::Permit permit = token::read_permit(in);
    wellformed(in);
    buy_with_permit(frame, frame.caller, permit);
}

void purchase_for_call(Frame& frame, abi::Decoder& in, abi::Encoder&) {
    const Address account = in.address();
    const token::Permit permit = token::read_permit(in);
    wellformed(in);
    purchase_for(frame, account, permit);
}

void pending(Frame& frame, abi::Decoder& in, abi::Encoder& out) {
    const Address from = in.address();
    wellformed(in);
    out.uint(token_rows::pending_transfer(frame.state, from));
}

void claim_transfer(Frame& frame, abi::Decoder& in, abi::Encoder&) {
    const Address from = in.address();
    wellformed(in);
    const Amount value = token_rows::pending_transfer(frame.state, from);
    if (value.is_zero()) errors::revert(errors::kNothingPending, from);
    token_rows::set_pending_transfer(frame.state, from, {});
    give_new(frame, from, value);
    frame.emit(CreditTransferClaimed{from, frame.caller, value});
}

void redeem(Frame& frame, abi::Decoder& in, abi::Encoder&) {
    const Amount value = in.uint();
    wellformed(in);
    if (value.is_zero()) errors::revert(errors::kZeroAmount);
    take_away(frame, frame.caller, value);
    Frame own = frame.called_by(frame.contracts.credit);
    token::transfer(own, frame.caller, value);
    frame.emit(CreditRedeemed{frame.caller, value});
}

/// These read alike: the value.
template <void (*Act)(Frame&, const Amount&)>
void value_call(Frame& frame, abi::Decoder& in, abi::Encoder&) {
    const Amount value = in.uint();
    wellformed(in);
    Act(frame, value);
}

/// These read alike: the other account and the value.
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
    {"purchaseWithPermit(uint256,uint256,uint8,bytes32,bytes32)", 140'000, purchase_with_permit},
    {"redeem(uint256)", 75'000, redeem},
    {"pending(address)", 24'000, pending},
    {"claimTransfer(address)", 80'000, claim_transfer},
    {"noteTransfer(address,uint256)", 50'000, move_call<note_transfer>},
    {"purchaseFor(address,uint256,uint256,uint8,bytes32,bytes32)", 140'000, purchase_for_call},
    {"burn(uint256)", 60'000, value_call<burn>},
    {"issue(uint256)", 110'000, value_call<issue>},
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

void purchase_for(Frame& frame, const Address& account, const token::Permit& permit) {
    check_protocol(frame);
    buy_with_permit(frame, account, permit);
}

void burn(Frame& frame, const Amount& value) {
    check_protocol(frame);
    take_away(frame, frame.caller, value);
    Frame own = frame.called_by(frame.contracts.credit);
    token::burn(own, value);
}

void issue(Frame& frame, const Amount& value) {
    if (frame.caller != frame.contracts.pledge) errors::revert(errors::kNotProtocol, frame.caller);
    Frame own = frame.called_by(frame.contracts.credit);
    token::mint(own, frame.contracts.credit, value);
    give_new(frame, frame.caller, value);
}

void note_transfer(Frame& frame, const Address& from, const Amount& value) {
    if (frame.caller != frame.contracts.token) errors::revert(errors::kNotProtocol, frame.caller);
    const Amount there = token_rows::pending_transfer(frame.state, from);
    token_rows::set_pending_transfer(frame.state, from, there + value);
    frame.emit(CreditTransferReceived{from, value});
}

}  // namespace credit

std::span<const Function> credit_functions() noexcept {
    return credit::kFunctions;
}

}  // namespace grid::chain::native
