#pragma once

#include <deque>
#include <list>
#include <map>

#include "adapters/chain_evm/branch.hpp"
#include "adapters/chain_evm/fees.hpp"
#include "adapters/chain_evm/intents.hpp"
#include "messages/data.hpp"

namespace grid::adapters::evm {

/// Sends the node's own transactions, each exactly once: a nonce is given to a request, the signed bytes are
/// kept on disk, and only then do they leave. Until its block counts a transaction is sent again when the
/// network has lost it, and pays more when it is stuck; for as long as blocks can be taken back it is kept,
/// to be sent again after that. Belongs to one thread, which calls step() after every poll of the branch.
///
/// A request is its address and data. For as long as its transaction is under way, or was mined and nobody
/// has been told, the same call again is the same request, also after a restart: it gets that transaction's
/// receipt. Once somebody has been told, it is a new request and a new transaction. On disk an answer counts
/// only when its caller has had time to keep what it was told (`settles_after`). What nobody asks for again
/// is owed no longer than `owed_for`. A transaction that failed did nothing, so it is owed to nobody.
class Sender {
public:
    struct Options {
        chain::PrivateKey key;
        std::chrono::milliseconds resend_after{15'000};
        std::chrono::milliseconds bump_after{90'000};
        std::chrono::milliseconds lost_after{30'000};  ///< the nonce is used and no receipt of ours came
        /// An answer that comes later finds nobody any more: the actors wait for 30 seconds.
        std::chrono::milliseconds patience{27'000};
        std::chrono::milliseconds settles_after{60'000};
        std::chrono::milliseconds owed_for{3'600'000};
        chain::Amount max_fee_per_gas{
            chain::Amount(500'000'000'000u)};  ///< nothing is raised above this: 500 gwei
        std::size_t max_in_flight = 16;
        std::size_t max_waiting = 256;
        RpcPool::Clock now = &std::chrono::steady_clock::now;
    };
    /// Codes: `reverted` (the custom error described), `unavailable` (nothing was sent, or it is not known
    /// yet), `overloaded`, `fee_too_high`.
    using Done = std::function<void(Result<messages::MinedReceipt>)>;
    using Time = std::chrono::steady_clock::time_point;

    /// Takes up what an earlier run of the process has left. Codes: those of IntentStore.
    static Result<std::unique_ptr<Sender>> open(Network& network, const Branch& branch,
                                                store::Environment& environment, Options options);

    /// A request, made now or at that time.
    void request(const chain::Address& to, const chain::Bytes& calldata, Done done,
                 std::optional<Time> asked = {});
    /// Blocks after that one have been taken back.
    void rewound(std::uint64_t to);
    /// Looks at what is under way, then signs and sends what waits.
    void step();
    /// Answers `unavailable` to who has waited for `patience`; also when the network is silent.
    void give_up();
    /// Answers everybody who waits; what is on disk stays there.
    void close();

    /// What is on disk: under way, and mined but not beyond being taken back.
    std::size_t in_flight() const;
    std::size_t kept() const { return flights_.size(); }
    chain::Address address() const { return options_.key.address(); }

private:
    struct Waiting {
        Done done;
        Time until;  ///< then nobody listens any more
    };
    struct Request {
        chain::Address to;
        chain::Bytes calldata;
        Waiting waiting;
    };
    struct Flight {
        Intent intent;
        std::vector<Waiting> waiting;
        std::optional<messages::MinedReceipt> mined;  ///< its block counts
        Time seen{};                                  ///< when that was seen first
        std::optional<Time> answered;                 ///< when its outcome was told, in this process
        std::optional<Time> sent;                     ///< last; none: send it now
        std::optional<Time> missed;  ///< since when its nonce is used without a receipt of it
        Time signed_at{};            ///< the newest attempt

        bool owed() const { return !intent.answered && !answered; }
    };
    struct Quote {  ///< what the network says to a request
        std::uint64_t gas = 0;
        std::uint64_t nonce = 0;
        Fees fees;
    };

    Sender(Network& network, const Branch& branch, IntentStore store, Options options)
        : network_(network), branch_(branch), store_(std::move(store)), options_(std::move(options)) {}
    void look();
    void forget(std::uint64_t tip);
    bool over(const Flight& flight) const;
    void judge(Flight& flight, const std::optional<PlacedReceipt>& receipt);
    void finish(Flight& flight, const PlacedReceipt& receipt, chain::Timestamp time);
    void lost(std::uint64_t nonce);
    std::string reason(const Flight& flight, const PlacedReceipt& receipt);
    void bump(Flight& flight);
    void send(Flight& flight);
    void take_requests();
    Flight* same(const Request& request);
    Result<Quote> ask(const Request& request, bool pending);
    Result<Fees> ask_fees();
    void start(Request request);

    Network& network_;
    const Branch& branch_;
    IntentStore store_;
    const Options options_;
    std::deque<Request> requests_;
    std::map<std::uint64_t, Flight> flights_;  ///< by nonce
    std::uint64_t next_nonce_ = 0;
    std::uint64_t mined_nonces_ = 0;  ///< of the account, when last asked
};

}  // namespace grid::adapters::evm
