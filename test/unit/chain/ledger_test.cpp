#include "chain/ledger.hpp"

#include <map>

#include "chain/commitment.hpp"
#include "ledger_fixture.hpp"

using namespace grid;
using namespace grid::chain;
using grid::chain::test::account_key;
using grid::chain::test::LedgerFixture;

namespace {
const Address kReceiver = account_key(9).address();
}

TEST_CASE("a transaction is answered with the durable block that holds it", "[ledger]") {
    LedgerFixture f;
    const auto sent = f.send(f.transfer(0, 5), f.alice);
    REQUIRE(sent);
    REQUIRE(sent->block);
    CHECK(sent->block->block.header.number == 1);
    CHECK(sent->block->block.receipts[sent->index].success);
    CHECK(sent->block->block.receipts[sent->index].transaction_hash == sent->hash);
    CHECK(sent->block->block.senders[sent->index] == f.alice.address());
    CHECK(sent->block->block.header.parent == f.ledger->block(0).value()->hash);
    CHECK(f.balance(kReceiver) == Amount{5});
    CHECK(f.ledger->nonce(f.alice.address(), false) == 1);
    const auto place = f.ledger->transaction(sent->hash);
    REQUIRE(place);
    CHECK(place->block->hash == sent->block->hash);
    CHECK(encode_block(f.ledger->block(sent->block->hash).value()->block) ==
          encode_block(sent->block->block));
}

TEST_CASE("what arrives together is one block, in the order of submission", "[ledger]") {
    LedgerFixture f;
    f.submit(f.transfer(0, 1), f.alice);
    f.submit(f.transfer(0, 2), f.bob);
    f.submit(f.transfer(1, 3), f.alice);
    CHECK(f.height() == 0);
    f.produce();
    CHECK(f.height() == 1);
    for (std::uint32_t i = 0; i < 3; ++i) CHECK((*f.answers[i])->index == i);
    CHECK(f.balance(kReceiver) == Amount{6});
}

TEST_CASE("an idle ledger makes no blocks", "[ledger]") {
    LedgerFixture f;
    CHECK_FALSE(f.ledger->produce(f.wall));
    CHECK(f.height() == 0);
    f.submit(Bytes{1, 2, 3});
    CHECK(f.ledger->produce(f.wall));  // answered, but not worth a block
    CHECK(f.height() == 0);
}

TEST_CASE("refused transactions say why and change nothing", "[ledger]") {
    LedgerFixture f;
    REQUIRE(f.send(f.transfer(0), f.alice));
    const WriteSet before = f.ledger->rows();
    auto other_chain = f.transfer(1);
    other_chain.chain_id = 1;
    auto with_value = f.transfer(1);
    with_value.value = Amount{1};
    auto creation = f.transfer(1);
    creation.to.reset();
    auto cheap = f.transfer(1);
    cheap.gas_limit = 20'999;
    CHECK(f.refused(f.transfer(0), f.alice) == "nonce_too_low");
    CHECK(f.refused(other_chain, f.alice) == "wrong_chain_id");
    CHECK(f.refused(with_value, f.alice) == "value_not_accepted");
    CHECK(f.refused(creation, f.alice) == "contract_creation_refused");
    CHECK(f.refused(cheap, f.alice) == "gas_limit_too_low");
    f.submit(Bytes(Ledger::kMaxRawTransaction + 1, 2));
    CHECK(f.answers.back()->error().code == "bad_transaction");
    f.submit(Bytes{});
    f.produce();
    CHECK(f.answers.back()->error().code == "bad_transaction");
    CHECK(f.height() == 1);
    CHECK(f.ledger->rows() == before);
}

TEST_CASE("a transaction that reverts is mined and takes its nonce only", "[ledger]") {
    LedgerFixture f;
    const auto sent = f.send(f.transfer(0, 2'000'000), f.alice);
    REQUIRE(sent);
    REQUIRE(sent->block);
    CHECK_FALSE(sent->block->block.receipts[0].success);
    CHECK_FALSE(sent->block->block.receipts[0].output.empty());
    CHECK(sent->block->block.receipts[0].logs.empty());
    CHECK(f.balance(kReceiver) == Amount{});
    CHECK(f.ledger->nonce(f.alice.address(), false) == 1);
}

TEST_CASE("a transaction with a nonce gap waits and is mined with the one before it", "[ledger]") {
    LedgerFixture f;
    const auto early = f.send(f.transfer(1, 10), f.alice);
    REQUIRE(early);
    CHECK(early->block == nullptr);
    CHECK(f.height() == 0);
    CHECK(f.ledger->waiting(early->hash)->sender == f.alice.address());
    CHECK_FALSE(f.ledger->transaction(early->hash));
    CHECK(f.ledger->nonce(f.alice.address(), true) == 0);
    CHECK(f.refused(f.transfer(1, 10), f.alice) == "already_known");

    const auto first = f.send(f.transfer(0, 1), f.alice);
    REQUIRE(first);
    CHECK(first->block->block.transactions.size() == 2);
    CHECK(f.balance(kReceiver) == Amount{11});
    CHECK_FALSE(f.ledger->waiting(early->hash));
    CHECK(f.ledger->transaction(early->hash)->index == 1);
}

TEST_CASE("a gap that closes within the same block is answered as mined", "[ledger]") {
    LedgerFixture f;
    f.submit(f.transfer(1), f.alice);
    f.submit(f.transfer(0), f.alice);
    f.produce();
    REQUIRE((*f.answers[0])->block);
    CHECK((*f.answers[0])->index == 1);
    CHECK((*f.answers[1])->index == 0);
}

TEST_CASE("block time is the wall clock but never before the parent", "[ledger]") {
    LedgerFixture f;
    REQUIRE(f.send(f.transfer(0), f.alice));
    CHECK(f.ledger->head()->block.header.time == Timestamp{2'000});
    f.wall = {1'500};
    CHECK(f.ledger->pending_time(f.wall) == Timestamp{2'000});
    REQUIRE(f.send(f.transfer(1), f.alice));
    CHECK(f.ledger->head()->block.header.time == Timestamp{2'000});
    f.wall = {3'000};
    CHECK(f.ledger->latest().time == Timestamp{2'000});
    CHECK(f.ledger->pending(f.wall).time == Timestamp{3'000});
    CHECK(f.ledger->pending(f.wall).number == 3);
    f.ledger->advance_time({50});
    CHECK(f.ledger->pending_time(f.wall) == Timestamp{3'050});
}

TEST_CASE("a restart finds the same state and blocks, flushed or not", "[ledger]") {
    LedgerFixture f;
    f.flush_bytes = GENERATE(std::size_t{1}, std::size_t{1} << 30);
    f.reopen();
    std::vector<Hash> hashes;
    for (std::uint64_t i = 0; i < 20; ++i) {
        f.wall.seconds += 1;
        const auto sent = f.send(f.transfer(i, i + 1), f.alice);
        REQUIRE(sent);
        hashes.push_back(sent->hash);
    }
    const WriteSet rows = f.ledger->rows();
    const Hash head = f.ledger->head()->hash;
    f.reopen();
    CHECK(f.ledger->head()->hash == head);
    CHECK(f.ledger->rows() == rows);
    for (std::uint64_t i = 0; i < 20; ++i) {
        const auto place = f.ledger->transaction(hashes[i]);
        REQUIRE(place);
        CHECK(place->block->block.header.number == i + 1);
        CHECK(f.ledger->block(place->block->hash).value()->hash == place->block->hash);
    }
    REQUIRE(f.send(f.transfer(20), f.alice));
    CHECK(f.height() == 21);
}

TEST_CASE("the state equals a replay of every block's write set from genesis", "[ledger]") {
    LedgerFixture f;
    for (std::uint64_t i = 0; i < 10; ++i) {
        f.submit(f.transfer(i, i), f.alice);
        f.submit(f.transfer(i, 2 * i), f.bob);
        f.produce();
    }
    State replayed;
    Hash commitment;
    for (std::uint64_t number = 0; number <= f.height(); ++number) {
        const auto block = f.ledger->block(number).value();
        for (const Row& row : block->block.writes) REQUIRE(replayed.load(row));
        if (number > 0)
            CHECK(block->block.header.state_commitment == next_commitment(commitment, block->block.writes));
        commitment = block->block.header.state_commitment;
    }
    std::map<std::pair<std::uint8_t, Bytes>, std::optional<Bytes>> rows;
    replayed.for_each_row([&](const Row& row) { rows[{row.table, row.key}] = row.value; });
    const WriteSet expected = f.ledger->rows();
    CHECK(rows.size() == expected.size());
    for (const Row& row : expected) CHECK(rows[{row.table, row.key}] == row.value);
}

TEST_CASE("data of another genesis are refused", "[ledger]") {
    LedgerFixture f;
    REQUIRE(f.send(f.transfer(0), f.alice));
    f.ledger.reset();
    SECTION("another allocation") {
        f.genesis.allocations[0].second = Amount{5};
    }
    SECTION("another chain id") {
        f.genesis.chain_id = 99;
    }
    SECTION("development or not") {
        f.genesis.development = false;
    }
    SECTION("another time") {
        f.genesis.timestamp = {1'001};
    }
    const auto opened = f.try_open();
    REQUIRE_FALSE(opened);
    CHECK(opened.error().code == "genesis_mismatch");
}

TEST_CASE("a second ledger on the same directory is refused", "[ledger]") {
    LedgerFixture f;
    const auto second = f.try_open();
    REQUIRE_FALSE(second);
    CHECK(second.error().code == "data_directory_in_use");
}

TEST_CASE("a block that does not follow or fit its commitment is damage", "[ledger]") {
    LedgerFixture f;
    REQUIRE(f.send(f.transfer(0), f.alice));
    REQUIRE(f.send(f.transfer(1), f.alice));
    Block forged = f.ledger->head()->block;
    const Hash head = f.ledger->head()->hash;
    f.ledger.reset();
    ++forged.header.number;
    forged.header.parent = head;
    SECTION("wrong parent") {
        forged.header.parent = {};
    }
    SECTION("forged rows") {
        forged.writes.front().value = Bytes{1};
    }
    {
        auto environment =
            store::Environment::open(f.directory / "blocks", {.schema_version = LedgerStore::kBlockSchema})
                .value();
        const auto table = environment->table("blocks").value();
        REQUIRE(environment->write([&](store::WriteTransaction& t) -> Result<void> {
            t.append(table, store::number_key(3), encode_block(forged));
            return {};
        }));
    }
    const auto opened = f.try_open();
    REQUIRE_FALSE(opened);
    CHECK(opened.error().code == "data_damaged");
}

TEST_CASE("subscribers get every block once, from any number on", "[ledger]") {
    LedgerFixture f;
    f.flush_bytes = GENERATE(std::size_t{1}, std::size_t{1} << 30);
    f.reopen();
    std::vector<std::uint64_t> seen;
    f.ledger->on_block([&](const BlockPointer& block) { seen.push_back(block->block.header.number); });
    for (std::uint64_t i = 0; i < 100; ++i) REQUIRE(f.send(f.transfer(i), f.alice));
    REQUIRE(seen.size() == 100);
    CHECK(seen.back() == 100);
    if (GENERATE(false, true)) f.reopen();
    std::uint64_t cursor = 0;
    Hash parent = f.ledger->block(0).value()->hash;
    while (cursor < 100) {
        const auto updates = f.ledger->updates_after(cursor, 7);
        REQUIRE(updates);
        REQUIRE_FALSE(updates->empty());
        CHECK(updates->size() <= 7);
        for (const BlockUpdate& update : *updates) {
            CHECK(update.number == ++cursor);
            CHECK(update.parent == parent);
            parent = update.hash;
            REQUIRE(update.logs.size() == 1);
            CHECK(update.logs[0].index == 0);
        }
    }
    CHECK(parent == f.ledger->head()->hash);
    CHECK(f.ledger->updates_after(100, 7)->empty());
    CHECK(f.ledger->updates_after(5'000, 7)->empty());
}

TEST_CASE("logs are found by range, address and topics", "[ledger]") {
    LedgerFixture f;
    f.flush_bytes = GENERATE(std::size_t{1}, std::size_t{1} << 30);
    f.reopen();
    for (std::uint64_t i = 0; i < 100; ++i) {
        f.submit(f.transfer(i), f.alice);
        f.submit(f.transfer(i), f.bob);
        f.produce();
    }
    if (GENERATE(false, true)) f.reopen();
    const auto count = [&](LogFilter filter) { return f.ledger->logs(filter).value().size(); };
    CHECK(count({1, 100, {}, {}}) == 200);
    CHECK(count({10, 19, {}, {}}) == 20);
    CHECK(count({90, 5'000, {}, {}}) == 22);
    CHECK(count({101, 5'000, {}, {}}) == 0);
    CHECK(count({1, 100, {embedded_addresses().token}, {}}) == 200);
    CHECK(count({1, 100, {embedded_addresses().market}, {}}) == 0);
    CHECK(count({1, 100, {}, {{}, {f.bob.address().word()}}}) == 100);
    CHECK(count({1, 100, {}, {{}, {f.bob.address().word(), f.alice.address().word()}}}) == 200);
    CHECK(count({1, 100, {}, {{}, {kReceiver.word()}}}) == 0);
    CHECK(count({1, 100, {}, {{}, {}, {kReceiver.word()}}}) == 200);
    CHECK(count({1, 100, {}, {{}, {}, {}, {}}}) == 0);
    const auto found = f.ledger->logs({7, 7, {}, {{}, {f.bob.address().word()}}}).value();
    REQUIRE(found.size() == 1);
    CHECK(found[0].log.index == 1);
    CHECK(found[0].transaction_index == 1);
    CHECK(found[0].block_hash == f.ledger->block(7).value()->hash);
    CHECK(f.ledger->logs({0, 50'000, {}, {}}));
}

TEST_CASE("a call sees the state and leaves no trace", "[ledger]") {
    LedgerFixture f;
    const WriteSet before = f.ledger->rows();
    const Bytes data = calls::token::transfer(kReceiver, Amount{7});
    const auto result =
        f.ledger->call(f.ledger->latest(), {f.alice.address(), embedded_addresses().token, {}, data});
    CHECK(result.success);
    CHECK(f.ledger->rows() == before);
    REQUIRE(f.send(f.transfer(0, 1), f.bob));
    CHECK(f.ledger->head()->block.transactions.size() == 1);
    CHECK(f.balance(kReceiver) == Amount{1});
}

TEST_CASE("while halted everything is refused with the reason; then it goes on", "[ledger]") {
    LedgerFixture f;
    f.submit(f.transfer(0), f.alice);
    f.ledger->halt({"clock_jumped", "the clock jumped"});
    f.produce();
    CHECK(f.answers[0]->error().code == "clock_jumped");
    f.submit(f.transfer(0), f.alice);
    CHECK(f.answers[1]->error().code == "clock_jumped");
    CHECK(f.height() == 0);
    f.ledger->resume();
    CHECK(f.send(f.transfer(0), f.alice)->block);
}

TEST_CASE("what still waits when the ledger closes is answered", "[ledger]") {
    LedgerFixture f;
    f.submit(f.transfer(0), f.alice);
    f.ledger.reset();
    REQUIRE(f.answers[0]);
    CHECK(f.answers[0]->error().code == "shutting_down");
}

TEST_CASE("arrivals are bounded", "[ledger]") {
    LedgerFixture f;
    std::size_t refused = 0, others = 0;
    for (std::size_t i = 0; i < Ledger::kMaxArrivals + 10; ++i)
        f.ledger->submit({0x02, 0xc0}, [&](const Result<Submission>& r) {
            ++(!r && r.error().code == "pool_full" ? refused : others);
        });
    CHECK(refused == 10);
    CHECK(others == 0);
    f.produce();
    CHECK(others == Ledger::kMaxArrivals);
    CHECK(f.send(f.transfer(0), f.alice));
}

TEST_CASE("blocks are bounded; the rest forms the next one", "[ledger]") {
    LedgerFixture f;
    for (std::uint64_t i = 0; i < Ledger::kMaxBlockTransactions + 1; ++i) f.submit(f.transfer(i), f.alice);
    f.produce();
    CHECK(f.height() == 2);
    CHECK(f.ledger->block(1).value()->block.transactions.size() == Ledger::kMaxBlockTransactions);
    CHECK(f.balance(kReceiver) == Amount{Ledger::kMaxBlockTransactions + 1});
}
