#include "chain/rpc/hub.hpp"

namespace grid::chain::rpc {

std::shared_ptr<Hub> Hub::make(Ledger& ledger) {
    std::shared_ptr<Hub> hub(new Hub(ledger));
    ledger.listen({.block =
                       [hub](const BlockPointer& block) {
                           if (!hub->subscriptions_.empty())
                               hub->post([hub, block] { hub->subscriptions_.block_made(block); });
                       },
                   .rewound =
                       [hub](const std::vector<BlockPointer>& dropped) {
                           hub->filters_.rewound(dropped);
                           hub->post([hub, dropped] { hub->subscriptions_.rewound(dropped); });
                       }});
    return hub;
}

void Hub::waiting(const Hash& transaction) {
    filters_.waiting(transaction);
    if (subscriptions_.empty()) return;
    if (auto pending = ledger_.waiting(transaction))
        post([hub = shared_from_this(), pending = std::move(*pending)] {
            hub->subscriptions_.waiting(pending.transaction, pending.sender);
        });
}

void Hub::post(std::function<void()> news) {
    {
        std::unique_lock lock(mutex_);
        told_.wait(lock, [this] { return news_.size() < kMaxNews; });
        news_.push_back(std::move(news));
        if (std::exchange(working_, true)) return;
    }
    ledger_.defer([hub = shared_from_this()] { hub->work(); });
}

void Hub::work() {
    for (;;) {
        std::function<void()> news;
        {
            std::lock_guard lock(mutex_);
            if (news_.empty()) {
                working_ = false;
                return;
            }
            news = std::move(news_.front());
            news_.pop_front();
            told_.notify_one();
        }
        news();
    }
}

}  // namespace grid::chain::rpc
