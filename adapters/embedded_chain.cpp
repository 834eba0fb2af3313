#include "adapters/embedded_chain.hpp"

#include <spdlog/spdlog.h>

#include <atomic>
#include <deque>
#include <limits>

#include "adapters/block_streams.hpp"
#include "adapters/inbox.hpp"
#include "chain/revert.hpp"
#include "messages/error.hpp"

namespace grid::adapters {
namespace {

using namespace messages;

constexpr std::uint64_t kGasLimit = 1'000'000;
constexpr unsigned kNonceRetries = 3;

/// The actor's whole interface; `tick` empties the inbox.
using embedded_chain_actor = chain_actor::extend_with<rpc_actor>::extend<caf::reacts_to<tick_atom>>;

MinedReceipt mined(const chain::BlockPointer& block, std::uint32_t index) {
    return {block->block.receipts[index], block->block.header.number, block->hash, block->block.header.time};
}

/// The block up to which the chain was taken back, until the actor knows.
using Rewound = std::atomic<std::uint64_t>;
constexpr std::uint64_t kNotRewound = std::numeric_limits<std::uint64_t>::max();

class embedded_chain_state {
public:
    using Self = embedded_chain_actor::stateful_pointer<embedded_chain_state>;

    // User-declared: an aggregate would be filled with the actor's pointer.
    embedded_chain_state() {}
    ~embedded_chain_state() {
        if (rpc_) rpc_->close();
        if (feed_) feed_->close();
        if (forwarder_) forwarder_->close();
        follower_.reset();
        inbox_.reset();
        engine_.reset();
    }

    void start(Self self, std::unique_ptr<EmbeddedChainEngine> engine, std::shared_ptr<Inbox> inbox,
               std::shared_ptr<ChainRpc> rpc, std::shared_ptr<Rewound> rewound,
               std::optional<chain::PrivateKey> key, std::shared_ptr<ChainFeed> feed,
               std::shared_ptr<Forwarder> forwarder, std::unique_ptr<ChainFollower> follower) {
        feed_ = std::move(feed);
        forwarder_ = std::move(forwarder);
        follower_ = std::move(follower);
        self_ = self;
        rewound_ = std::move(rewound);
        engine_ = std::move(engine);
        inbox_ = std::move(inbox);
        key_ = std::move(key);
        rpc_ = std::move(rpc);
        streams_.emplace(self, [this](std::uint64_t after, std::uint64_t most, const Streams::Then& then) {
            read(after, most, then);
        });
        inbox_->bind(self->address());
    }

    ChainInfo info() const {
        const chain::Genesis& genesis = engine_->ledger().genesis();
        return {genesis.chain_id, chain::embedded_addresses(), genesis.development};
    }

    Head head() const {
        const chain::BlockPointer newest = engine_->ledger().head();
        const chain::BlockHeader& header = newest->block.header;
        return {header.number, newest->hash, header.time, engine_->ledger().pending_time(engine_->now())};
    }

    caf::typed_response_promise<Hash> submit(const Bytes& raw) {
        auto promise = self_->make_response_promise<Hash>();
        engine_->ledger().submit(
            raw, [answer = answer_in_turn(inbox_, promise)](const Result<chain::Submission>& result) {
                answer(result.map([](const chain::Submission& s) { return s.hash; }));
            });
        return promise;
    }

    caf::typed_response_promise<Bytes> call(const Address& to, const Bytes& calldata) {
        auto promise = self_->make_response_promise<Bytes>();
        engine_->run([engine = engine_.get(), answer = answer_in_turn(inbox_, promise), to, calldata,
                      from = key_ ? key_->address() : Address{}] {
            auto& ledger = engine->ledger();
            auto called = ledger.call(ledger.pending(engine->now()), {from, to, {}, calldata});
            answer(called.success ? Result<Bytes>(std::move(called.output))
                                  : fail("reverted", chain::describe_revert(called.output)));
        });
        return promise;
    }

    caf::result<MinedReceipt> receipt(const Hash& hash) const {
        const auto place = engine_->ledger().transaction(hash);
        if (!place) return to_caf(place.error());
        return mined(place->block, place->index);
    }

    caf::typed_response_promise<std::string> rpc(const std::string& body) {
        auto promise = self_->make_response_promise<std::string>();
        rpc_->handle(body, [inbox = inbox_, promise](std::string reply) {
            inbox->post([promise, reply = std::move(reply)]() mutable { promise.deliver(std::move(reply)); });
        });
        return promise;
    }

    /// One at a time: the next nonce is known when the one before is mined.
    caf::result<MinedReceipt> transact(const Address& to, const Bytes& calldata) {
        if (!key_) return to_caf({"no_key", "this node has no key of its own to send transactions with"});
        auto promise = self_->make_response_promise<MinedReceipt>();
        transacts_.push_back({to, calldata, promise, kNonceRetries});
        if (transacts_.size() == 1) send_next();
        return promise;
    }

    void follow(std::uint64_t after, const block_sink_actor& sink) {
        // A cursor beyond the head is of blocks that were taken back: the next block shows where.
        streams_->follow(std::min(after, engine_->ledger().head()->block.header.number), sink);
    }
    void forget(const caf::actor_addr& sink) { streams_->forget(sink); }

    void run_inbox() {
        for (const auto& task : inbox_->take()) task();
    }

    /// A block was made.
    void pump_all() { streams_->pump_all(); }

private:
    using Streams = BlockStreams<Self>;
    struct Transact {
        Address to;
        Bytes calldata;
        caf::typed_response_promise<MinedReceipt> promise;
        unsigned retries;
    };
    void send_next() {
        const Transact& next = transacts_.front();
        chain::Transaction transaction;
        transaction.chain_id = engine_->ledger().genesis().chain_id;
        transaction.nonce = engine_->ledger().nonce(key_->address(), true);
        transaction.gas_limit = kGasLimit;
        transaction.to = next.to;
        transaction.data = next.calldata;
        engine_->ledger().submit(chain::sign(transaction, *key_).raw,
                                 [this, inbox = inbox_](const Result<chain::Submission>& result) {
                                     inbox->post([this, result] { transacted(result); });
                                 });
    }

    void transacted(const Result<chain::Submission>& result) {
        Transact& current = transacts_.front();
        const bool elsewhere =
            !result && (result.error().code == "nonce_too_low" || result.error().code == "already_known");
        if (elsewhere && current.retries > 0) {  // somebody else signs with the same key
            --current.retries;
            return send_next();
        }
        if (!result) {
            current.promise.deliver(to_caf(result.error()));
        } else if (result->block == nullptr) {
            current.promise.deliver(
                to_caf({"unavailable", "the transaction waits for one with an earlier nonce"}));
        } else {
            const MinedReceipt receipt = mined(result->block, result->index);
            if (receipt.receipt.success)
                current.promise.deliver(receipt);
            else
                current.promise.deliver(to_caf({"reverted", chain::describe_revert(receipt.receipt.output)}));
        }
        transacts_.pop_front();
        if (!transacts_.empty()) send_next();
    }

    void read(std::uint64_t after, std::uint64_t most, const Streams::Then& then) {
        for (;;) {
            auto blocks = engine_->ledger().updates_after(after, most);
            if (!take_back()) return then(std::move(blocks));
        }
    }

    /// What was read may be of another branch when this is true. No block is made between a revert and the
    /// word of it, so one that was read before this was asked and follows the cursor is of the right branch.
    bool take_back() {
        const std::uint64_t to = rewound_->exchange(kNotRewound);
        if (to == kNotRewound) return false;
        streams_->rewind(to);
        return true;
    }

    Self self_ = nullptr;
    std::unique_ptr<EmbeddedChainEngine> engine_;
    std::shared_ptr<Inbox> inbox_;
    std::shared_ptr<Rewound> rewound_;
    std::shared_ptr<ChainRpc> rpc_;
    std::shared_ptr<ChainFeed> feed_;
    std::shared_ptr<Forwarder> forwarder_;
    std::unique_ptr<ChainFollower> follower_;
    std::optional<chain::PrivateKey> key_;
    std::deque<Transact> transacts_;
    std::optional<Streams> streams_;
};

/// What only moves into the actor at its start.
struct Start {
    std::unique_ptr<EmbeddedChainEngine> engine;
    std::shared_ptr<Inbox> inbox;
    std::shared_ptr<ChainRpc> rpc;
    std::shared_ptr<Rewound> rewound;
    std::optional<chain::PrivateKey> key;
    std::shared_ptr<ChainFeed> feed;
    std::shared_ptr<Forwarder> forwarder;
    std::unique_ptr<ChainFollower> follower;
};

embedded_chain_actor::behavior_type embedded_chain(embedded_chain_state::Self self,
                                                   const std::shared_ptr<Start>& start,
                                                   const std::shared_ptr<std::function<void()>>& on_block) {
    self->state.start(self, std::move(start->engine), start->inbox, std::move(start->rpc), start->rewound,
                      std::move(start->key), start->feed, start->forwarder, std::move(start->follower));
    *on_block = [self] { self->state.pump_all(); };
    self->set_down_handler([self](const caf::down_msg& down) { self->state.forget(down.source); });
    return {
        [self](info_atom) { return self->state.info(); },
        [self](head_atom) { return self->state.head(); },
        [self](submit_atom, const Bytes& raw) { return self->state.submit(raw); },
        [self](transact_atom, const Address& to, const Bytes& calldata) {
            return self->state.transact(to, calldata);
        },
        [self](call_atom, const Address& to, const Bytes& calldata) {
            return self->state.call(to, calldata);
        },
        [self](receipt_atom, const Hash& hash) { return self->state.receipt(hash); },
        [self](follow_atom, std::uint64_t after, const block_sink_actor& sink) {
            self->state.follow(after, sink);
        },
        [self](rpc_atom, const std::string& body) { return self->state.rpc(body); },
        [self](tick_atom) { self->state.run_inbox(); },
    };
}

}  // namespace

Result<EmbeddedChainActors> spawn_embedded_chain(caf::actor_system& system, EmbeddedChainOptions options) {
    auto inbox = std::make_shared<Inbox>();
    // Set by the actor in its first turn, run by it in later ones: no lock needed.
    auto on_block = std::make_shared<std::function<void()>>();
    std::shared_ptr<Forwarder> forwarder;
    decltype(chain::LedgerOptions::forward) forward;
    if (options.leader) {
        forwarder = std::make_shared<Forwarder>(*options.leader);
        forward = [forwarder](chain::Bytes raw, auto done) {
            forwarder->forward(std::move(raw), std::move(done));
        };
    }
    auto engine = EmbeddedChainEngine::open({
        .directory = std::move(options.directory),
        .genesis = std::move(options.genesis),
        .threads = options.threads,
        .clocks = std::move(options.clocks),
        .flush_bytes = options.flush_bytes,
        .alarm =
            [](const Error& error) {
                spdlog::critical("chain: block production stopped: {}", error.message);
            },
        .all_clear = [] { spdlog::warn("chain: the wall clock is right again; block production goes on"); },
        .follower = options.leader.has_value(),
        .forward = std::move(forward),
        .on_block =
            [inbox, on_block](const chain::BlockPointer&) {
                inbox->post([on_block] {
                    if (*on_block) (*on_block)();
                });
            },
    });
    if (!engine) return tl::unexpected<Error>(engine.error());
    const auto rewound = std::make_shared<Rewound>(kNotRewound);
    (*engine)->ledger().listen({.rewound = [rewound](const std::vector<chain::BlockPointer>& dropped) {
        const std::uint64_t to = dropped.front()->block.header.number - 1;
        std::uint64_t before = *rewound;
        while (to < before && !rewound->compare_exchange_weak(before, to)) {
        }
    }});
    const auto rpc = std::make_shared<ChainRpc>(**engine);
    const auto feed = std::make_shared<ChainFeed>((*engine)->ledger());
    std::shared_ptr<FollowerBoard> board;
    std::unique_ptr<ChainFollower> follower;
    if (options.leader) {
        board = std::make_shared<FollowerBoard>();
        follower = std::make_unique<ChainFollower>(**engine, *options.leader, board);
    }
    auto start = std::make_shared<Start>(Start{std::move(*engine), inbox, rpc, rewound,
                                               std::move(options.key), feed, forwarder, std::move(follower)});
    const embedded_chain_actor actor = system.spawn<caf::detached>(embedded_chain, start, on_block);
    return EmbeddedChainActors{actor, actor, rpc, feed, board};
}

}  // namespace grid::adapters
