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
class Sender {
public:
    struct Options {
        chain::PrivateKey key;
        unsigned gas_margin_percent = 25;  ///< above the estimate
        std::chrono::milliseconds resend_after{15'000};
        std::chrono::milliseconds bump_after{90'000};
        std::chrono::milliseconds lost_after{30'000};  ///< the nonce is used and no receipt of ours came
        chain::Amount max_fee_per_gas{
            chain::Amount(500'000'000'000u)};  ///< nothing is raised above this: 500 gwei
        std::size_t max_in_flight = 16;
        std::size_t max_waiting = 256;
        RpcPool::Clock now = &std::chrono::steady_clock::now;
    };
    /// Codes: `reverted` (the custom error described), `unavailable` (nothing was sent, or it is not known
    /// yet), `overloaded`, `fee_too_high`.
    using Done = std::function<void(Result<messages::MinedReceipt>)>;

    /// Takes up what an earlier run of the process has left. Codes: those of IntentStore.
    static Result<std::unique_ptr<Sender>> open(Network& network, const Branch& branch,
                                                store::Environment& environment, Options options);

    /// A request. One with the same address and data that is under way already is joined: it is not sent
    /// twice.
    void request(const chain::Address& to, const chain::Bytes& calldata, Done done);
    /// Blocks after that one have been taken back.
    void rewound(std::uint64_t to);
    /// Looks at what is under way, then signs and sends what waits.
    void step();
    /// Answers everybody who waits; what is on disk stays there.
    void close();

    /// What is on disk: under way, and mined but not beyond being taken back.
    std::size_t in_flight() const;
    std::size_t kept() const { return flights_.size(); }
    chain::Address address() const { return options_.key.address(); }

private:
    using Time = std::chrono::steady_clock::time_point;
    struct Request {
        chain::Address to;
        chain::Bytes calldata;
        Done done;
    };
    struct Flight {
        Intent intent;
        std::vector<Done> waiting;
        std::optional<std::uint64_t> mined_in;  ///< its block counts
        std::optional<Time> sent;               ///< last; none: send it now
        std::optional<Time> missed;             ///< since when its nonce is used without a receipt of it
        Time signed_at{};                       ///< the newest attempt
    };
    struct Quote {  ///< what the network says to a request
        std::uint64_t gas = 0;
        std::uint64_t nonce = 0;
        Fees fees;
    };

    Sender(Network& network, const Branch& branch, IntentStore store, Options options)
        : network_(network), branch_(branch), store_(std::move(store)), options_(std::move(options)) {}
    void look();
    void judge(Flight& flight, const std::optional<PlacedReceipt>& receipt);
    void finish(Flight& flight, const PlacedReceipt& receipt, chain::Timestamp time);
    void lost(std::uint64_t nonce);
    std::string reason(const Flight& flight, const PlacedReceipt& receipt);
    void bump(Flight& flight);
    void send(Flight& flight);
    void take_requests();
    Flight* under_way(const chain::Address& to, const chain::Bytes& calldata);
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
