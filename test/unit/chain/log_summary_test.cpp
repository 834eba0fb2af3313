#include "chain/log_summary.hpp"

#include <random>

#include "ledger_fixture.hpp"

using namespace grid;
using namespace grid::chain;
using grid::chain::test::account_key;
using grid::chain::test::LedgerFixture;

namespace {

/// What find_logs of every block yields: no index, no store.
std::vector<FoundLog> by_brute_force(const Ledger& ledger, const LogFilter& filter) {
    std::vector<FoundLog> found;
    for (std::uint64_t number = filter.from; number <= filter.to; ++number)
        find_logs(filter, **ledger.block(number), found);
    return found;
}

bool same(const std::vector<FoundLog>& a, const std::vector<FoundLog>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const FoundLog& x, const FoundLog& y) {
        return x.log.log == y.log.log && x.log.index == y.log.index && x.block_hash == y.block_hash &&
               x.block == y.block && x.log.transaction_hash == y.log.transaction_hash &&
               x.transaction_index == y.transaction_index && x.block_time == y.block_time;
    });
}

}  // namespace

TEST_CASE("logs found by the index are those of a scan of everything", "[logs]") {
    LedgerFixture f;
    std::mt19937 random{Catch::rngSeed()};
    const std::vector<Address> recipients = {account_key(6).address(), account_key(7).address(),
                                             account_key(8).address(), f.bob.address()};
    std::uint64_t nonces[2] = {0, 0};
    const PrivateKey keys[2] = {f.alice, f.bob};
    constexpr std::uint64_t kBlocks = 120;
    for (std::uint64_t number = 1; number <= kBlocks; ++number) {
        for (std::uint32_t more = random() % 3; more > 0; --more) {
            const std::size_t who = random() % 2;
            Transaction t = LedgerFixture::transfer(nonces[who]++);
            const Address& other = recipients[random() % recipients.size()];
            t.data = random() % 2 == 0 ? calls::token::transfer(other, Amount{1})
                                       : calls::token::approve(other, Amount{random() % 5});
            f.submit(t, keys[who]);
        }
        f.ledger->mine([](const Result<void>& mined) { REQUIRE(mined); });
        f.produce();
        if (number == kBlocks / 2) REQUIRE(f.ledger->flush());
        if (number == kBlocks / 2 + 40) f.reopen();  // summaries and the memory of a fresh start
    }
    REQUIRE(f.height() == kBlocks);
    std::vector<Hash> topics{Hash{}};
    for (std::uint64_t number = 1; number <= kBlocks; ++number)
        for (const Receipt& receipt : (*f.ledger->block(number))->block.receipts)
            for (const Log& log : receipt.logs)
                topics.insert(topics.end(), log.topics.begin(), log.topics.end());
    std::size_t matched = 0;
    for (int i = 0; i < 500; ++i) {
        LogFilter filter;
        filter.from = random() % (kBlocks + 1);
        filter.to = filter.from + random() % (kBlocks + 1 - filter.from);
        if (random() % 3 == 0)
            filter.addresses = {random() % 4 == 0 ? f.alice.address() : embedded_addresses().token};
        filter.topics.resize(random() % 4);
        for (auto& position : filter.topics)
            for (std::uint32_t n = random() % 3; n > 0; --n)
                position.push_back(topics[random() % topics.size()]);
        const auto found = f.ledger->logs(filter);
        REQUIRE(found);
        matched += found->size();
        REQUIRE(same(*found, by_brute_force(*f.ledger, filter)));
    }
    CHECK(matched > 0);
}

TEST_CASE("a summary never denies a log, and seldom promises one in vain", "[logs]") {
    std::mt19937 random{Catch::rngSeed()};
    const auto topic = [](std::uint64_t n) { return Amount{n}.word(); };  // as orders are numbered
    std::vector<Receipt> receipts(50);
    for (std::uint64_t i = 0; i < receipts.size(); ++i)
        receipts[i].logs.push_back({embedded_addresses().market, {topic(1'000 + i), topic(i)}, {}});
    const Bytes summary = summarize_logs(receipts);
    const auto may = [&](std::uint64_t first) {
        LogFilter filter;
        filter.topics = {{topic(first)}};
        return SummaryQuery(filter).may_match(summary);
    };
    for (std::uint64_t i = 0; i < receipts.size(); ++i) CHECK(may(1'000 + i));
    int in_vain = 0;
    const std::uint64_t base = 10'000 + random() % 1'000'000;
    for (std::uint64_t i = 0; i < 10'000; ++i) in_vain += may(base + i) ? 1 : 0;
    CHECK(in_vain < 400);  // expected: 120
    CHECK_FALSE(SummaryQuery(LogFilter{}).may_match(summarize_logs({})));
    CHECK(SummaryQuery(LogFilter{}).may_match(summary));
    CHECK(summary.size() == (101 * 10 + 7) / 8);
}
