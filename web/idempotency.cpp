#include "web/idempotency.hpp"

namespace grid::web {

void IdempotencyCache::forget(std::list<Entry>::iterator entry) {
    entries_.erase(entry->key);
    by_age_.erase(entry);
}

IdempotencyCache::Verdict IdempotencyCache::begin(const std::string& key, const chain::Hash& request,
                                                  SteadyTime now) {
    std::lock_guard lock(mutex_);
    while (!by_age_.empty() && now - by_age_.front().at >= options_.life) forget(by_age_.begin());
    if (const auto found = entries_.find(key); found != entries_.end()) {
        const auto& entry = *found->second;
        if (entry.request != request) return Reused{};
        if (!entry.reply) return Running{};
        ApiReply reply = *entry.reply;
        reply.headers.emplace_back("Idempotency-Replayed", "true");
        return reply;
    }
    if (by_age_.size() >= options_.capacity) forget(by_age_.begin());
    by_age_.push_back({key, request, now, nullptr});
    entries_.emplace(by_age_.back().key, std::prev(by_age_.end()));
    return Begin{};
}

void IdempotencyCache::finish(const std::string& key, const ApiReply* reply) {
    std::lock_guard lock(mutex_);
    const auto found = entries_.find(key);
    if (found == entries_.end()) return;
    const bool done = reply && reply->status >= 200 && reply->status < 300;
    const bool keep = done && reply->body.size() <= options_.max_body;
    if (keep) {
        found->second->reply = std::make_shared<const ApiReply>(*reply);
    } else {
        forget(found->second);
    }
}

}  // namespace grid::web
