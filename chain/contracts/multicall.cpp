// Multicall3 (https://github.com/mds1/multicall3): many calls in one.

#include "chain/block_constants.hpp"
#include "chain/contracts/contract.hpp"
#include "chain/contracts/tuples.hpp"

namespace grid::chain::native {

namespace multicall {

namespace {

/// What a call to an account that was not touched yet costs on an EVM chain (EIP-2929).
constexpr std::uint64_t kCallGas = 2'600;
/// What eth_getBalance answers for everybody.
constexpr std::uint64_t kBalance = 1'000'000'000'000'000'000;

struct Call {
    Address target;
    bool allow_failure = false;
    Amount value;
    ByteView data;
};

enum class Form : std::uint8_t { plain, with_failure, with_value };

std::vector<Call> calls(Frame& frame, abi::Decoder& in, Form form, bool allow_failure) {
    std::size_t length = 0;
    abi::Decoder elements = in.array(length, 1u << 20);
    wellformed(in);
    // Before they are read: offsets may overlap, and a few bytes name many calls.
    charge(frame, length * kCallGas);
    std::vector<Call> result(length);
    for (Call& call : result) {
        abi::Decoder element = elements.dynamic();
        call.target = element.address();
        call.allow_failure = form == Form::plain ? allow_failure : element.boolean();
        if (form == Form::with_value) call.value = element.uint();
        call.data = element.bytes();
        wellformed(element);
    }
    wellformed(elements);
    return result;
}

[[noreturn]] void fail_with(std::string_view reason) {
    static const abi::Selector kError = abi::selector("Error(string)");
    throw errors::Revert{abi::Encoder{}.text(reason).take(kError)};
}

/// The outcomes as Result[], or as bytes[] when all must succeed anyway.
Bytes run(Frame& frame, const std::vector<Call>& calls, bool with_success) {
    Frame own = frame.called_by(frame.contracts.multicall);
    abi::Encoder elements;
    for (const Call& c : calls) {
        const Returned returned = native::call(own, c.target, c.value, c.data);
        if (!returned.success && !c.allow_failure) fail_with("Multicall3: call failed");
        if (with_success)
            elements.dynamic(abi::Encoder{}.boolean(returned.success).bytes(returned.output).take());
        else
            elements.bytes(returned.output);
    }
    return tuples::array(calls.size(), elements);
}

void aggregate(Frame& frame, abi::Decoder& in, abi::Encoder& out) {
    const auto list = calls(frame, in, Form::plain, false);
    out.uint(frame.block.number).dynamic(run(frame, list, false));
}

void aggregate3(Frame& frame, abi::Decoder& in, abi::Encoder& out) {
    const auto list = calls(frame, in, Form::with_failure, false);
    out.dynamic(run(frame, list, true));
}

/// No value ever comes with a call here, so none may leave.
void aggregate3_value(Frame& frame, abi::Decoder& in, abi::Encoder& out) {
    const auto list = calls(frame, in, Form::with_value, false);
    Amount sum;
    for (const Call& call : list) sum += call.value;
    Bytes results = run(frame, list, true);
    if (!sum.is_zero()) fail_with("Multicall3: value mismatch");
    out.dynamic(results);
}

void try_aggregate(Frame& frame, abi::Decoder& in, abi::Encoder& out) {
    const bool require = in.boolean();
    const auto list = calls(frame, in, Form::plain, !require);
    out.dynamic(run(frame, list, true));
}

/// The hash of a block is not known inside it: zero, as in the EVM.
void block_and_aggregate(Frame& frame, abi::Decoder& in, abi::Encoder& out, bool require) {
    const auto list = calls(frame, in, Form::plain, !require);
    out.uint(frame.block.number).hash({}).dynamic(run(frame, list, true));
}

void get_block_hash(Frame& frame, abi::Decoder& in, abi::Encoder& out) {
    const Amount number = in.uint();
    wellformed(in);
    const bool parent = frame.block.number != 0 && number == Amount{frame.block.number - 1};
    out.hash(parent ? frame.block.parent : Hash{});
}

constexpr std::uint64_t kOwnGas = 30'000;

constexpr Function kFunctions[] = {
    {"aggregate((address,bytes)[])", kOwnGas, aggregate},
    {"aggregate3((address,bool,bytes)[])", kOwnGas, aggregate3},
    {"aggregate3Value((address,bool,uint256,bytes)[])", kOwnGas, aggregate3_value},
    {"tryAggregate(bool,(address,bytes)[])", kOwnGas, try_aggregate},
    {"blockAndAggregate((address,bytes)[])", kOwnGas,
     [](Frame& f, abi::Decoder& in, abi::Encoder& out) { block_and_aggregate(f, in, out, true); }},
    {"tryBlockAndAggregate(bool,(address,bytes)[])", kOwnGas,
     [](Frame& f, abi::Decoder& in, abi::Encoder& out) {
         const bool require = in.boolean();
         block_and_aggregate(f, in, out, require);
     }},
    {"getBlockHash(uint256)", 24'000, get_block_hash},
    {"getLastBlockHash()", 24'000,
     [](Frame& f, abi::Decoder&, abi::Encoder& out) { out.hash(f.block.parent); }},
    {"getBlockNumber()", 24'000,
     [](Frame& f, abi::Decoder&, abi::Encoder& out) { out.uint(f.block.number); }},
    {"getChainId()", 24'000, [](Frame& f, abi::Decoder&, abi::Encoder& out) { out.uint(f.block.chain_id); }},
    {"getCurrentBlockTimestamp()", 24'000,
     [](Frame& f, abi::Decoder&, abi::Encoder& out) { out.uint(f.block.time.seconds); }},
    {"getCurrentBlockGasLimit()", 24'000,
     [](Frame&, abi::Decoder&, abi::Encoder& out) { out.uint(kBlockGasLimit); }},
    {"getCurrentBlockCoinbase()", 24'000, [](Frame&, abi::Decoder&, abi::Encoder& out) { out.address({}); }},
    {"getCurrentBlockDifficulty()", 24'000, [](Frame&, abi::Decoder&, abi::Encoder& out) { out.uint(0); }},
    {"getBasefee()", 24'000, [](Frame&, abi::Decoder&, abi::Encoder& out) { out.uint(0); }},
    {"getEthBalance(address)", 24'000,
     [](Frame&, abi::Decoder& in, abi::Encoder& out) {
         in.address();
         wellformed(in);
         out.uint(kBalance);
     }},
};

}  // namespace

}  // namespace multicall

std::span<const Function> multicall_functions() noexcept {
    return multicall::kFunctions;
}

}  // namespace grid::chain::native
