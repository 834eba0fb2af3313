#include <algorithm>

#include "adapters/chain_evm/facts.hpp"
#include "adapters/chain_evm/retry_after.hpp"
#include "chain/events.hpp"
#include "chain/interface.hpp"
#include "fuzz/target.hpp"

namespace grid::fuzz {

namespace {

using namespace grid::adapters::evm;

const chain::ContractAddresses& contracts() {
    static const auto addresses = chain::embedded_addresses();
    return addresses;
}

template <class T>
bool refused(const Result<T>& result) {
    if (result) return false;
    require(result.error().code == "bad_reply" || result.error().code == "unavailable" ||
                result.error().code == "refused",
            "a reply is refused with a known code", result.error().code);
    return true;
}

std::string in_quotes(const std::string& text) {
    return '"' + text + '"';
}

std::string text_of(const Header& header) {
    return "{\"number\":" + in_quotes(quantity(header.number)) + ",\"hash\":" + in_quotes(header.hash.hex()) +
           ",\"parentHash\":" + in_quotes(header.parent.hex()) +
           ",\"timestamp\":" + in_quotes(quantity(header.time.seconds)) +
           (header.base_fee ? ",\"baseFeePerGas\":" + in_quotes(header.base_fee->quantity()) : "") +
           (header.bloom.empty() ? "" : ",\"logsBloom\":" + in_quotes(chain::to_hex(header.bloom))) + "}";
}

std::string text_of(const chain::Log& log) {
    std::string topics;
    for (const auto& topic : log.topics) topics += (topics.empty() ? "" : ",") + in_quotes(topic.hex());
    return "\"address\":" + in_quotes(log.address.hex()) + ",\"topics\":[" + topics +
           "],\"data\":" + in_quotes(chain::to_hex(log.data));
}

std::string text_of(const PlacedLog& placed) {
    return "{" + text_of(placed.log.log) + ",\"blockNumber\":" + in_quotes(quantity(placed.block_number)) +
           ",\"blockHash\":" + in_quotes(placed.block_hash.hex()) +
           ",\"transactionHash\":" + in_quotes(placed.log.transaction_hash.hex()) +
           ",\"logIndex\":" + in_quotes(quantity(placed.log.index)) + "}";
}

std::string text_of(const PlacedReceipt& placed) {
    std::string logs;
    for (const auto& log : placed.receipt.logs) logs += (logs.empty() ? "{" : ",{") + text_of(log) + "}";
    return "{\"blockNumber\":" + in_quotes(quantity(placed.block_number)) +
           ",\"blockHash\":" + in_quotes(placed.block_hash.hex()) +
           ",\"transactionHash\":" + in_quotes(placed.receipt.transaction_hash.hex()) +
           ",\"status\":" + (placed.receipt.success ? "\"0x1\"" : "\"0x0\"") +
           ",\"gasUsed\":" + in_quotes(quantity(placed.receipt.gas_used)) + ",\"logs\":[" + logs + "]}";
}

/// The same once more: written by us, read again.
RpcReply reply_of(const std::string& result) {
    auto replies = decode(R"({"jsonrpc":"2.0","id":0,"result":)" + result + "}", 1);
    require(replies.has_value(), "what is written as a reply is one", result);
    return replies->front();
}

void check_logs(const RpcReply& reply) {
    const auto logs = read_logs(reply, contracts());
    if (refused(logs)) return;
    std::string text;
    for (std::size_t i = 0; i < logs->size(); ++i) {
        const PlacedLog& placed = (*logs)[i];
        require(contracts().contains(placed.log.log.address), "a log is of the contracts");
        require(placed.log.log.topics.size() <= 4, "a log has at most four topics");
        if (i > 0)
            require(std::pair((*logs)[i - 1].block_number, (*logs)[i - 1].log.index) <
                        std::pair(placed.block_number, placed.log.index),
                    "logs come in their order, each once");
        if (const auto event = chain::decode_event(placed.log.log, contracts()))
            require(chain::decode_event(chain::to_log(*event, contracts()), contracts()) == event,
                    "an event is read as it is written");
        text += (i == 0 ? "" : ",") + text_of(placed);
    }
    const auto again = read_logs(reply_of("[" + text + "]"), contracts());
    require(again && again->size() == logs->size(), "logs that were read can be written");
    for (std::size_t i = 0; i < logs->size(); ++i)
        require((*again)[i].log.log == (*logs)[i].log.log && (*again)[i].log.index == (*logs)[i].log.index &&
                    (*again)[i].log.transaction_hash == (*logs)[i].log.transaction_hash &&
                    (*again)[i].block_number == (*logs)[i].block_number &&
                    (*again)[i].block_hash == (*logs)[i].block_hash,
                "a log is written as it was read");
}

void check(const RpcReply& reply) {
    if (const auto* error = std::get_if<RpcError>(&reply)) {
        require(error->message.size() <= 512 &&
                    std::all_of(error->message.begin(), error->message.end(),
                                [](unsigned char c) { return c >= 0x20 && c < 0x7f; }),
                "a stranger's words are tame");
        require(error->has_data || error->data.empty(), "data is there or not");
        return;
    }
    const auto header = read_header(reply);
    if (!refused(header)) {
        require(header->bloom.empty() || header->bloom.size() == 256, "a bloom filter has 256 bytes");
        const bool may = may_have_logs(*header, contracts());
        require(!may || !header->bloom.empty(), "no filter, no logs");
        const auto again = read_header(reply_of(text_of(*header)));
        require(again && *again == *header, "a header is written as it was read");
    }
    check_logs(reply);
    const auto receipt = read_receipt(reply);
    if (!refused(receipt) && *receipt) {
        const auto again = read_receipt(reply_of(text_of(**receipt)));
        require(again && *again && (*again)->receipt == (*receipt)->receipt, "a receipt is written as read");
    }
    const auto& value = *std::get<RpcValue>(reply);
    const auto amount = read_amount(value, "it");
    const auto number = read_number(value, "it");
    if (!refused(number)) require(amount && amount->to_u64() == *number, "a number is a small amount");
    if (!refused(amount)) {
        std::string text(value.GetString(), value.GetStringLength());
        std::transform(text.begin(), text.end(), text.begin(),
                       [](unsigned char c) { return std::tolower(c); });
        require(amount->quantity() == text, "a quantity has one form, but for the case of its letters");
    }
    const auto bytes = read_bytes(value, "it");
    const auto hash = read_hash(value, "it");
    if (!refused(hash)) require(bytes && bytes->size() == 32, "a hash has 32 bytes");
    refused(bytes);
}

void headers(std::string_view text) {
    const std::chrono::system_clock::time_point now{std::chrono::seconds(1'700'000'000)};
    const auto half = text.substr(0, text.find('\n'));
    const auto rest = text.substr(std::min(text.size(), half.size() + 1));
    const auto wait = retry_after(half, rest, now);
    require(!wait || wait->count() >= 0, "nobody is left alone for less than no time");
}

}  // namespace

void evm_reply(chain::ByteView input) {
    if (input.empty()) return;
    const std::size_t calls = 1 + input[0] % 3;
    const std::string_view text(reinterpret_cast<const char*>(input.data()) + 1, input.size() - 1);
    if (text.size() <= 80) headers(text);
    const auto replies = decode(text, calls);
    if (refused(replies)) return;
    require(replies->size() == calls, "every call has its reply");
    for (const RpcReply& reply : *replies) check(reply);
}

}  // namespace grid::fuzz
