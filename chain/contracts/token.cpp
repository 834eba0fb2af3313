#include "chain/contracts/token.hpp"

#include "chain/contracts/credit.hpp"
#include "chain/token_rows.hpp"
#include "chain/typed_data.hpp"

namespace grid::chain::native {

namespace token {

namespace {

constexpr std::uint64_t kUnit = 1'000'000'000'000'000'000;

/// 2^256 - 1: an allowance that is never used up.
const Amount& unlimited() {
    static const Amount kUnlimited = Amount::power_of_two(255) - Amount{1} + Amount::power_of_two(255);
    return kUnlimited;
}

/// Contracts in which tokens that somebody sent there by hand would be lost.
bool would_lose(const ContractAddresses& c, const Address& account) {
    return account == c.token || account == c.registry || account == c.market || account == c.council ||
           account == c.pledge;
}

/// Contracts fetch their own; Credit alone keeps what comes by hand for its sender.
bool by_hand_to_credit(const Frame& frame, const Address& to) {
    return to == frame.contracts.credit && frame.caller != to;
}

void check_receiver(const Frame& frame, const Address& to) {
    if (to.is_zero() || (would_lose(frame.contracts, to) && frame.caller != to))
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
    if (!by_hand_to_credit(frame, to) || value.is_zero()) return;
    Frame own = frame.called_by(frame.contracts.token);
    credit::note_transfer(own, from, value);
}

void set_allowance(Frame& frame, const Address& owner, const Address& spender, const Amount& value) {
    if (spender.is_zero()) errors::revert(errors::kErc20InvalidSpender, spender);
    frame.state.set_allowance(owner, spender, value);
    frame.emit(TokenApproval{owner, spender, value});
}

eip712::Domain domain(const Frame& frame) {
    return {"GRID", "1", Amount{frame.block.chain_id}, frame.contracts.token};
}

/// Whose permit it is; zero: nobody's.
Address signer_of(const Frame& frame, const Address& owner, const Address& spender, const Permit& permit) {
    static constexpr std::string_view kType =
        "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)";
    if (permit.v != 27 && permit.v != 28) return {};
    const Hash terms = eip712::StructHash(kType)
                           .address(owner)
                           .address(spender)
                           .uint(permit.value)
                           .uint(token_rows::permit_nonce(frame.state, owner))
                           .uint(permit.deadline)
                           .finish();
    const auto signer = recover(eip712::digest(domain(frame).separator(), terms),
                                {permit.r, permit.s, static_cast<std::uint8_t>(permit.v - 27)});
    return signer ? *signer : Address{};
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

void mint_call(Frame& frame, abi::Decoder& in, abi::Encoder&) {
    const Address to = in.address();
    const Amount value = in.uint();
    wellformed(in);
    mint(frame, to, value);
}

void burn_call(Frame& frame, abi::Decoder& in, abi::Encoder&) {
    const Amount value = in.uint();
    wellformed(in);
    burn(frame, value);
}

void permit_call(Frame& frame, abi::Decoder& in, abi::Encoder&) {
    const Address owner = in.address();
    const Address spender = in.address();
    const Permit given = read_permit(in);
    wellformed(in);
    permit(frame, owner, spender, given);
}

void nonces(Frame& frame, abi::Decoder& in, abi::Encoder& out) {
    const Address owner = in.address();
    wellformed(in);
    out.uint(token_rows::permit_nonce(frame.state, owner));
}

/// EIP-5267: the first byte says which of name, version, chain id, contract, salt there are.
void eip712_domain(Frame& frame, abi::Decoder&, abi::Encoder& out) {
    const eip712::Domain d = domain(frame);
    Hash fields;
    fields.bytes[0] = 0x0f;
    out.word(fields).text(d.name).text(d.version).uint(d.chain_id).address(d.verifying_contract).word({});
    out.bytes({});  // no extensions: an empty array is written as empty bytes are
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
    set_allowance(frame, frame.caller, spender, value);
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
    {"nonces(address)", 24'000, nonces},
    {"DOMAIN_SEPARATOR()", 24'000,
     [](Frame& f, abi::Decoder&, abi::Encoder& out) { out.hash(domain(f).separator()); }},
    {"eip712Domain()", 26'000, eip712_domain},
    {"permit(address,address,uint256,uint256,uint8,bytes32,bytes32)", 80'000, permit_call},
    {"mint(address,uint256)", 70'000, mint_call},
    {"burn(uint256)", 40'000, burn_call},
    {"faucet(uint256)", 70'000, faucet},
};

}  // namespace

Amount faucet_limit() {
    return Amount{10'000} * Amount{kUnit};
}

Permit read_permit(abi::Decoder& in) {
    Permit p;
    p.value = in.uint();
    p.deadline = in.uint();
    p.v = static_cast<std::uint8_t>(in.uint(8).limbs()[0]);
    p.r = in.word();
    p.s = in.word();
    return p;
}

void mint(Frame& frame, const Address& to, const Amount& value) {
    const Address& minter = frame.state.parameters().minter;
    const bool may = frame.caller == frame.contracts.credit || (!minter.is_zero() && frame.caller == minter);
    if (!may) errors::revert(errors::kNotMinter, frame.caller);
    if (by_hand_to_credit(frame, to)) errors::revert(errors::kErc20InvalidReceiver, to);
    check_receiver(frame, to);
    give_new(frame, to, value);
}

void burn(Frame& frame, const Amount& value) {
    State& state = frame.state;
    const Amount balance = state.token_balance(frame.caller);
    if (balance < value) errors::revert(errors::kErc20InsufficientBalance, frame.caller, balance, value);
    state.set_token_balance(frame.caller, balance - value);
    state.set_token_supply(state.token_supply() - value);
    frame.emit(TokenTransfer{frame.caller, {}, value});
}

void permit(Frame& frame, const Address& owner, const Address& spender, const Permit& permit) {
    if (Amount{frame.block.time.seconds} > permit.deadline)
        errors::revert(errors::kErc2612ExpiredSignature, permit.deadline);
    const Address signer = signer_of(frame, owner, spender, permit);
    if (signer.is_zero() || signer != owner) errors::revert(errors::kErc2612InvalidSigner, signer, owner);
    token_rows::set_permit_nonce(frame.state, owner, token_rows::permit_nonce(frame.state, owner) + 1);
    set_allowance(frame, owner, spender, permit.value);
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
