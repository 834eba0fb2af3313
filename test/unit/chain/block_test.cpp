#include <catch2/catch.hpp>

#include "chain/block_codec.hpp"
#include "chain/commitment.hpp"
#include "chain/keccak.hpp"
#include "chain/rlp.hpp"
#include "chain/trie_root.hpp"
#include "ledger_fixture.hpp"

using namespace grid;
using namespace grid::chain;
using grid::chain::test::LedgerFixture;

namespace {

Bytes bytes(std::string_view text) {
    return {text.begin(), text.end()};
}

Block sample_block() {
    LedgerFixture f;
    f.submit(f.transfer(0, 5), f.alice);
    f.submit(f.transfer(0, 2'000'000), f.bob);  // reverts
    f.submit(f.transfer(1, 7), f.alice);
    f.produce();
    Block block = f.ledger->head()->block;
    block.writes.push_back({200, {1, 2}, std::nullopt});
    return block;
}

}  // namespace

TEST_CASE("a block is read as it was written", "[block]") {
    const Block block = sample_block();
    REQUIRE(block.receipts.size() == 3);
    const Bytes encoded = encode_block(block);
    const auto decoded = decode_block(encoded);
    REQUIRE(decoded);
    CHECK(encode_block(*decoded) == encoded);
    CHECK(decoded->senders == block.senders);
    CHECK(decoded->writes == block.writes);
    CHECK(decoded->transactions[2].transaction == block.transactions[2].transaction);
    const auto receipts = decode_receipts(encoded);
    REQUIRE(receipts);
    CHECK(receipts->header == block.header);
    CHECK(receipts->receipts == block.receipts);
}

TEST_CASE("a block that is cut off, longer or of another version is refused", "[block]") {
    const Bytes encoded = encode_block(sample_block());
    for (std::size_t size = 0; size < encoded.size(); ++size)
        REQUIRE_FALSE(decode_block(ByteView(encoded).first(size)));
    Bytes longer = encoded;
    longer.push_back(0);
    CHECK(decode_block(longer).error().code == "bad_block");
    Bytes version = encoded;
    version[0] = 1;
    CHECK_FALSE(decode_block(version));
    CHECK_FALSE(decode_receipts(version));
}

TEST_CASE("no changed byte of a block makes the decoder fail otherwise than by its error", "[block]") {
    const Bytes encoded = encode_block(sample_block());
    for (std::size_t i = 0; i < encoded.size(); ++i) {
        Bytes changed = encoded;
        changed[i] ^= 0xff;
        const auto decoded = decode_block(changed);
        if (!decoded) continue;
        // Packing has more than one form of the same bytes; the block that they stand for has one.
        const auto again = decode_block(encode_block(*decoded));
        REQUIRE(again);
        REQUIRE(encode_block(*again) == encode_block(*decoded));
    }
}

TEST_CASE("the commitment depends on every part of every row and on the one before", "[block]") {
    const WriteSet rows = {{1, {1}, Bytes{2}}, {1, {2}, std::nullopt}};
    const Hash base = next_commitment({}, rows);
    CHECK(next_commitment({}, rows) == base);
    CHECK(next_commitment(base, rows) != base);
    CHECK(next_commitment({}, {}) != base);
    for (const WriteSet& other : std::vector<WriteSet>{{{2, {1}, Bytes{2}}, {1, {2}, std::nullopt}},
                                                       {{1, {3}, Bytes{2}}, {1, {2}, std::nullopt}},
                                                       {{1, {1}, Bytes{3}}, {1, {2}, std::nullopt}},
                                                       {{1, {1}, Bytes{2}}, {1, {2}, Bytes{}}},
                                                       {{1, {1}, Bytes{2}}}})
        CHECK(next_commitment({}, other) != base);
}

// Vectors: ethereum/tests, TrieTests/trieanyorder.json.
TEST_CASE("trie roots equal Ethereum's", "[block]") {
    CHECK(trie_root({}).hex() == "0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421");
    CHECK(trie_root({{bytes("A"), bytes("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")}}).hex() ==
          "0xd23786fb4a010da3ce639d66d5e904a11dbc02746d1ce25029e53290cabf28ab");
    CHECK(trie_root({{bytes("doe"), bytes("reindeer")},
                     {bytes("dog"), bytes("puppy")},
                     {bytes("dogglesworth"), bytes("cat")}})
              .hex() == "0x8aad789dff2f538bca5d8ea56e8abe10f4c7ba3a5dea95fea4cd6e7c3a1168d3");
    CHECK(trie_root({{bytes("do"), bytes("verb")},
                     {bytes("horse"), bytes("stallion")},
                     {bytes("doge"), bytes("coin")},
                     {bytes("dog"), bytes("puppy")}})
              .hex() == "0x5991bb8c6514148a29db676a14ac506cd2cd5775ace63c30a4fe457715e9ac84");
}

TEST_CASE("the roots of a block depend on each transaction and receipt", "[block]") {
    const Block block = sample_block();
    CHECK(transactions_root(block.transactions) == block.header.transactions_root);
    CHECK(receipts_root(block.transactions, block.receipts) == block.header.receipts_root);
    auto receipts = block.receipts;
    receipts[1].success = true;
    CHECK(receipts_root(block.transactions, receipts) != block.header.receipts_root);
    auto transactions = block.transactions;
    std::swap(transactions[0], transactions[2]);
    CHECK(transactions_root(transactions) != block.header.transactions_root);
}

TEST_CASE("a block's hash covers every field of its header", "[block]") {
    const BlockHeader header = sample_block().header;
    std::vector<BlockHeader> others(6, header);
    others[0].parent.bytes[0] ^= 1;
    others[1].number += 1;
    others[2].time.seconds += 1;
    others[3].transactions_root.bytes[0] ^= 1;
    others[4].receipts_root.bytes[0] ^= 1;
    others[5].state_commitment.bytes[0] ^= 1;
    for (const BlockHeader& other : others) CHECK(other.hash() != header.hash());
}
