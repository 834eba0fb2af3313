#include "chain/replay.hpp"

#include "chain/block_stream.hpp"
#include "chain/commitment.hpp"
#include "ledger_fixture.hpp"

using namespace grid;
using namespace grid::chain;
using grid::chain::test::account_key;
using grid::chain::test::LedgerFixture;
using grid::test::TemporaryDirectory;

namespace {

constexpr std::uint64_t kBlocks = 5;

/// A chain of some blocks with two transfers each, closed, so that its data can be read and damaged.
class ClosedChain : public LedgerFixture {
public:
    ClosedChain() {
        for (std::uint64_t n = 0; n < kBlocks; ++n) {
            submit(transfer(n, 3), alice);
            submit(transfer(n, 2'000'000), bob);  // more than there is: it fails, and is in the block
            ++wall.seconds;
            produce();
        }
        head = ledger->head();
        rows = ledger->rows();
        ledger.reset();
    }

    /// Changes one row of a table; none: it is erased.
    void damage(const std::string& part, std::uint32_t schema, const char* table, ByteView key,
                const std::function<std::optional<Bytes>(Bytes)>& change) {
        auto environment =
            store::Environment::open(directory.path() + "/" + part, {.schema_version = schema});
        REQUIRE(environment);
        const auto rows_of = (*environment)->table(table);
        REQUIRE(rows_of);
        const auto value = (*environment)->get(*rows_of, key);
        REQUIRE(value);
        const auto changed = change(value->value_or(Bytes{}));
        REQUIRE((*environment)->write([&](store::WriteTransaction& transaction) -> Result<void> {
            if (changed)
                transaction.put(*rows_of, key, *changed);
            else
                transaction.erase(*rows_of, key);
            return {};
        }));
    }

    void damage_block(std::uint64_t number, const std::function<void(Block&)>& change) {
        damage("blocks", LedgerStore::kBlockSchema, "blocks", store::number_key(number),
               [&](const Bytes& encoded) {
                   auto block = decode_block(encoded);
                   REQUIRE(block);
                   change(*block);
                   return encode_block(*block);
               });
    }

    Error verification_error() const {
        const auto verified = verify_chain(directory.path());
        REQUIRE_FALSE(verified);
        return verified.error();
    }

    Bytes exported(std::uint64_t from = 0) const {
        Bytes stream;
        const auto done = export_chain(directory.path(), 0, from, [&](ByteView piece) {
            stream.insert(stream.end(), piece.begin(), piece.end());
            return true;
        });
        REQUIRE(done);
        CHECK(done->newest.hash == head->hash);
        return stream;
    }

    BlockPointer head;
    WriteSet rows;
};

Result<Imported> import_bytes(const std::string& directory, ByteView stream, const Hash& genesis = {}) {
    StreamReader reader(stream);
    return import_chain(directory, reader, genesis);
}

bool says(const Error& error, const std::string& code, const std::string& part) {
    INFO(error.code << ": " << error.message);
    CHECK(error.code == code);
    CHECK(error.message.find(part) != std::string::npos);
    return error.code == code && error.message.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a sound chain verifies to its head and its rows", "[replay]") {
    ClosedChain chain;
    const auto verified = verify_chain(chain.directory.path());
    INFO((verified ? "" : verified.error().message));
    REQUIRE(verified);
    CHECK(verified->replay.head()->hash == chain.head->hash);
    CHECK(verified->replay.chain() == ChainName{kEmbeddedChainId, true});
    CHECK(verified->replay.transactions() == 2 * kBlocks);
    CHECK(verified->flushed == kBlocks);
    WriteSet rows;
    verified->replay.state().for_each_row([&](Row row) { rows.push_back(std::move(row)); });
    CHECK(std::is_permutation(rows.begin(), rows.end(), chain.rows.begin(), chain.rows.end()));
}

TEST_CASE("a chain is verified as another chain only when it is one", "[replay]") {
    ClosedChain chain;
    const auto verified = verify_chain(chain.directory.path(), 77);
    REQUIRE_FALSE(verified);
    says(verified.error(), "block_differs", "chain 77");
}

TEST_CASE("verification names the height and the difference of a changed block", "[replay]") {
    ClosedChain chain;
    SECTION("the status of a receipt") {
        chain.damage_block(3, [](Block& block) { block.receipts[1].success = true; });
        says(chain.verification_error(), "block_differs", "block 3: receipts root");
    }
    SECTION("a sender") {
        chain.damage_block(2, [](Block& block) { block.senders[0] = account_key(4).address(); });
        says(chain.verification_error(), "block_differs", "block 2: sender of transaction 0");
    }
    SECTION("an order of transactions") {
        chain.damage_block(4, [](Block& block) {
            std::swap(block.transactions[0], block.transactions[1]);
            std::swap(block.senders[0], block.senders[1]);
            std::swap(block.receipts[0], block.receipts[1]);
        });
        says(chain.verification_error(), "block_differs", "block 4: transactions root");
    }
    SECTION("a row, while the header stays as it was") {
        chain.damage_block(kBlocks, [&](Block& block) {
            for (Row& row : block.writes)
                if (row.table == static_cast<std::uint8_t>(Table::token_balances)) row.value->back() ^= 1;
        });
        says(chain.verification_error(), "block_differs", "block 5: table 4");
    }
    SECTION("a block that is missing") {
        chain.damage("blocks", LedgerStore::kBlockSchema, "blocks", store::number_key(2),
                     [](const Bytes&) { return std::nullopt; });
        says(chain.verification_error(), "not_found", "no block 2");
    }
    SECTION("a block that cannot be read") {
        chain.damage("blocks", LedgerStore::kBlockSchema, "blocks", store::number_key(2), [](Bytes encoded) {
            encoded.resize(encoded.size() - 1);
            return encoded;
        });
        says(chain.verification_error(), "data_damaged", "block 2");
    }
}

TEST_CASE("a forged block whose header fits itself is found by its execution", "[replay]") {
    LedgerFixture f;
    REQUIRE(f.send(f.transfer(0, 5), f.alice));
    const BlockPointer parent = f.ledger->block(0).value();
    const ChainName chain{kEmbeddedChainId, true};
    const auto rehash = [&](StoredBlock& stored) {
        stored.block.header.state_commitment =
            next_commitment(parent->block.header.state_commitment, stored.block.writes);
        stored.hash = stored.block.header.hash();
    };
    const auto applied = [&](const std::function<void(StoredBlock&)>& forge) {
        StoredBlock forged = *f.ledger->head();
        forge(forged);
        rehash(forged);
        auto replay = Replay::begin(chain, parent);
        REQUIRE(replay);
        WriteSet before;
        replay->state().for_each_row([&](Row row) { before.push_back(std::move(row)); });
        auto done = replay->apply(std::make_shared<StoredBlock>(forged));
        if (!done) {  // nothing of it stays
            WriteSet after;
            replay->state().for_each_row([&](Row row) { after.push_back(std::move(row)); });
            CHECK(after.size() == before.size());
            for (const Row& row : before) CHECK(std::find(after.begin(), after.end(), row) != after.end());
        }
        return done;
    };
    CHECK(applied([](StoredBlock&) {}));
    auto done = applied([](StoredBlock& block) { block.block.writes.back().value->back() ^= 1; });
    REQUIRE_FALSE(done);
    says(done.error(), "block_differs", "block 1: table ");
    done = applied([](StoredBlock& block) { block.block.writes.pop_back(); });
    REQUIRE_FALSE(done);
    says(done.error(), "block_differs", "rows of the write set");
    done = applied([](StoredBlock& block) { block.block.header.time = {1}; });
    REQUIRE_FALSE(done);
    says(done.error(), "block_differs", "timestamp");
    done = applied([](StoredBlock& block) { block.block.header.number = 7; });
    REQUIRE_FALSE(done);
    says(done.error(), "block_differs", "number: expected 1, came 7");
}

TEST_CASE("verification finds what is flushed wrongly", "[replay]") {
    ClosedChain chain;
    Bytes key{static_cast<std::uint8_t>(Table::token_balances)};
    const Address receiver = account_key(9).address();
    key.insert(key.end(), receiver.bytes.begin(), receiver.bytes.end());
    SECTION("a changed row") {
        chain.damage("state", LedgerStore::kStateSchema, "rows", key, [](Bytes value) {
            value.back() ^= 1;
            return value;
        });
        says(chain.verification_error(), "flushed_differs", "table 4");
    }
    SECTION("a missing row") {
        chain.damage("state", LedgerStore::kStateSchema, "rows", key,
                     [](const Bytes&) { return std::nullopt; });
        says(chain.verification_error(), "flushed_differs", "came nothing");
    }
    SECTION("a surplus row") {
        key.back() ^= 1;
        chain.damage("state", LedgerStore::kStateSchema, "rows", key,
                     [](const Bytes&) { return Bytes(32, 1); });
        says(chain.verification_error(), "flushed_differs", "expected nothing");
    }
    SECTION("an index of transactions that misses one") {
        const Hash hash = chain.head->block.transactions.front().hash;
        chain.damage("state", LedgerStore::kStateSchema, "transactions", hash.bytes,
                     [](const Bytes&) { return std::nullopt; });
        says(chain.verification_error(), "flushed_differs", "index of transactions misses " + hash.hex());
    }
    SECTION("an index of hashes with one too many") {
        chain.damage("state", LedgerStore::kStateSchema, "hashes", Bytes(32, 5),
                     [](const Bytes&) { return Bytes(8, 0); });
        says(chain.verification_error(), "flushed_differs", "index of hashes has");
    }
    SECTION("a summary of logs") {
        chain.damage("state", LedgerStore::kStateSchema, "log_summaries", store::number_key(3),
                     [](Bytes value) {
                         value.push_back(0);
                         return value;
                     });
        says(chain.verification_error(), "flushed_differs", "block 3");
    }
}

TEST_CASE("an exported chain is the same chain after its import", "[replay]") {
    ClosedChain chain;
    const Bytes stream = chain.exported();
    TemporaryDirectory target;
    const auto imported = import_bytes(target.path(), stream);
    INFO((imported ? "" : imported.error().message));
    REQUIRE(imported);
    CHECK(imported->known == 1);  // block 0 makes the ledger
    CHECK(imported->added == kBlocks);
    CHECK(imported->newest.hash == chain.head->hash);
    const auto verified = verify_chain(target.path());
    REQUIRE(verified);
    CHECK(verified->flushed == kBlocks);

    SECTION("again: nothing is added") {
        const auto again = import_bytes(target.path(), stream);
        REQUIRE(again);
        CHECK(again->known == kBlocks + 1);
        CHECK(again->added == 0);
    }
    SECTION("a node goes on from it") {
        auto ledger = Ledger::open({.directory = target.path(),
                                    .genesis = chain.genesis,
                                    .executor = [](auto task) { task(); },
                                    .wake = [] {}});
        REQUIRE(ledger);
        CHECK((*ledger)->head()->hash == chain.head->hash);
        CHECK((*ledger)->rows() == chain.rows);
    }
}

TEST_CASE("an import that was cut short goes on where it ended", "[replay]") {
    ClosedChain chain;
    const Bytes stream = chain.exported();
    TemporaryDirectory target;
    std::uint64_t last = 0;
    for (const std::size_t part : {3u, 5u, 7u, 8u}) {
        const auto cut = import_bytes(target.path(), ByteView(stream).first(stream.size() * part / 8));
        if (part < 8) {
            REQUIRE_FALSE(cut);
            says(cut.error(), "stream_cut", "cut short");
            const auto so_far = verify_chain(target.path());
            REQUIRE(so_far);
            CHECK(so_far->replay.head()->block.header.number >= last);
            last = so_far->replay.head()->block.header.number;
        } else {
            REQUIRE(cut);
            CHECK(cut->known == last + 1);
            CHECK(cut->newest.hash == chain.head->hash);
        }
    }
    CHECK(last > 0);
}

TEST_CASE("a part of a chain is imported behind what is there, and nowhere else", "[replay]") {
    ClosedChain chain;
    const Bytes tail = chain.exported(3);
    TemporaryDirectory target;
    const auto early = import_bytes(target.path(), tail);
    REQUIRE_FALSE(early);
    says(early.error(), "gap", "export from block 0");
    REQUIRE(import_bytes(target.path(), chain.exported()));
    const auto again = import_bytes(target.path(), tail);
    REQUIRE(again);
    CHECK(again->known == 3);
}

TEST_CASE("a foreign chain is refused", "[replay]") {
    ClosedChain chain;
    const Bytes stream = chain.exported();
    LedgerFixture other;
    other.ledger.reset();
    other.genesis.chain_id = 9;
    TemporaryDirectory directory;
    {
        const auto made = LedgerStore::open(directory.path(), other.genesis);
        REQUIRE(made);
    }
    const auto refused = import_bytes(directory.path(), stream);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == "foreign_chain");
    TemporaryDirectory empty;
    const auto unwanted = import_bytes(empty.path(), stream, Hash{{1}});
    REQUIRE_FALSE(unwanted);
    CHECK(unwanted.error().code == "foreign_chain");
    CHECK_FALSE(std::filesystem::exists(empty.path() + "/blocks"));

    SECTION("also one that parts later") {
        LedgerFixture branch;
        REQUIRE(branch.send(branch.transfer(0, 4), branch.alice));
        branch.ledger.reset();
        const auto parted = import_bytes(branch.directory.path(), stream);
        REQUIRE_FALSE(parted);
        says(parted.error(), "foreign_chain", "block 1 is");
    }
}

TEST_CASE("no flipped byte of a stream is taken", "[replay]") {
    ClosedChain chain;
    const Bytes stream = chain.exported();
    // Every byte of the head and of the end, and a sample of those between.
    for (std::size_t at = 0; at < stream.size(); at += at < 70 || at + 50 > stream.size() ? 1 : 37) {
        Bytes damaged = stream;
        damaged[at] ^= 0x41;
        TemporaryDirectory target;
        const auto imported = import_bytes(target.path(), damaged);
        CAPTURE(at);
        // The end only says how far the source was.
        if (at + 40 >= stream.size()) continue;
        CHECK_FALSE(imported);
    }
}
