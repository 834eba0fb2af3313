#include "adapters/chain_feed.hpp"

#include <algorithm>

namespace grid::adapters {

ChainFeed::ChainFeed(chain::Ledger& ledger) : ledger_(ledger) {
    const auto tell = [news = news_] {
        // Under the mutex, or the news could fall between a look at the head and the wait for it.
        std::lock_guard lock(news->mutex);
        news->changed.notify_one();
    };
    ledger_.listen({.block = [tell](const chain::BlockPointer&) { tell(); },
                    .rewound = [tell](const std::vector<chain::BlockPointer>&) { tell(); }});
    thread_ = std::thread([this] { run(); });
}

void ChainFeed::ask(const Question& question, Reply reply) {
    const auto until =
        std::chrono::steady_clock::now() + std::min<std::chrono::milliseconds>(question.wait, kMaxWait);
    Error refused{"unavailable", "the chain of this node has ended"};
    {
        std::lock_guard lock(news_->mutex);
        if (!news_->closed && waiting_.size() < kMaxWaiting) {
            waiting_.push_back({question, std::move(reply), until});
            news_->changed.notify_one();
            return;
        }
        if (!news_->closed) refused = {"busy", "too many followers wait here; ask again later"};
    }
    reply(tl::unexpected<Error>(refused));
}

bool ChainFeed::ready(const Waiting& waiting, std::chrono::steady_clock::time_point now) const {
    return now >= waiting.until || waiting.question.from != ledger_.head()->block.header.number + 1;
}

void ChainFeed::run() {
    std::unique_lock lock(news_->mutex);
    while (!news_->closed) {
        const auto now = std::chrono::steady_clock::now();
        const auto first = std::find_if(waiting_.begin(), waiting_.end(),
                                        [&](const Waiting& waiting) { return ready(waiting, now); });
        if (first != waiting_.end()) {
            Waiting next = std::move(*first);
            waiting_.erase(first);
            lock.unlock();
            next.reply(ledger_.stream_from(next.question.from, next.question.parent, kMaxBytes));
            lock.lock();
        } else if (waiting_.empty()) {
            news_->changed.wait(lock);
        } else {
            const auto soonest =
                std::min_element(waiting_.begin(), waiting_.end(),
                                 [](const Waiting& a, const Waiting& b) { return a.until < b.until; });
            news_->changed.wait_until(lock, soonest->until);
        }
    }
}

void ChainFeed::close() {
    {
        std::lock_guard lock(news_->mutex);
        if (std::exchange(news_->closed, true)) return;
        news_->changed.notify_one();
    }
    thread_.join();
    for (const Waiting& waiting : std::exchange(waiting_, {}))
        waiting.reply(fail("unavailable", "the chain of this node has ended"));
}

}  // namespace grid::adapters
