#include "chain/replay.hpp"

#include <limits>

#include "chain/commitment.hpp"
#include "chain/senders.hpp"
#include "chain/trie_root.hpp"

namespace grid::chain {
namespace {

tl::unexpected<Error> differs(std::uint64_t number, const std::string& what, const std::string& expected,
                              const std::string& came) {
    return fail("block_differs", "block " + std::to_string(number) + ": " + what + ": expected " + expected +
                                     ", came " + came);
}

std::string text(const std::optional<Bytes>& value) {
    return value ? to_hex(*value) : std::string("erased");
}

Result<void> same_receipt(std::uint64_t number, std::size_t index, const Receipt& expected,
                          const Receipt& came) {
    if (expected == came) return {};
    const std::string where = "receipt of transaction " + std::to_string(index);
    if (expected.success != came.success)
        return differs(number, where + ", status", expected.success ? "1" : "0", came.success ? "1" : "0");
    if (expected.gas_used != came.gas_used)
        return differs(number, where + ", gas", std::to_string(expected.gas_used),
                       std::to_string(came.gas_used));
    if (expected.output != came.output)
        return differs(number, where + ", output", to_hex(expected.output), to_hex(came.output));
    if (expected.logs.size() != came.logs.size())
        return differs(number, where + ", logs", std::to_string(expected.logs.size()),
                       std::to_string(came.logs.size()));
    for (std::size_t i = 0; i < expected.logs.size(); ++i)
        if (expected.logs[i] != came.logs[i])
            return differs(number, where + ", data of log " + std::to_string(i),
                           to_hex(expected.logs[i].data), to_hex(came.logs[i].data));
    return differs(number, where + ", transaction", expected.transaction_hash.hex(),
                   came.transaction_hash.hex());
}

Result<void> same_writes(std::uint64_t number, const WriteSet& expected, const WriteSet& came) {
    const auto place = [](const Row& row) {
        return "table " + std::to_string(row.table) + ", key " + to_hex(row.key);
    };
    for (std::size_t i = 0; i < std::min(expected.size(), came.size()); ++i) {
        if (expected[i] == came[i]) continue;
        if (expected[i].table != came[i].table || expected[i].key != came[i].key)
            return differs(number, "row " + std::to_string(i) + " of the write set", place(expected[i]),
                           place(came[i]));
        return differs(number, place(expected[i]), text(expected[i].value), text(came[i].value));
    }
    if (expected.size() == came.size()) return {};
    return differs(number, "rows of the write set", std::to_string(expected.size()),
                   std::to_string(came.size()));
}

Result<void> same_place(const StoredBlock& parent, const StoredBlock& block) {
    const BlockHeader& header = block.block.header;
    const BlockHeader& before = parent.block.header;
    if (header.number != before.number + 1)
        return differs(header.number, "number", std::to_string(before.number + 1),
                       std::to_string(header.number));
    if (header.parent != parent.hash)
        return differs(header.number, "parent", parent.hash.hex(), header.parent.hex());
    if (header.time < before.time)
        return differs(header.number, "timestamp", "at least " + std::to_string(before.time.seconds),
                       std::to_string(header.time.seconds));
    return {};
}

/// Runs the transactions; what they change is in the state's journal.
Result<void> run_transactions(State& state, const ChainName& chain, const Block& block) {
    const std::uint64_t number = block.header.number;
    const BlockContext context{number, block.header.time, chain.chain_id, chain.development,
                               block.header.parent};
    for (std::size_t i = 0; i < block.transactions.size(); ++i) {
        const SignedTransaction& transaction = block.transactions[i];
        const Address& sender = block.senders[i];
        if (auto fit = check_transaction(state, transaction.transaction, sender, chain.chain_id); !fit)
            return differs(number, "transaction " + std::to_string(i), "one that may be executed",
                           fit.error().message);
        const Receipt receipt = execute(state, context, transaction, sender);
        if (auto same = same_receipt(number, i, receipt, block.receipts[i]); !same) return same;
    }
    return {};
}

}  // namespace

Result<ChainName> recognize_chain(const Block& first, const std::vector<std::uint64_t>& ids) {
    if (first.header.number != 0 || !first.transactions.empty() || first.header.parent != Hash{})
        return differs(first.header.number, "first block", "a block 0 without parent and transactions",
                       "another");
    std::string tried;
    for (const std::uint64_t id : ids) {
        for (const bool development : {false, true})
            if (next_commitment(commitment_seed(id, development), first.writes) ==
                first.header.state_commitment)
                return ChainName{id, development};
        tried += (tried.empty() ? "" : " or ") + std::to_string(id);
    }
    return differs(0, "state commitment", "that of its rows on chain " + tried,
                   first.header.state_commitment.hex());
}

Result<void> check_contents(const StoredBlock& stored) {
    const Block& block = stored.block;
    const std::uint64_t number = block.header.number;
    const auto senders = recover_senders(block.transactions);
    for (std::size_t i = 0; i < senders.size(); ++i) {
        const Result<Address>& sender = senders[i];
        const std::string what = "sender of transaction " + std::to_string(i);
        if (!sender) return differs(number, what, "a signature that names one", sender.error().message);
        if (*sender != block.senders[i])
            return differs(number, what, sender->checksummed(), block.senders[i].checksummed());
    }
    if (const Hash root = transactions_root(block.transactions); root != block.header.transactions_root)
        return differs(number, "transactions root", root.hex(), block.header.transactions_root.hex());
    if (const Hash root = receipts_root(block.transactions, block.receipts);
        root != block.header.receipts_root)
        return differs(number, "receipts root", root.hex(), block.header.receipts_root.hex());
    return {};
}

Result<void> reexecute(State& state, const ChainName& chain, const StoredBlock& parent,
                       const StoredBlock& stored, State::Undo& undo) {
    const Block& block = stored.block;
    if (auto place = same_place(parent, stored); !place) return place;
    const std::size_t before = state.checkpoint();
    if (auto run = run_transactions(state, chain, block); !run) {
        state.rollback(before);
        return run;
    }
    const WriteSet writes = state.take_write_set(&undo, std::numeric_limits<std::size_t>::max());
    auto same = same_writes(block.header.number, writes, block.writes);
    if (same)
        if (const Hash commitment = next_commitment(parent.block.header.state_commitment, writes);
            commitment != block.header.state_commitment)
            same = differs(block.header.number, "state commitment", commitment.hex(),
                           block.header.state_commitment.hex());
    if (!same) state.take_back(undo);
    return same;
}

Result<Replay> Replay::begin(const ChainName& chain, BlockPointer first) {
    if (auto known = recognize_chain(first->block, {chain.chain_id}); !known)
        return tl::unexpected<Error>(known.error());
    State state;
    for (const Row& row : first->block.writes)
        if (auto loaded = state.load(row); !loaded)
            return fail("block_differs", "block 0: " + loaded.error().message);
    if (auto contents = check_contents(*first); !contents) return tl::unexpected<Error>(contents.error());
    return Replay(chain, std::move(state), std::move(first));
}

Result<void> Replay::apply(BlockPointer block) {
    if (auto contents = check_contents(*block); !contents) return contents;
    State::Undo undo;
    if (auto same = reexecute(state_, chain_, *head_, *block, undo); !same) return same;
    transactions_ += block->block.transactions.size();
    head_ = std::move(block);
    return {};
}

}  // namespace grid::chain
