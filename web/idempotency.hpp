#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>

#include "chain/hash.hpp"
#include "web/problem.hpp"
#include "web/rate_limit.hpp"

namespace grid::web {

/// Answers to writes that bore an Idempotency-Key, so that a repeated one is answered without being done
/// again. In memory and bounded: the oldest go first. Thread-safe. What has to survive a restart is kept by
/// the actors, which get the key too.
class IdempotencyCache {
public:
    struct Options {
        std::size_t capacity = 4096;
        std::size_t max_body = std::size_t{64} * 1024;  ///< longer answers are not kept
        SteadyTime life{std::chrono::hours(1)};
    };

    explicit IdempotencyCache(Options options) : options_(options) {}

    struct Begin {};    ///< do it, then finish()
    struct Running {};  ///< the first one is still under way: 409
    struct Reused {};   ///< the key was used for another request: 422
    using Verdict = std::variant<Begin, Running, Reused, ApiReply>;

    /// `key` names session, operation and the client's key; `request` is the hash of target and body.
    Verdict begin(const std::string& key, const chain::Hash& request, SteadyTime now);
    /// Keeps the answer of what was done. A refusal changed nothing, and tomorrow's answer may be another (an
    /// order that is not confirmed yet, an application that is busy): it and null forget the key.
    void finish(const std::string& key, const ApiReply* reply);

private:
    struct Entry {
        std::string key;
        chain::Hash request;
        SteadyTime at;
        std::shared_ptr<const ApiReply> reply;  ///< null: under way
    };
    void forget(std::list<Entry>::iterator entry);

    Options options_;
    std::mutex mutex_;
    std::list<Entry> by_age_;  ///< the oldest at the front
    std::unordered_map<std::string_view, std::list<Entry>::iterator> entries_;
};

}  // namespace grid::web
