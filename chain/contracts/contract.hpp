#pragma once

#include <span>

#include "chain/contracts/errors.hpp"
#include "chain/events.hpp"
#include "chain/execution.hpp"

/// What the native contracts are made of: a table of functions each, run in a frame.
namespace grid::chain::native {

/// A call while it runs.
struct Frame {
    State& state;
    const BlockContext& block;
    const ContractAddresses& contracts;
    Address caller;  ///< msg.sender of the contract that runs
    std::vector<Log>& logs;

    void emit(const Event& event) { logs.push_back(to_log(event, contracts)); }
    /// The same call with another contract's address as its caller.
    Frame called_by(const Address& contract) { return {state, block, contracts, contract, logs}; }
};

/// A contract's function. `run` reads its arguments, calls `wellformed` before it does anything else, and
/// puts its results.
struct Function {
    std::string_view signature;
    std::uint64_t gas;  ///< what a transaction that calls it reports as used: plausible and fixed
    void (*run)(Frame& frame, abi::Decoder& in, abi::Encoder& out);
};

/// Reverts empty when the arguments were malformed, as Solidity's decoder does.
inline void wellformed(const abi::Decoder& in) {
    if (in.bad()) throw errors::Revert{};
}

/// GridToken's, Credit's, Registry's and Market's functions.
std::span<const Function> token_functions() noexcept;
std::span<const Function> credit_functions() noexcept;
std::span<const Function> registry_functions() noexcept;
std::span<const Function> market_functions() noexcept;

/// The largest page of a list view.
inline constexpr std::uint64_t kMaxPage = 100;

/// The part [offset, offset + limit) of a list of that size; reverts with TooMany over kMaxPage.
struct Page {
    std::size_t begin = 0;
    std::size_t end = 0;
};
Page page(std::size_t size, const Amount& offset, const Amount& limit);

}  // namespace grid::chain::native
