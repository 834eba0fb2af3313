#pragma once

#include <caf/all.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <catch2/catch.hpp>
#include <deque>
#include <map>
#include <set>

#include "actors/clock.hpp"
#include "actors/when_done.hpp"
#include "chain/calls.hpp"
#include "chain/execution.hpp"
#include "chain/genesis.hpp"
#include "messages/chain.hpp"
#include "messages/error.hpp"
#include "runtime/projection.hpp"
#include "store/undo.hpp"
#include "support/temporary_directory.hpp"

/// A node's surroundings under a deterministic scheduler: the real contracts without blocks of their own, a
/// real store whose commits a test may hold back or lose, and time that stands still until it is told to
/// move.
namespace grid::test {

/// The store of a node. `held`: commits wait until the test lets them through.
class Disk {
public:
    Disk() { open(); }

    runtime::Storage storage() {
        return {environment_.get(), [this](store::Batch batch, store::Writer::Done done) {
                    waiting_.push_back({std::move(batch), std::move(done)});
                    if (!held) write();
                }};
    }
    /// Commits what waits, and answers.
    void write(std::size_t count = std::numeric_limits<std::size_t>::max());
    /// As after kill -9: what was not committed is lost, and nobody is answered.
    void lose() { waiting_.clear(); }
    /// Every row of a table, to compare.
    std::map<store::Bytes, store::Bytes> rows(const std::string& table);
    std::size_t waiting() const { return waiting_.size(); }
    store::Environment& environment() { return *environment_; }

    bool held = false;
    std::optional<Error> fails;  ///< every commit, with this

private:
    void open();
    struct Waiting {
        store::Batch batch;
        store::Writer::Done done;
    };
    TemporaryDirectory directory_;
    std::unique_ptr<store::Environment> environment_;
    std::deque<Waiting> waiting_;
};

/// The contracts, one block for each transaction that succeeded, and faults.
class Chain {
public:
    Chain();

    /// Executes and makes a block of it; the contracts must not refuse.
    chain::CallResult must(const chain::Address& from, const chain::Address& to, const chain::Bytes& data);
    chain::CallResult run(const chain::Address& from, const chain::Address& to, const chain::Bytes& data);
    chain::CallResult view(const chain::Address& to, const chain::Bytes& data);
    /// A block with these logs, or none.
    const chain::BlockUpdate& mine(std::vector<chain::BlockLog> logs = {});
    /// Takes back all blocks after this one, without the state: that is the caller's, where it matters.
    void fork(std::uint64_t after);

    chain::Order order(chain::OrderId id);
    void register_provider(const chain::Address& provider, chain::Resources total = {8000, 8192, 10240, 0});
    /// Credits for a user.
    void fund(const chain::Address& user);
    chain::OrderId create_order(const chain::Address& user, const chain::Address& provider,
                                chain::Seconds duration = {3600});

    chain::State state;
    chain::ContractAddresses contracts = chain::embedded_addresses();
    chain::Timestamp time{1'700'000'000};
    std::vector<chain::BlockUpdate> blocks;
    std::vector<std::uint64_t> forks;  ///< the last block that each left as it was

    // --- as an actor
    chain::Address node;              ///< whose key `transact` signs with
    bool unreachable = false;         ///< nothing is answered but `unavailable`
    bool hold_transact = false;       ///< executed, but the answer is lost
    std::size_t refuse_transact = 0;  ///< so many are answered `unavailable`, and not executed
    std::vector<chain::Bytes> transacted;
    std::vector<messages::block_sink_actor> sinks;
    std::size_t acknowledged = 0;  ///< the highest number that a sink has acknowledged

private:
    std::uint8_t salt_ = 0;
};

/// What was asked of an actor, and the answer when there is one.
template <class R>
class Asked {
public:
    bool answered() const { return answer_->has_value(); }
    const Result<R>& result() const {
        REQUIRE(answered());
        return **answer_;
    }
    const R& value() const {
        REQUIRE(answered());
        if (!**answer_) FAIL((**answer_).error().code + ": " + (**answer_).error().message);
        return ***answer_;
    }
    std::string code() const {
        REQUIRE(answered());
        return **answer_ ? "no error" : (**answer_).error().code;
    }
    std::shared_ptr<std::optional<Result<R>>> answer_ = std::make_shared<std::optional<Result<R>>>();
};

/// One run of a node: an actor system whose scheduler only moves when told to. Its end is a kill -9: what the
/// disk holds back is lost.
class World {
public:
    explicit World(Disk& on_disk, Chain& on_chain);
    ~World();

    caf::actor_system& system() { return *system_; }
    actors::Clock clock() {
        return [this] { return chain.time; };
    }
    messages::chain_actor chain_handle() const { return chain_actor_; }
    messages::ChainInfo chain_info() const { return {chain::kEmbeddedChainId, chain.contracts, true}; }

    /// An actor of this node: it ends with it.
    template <class Handle>
    Handle own(Handle actor) {
        owned_.push_back(caf::actor_cast<caf::actor>(actor));
        return actor;
    }

    /// Runs everything that can run now.
    void run();
    /// Lets the actors' clock go on, in steps, running everything between them.
    void pass(std::chrono::milliseconds time,
              std::chrono::milliseconds step = std::chrono::milliseconds{100});
    /// New blocks reach the sinks.
    void publish();

    template <class R, class Handle, class... Ts>
    Asked<R> start(const Handle& actor, const Ts&... xs) {
        Asked<R> asked;
        auto answer = asked.answer_;
        own(system_->spawn(
            [=](caf::event_based_actor* self, caf::unit_t) {
                auto request = self->request(caf::actor_cast<caf::actor>(actor), caf::infinite, xs...);
                auto refused = [answer](const caf::error& error) {
                    *answer = Result<R>(tl::unexpected(messages::from_caf(error)));
                };
                if constexpr (std::is_same_v<R, caf::unit_t>)
                    actors::when_done(
                        request, [answer] { *answer = Result<R>(caf::unit); }, refused);
                else
                    request.then([answer](const R& value) { *answer = Result<R>(value); }, refused);
            },
            caf::unit));
        return asked;
    }
    /// Asks and runs until nothing moves.
    template <class R, class Handle, class... Ts>
    Asked<R> ask(const Handle& actor, const Ts&... xs) {
        auto asked = start<R>(actor, xs...);
        run();
        return asked;
    }

    Disk& disk;
    Chain& chain;

private:
    struct Config;
    std::unique_ptr<Config> config_;
    std::unique_ptr<caf::actor_system> system_;
    messages::chain_actor chain_actor_;
    std::vector<caf::actor> owned_;
    struct Published {
        std::uint64_t block = 0;
        std::size_t forks = 0;
    };
    std::map<caf::actor_addr, Published> published_;
};

/// A development account.
chain::Address account(std::uint32_t index);
chain::PrivateKey key_of(std::uint32_t index);

}  // namespace grid::test
