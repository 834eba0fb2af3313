#pragma once

#include <condition_variable>
#include <thread>

#include "adapters/chain_evm/gas_watch.hpp"
#include "adapters/chain_evm/sender.hpp"
#include "adapters/chain_follower.hpp"
#include "adapters/embedded_chain_engine.hpp"

namespace grid::adapters::evm {

/// The threads of an EVM chain: one polls the network, sends the node's transactions and looks after those of
/// others; a few answer questions. Every function is safe from any thread and does not block. Callbacks run
/// on these threads.
class Engine {
public:
    struct Options {
        std::vector<Endpoint> endpoints;
        RpcPool::Options pool;
        chain::ContractAddresses contracts;
        Branch::Options branch;
        std::chrono::milliseconds poll_interval{1'000};  ///< 0: only when poll_now() is called
        store::Environment* environment = nullptr;       ///< of the sender's intents
        std::optional<Sender::Options> sender = {};
        GasWatch::Options gas;                ///< of the sender's account
        std::shared_ptr<GasBoard> gas_board;  ///< never null with a sender
        unsigned threads = 4;
        std::shared_ptr<FollowerBoard> board;
        std::function<void(const Branch::News&)> on_news;
    };
    /// Codes: those of Sender::open.
    static Result<std::unique_ptr<Engine>> open(Options options);
    /// Ends the threads, after the requests that are under way (RpcPool::Options::patience). Who waits is
    /// answered.
    ~Engine();
    Engine(const Engine&) = delete;

    Network& network() noexcept { return network_; }
    const Branch& branch() const noexcept { return branch_; }
    void run(std::function<void()> task) { workers_.run(std::move(task)); }

    void poll_now();
    /// Nothing of the network counts here from now on: every poll has this outcome.
    void stop(Error why);
    /// Called after a poll that begins from now on, with what came of it.
    void after_poll(std::function<void(Result<void>)> then);
    /// As Sender::request; `no_key` without one.
    void transact(const chain::Address& to, const chain::Bytes& calldata, Sender::Done done);
    using Mined = Sender::Done;
    /// Called when the transaction is in a block that counts (whether it succeeded or not). Codes:
    /// `overloaded`, `unavailable`.
    void await(const chain::Hash& transaction, Mined done);

private:
    static constexpr std::size_t kMaxAwaited = 1'024;
    static constexpr std::chrono::minutes kPatience{10};
    explicit Engine(Options options);
    void loop();
    bool wait_for_turn();
    void turn();
    Result<void> poll();
    void look_for_awaited();
    void give_up_awaited();
    void tell(const Result<void>& outcome, bool more);

    struct Request {
        chain::Address to;
        chain::Bytes calldata;
        Sender::Done done;
        Sender::Time asked;
    };
    struct Awaited {
        std::vector<Mined> waiting;
        std::chrono::steady_clock::time_point until;
    };

    const Options options_;
    RpcPool pool_;
    Network network_;
    Branch branch_;
    std::unique_ptr<Sender> sender_;
    std::optional<GasWatch> gas_watch_;  ///< beside a sender
    FollowerStatus status_;

    std::mutex mutex_;
    std::condition_variable wake_;
    bool nudged_ = true;
    bool news_ = false;  ///< an endpoint has told of a block, or may have stopped telling
    std::chrono::steady_clock::time_point last_turn_{};
    bool stopping_ = false;
    std::optional<Error> stopped_;
    std::vector<Request> requests_;
    std::vector<std::function<void(Result<void>)>> after_poll_;
    std::map<chain::Hash, Awaited> awaited_;

    Workers workers_;
    std::thread thread_;
};

}  // namespace grid::adapters::evm
