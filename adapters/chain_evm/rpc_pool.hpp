#pragma once

#include <functional>
#include <mutex>

#include "adapters/chain_evm/endpoint.hpp"
#include "adapters/chain_evm/json_rpc.hpp"

namespace grid::adapters::evm {

/// How an endpoint stands.
struct EndpointStatus {
    std::string name;
    bool ready = false;          ///< may be asked now
    std::optional<Error> error;  ///< of the last request; none when it was answered
};

/// The endpoints of one chain, each with its health: one that failed is left alone for a while (longer each
/// time, and as long as its Retry-After says), and proves its chain id in the first request after that and
/// before anything it says is believed. Thread-safe; requests run beside each other.
class RpcPool {
public:
    using Clock = std::function<std::chrono::steady_clock::time_point()>;
    struct Options {
        std::uint64_t chain_id = 0;
        std::chrono::milliseconds patience{10'000};  ///< for one request
        std::chrono::milliseconds first_pause{250};
        std::chrono::milliseconds longest_pause{15'000};
        std::chrono::seconds longest_retry_after{3'600};
        std::size_t max_reply = std::size_t{32} << 20;
        std::size_t max_batch = 40;  ///< calls of one request; more are asked in several
        Clock now = &std::chrono::steady_clock::now;
    };
    using Replies = std::vector<RpcReply>;

    RpcPool(std::vector<Endpoint> endpoints, Options options);

    std::size_t size() const noexcept { return endpoints_.size(); }
    std::uint64_t chain_id() const noexcept { return options_.chain_id; }

    /// Asks one endpoint. Code `unavailable`: it is left alone, unreachable, refuses, answers nonsense or is
    /// on another chain; `too_large`: more than max_reply (it is not blamed).
    Result<Replies> ask_one(std::size_t endpoint, const std::vector<RpcCall>& calls);

    /// Asks those that are trusted, in their order, until one answers. Codes as above.
    Result<Replies> ask(const std::vector<RpcCall>& calls);
    /// The same for one call. An error that the node gives is code `refused`, its message as it came.
    Result<RpcValue> ask(const RpcCall& call);

    /// The same with a reader that judges the replies. What it finds malformed (`bad_reply`) is blamed on the
    /// endpoint and asked of the next, what is merely not there yet (`unavailable`) is asked of the next;
    /// other codes are the result.
    template <class T>
    Result<T> read(const std::vector<RpcCall>& calls,
                   const std::function<Result<T>(const Replies&)>& reader) {
        Error last{"unavailable", "no endpoint of the chain is trusted now"};
        for (const auto endpoint : trusted()) {
            auto replies = ask_one(endpoint, calls);
            auto result = replies ? reader(*replies) : tl::unexpected(replies.error());
            if (result) return result;
            last = result.error();
            if (last.code == "bad_reply") last = blame(endpoint, last.message).value();
            if (last.code != "unavailable") break;
        }
        return tl::unexpected(std::move(last));
    }

    /// Asks all beside each other; one result for each endpoint.
    std::vector<Result<Replies>> ask_all(const std::vector<RpcCall>& calls);

    /// Who answers ask(): the endpoints that agree on the head. At first all.
    void trust(std::vector<std::size_t> endpoints);
    std::vector<std::size_t> trusted() const;
    /// Calls `news` from another thread when an endpoint tells of a new block, or may have stopped telling.
    void listen(const std::function<void()>& news);
    /// When the next connection can be made to an endpoint that would tell of new blocks and has none.
    std::optional<std::chrono::steady_clock::time_point> deaf_until() const;
    /// From now on nobody is asked (`unavailable`), and nobody listened to: what is under way ends after one
    /// request at most.
    void close();
    std::vector<EndpointStatus> status() const;
    /// Leaves it alone for a while: what it said cannot be.
    tl::unexpected<Error> blame(std::size_t endpoint, const std::string& why,
                                std::optional<std::chrono::seconds> retry_after = {});

private:
    struct Health {
        bool proved = false;  ///< its chain id
        unsigned failures = 0;
        std::chrono::steady_clock::time_point ready_at{};
        std::optional<Error> error;
    };
    Result<Replies> exchange(std::size_t endpoint, std::vector<RpcCall> calls, bool prove);

    const std::vector<Endpoint> endpoints_;
    const Options options_;
    mutable std::mutex mutex_;
    bool closed_ = false;
    std::vector<Health> health_;
    std::vector<std::size_t> trusted_;
};

}  // namespace grid::adapters::evm
