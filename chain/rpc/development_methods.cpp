#include "chain/rpc/format.hpp"
#include "chain/rpc/method_table.hpp"

namespace grid::chain::rpc {
namespace {

constexpr std::uint64_t kMaxMined = 1'000;

std::uint64_t at_most_ten_years(std::uint64_t seconds) {
    if (seconds > kMaxDuration.count) throw BadParameters{"params: expected at most ten years"};
    return seconds;
}

Result<void> set_time(const Context& c, std::uint64_t seconds) {
    const Timestamp newest = c.ledger.head()->block.header.time;
    if (seconds > newest.seconds) at_most_ten_years(seconds - newest.seconds);
    return c.ledger.set_next_time({seconds}, c.wall);
}

/// Blocks one after the other, each later than the one before by an interval.
void mine_blocks(Ledger& ledger, std::uint64_t count, Seconds interval, std::string result, Answer answer) {
    if (count == 0) return answer(good(std::move(result)));
    ledger.mine([&ledger, count, interval, result, answer](const Result<void>& mined) {
        if (!mined) return answer(refused(mined.error()));
        if (count > 1) ledger.advance_time(interval);
        mine_blocks(ledger, count - 1, interval, result, answer);
    });
}

/// evm_mine: one block, at a time if one is named.
void mine(const Context& c, const Parameters& p, Answer answer) {
    p.at_most(1);
    if (p.has(0))
        if (const auto set = set_time(c, p.number(0)); !set)
            return answer(refused(-32602, set.error().message));
    mine_blocks(c.ledger, 1, {}, quantity(0u), std::move(answer));
}

/// anvil_mine, hardhat_mine: so many blocks, so many seconds apart.
void mine_many(const Context& c, const Parameters& p, Answer answer) {
    p.at_most(2);
    const std::uint64_t count = p.has(0) ? p.number(0) : 1;
    if (count > kMaxMined)
        throw BadParameters{"params[0]: expected at most " + std::to_string(kMaxMined) + " blocks"};
    const Seconds interval{at_most_ten_years(p.has(1) ? p.number(1) : 0)};
    mine_blocks(c.ledger, count, interval, "null", std::move(answer));
}

Outcome increase_time(const Context& c, const Parameters& p) {
    p.at_most(1);
    const std::uint64_t seconds = at_most_ten_years(p.number(0));
    c.ledger.advance_time({seconds});
    return good(quantity(seconds));
}

Outcome set_next_time(const Context& c, const Parameters& p) {
    p.at_most(1);
    const auto set = set_time(c, p.number(0));
    return set ? good("null") : refused(-32602, set.error().message);
}

Outcome snapshot(const Context& c, const Parameters& p) {
    p.at_most(0);
    return good(quantity(c.ledger.snapshot()));
}

void revert(const Context& c, const Parameters& p, Answer answer) {
    p.at_most(1);
    c.ledger.revert(p.number(0), [answer = std::move(answer)](const Result<bool>& done) {
        answer(done ? good(*done ? "true" : "false") : refused(done.error()));
    });
}

}  // namespace

const MethodTable& development_methods() {
    static const MethodTable table = {
        {"evm_mine", mine},
        {"anvil_mine", mine_many},
        {"hardhat_mine", mine_many},
        {"evm_increaseTime", at_once<increase_time>},
        {"anvil_increaseTime", at_once<increase_time>},
        {"evm_setNextBlockTimestamp", at_once<set_next_time>},
        {"anvil_setNextBlockTimestamp", at_once<set_next_time>},
        {"evm_snapshot", at_once<snapshot>},
        {"anvil_snapshot", at_once<snapshot>},
        {"evm_revert", revert},
        {"anvil_revert", revert},
    };
    return table;
}

}  // namespace grid::chain::rpc
