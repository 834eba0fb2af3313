#include "chain/block_stream.hpp"
#include "chain/commitment.hpp"
#include "ledger_fixture.hpp"

using namespace grid;
using namespace grid::chain;
using grid::chain::test::account_key;
using grid::chain::test::LedgerFixture;

namespace {

/// A leader with some blocks, and a follower that has none of them yet.
class Pair {
public:
    Pair() {
        follower.follower = true;
        follower.reopen();
        for (std::uint64_t n = 0; n < 6; ++n) make_block();
    }

    void make_block() {
        ++leader.wall.seconds;
        leader.submit(leader.transfer(next_, 2), leader.alice);
        leader.submit(leader.transfer(next_, 1), leader.bob);
        ++next_;
        leader.produce();
    }

    /// What the leader gives after the follower's head.
    std::vector<BlockPointer> missing(std::size_t max_bytes = 1u << 20) {
        const auto head = follower.ledger->head();
        const auto bytes = leader.ledger->stream_from(head->block.header.number + 1, head->hash, max_bytes);
        REQUIRE(bytes);
        StreamReader reader(*bytes);
        REQUIRE(reader.head());
        std::vector<BlockPointer> blocks;
        for (;;) {
            auto block = reader.next();
            REQUIRE(block);
            if (!*block) break;
            blocks.push_back(*block);
        }
        CHECK(reader.end().newest == leader.height());
        CHECK(reader.end().hash == leader.ledger->head()->hash);
        return blocks;
    }

    void same() {
        CHECK(follower.ledger->head()->hash == leader.ledger->head()->hash);
        CHECK(follower.ledger->rows() == leader.ledger->rows());
    }

    LedgerFixture leader;
    LedgerFixture follower;

private:
    std::uint64_t next_ = 0;
};

}  // namespace

TEST_CASE("a follower reaches its leader's head, and keeps it", "[follower]") {
    Pair pair;
    std::vector<std::uint64_t> told;
    pair.follower.ledger->on_block(
        [&](const BlockPointer& block) { told.push_back(block->block.header.number); });
    REQUIRE(pair.follower.ledger->adopt(pair.missing()));
    pair.same();
    CHECK(told == std::vector<std::uint64_t>{1, 2, 3, 4, 5, 6});
    const auto earlier = pair.follower.ledger->block(3).value();
    CHECK(pair.follower.ledger->nonce_at(*earlier, pair.leader.alice.address()).value() == 3);
    const Hash mined = earlier->block.transactions[1].hash;
    CHECK(pair.follower.ledger->transaction(mined).value().block->hash == earlier->hash);
    pair.follower.reopen();
    pair.same();
    pair.make_block();
    REQUIRE(pair.follower.ledger->adopt(pair.missing()));
    pair.same();
}

TEST_CASE("a leader gives at most so many bytes, but always a block", "[follower]") {
    Pair pair;
    CHECK(pair.missing(1).size() == 1);
    while (pair.follower.height() < pair.leader.height())
        REQUIRE(pair.follower.ledger->adopt(pair.missing(1)));
    pair.same();
    CHECK(pair.missing().empty());
}

TEST_CASE("a leader says when the follower is of another branch, or ahead", "[follower]") {
    Pair pair;
    const auto other = pair.leader.ledger->stream_from(3, Hash{{7}}, 1'000);
    REQUIRE_FALSE(other);
    CHECK(other.error().code == "other_branch");
    CHECK(other.error().message.find("block 2") != std::string::npos);
    const auto ahead = pair.leader.ledger->stream_from(9, Hash{{7}}, 1'000);
    REQUIRE_FALSE(ahead);
    CHECK(ahead.error().code == "ahead");
}

TEST_CASE("a forged block is not taken, those before it are, and the follower goes on", "[follower]") {
    Pair pair;
    auto blocks = pair.missing();
    auto forged = std::make_shared<StoredBlock>(*blocks[3]);
    forged->block.writes.back().value->back() ^= 1;
    forged->block.header.state_commitment =
        next_commitment(blocks[2]->block.header.state_commitment, forged->block.writes);
    forged->hash = forged->block.header.hash();
    auto bent = blocks;
    bent[3] = forged;
    const auto refused = pair.follower.ledger->adopt(bent);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == "block_differs");
    CHECK(refused.error().message.find("block 4: table ") != std::string::npos);
    CHECK(pair.follower.height() == 3);
    CHECK_FALSE(pair.follower.ledger->adopt({forged}));
    CHECK(pair.follower.height() == 3);
    REQUIRE(pair.follower.ledger->adopt(pair.missing()));
    pair.same();
}

TEST_CASE("a follower makes nothing of its own", "[follower]") {
    Pair pair;
    CHECK(pair.follower.ledger->follower());
    std::optional<Error> refused;
    pair.follower.ledger->submit(sign(LedgerFixture::transfer(0), pair.leader.alice).raw,
                                 [&](const Result<Submission>& result) {
                                     if (!result) refused = result.error();
                                 });
    REQUIRE(refused);
    CHECK(refused->code == "not_the_leader");
}

TEST_CASE("a follower goes back where its leader did, and not too far", "[follower]") {
    Pair pair;
    REQUIRE(pair.follower.ledger->adopt(pair.missing()));
    std::size_t dropped = 0;
    pair.follower.ledger->listen(
        {.block = {}, .rewound = [&](const std::vector<BlockPointer>& blocks) { dropped += blocks.size(); }});
    const auto gone = pair.follower.ledger->head()->hash;
    REQUIRE(pair.follower.ledger->take_back_to(4));
    CHECK(dropped == 2);
    CHECK(pair.follower.height() == 4);
    CHECK_FALSE(pair.follower.ledger->block(gone));
    REQUIRE(pair.follower.ledger->adopt(pair.missing()));
    pair.same();
    for (std::uint64_t n = 0; n <= Ledger::kMaxRevertBlocks; ++n) pair.make_block();
    REQUIRE(pair.follower.ledger->adopt(pair.missing()));
    const auto refused = pair.follower.ledger->take_back_to(0);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == "beyond_finality");
    pair.same();
}
