#include "adapters/chain_evm/branch.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace grid::adapters::evm {
namespace {
/// Fetched in one poll.
constexpr std::uint64_t kBlocksPerPoll = 256;
}  // namespace

Result<Branch::News> Branch::poll() {
    if (stopped_) return tl::unexpected(*stopped_);
    const auto head = network_.agreed_head();
    if (!head) return tl::unexpected(head.error());
    auto news = look(*head);
    if (news) {
        std::lock_guard lock(mutex_);
        head_ = *head;
    } else if (news.error().code == "reorganised_too_deep") {
        stopped_ = news.error();
        spdlog::critical("chain: {}", stopped_->message);
    }
    return news;
}

Result<Branch::News> Branch::look(const Header& head) {
    News news;
    if (head.number < options_.first_block + options_.confirmations) return news;
    const auto counts = head.number - options_.confirmations;
    bool left = false;
    std::vector<chain::BlockUpdate> fresh;
    if (window_.empty()) {
        const auto from = std::max(options_.first_block, counts - std::min(counts, kWindow - 1));
        auto blocks = network_.blocks(from, counts, head.number);
        if (!blocks) return tl::unexpected(blocks.error());
        fresh = std::move(*blocks);
    } else if (const auto tip = window_.back(); counts > tip.number) {
        const auto to = std::min(counts, tip.number + kBlocksPerPoll);
        auto blocks = network_.blocks(tip.number + 1, to, head.number);
        if (!blocks) return tl::unexpected(blocks.error());
        left = blocks->front().parent != tip.hash;
        if (!left) fresh = std::move(*blocks);
        news.more = to < counts;
    } else if (counts >= window_.front().number && (!head_ || head_->hash != head.hash)) {
        const auto known = window_[counts - window_.front().number].hash;
        if (counts == head.number) {
            left = head.hash != known;
        } else {
            const auto header = network_.headers(counts, counts);
            if (!header) return tl::unexpected(header.error());
            left = header->front().hash != known;
        }
    }
    if (left) {
        const auto fork = find_fork(head);
        if (!fork) return tl::unexpected(fork.error());
        spdlog::warn("chain: the network left {} blocks after block {}", window_.back().number - *fork,
                     *fork);
        news.rewound_to = *fork;
        news.more = true;
        std::lock_guard lock(mutex_);
        while (window_.back().number > *fork) window_.pop_back();
    }
    news.grown = !fresh.empty();
    std::lock_guard lock(mutex_);
    for (auto& block : fresh) window_.push_back(std::move(block));
    while (window_.size() > kWindow) window_.pop_front();
    return news;
}

Result<std::uint64_t> Branch::find_fork(const Header& head) const {
    const auto first = window_.front().number;
    const auto last = std::min(window_.back().number, head.number);
    const auto theirs = network_.headers(first, last);
    if (!theirs) return tl::unexpected(theirs.error());
    for (auto number = last + 1; number-- > first;)
        if ((*theirs)[number - first].hash == window_[number - first].hash) return number;
    return fail(
        "reorganised_too_deep",
        "the network has left all of the " + std::to_string(window_.size()) + " blocks up to " +
            std::to_string(window_.back().number) + " that could be taken back; it has block " +
            std::to_string(first) + " as " + theirs->front().hash.hex() + ", known here as " +
            window_.front().hash.hex() +
            ". Nothing is done on this chain any more. Compare the endpoints with a block explorer. Were "
            "they wrong: mend chain.rpc and start again. Are they right: docs/evm.md says what to do");
}

std::optional<chain::BlockUpdate> Branch::tip() const {
    std::lock_guard lock(mutex_);
    if (window_.empty()) return std::nullopt;
    return window_.back();
}

std::optional<Header> Branch::head() const {
    std::lock_guard lock(mutex_);
    return head_;
}

std::optional<chain::BlockUpdate> Branch::block(std::uint64_t number) const {
    std::lock_guard lock(mutex_);
    if (window_.empty() || number < window_.front().number || number > window_.back().number)
        return std::nullopt;
    return window_[number - window_.front().number];
}

std::optional<chain::Timestamp> Branch::time_of(const PlacedReceipt& receipt) const {
    const auto newest = tip();
    if (!newest || receipt.block_number > newest->number) return std::nullopt;
    if (const auto known = block(receipt.block_number)) {
        if (known->hash != receipt.block_hash) return std::nullopt;
        return known->time;
    }
    const auto headers = network_.headers(receipt.block_number, receipt.block_number);
    if (!headers || headers->front().hash != receipt.block_hash) return std::nullopt;
    return headers->front().time;
}

Result<std::vector<chain::BlockUpdate>> Branch::after(std::uint64_t number, std::uint64_t most) const {
    const auto from = std::max(number + 1, options_.first_block);
    std::uint64_t to = 0;
    std::uint64_t head = 0;
    {
        std::lock_guard lock(mutex_);
        if (window_.empty() || from > window_.back().number) return std::vector<chain::BlockUpdate>();
        const auto first = window_.front().number;
        if (from >= first) {
            const auto begin = window_.begin() + static_cast<std::ptrdiff_t>(from - first);
            const auto count = std::min<std::uint64_t>(most, window_.back().number - from + 1);
            return std::vector(begin, begin + static_cast<std::ptrdiff_t>(count));
        }
        to = std::min(from + most - 1, first - 1);
        head = head_ ? head_->number : window_.back().number;
    }
    return network_.blocks(from, to, head);
}

}  // namespace grid::adapters::evm
