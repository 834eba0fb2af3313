#include "chain/rpc/methods.hpp"

#include <algorithm>

#include "chain/rpc/format.hpp"
#include "chain/rpc/method_table.hpp"

namespace grid::chain::rpc {
namespace {

constexpr std::string_view kNull = "null";
/// What eth_getBalance answers for every account: one coin. Nothing is ever charged, but wallets refuse to
/// sign for an account without any.
constexpr std::uint64_t kBalance = 1'000'000'000'000'000'000;
/// The code of a native contract: the invalid instruction and the name of the chain. Tools refuse an address
/// without code.
constexpr std::uint8_t kNativeCode[] = {0xfe, 'G', 'R', 'I', 'D'};
constexpr std::uint64_t kMaxFeeHistory = 1024;

Outcome reverted(const CallResult& result) {
    return {{}, 3, "execution reverted", hex_json(result.output), false};
}

/// The block that is named, null when there is none; never asked for pending.
Result<BlockPointer> find_block(const Context& c, const BlockName& name) {
    switch (name.tag) {
        case BlockName::Tag::hash:
            return c.ledger.block(name.hash);
        case BlockName::Tag::number:
            return c.ledger.block(name.number);
        default:
            return c.ledger.head();
    }
}

/// The earlier block whose state is asked for; null for that of now.
Result<BlockPointer> earlier_block(const Context& c, const BlockName& name) {
    if (name.tag == BlockName::Tag::pending || name.tag == BlockName::Tag::latest) return BlockPointer{};
    auto block = find_block(c, name);
    if (!block) return fail("block_not_found", "header not found: there is no such block");
    if ((*block)->hash == c.ledger.head()->hash) return BlockPointer{};
    return block;
}

/// Why the state of the named block cannot be asked; none when it can.
std::optional<Outcome> no_state(const Context& c, const BlockName& name) {
    const auto block = earlier_block(c, name);
    if (!block) return refused(block.error());
    if (*block == nullptr || c.ledger.has_state(**block)) return std::nullopt;
    return refused({"state_not_available", "state not available: the block is too old"});
}

Result<CallResult> call_on(const Context& c, const BlockName& name, const Message& message) {
    const auto block = earlier_block(c, name);
    if (!block) return tl::unexpected<Error>(block.error());
    if (*block != nullptr) return c.ledger.call_at(**block, message);
    return c.ledger.call(name.tag == BlockName::Tag::pending ? c.ledger.pending(c.wall) : c.ledger.latest(),
                         message);
}

/// null for not_found, as the specification wants it.
Outcome or_null(const Error& error) {
    return error.code == "not_found" ? good(std::string(kNull)) : refused(error);
}

// --- blocks

Outcome block_by_name(const Context& c, const BlockName& name, bool full) {
    if (name.tag == BlockName::Tag::pending)
        return good(pending_block_json(*c.ledger.head(), c.ledger.pending_time(c.wall)));
    const auto block = find_block(c, name);
    return block ? good(block_json(**block, full)) : or_null(block.error());
}

Outcome block_by_number(const Context& c, const Parameters& p) {
    p.at_most(2);
    return block_by_name(c, p.height(0), p.boolean(1, false));
}

Outcome block_by_hash(const Context& c, const Parameters& p) {
    p.at_most(2);
    return block_by_name(c, {BlockName::Tag::hash, 0, p.hash(0)}, p.boolean(1, false));
}

Outcome block_receipts(const Context& c, const Parameters& p) {
    p.at_most(1);
    const BlockName name = p.required_block(0);
    if (name.tag == BlockName::Tag::pending) return good("[]");
    const auto block = find_block(c, name);
    return block ? good(receipts_json(*block)) : or_null(block.error());
}

Outcome transaction_count_of(const Context& c, const BlockName& name) {
    if (name.tag == BlockName::Tag::pending) return good(quantity(0u));
    const auto block = find_block(c, name);
    return block ? good(quantity((*block)->block.transactions.size())) : or_null(block.error());
}

Outcome transaction_of(const Context& c, const BlockName& name, std::uint64_t index) {
    if (name.tag == BlockName::Tag::pending) return good(std::string(kNull));
    auto block = find_block(c, name);
    if (!block) return or_null(block.error());
    if (index >= (*block)->block.transactions.size()) return good(std::string(kNull));
    return good(transaction_json({std::move(*block), static_cast<std::uint32_t>(index)}));
}

BlockName named_by_hash(const Parameters& p) {
    return {BlockName::Tag::hash, 0, p.hash(0)};
}

// --- accounts

Outcome balance(const Context& c, const Parameters& p) {
    p.at_most(2);
    p.address(0);
    return no_state(c, p.block(1)).value_or(good(quantity(kBalance)));
}

Outcome code(const Context& c, const Parameters& p) {
    p.at_most(2);
    const Address address = p.address(0);
    if (auto refusal = no_state(c, p.block(1))) return *refusal;
    return good(embedded_addresses().contains(address) ? hex_json(kNativeCode) : hex_json({}));
}

/// Native contracts keep no slots: every one is zero.
Outcome storage_at(const Context& c, const Parameters& p) {
    p.at_most(3);
    p.address(0);
    const std::string slot = p.string(1);
    const bool hexadecimal = slot.starts_with("0x") && slot.size() > 2 && slot.size() <= 66 &&
                             slot.find_first_not_of("0123456789abcdefABCDEF", 2) == std::string::npos;
    if (!hexadecimal) throw BadParameters{"params[1]: expected a slot of at most 32 bytes, in hexadecimal"};
    return no_state(c, p.block(2)).value_or(good(hex_json(Hash{}.bytes)));
}

Outcome transaction_count(const Context& c, const Parameters& p) {
    p.at_most(2);
    const Address address = p.address(0);
    const BlockName name = p.block(1);
    const auto block = earlier_block(c, name);
    if (!block) return refused(block.error());
    if (*block == nullptr)
        return good(quantity(c.ledger.nonce(address, name.tag == BlockName::Tag::pending)));
    const auto nonce = c.ledger.nonce_at(**block, address);
    return nonce ? good(quantity(*nonce)) : refused(nonce.error());
}

// --- fees

Outcome fee_history(const Context& c, const Parameters& p) {
    p.at_most(3);
    const std::uint64_t asked = std::min(p.number(0), kMaxFeeHistory);
    const BlockName name = p.height(1);
    const std::size_t percentiles = p.percentiles(2, 100);
    const auto newest = find_block(c, name);
    if (!newest) return refused(-32000, "the block is beyond the newest one");
    const std::uint64_t last = (*newest)->block.header.number;
    const std::uint64_t count = std::min(asked, last + 1);
    const auto repeat = [](const std::string& item, std::uint64_t times) {
        std::string list = "[";
        for (std::uint64_t i = 0; i < times; ++i) list += (i == 0 ? "" : ",") + item;
        return list + "]";
    };
    std::string result = "{\"oldestBlock\":" + quantity(count == 0 ? 0 : last + 1 - count);
    result += ",\"baseFeePerGas\":" + repeat("\"0x0\"", count == 0 ? 0 : count + 1);
    result += ",\"gasUsedRatio\":" + repeat("0", count);
    if (percentiles > 0) result += ",\"reward\":" + repeat(repeat("\"0x0\"", percentiles), count);
    return good(result + "}");
}

// --- calls and transactions

Outcome call(const Context& c, const Parameters& p) {
    p.at_most(2);
    const CallParameters call = p.call(0);
    const auto result = call_on(c, p.block(1), call.message());
    if (!result) return refused(result.error());
    return result->success ? good(hex_json(result->output)) : reverted(*result);
}

Outcome estimate_gas(const Context& c, const Parameters& p) {
    p.at_most(2);
    const CallParameters call = p.call(0);
    BlockName where = p.block(1);
    // What is estimated is sent next, so it runs at the time that a block made now would have.
    if (where.tag == BlockName::Tag::latest) where.tag = BlockName::Tag::pending;
    const auto result = call_on(c, where, call.message());
    if (!result) return refused(result.error());
    return result->success ? good(quantity(result->gas_used)) : reverted(*result);
}

void send_raw_transaction(const Context& c, const Parameters& p, Answer answer) {
    p.at_most(1);
    c.ledger.submit(p.data(0), [answer = std::move(answer), &hub = c.hub](const Result<Submission>& result) {
        if (result && !result->block) hub.waiting(result->hash);
        answer(result ? good(hex_json(result->hash.bytes)) : refused(result.error()));
    });
}

Outcome transaction_by_hash(const Context& c, const Parameters& p) {
    p.at_most(1);
    const Hash hash = p.hash(0);
    // First the pool: what leaves it in between is found in its block.
    if (const auto waiting = c.ledger.waiting(hash))
        return good(waiting_transaction_json(waiting->transaction, waiting->sender));
    const auto place = c.ledger.transaction(hash);
    return place ? good(transaction_json(*place)) : or_null(place.error());
}

Outcome transaction_receipt(const Context& c, const Parameters& p) {
    p.at_most(1);
    const auto place = c.ledger.transaction(p.hash(0));
    return place ? good(receipt_json(*place)) : or_null(place.error());
}

Outcome logs(const Context& c, const Parameters& p) {
    p.at_most(1);
    Parameters::Filter asked = p.filter(0);
    // EIP-1898: a name by hash is the number of that block.
    for (BlockName* name : {&asked.from, &asked.to}) {
        if (asked.block) *name = {BlockName::Tag::hash, 0, *asked.block};
        if (name->tag != BlockName::Tag::hash) continue;
        const auto block = c.ledger.block(name->hash);
        if (!block) return refused(-32000, "unknown block");
        *name = {BlockName::Tag::number, (*block)->block.header.number, {}};
    }
    return find_logs(c.ledger, criteria_of(std::move(asked)));
}

/// A method without parameters.
template <class Function>
constexpr Method constant(Function) {
    return [](const Context& c, const Parameters& p, Answer answer) {
        p.at_most(0);
        answer(good(Function{}(c)));
    };
}

const MethodTable& methods() {
    using C = const Context&;
    using P = const Parameters&;
    static const MethodTable table = {
        {"web3_clientVersion", constant([](C) { return quote("GRID/" GRID_VERSION); })},
        {"net_version", constant([](C c) { return quote(std::to_string(c.ledger.genesis().chain_id)); })},
        {"net_listening", constant([](C) { return std::string("true"); })},
        {"eth_chainId", constant([](C c) { return quantity(c.ledger.genesis().chain_id); })},
        {"eth_blockNumber", constant([](C c) { return quantity(c.ledger.head()->block.header.number); })},
        {"eth_syncing", constant([](C) { return std::string("false"); })},
        {"eth_accounts", constant([](C) { return std::string("[]"); })},
        {"eth_gasPrice", constant([](C) { return quantity(0u); })},
        {"eth_maxPriorityFeePerGas", constant([](C) { return quantity(0u); })},
        {"eth_feeHistory", at_once<fee_history>},
        {"eth_getBlockByNumber", at_once<block_by_number>},
        {"eth_getBlockByHash", at_once<block_by_hash>},
        {"eth_getBlockReceipts", at_once<block_receipts>},
        {"eth_getBlockTransactionCountByNumber", entry([](C c, P p) {
             p.at_most(1);
             return transaction_count_of(c, p.height(0));
         })},
        {"eth_getBlockTransactionCountByHash", entry([](C c, P p) {
             p.at_most(1);
             return transaction_count_of(c, named_by_hash(p));
         })},
        {"eth_getTransactionByBlockNumberAndIndex", entry([](C c, P p) {
             p.at_most(2);
             return transaction_of(c, p.height(0), p.number(1));
         })},
        {"eth_getTransactionByBlockHashAndIndex", entry([](C c, P p) {
             p.at_most(2);
             return transaction_of(c, named_by_hash(p), p.number(1));
         })},
        {"eth_getBalance", at_once<balance>},
        {"eth_getCode", at_once<code>},
        {"eth_getStorageAt", at_once<storage_at>},
        {"eth_getTransactionCount", at_once<transaction_count>},
        {"eth_call", at_once<call>},
        {"eth_estimateGas", at_once<estimate_gas>},
        {"eth_sendRawTransaction", send_raw_transaction},
        {"eth_getTransactionByHash", at_once<transaction_by_hash>},
        {"eth_getTransactionReceipt", at_once<transaction_receipt>},
        {"eth_getLogs", at_once<logs>},
    };
    return table;
}

}  // namespace

Outcome refused(int code, std::string message) {
    return {{}, code, std::move(message), {}, false};
}

Outcome refused(const Error& error) {
    static const std::unordered_map<std::string_view, std::string_view> phrases = {
        {"nonce_too_low", "nonce too low"},
        {"nonce_too_high", "nonce too high"},
        {"already_known", "already known"},
        {"replacement_underpriced", "replacement transaction underpriced"},
        {"pool_full", "limit exceeded: txpool is full"},
        {"too_many_filters", "limit exceeded"},
        {"too_many_subscriptions", "limit exceeded"},
        {"range_too_large", "limit exceeded"},
        {"too_many_logs", "limit exceeded"},
        {"gas_limit_too_low", "intrinsic gas too low"},
        {"wrong_chain_id", "invalid chain id"},
        {"bad_signature", "invalid sender"},
    };
    const bool overloaded = error.code == "pool_full";
    const auto phrase = phrases.find(error.code);
    std::string message = phrase == phrases.end() || error.message.starts_with(phrase->second)
                              ? error.message
                              : std::string(phrase->second) + ": " + error.message;
    const bool limit = message.starts_with("limit exceeded");
    return {{},
            limit ? -32005 : -32000,
            std::move(message),
            "{\"reason\":" + quote(error.code) + "}",
            overloaded};
}

void call_method(std::string_view name, const Context& context, const Parameters& parameters, Answer answer) {
    for (const MethodTable* table : {&methods(), &news_methods(), &development_methods()}) {
        const auto found = table->find(name);
        if (found == table->end()) continue;
        if (table == &development_methods()) {
            if (!context.ledger.genesis().development) break;
            if (context.ledger.follower())
                return answer(refused({"not_the_leader", "this node follows another one; ask that one"}));
        }
        return found->second(context, parameters, std::move(answer));
    }
    answer(refused(-32601, "the method " + std::string(beginning(name)) + " does not exist"));
}

}  // namespace grid::chain::rpc
