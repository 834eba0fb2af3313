#pragma once

#include <span>

#include "chain/block_constants.hpp"
#include "chain/contracts/errors.hpp"
#include "chain/events.hpp"
#include "chain/execution.hpp"

/// What the native contracts are made of: a table of functions each, run in a frame.
namespace grid::chain::native {

/// What a transaction has left, over all calls between contracts that it makes.
struct Meter {
    std::uint64_t gas_left = kBlockGasLimit;
    unsigned depth = 0;      ///< of calls between contracts by calldata
    bool executing = false;  ///< the council runs a proposal
};

/// A call while it runs.
struct Frame {
    State& state;
    const BlockContext& block;
    const ContractAddresses& contracts;
    Address caller;  ///< msg.sender of the contract that runs
    std::vector<Log>& logs;
    Meter& meter;

    void emit(const Event& event) { logs.push_back(to_log(event, contracts)); }
    /// The same call with another contract's address as its caller.
    Frame called_by(const Address& contract) { return {state, block, contracts, contract, logs, meter}; }
};

/// A contract's function. `run` reads its arguments, calls `wellformed` before it does anything else, and
/// puts its results.
struct Function {
    std::string_view signature;
    std::uint64_t gas;  ///< what a transaction that calls it reports as used: plausible and fixed
    void (*run)(Frame& frame, abi::Decoder& in, abi::Encoder& out);
};

/// What a call between contracts came to: return data, or revert data.
struct Returned {
    bool success = false;
    Bytes output;
};

/// Deepest calls between contracts by calldata.
inline constexpr unsigned kMaxCallDepth = 8;

/// Calls what is at an address by calldata, as frame.caller. A failed call is undone with its logs, and so is
/// one that is deeper than kMaxCallDepth or takes more gas than the transaction has left.
Returned call(Frame& frame, const Address& to, const Amount& value, ByteView data);

/// Takes gas that the transaction has left; reverts empty when that is less.
inline void charge(Frame& frame, std::uint64_t gas) {
    if (gas > frame.meter.gas_left) throw errors::Revert{};
    frame.meter.gas_left -= gas;
}

/// Reverts empty when the arguments were malformed, as Solidity's decoder does.
inline void wellformed(const abi::Decoder& in) {
    if (in.bad()) throw errors::Revert{};
}

/// Each contract's functions.
std::span<const Function> token_functions() noexcept;
std::span<const Function> credit_functions() noexcept;
std::span<const Function> registry_functions() noexcept;
std::span<const Function> market_functions() noexcept;
std::span<const Function> council_functions() noexcept;
std::span<const Function> pledge_functions() noexcept;
std::span<const Function> multicall_functions() noexcept;

/// The largest page of a list view.
inline constexpr std::uint64_t kMaxPage = 100;

/// The part [offset, offset + limit) of a list of that size; reverts with TooMany over kMaxPage.
struct Page {
    std::size_t begin = 0;
    std::size_t end = 0;
};
Page page(std::size_t size, const Amount& offset, const Amount& limit);

}  // namespace grid::chain::native
