#pragma once

#include <deque>
#include <mutex>
#include <unordered_map>
#include <unordered_set>

#include "chain/ledger.hpp"

namespace grid::chain::rpc {

/// What eth_newFilter and its sisters made and clients poll. A filter is a place in the chain, not a queue:
/// a poll reads the blocks since the last one. Thread-safe.
class Filters {
public:
    static constexpr std::size_t kMax = 1024;
    static constexpr Seconds kLifetime{300};               ///< without a poll
    static constexpr std::size_t kMaxChanges = 10'000;     ///< of one poll; the next one answers the rest
    static constexpr std::size_t kMaxBlocksPolled = 1024;  ///< of one poll for hashes

    enum class Kind : std::uint8_t { logs, blocks, pending };
    /// What a filter of logs was made with.
    struct Criteria {
        LogFilter filter;                   ///< without its range
        std::optional<std::uint64_t> from;  ///< none: the newest block, whichever that is
        std::optional<std::uint64_t> to;    ///< inclusive; none: the same
    };

    explicit Filters(const Ledger& ledger) : ledger_(ledger) {}

    /// The id of a filter that sees what comes after now. Code `too_many_filters`.
    Result<std::string> add(Kind kind, Criteria criteria, Timestamp now);
    /// False when there is none.
    bool remove(const std::string& id);

    struct Changes {
        Kind kind = Kind::logs;
        std::vector<FoundLog> removed;  ///< of blocks that are no longer of the chain
        std::vector<FoundLog> logs;
        std::vector<Hash> hashes;
    };
    /// What came since the last poll. Codes: `filter_not_found`, those of Ledger::logs.
    Result<Changes> changes(const std::string& id, Timestamp now);
    /// Of a filter of logs. Code `filter_not_found`.
    Result<Criteria> criteria(const std::string& id, Timestamp now);

    void rewound(const std::vector<BlockPointer>& dropped);
    /// A transaction came that waits for an earlier nonce.
    void waiting(const Hash& transaction);

private:
    struct Filter {
        Kind kind = Kind::logs;
        Criteria criteria;
        Timestamp polled;
        std::mutex mutex;          ///< of what follows
        std::uint64_t cursor = 0;  ///< the last block that was answered
        std::vector<FoundLog> removed;
        std::vector<Hash> waiting;           ///< not answered yet
        std::unordered_set<Hash> announced;  ///< answered or to be answered before they are in a block
    };
    std::shared_ptr<Filter> find(const std::string& id, Timestamp now);
    std::vector<std::shared_ptr<Filter>> all() const;
    void expire(Timestamp now);
    Result<void> read_logs(Filter& filter, Changes& changes) const;
    Result<void> read_hashes(Filter& filter, Changes& changes) const;

    const Ledger& ledger_;
    mutable std::mutex mutex_;
    std::unordered_map<std::string, std::shared_ptr<Filter>> filters_;
};

}  // namespace grid::chain::rpc
