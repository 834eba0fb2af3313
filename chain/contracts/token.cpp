#include "chain/contracts/token.hpp"

namespace grid::chain::native {

namespace token {

namespace {

constexpr std::uint64_t kUnit = 1'000'000'000'000'000'000;

/// 2^256 - 1: an allowance that is never used up.
const Amount& unlimited() {
    static const Amount kUnlimited = Amount::power_of_two(255) - Amount{1} + Amount::power_of_two(255);
    return kUnlimited;
}

bool is_contract(const Frame& frame, const Address& account) {
    const ContractAddresses& c = frame.contracts;
    return account == c.token || account == c.credit || account == c.registry || account == c.market;
}

/// Tokens sent to a contract by hand would be lost there: contracts fetch their own.
void check_receiver(const Frame& frame, const Address& to) {
    if (to.is_zero() || (is_contract(frame, to) && frame.caller != to))
        errors::revert(errors::kErc20InvalidReceiver, to);
}

void move(Frame& frame, const Address& from, const Address& to, const Amount& value) {
    check_receiver(frame, to);
    State& state = frame.state;
    const Amount balance = state.token_balance(from);
    if (balance < value) errors::revert(errors::kErc20InsufficientBalance, from, balance, value);
    state.set_token_balance(from, balance - value);
    state.set_token_balance(to, state.token_balance(to) + value);
    frame.emit(TokenTransfer{from, to, value});
}

void give_new(Frame& frame, const Address& to, const Amount& value) {
    State& state = frame.state;
    const Amount supply = state.token_supply() + value;
    const Amount& cap = state.parameters().token_cap;
    if (supply > cap) errors::revert(errors::kErc20ExceededCap, supply, cap);
    state.set_token_supply(supply);
    state.set_token_balance(to, state.token_balance(to) + value);
    frame.emit(TokenTransfer{{}, to, value});
}

void mint(Frame& frame, abi::Decoder& in, abi::Encoder&) {
    const Address to = in.address();
    const Amount value = in.uint();
    wellformed(in);
    const Address& minter = frame.state.parameters().minter;
    if (minter.is_zero() || frame.caller != minter) errors::revert(errors::kNotMinter, frame.caller);
    check_receiver(frame, to);
    give_new(frame, to, value);
}

void faucet(Frame& frame, abi::Decoder& in, abi::Encoder&) {
    const Amount value = in.uint();
    wellformed(in);
    if (!frame.block.development) errors::revert(errors::kFaucetClosed);
    if (value > faucet_limit()) errors::revert(errors::kFaucetLimit, value, faucet_limit());
    give_new(frame, frame.caller, value);
}

void approve(Frame& frame, abi::Decoder& in, abi::Encoder& out) {
    const Address spender = in.address();
    const Amount value = in.uint();
    wellformed(in);
    if (spender.is_zero()) errors::revert(errors::kErc20InvalidSpender, spender);
    frame.state.set_allowance(frame.caller, spender, value);
    frame.emit(TokenApproval{frame.caller, spender, value});
    out.boolean(true);
}

constexpr Function kFunctions[] = {
    {"name()", 24'000, [](Frame&, abi::Decoder&, abi::Encoder& out) { out.text("GRID"); }},
    {"symbol()", 24'000, [](Frame&, abi::Decoder&, abi::Encoder& out) { out.text("GRID"); }},
    {"decimals()", 24'000, [](Frame&, abi::Decoder&, abi::Encoder& out) { out.uint(18); }},
    {"totalSupply()", 24'000,
     [](Frame& f, abi::Decoder&, abi::Encoder& out) { out.uint(f.state.token_supply()); }},
    {"cap()", 24'000,
     [](Frame& f, abi::Decoder&, abi::Encoder& out) { out.uint(f.state.parameters().token_cap); }},
    {"minter()", 24'000,
     [](Frame& f, abi::Decoder&, abi::Encoder& out) { out.address(f.state.parameters().minter); }},
    {"balanceOf(address)", 24'000,
     [](Frame& f, abi::Decoder& in, abi::Encoder& out) {
         const Address account = in.address();
         wellformed(in);
         out.uint(f.state.token_balance(account));
     }},
    {"allowance(address,address)", 24'000,
     [](Frame& f, abi::Decoder& in, abi::Encoder& out) {
         const Address owner = in.address();
         const Address spender = in.address();
         wellformed(in);
         out.uint(f.state.allowance(owner, spender));
     }},
    {"transfer(address,uint256)", 52'000,
     [](Frame& f, abi::Decoder& in, abi::Encoder& out) {
         const Address to = in.address();
         const Amount value = in.uint();
         wellformed(in);
         transfer(f, to, value);
         out.boolean(true);
     }},
    {"approve(address,uint256)", 46'000, approve},
    {"transferFrom(address,address,uint256)", 60'000,
     [](Frame& f, abi::Decoder& in, abi::Encoder& out) {
         const Address from = in.address();
         const Address to = in.address();
         const Amount value = in.uint();
         wellformed(in);
         transfer_from(f, from, to, value);
         out.boolean(true);
     }},
    {"mint(address,uint256)", 70'000, mint},
    {"faucet(uint256)", 70'000, faucet},
};

}  // namespace

Amount faucet_limit() {
    return Amount{10'000} * Amount{kUnit};
}

void transfer(Frame& frame, const Address& to, const Amount& value) {
    move(frame, frame.caller, to, value);
}

void transfer_from(Frame& frame, const Address& from, const Address& to, const Amount& value) {
    const Amount allowed = frame.state.allowance(from, frame.caller);
    if (allowed != unlimited()) {
        if (allowed < value)
            errors::revert(errors::kErc20InsufficientAllowance, frame.caller, allowed, value);
        frame.state.set_allowance(from, frame.caller, allowed - value);
        frame.emit(TokenApproval{from, frame.caller, allowed - value});
    }
    move(frame, from, to, value);
}

}  // namespace token

std::span<const Function> token_functions() noexcept {
    return token::kFunctions;
}

}  // namespace grid::chain::native
