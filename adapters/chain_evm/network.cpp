#include "adapters/chain_evm/network.hpp"

#include <algorithm>
#include <map>

namespace grid::adapters::evm {

Result<Header> Network::agreed_head() {
    Error silent{"unavailable", "the chain has no endpoint"};
    std::vector<Vote> votes;
    const auto answers = pool_.ask_all({latest_block()});
    for (std::size_t i = 0; i < answers.size(); ++i) {
        auto head = answers[i] ? read_header(answers[i]->front()) : tl::unexpected(answers[i].error());
        if (!head && head.error().code == "bad_reply") head = pool_.blame(i, head.error().message);
        if (head)
            votes.push_back({i, *head});
        else
            silent = head.error();
    }
    chain::Timestamp newest{};
    for (const auto& vote : votes) newest = std::max(newest, vote.head.time);
    std::erase_if(votes, [&](const Vote& vote) { return vote.head.time + kStale < newest; });
    const auto needed = pool_.size() > 2 ? pool_.size() / 2 + 1 : std::max<std::size_t>(1, votes.size());
    if (votes.size() < needed)
        return fail("unavailable", std::to_string(votes.size()) + " of " + std::to_string(pool_.size()) +
                                       " endpoints answer, needed are " + std::to_string(needed) +
                                       "; one says: " + silent.message);
    std::vector<std::uint64_t> heights;
    for (const auto& vote : votes) heights.push_back(vote.head.number);
    std::sort(heights.begin(), heights.end(), std::greater<>());
    const auto height = heights[needed - 1];
    for (std::uint64_t back = 0; back <= std::min(height, kDeepestFork); ++back)
        if (auto agreed = agreement(votes, height - back, needed)) return *agreed;
    return fail("unavailable", "the endpoints of the chain are on different branches since more than " +
                                   std::to_string(kDeepestFork) + " blocks");
}

std::optional<Header> Network::agreement(const std::vector<Vote>& votes, std::uint64_t number,
                                         std::size_t needed) {
    std::map<chain::Hash, std::vector<Vote>> by_hash;
    for (const auto& vote : votes) {
        if (vote.head.number < number) continue;
        if (vote.head.number == number) {
            by_hash[vote.head.hash].push_back(vote);
            continue;
        }
        const auto replies = pool_.ask_one(vote.endpoint, {block_by_number(number)});
        if (!replies) continue;
        const auto header = read_header(replies->front());
        if (header && header->number == number) by_hash[header->hash].push_back({vote.endpoint, *header});
    }
    for (const auto& [hash, group] : by_hash) {
        if (group.size() < needed) continue;
        std::vector<std::size_t> trusted;
        for (const auto& vote : group) trusted.push_back(vote.endpoint);
        pool_.trust(std::move(trusted));
        return group.front().head;
    }
    return std::nullopt;
}

Result<std::vector<Header>> Network::headers(std::uint64_t from, std::uint64_t to) {
    std::vector<RpcCall> calls;
    for (auto number = from; number <= to; ++number) calls.push_back(block_by_number(number));
    return pool_.read<std::vector<Header>>(
        calls, [from](const RpcPool::Replies& replies) -> Result<std::vector<Header>> {
            std::vector<Header> headers;
            for (const auto& reply : replies) {
                auto header = read_header(reply);
                if (!header) return tl::unexpected(header.error());
                if (header->number != from + headers.size())
                    return fail("bad_reply", "block " + std::to_string(header->number) + " came for block " +
                                                 std::to_string(from + headers.size()));
                // The branch changed while it was read.
                if (!headers.empty() && header->parent != headers.back().hash)
                    return fail("unavailable", "block " + std::to_string(header->number) +
                                                   " does not build on the block before; the branch changes");
                headers.push_back(std::move(*header));
            }
            return headers;
        });
}

Result<std::vector<chain::BlockUpdate>> Network::blocks(std::uint64_t from, std::uint64_t to,
                                                        std::uint64_t head) {
    const auto found = headers(from, to);
    if (!found) return tl::unexpected(found.error());
    Blocks blocks;
    for (const auto& header : *found)
        blocks.push_back({header.number, header.hash, header.parent, header.time, {}});
    std::vector<std::size_t> which;
    if (to + kSettled <= head) {
        if (auto done = logs_by_range(*found, blocks); !done) return tl::unexpected(done.error());
        // A node that lags in its index answers less than there is, without a word.
        for (std::size_t i = 0; i < blocks.size(); ++i)
            if (blocks[i].logs.empty() && may_have_logs((*found)[i], contracts_)) which.push_back(i);
    } else {
        for (std::size_t i = 0; i < blocks.size(); ++i) which.push_back(i);
    }
    if (auto done = logs_by_hash(*found, which, blocks); !done) return tl::unexpected(done.error());
    return blocks;
}

Result<void> Network::logs_by_hash(const std::vector<Header>& headers, const std::vector<std::size_t>& which,
                                   Blocks& blocks) {
    if (which.empty()) return {};
    std::vector<RpcCall> calls;
    for (const auto i : which) calls.push_back(logs_of_block(contracts_, headers[i].hash));
    using Logs = std::vector<std::vector<PlacedLog>>;
    auto read = pool_.read<Logs>(calls, [&](const RpcPool::Replies& replies) -> Result<Logs> {
        Logs all;
        for (const auto& reply : replies) {
            const auto& header = headers[which[all.size()]];
            auto logs = read_logs(reply, contracts_);
            // It may not know the block yet, or no more.
            if (!logs && logs.error().code == "refused") return fail("unavailable", logs.error().message);
            if (!logs) return tl::unexpected(logs.error());
            for (const auto& log : *logs)
                if (log.block_hash != header.hash || log.block_number != header.number)
                    return fail("bad_reply", "a log of another block came");
            all.push_back(std::move(*logs));
        }
        return all;
    });
    if (!read) return tl::unexpected(read.error());
    for (std::size_t i = 0; i < which.size(); ++i)
        for (auto& log : (*read)[i]) blocks[which[i]].logs.push_back(std::move(log.log));
    return {};
}

Result<void> Network::logs_by_range(const std::vector<Header>& headers, Blocks& blocks) {
    const auto first = headers.front().number;
    const auto last = headers.back().number;
    for (auto from = first; from <= last;) {
        const auto range = range_.load();
        const auto to = std::min(last, from + range - 1);
        auto read = pool_.read<std::vector<PlacedLog>>(
            {logs_of_range(contracts_, from, to), {"eth_blockNumber"}},
            [&](const RpcPool::Replies& replies) -> Result<std::vector<PlacedLog>> {
                auto height = value_of(replies[1]);
                if (!height) return tl::unexpected(height.error());
                const auto number = read_number(**height, "eth_blockNumber");
                if (!number) return tl::unexpected(number.error());
                if (*number < to)
                    return fail("unavailable", "the node does not have all blocks of the range");
                auto logs = read_logs(replies[0], contracts_);
                if (!logs) return logs;
                for (const auto& log : *logs) {
                    if (log.block_number < from || log.block_number > to)
                        return fail("bad_reply", "a log outside of the range came");
                    if (log.block_hash != headers[log.block_number - first].hash)
                        return fail("unavailable", "a log of another branch came");
                }
                return logs;
            });
        if (!read) {
            // Providers bound ranges by blocks, logs, bytes or time, each in words of its own.
            const bool smaller = range > 1 && to > from;
            if (!smaller) return fail("unavailable", read.error().message);
            range_ = std::max<std::uint64_t>(1, std::min(range, to - from + 1) / 2);
            if (read.error().code == "unavailable") return tl::unexpected(read.error());
            continue;
        }
        for (auto& log : *read) blocks[log.block_number - first].logs.push_back(std::move(log.log));
        if (to - from + 1 == range) range_ = std::min(kLargestRange, range * 2);
        from = to + 1;
    }
    return {};
}

}  // namespace grid::adapters::evm
