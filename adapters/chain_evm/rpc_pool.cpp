#include "adapters/chain_evm/rpc_pool.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <future>

namespace grid::adapters::evm {

RpcPool::RpcPool(std::vector<Endpoint> endpoints, Options options)
    : endpoints_(std::move(endpoints)), options_(std::move(options)), health_(endpoints_.size()) {
    for (std::size_t i = 0; i < endpoints_.size(); ++i) trusted_.push_back(i);
}

tl::unexpected<Error> RpcPool::blame(std::size_t endpoint, const std::string& why,
                                     std::optional<std::chrono::seconds> retry_after) {
    Error error{"unavailable", endpoints_[endpoint].name() + ": " + why};
    std::lock_guard lock(mutex_);
    auto& health = health_[endpoint];
    std::chrono::milliseconds pause = options_.first_pause;
    for (unsigned i = 0; i < health.failures && pause < options_.longest_pause; ++i) pause *= 2;
    pause = std::min(pause, options_.longest_pause);
    if (retry_after)
        pause =
            std::max<std::chrono::milliseconds>(pause, std::min(*retry_after, options_.longest_retry_after));
    if (health.failures++ == 0) spdlog::warn("chain: {}", error.message);
    health.ready_at = options_.now() + pause;
    health.proved = false;
    health.error = error;
    return tl::unexpected(std::move(error));
}

Result<RpcPool::Replies> RpcPool::exchange(std::size_t endpoint, std::vector<RpcCall> calls, bool prove) {
    if (prove) calls.insert(calls.begin(), RpcCall{"eth_chainId"});
    auto [replies, retry_after] = endpoints_[endpoint].ask(calls, options_.patience, options_.max_reply);
    if (!replies) {
        if (replies.error().code == "too_large")
            return fail("too_large", "the reply is too large; ask for less");
        return blame(endpoint, replies.error().message, retry_after);
    }
    if (prove) {
        const auto* value = std::get_if<RpcValue>(&replies->front());
        const auto id =
            value ? read_number(**value, "eth_chainId") : fail("bad_reply", "it does not tell its chain id");
        if (!id) return blame(endpoint, id.error().message);
        if (*id != options_.chain_id)
            return blame(endpoint, "it is on chain " + std::to_string(*id) + ", expected " +
                                       std::to_string(options_.chain_id));
        replies->erase(replies->begin());
    }
    std::lock_guard lock(mutex_);
    auto& health = health_[endpoint];
    if (health.failures > 0) spdlog::info("chain: {} answers again", endpoints_[endpoint].name());
    health.failures = 0;
    health.proved = true;
    health.error.reset();
    return replies;
}

Result<RpcPool::Replies> RpcPool::ask_one(std::size_t endpoint, const std::vector<RpcCall>& calls) {
    Replies all;
    for (std::size_t at = 0; at < calls.size(); at += options_.max_batch) {
        bool prove = false;
        {
            std::lock_guard lock(mutex_);
            if (closed_) return fail("unavailable", "the node ends");
            const auto& health = health_[endpoint];
            if (options_.now() < health.ready_at) return tl::unexpected(*health.error);
            prove = !health.proved;
        }
        // A transaction is shown to nobody who has not proved that it is of this chain.
        if (prove && calls[at].method == "eth_sendRawTransaction") {
            if (auto proved = exchange(endpoint, {}, true); !proved) return proved;
            prove = false;
        }
        const auto end = std::min(calls.size(), at + options_.max_batch);
        auto part = exchange(endpoint,
                             {calls.begin() + static_cast<std::ptrdiff_t>(at),
                              calls.begin() + static_cast<std::ptrdiff_t>(end)},
                             prove);
        if (!part) return part;
        std::move(part->begin(), part->end(), std::back_inserter(all));
    }
    return all;
}

Result<RpcPool::Replies> RpcPool::ask(const std::vector<RpcCall>& calls) {
    return read<Replies>(calls, [](const Replies& replies) { return Result<Replies>(replies); });
}

Result<RpcValue> RpcPool::ask(const RpcCall& call) {
    auto replies = ask(std::vector<RpcCall>{call});
    if (!replies) return tl::unexpected(replies.error());
    if (const auto* error = std::get_if<RpcError>(&replies->front())) return fail("refused", error->message);
    return std::get<RpcValue>(std::move(replies->front()));
}

std::vector<Result<RpcPool::Replies>> RpcPool::ask_all(const std::vector<RpcCall>& calls) {
    std::vector<std::future<Result<Replies>>> asked;
    for (std::size_t i = 1; i < endpoints_.size(); ++i)
        asked.push_back(std::async(std::launch::async, [this, i, &calls] { return ask_one(i, calls); }));
    std::vector<Result<Replies>> answers;
    if (!endpoints_.empty()) answers.push_back(ask_one(0, calls));
    for (auto& answer : asked) answers.push_back(answer.get());
    return answers;
}

void RpcPool::trust(std::vector<std::size_t> endpoints) {
    std::lock_guard lock(mutex_);
    trusted_ = std::move(endpoints);
}

void RpcPool::listen(const std::function<void()>& news) {
    for (const auto& endpoint : endpoints_) endpoint.listen(news);
}

std::optional<std::chrono::steady_clock::time_point> RpcPool::deaf_until() const {
    std::optional<std::chrono::steady_clock::time_point> earliest;
    std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < endpoints_.size(); ++i)
        if (endpoints_[i].deaf() && (!earliest || health_[i].ready_at < *earliest))
            earliest = health_[i].ready_at;
    return earliest;
}

void RpcPool::close() {
    {
        std::lock_guard lock(mutex_);
        closed_ = true;
    }
    listen({});
}

std::vector<std::size_t> RpcPool::trusted() const {
    std::lock_guard lock(mutex_);
    return trusted_;
}

std::vector<EndpointStatus> RpcPool::status() const {
    std::lock_guard lock(mutex_);
    std::vector<EndpointStatus> out;
    for (std::size_t i = 0; i < endpoints_.size(); ++i)
        out.push_back({endpoints_[i].name(), options_.now() >= health_[i].ready_at, health_[i].error});
    return out;
}

}  // namespace grid::adapters::evm
