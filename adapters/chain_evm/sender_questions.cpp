// What the sender asks the network before it signs, and why a transaction failed.
#include <algorithm>

#include "adapters/chain_evm/sender.hpp"
#include "chain/gas_limit.hpp"
#include "chain/revert.hpp"

namespace grid::adapters::evm {
namespace {

constexpr std::uint64_t kLargestGas = 100'000'000;

std::string call_object(const chain::Address& from, const chain::Address& to, const chain::Bytes& data) {
    return R"({"from":")" + from.hex() + R"(","to":")" + to.hex() + R"(","data":")" + chain::to_hex(data) +
           "\"}";
}

bool is_revert(const RpcError& error) {
    return error.code == 3 || error.has_data || error.message.find("revert") != std::string::npos;
}

}  // namespace

Result<Sender::Quote> Sender::ask(const Request& request, bool pending) {
    const std::string at = pending ? "pending" : "latest";
    const auto head = branch_.head();
    if (!head) return fail("unavailable", "the chain has not been reached yet");
    const std::vector<RpcCall> calls{
        {"eth_estimateGas", "[" + call_object(address(), request.to, request.calldata) + ",\"" + at + "\"]"},
        {"eth_getTransactionCount", "[\"" + address().hex() + "\",\"pending\"]"},
        {"eth_maxPriorityFeePerGas"},
        {"eth_gasPrice"}};
    return network_.pool().read<Quote>(calls, [&](const RpcPool::Replies& replies) -> Result<Quote> {
        if (const auto* error = std::get_if<RpcError>(&replies[0])) {
            if (is_revert(*error)) return fail("reverted", chain::describe_revert(error->data));
            return fail(pending ? "no_pending_state" : "unavailable",
                        "gas cannot be estimated: " + error->message);
        }
        auto gas = value_of(replies[0]);
        const auto estimate = read_number(**gas, "eth_estimateGas");
        if (!estimate) return tl::unexpected(estimate.error());
        if (*estimate > kLargestGas)
            return fail("bad_reply", "eth_estimateGas: expected at most 100,000,000");
        auto count = value_of(replies[1]);
        if (!count) return tl::unexpected(count.error());
        const auto nonce = read_number(**count, "eth_getTransactionCount");
        if (!nonce) return tl::unexpected(nonce.error());
        return Quote{*estimate, *nonce, read_fees(head->base_fee, replies[2], replies[3])};
    });
}

Result<Fees> Sender::ask_fees() {
    const auto head = branch_.head();
    if (!head) return fail("unavailable", "the chain has not been reached yet");
    const auto replies =
        network_.pool().ask(std::vector<RpcCall>{{"eth_maxPriorityFeePerGas"}, {"eth_gasPrice"}});
    if (!replies) return tl::unexpected(replies.error());
    return read_fees(head->base_fee, (*replies)[0], (*replies)[1]);
}

/// Receipts have no revert data: the call is made again on the state after its block, then before it.
std::string Sender::reason(const Flight& flight, const PlacedReceipt& receipt) {
    const auto& transaction = flight.intent.transaction();
    if (chain::ran_out_of_gas(receipt.receipt.gas_used, transaction.gas_limit))
        return "the transaction ran out of gas";
    const auto call = call_object(address(), *transaction.to, transaction.data);
    for (const auto number :
         {receipt.block_number, receipt.block_number - std::min<std::uint64_t>(1, receipt.block_number)}) {
        const auto replies = network_.pool().ask(
            std::vector<RpcCall>{{"eth_call", "[" + call + ",\"" + quantity(number) + "\"]"}});
        if (!replies) break;
        const auto* error = std::get_if<RpcError>(&replies->front());
        if (error != nullptr && is_revert(*error)) return chain::describe_revert(error->data);
    }
    return "the transaction failed; why can no longer be found out";
}

}  // namespace grid::adapters::evm
