#include "chain/execution.hpp"

#include <algorithm>
#include <stdexcept>
#include <unordered_map>

#include "chain/contracts/contract.hpp"

namespace grid::chain {

namespace {

constexpr std::uint64_t kTransactionGas = 21000;

std::uint32_t key_of(ByteView selector) {
    return std::uint32_t{selector[0]} << 24 | std::uint32_t{selector[1]} << 16 |
           std::uint32_t{selector[2]} << 8 | selector[3];
}

using Dispatch = std::unordered_map<std::uint32_t, const native::Function*>;

Dispatch make_dispatch(std::span<const native::Function> functions) {
    Dispatch dispatch;
    for (const native::Function& function : functions) {
        const abi::Selector selector = abi::selector(function.signature);
        dispatch.emplace(key_of(selector), &function);
    }
    return dispatch;
}

/// The functions of the contract at an address; null when there is none.
const Dispatch* contract_at(const ContractAddresses& contracts, const Address& address) {
    static const Dispatch kToken = make_dispatch(native::token_functions());
    static const Dispatch kCredit = make_dispatch(native::credit_functions());
    static const Dispatch kRegistry = make_dispatch(native::registry_functions());
    static const Dispatch kMarket = make_dispatch(native::market_functions());
    static const Dispatch kCouncil = make_dispatch(native::council_functions());
    static const Dispatch kPledge = make_dispatch(native::pledge_functions());
    static const Dispatch kMulticall = make_dispatch(native::multicall_functions());
    if (address == contracts.market) return &kMarket;
    if (address == contracts.credit) return &kCredit;
    if (address == contracts.token) return &kToken;
    if (address == contracts.registry) return &kRegistry;
    if (address == contracts.multicall) return &kMulticall;
    if (address == contracts.pledge) return &kPledge;
    if (address == contracts.council) return &kCouncil;
    return nullptr;
}

Bytes panic(std::uint64_t code) {
    static const abi::Selector kPanic = abi::selector("Panic(uint256)");
    return abi::Encoder{}.uint(code).take(kPanic);
}

/// What a result costs that goes from contract to contract, a byte: bounds what one transaction piles up.
constexpr std::uint64_t kOutputGas = 8;

/// Runs a function in a frame of its own: what it returns.
Bytes run(native::Frame& frame, const Dispatch& dispatch, const Message& message) {
    if (message.data.size() < 4) throw errors::Revert{};
    const auto found = dispatch.find(key_of(message.data.first(4)));
    if (found == dispatch.end()) throw errors::Revert{};
    const native::Function& function = *found->second;
    native::charge(frame, function.gas);
    if (!message.value.is_zero()) throw errors::Revert{};
    abi::Decoder in(message.data.subspan(4));
    abi::Encoder out;
    function.run(frame, in, out);
    Bytes output = out.take();
    if (frame.meter.depth > 0) native::charge(frame, kOutputGas * output.size());
    return output;
}

/// Runs a message; a failed one leaves state and logs as they were.
native::Returned attempt(native::Frame frame, const Message& message) {
    const Dispatch* dispatch = message.to ? contract_at(frame.contracts, *message.to) : nullptr;
    if (dispatch == nullptr) return {message.value.is_zero() && message.to.has_value(), {}};
    const std::size_t before = frame.state.checkpoint();
    const std::size_t logs = frame.logs.size();
    native::Returned result;
    try {
        result.output = run(frame, *dispatch, message);
        result.success = true;
        return result;
    } catch (const errors::Revert& revert) {
        result.output = revert.data;
    } catch (const std::overflow_error&) {
        result.output = panic(0x11);
    } catch (const std::domain_error&) {
        result.output = panic(0x12);
    } catch (...) {  // a defect or no memory: the caller stops, but never with half a call applied
        frame.state.rollback(before);
        throw;
    }
    frame.state.rollback(before);
    frame.logs.resize(logs);
    return result;
}

}  // namespace

namespace native {

Returned call(Frame& frame, const Address& to, const Amount& value, ByteView data) {
    if (frame.meter.depth >= kMaxCallDepth) return {};
    ++frame.meter.depth;
    Returned result = attempt(frame, {frame.caller, to, value, data});
    --frame.meter.depth;
    return result;
}

}  // namespace native

CallResult call(State& state, const BlockContext& block, const Message& message) {
    static const ContractAddresses kContracts = embedded_addresses();
    CallResult result;
    native::Meter meter;
    native::Returned returned =
        attempt({state, block, kContracts, message.from, result.logs, meter}, message);
    result.success = returned.success;
    result.output = std::move(returned.output);
    result.gas_used = std::max(kTransactionGas, kBlockGasLimit - meter.gas_left);
    return result;
}

Result<void> check_transaction(const State& state, const Transaction& transaction, const Address& sender,
                               std::uint64_t chain_id) {
    const auto expected = [](const char* what, const std::string& wanted, const std::string& came) {
        return std::string(what) + ": expected " + wanted + ", came " + came;
    };
    if (transaction.chain_id != chain_id)
        return fail("wrong_chain_id",
                    expected("chain id", std::to_string(chain_id), std::to_string(transaction.chain_id)));
    if (!transaction.to)
        return fail("contract_creation_refused", "this chain runs its own contracts only: name a recipient");
    if (!transaction.value.is_zero())
        return fail("value_not_accepted",
                    expected("value", "0 (this chain has no coin; tokens move by GridToken.transfer)",
                             transaction.value.decimal()));
    if (transaction.gas_limit < kTransactionGas)
        return fail("gas_limit_too_low", expected("gas limit", "at least " + std::to_string(kTransactionGas),
                                                  std::to_string(transaction.gas_limit)));
    const std::uint64_t next = state.nonce(sender);
    if (transaction.nonce == next) return {};
    return fail(transaction.nonce < next ? "nonce_too_low" : "nonce_too_high",
                expected("nonce", std::to_string(next), std::to_string(transaction.nonce)));
}

Receipt execute(State& state, const BlockContext& block, const SignedTransaction& transaction,
                const Address& sender) {
    const Transaction& t = transaction.transaction;
    state.set_nonce(sender, state.nonce(sender) + 1);
    CallResult result = call(state, block, {sender, t.to, t.value, t.data});
    return {transaction.hash, result.success, std::min(result.gas_used, t.gas_limit), std::move(result.logs),
            std::move(result.output)};
}

}  // namespace grid::chain
