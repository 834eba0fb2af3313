#include "adapters/chain_evm.hpp"

#include <spdlog/spdlog.h>

#include "adapters/block_streams.hpp"
#include "adapters/chain_evm/engine.hpp"
#include "adapters/inbox.hpp"
#include "chain/revert.hpp"
#include "messages/error.hpp"

namespace grid::adapters {
namespace {

using namespace messages;

using chain_evm_actor = chain_actor::extend<caf::reacts_to<tick_atom>>;

/// How often it is looked at what is left for gas, at least.
constexpr std::chrono::milliseconds kGasLookedAt{30'000};

chain::Timestamp wall_clock() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return {static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(now).count())};
}

/// eth_call on the state of a block, named by its hash (EIP-1898): a node on another branch must refuse.
Result<Bytes> call_at(evm::Network& network, const chain::BlockUpdate& block, const Address& from,
                      const Address& to, const Bytes& calldata) {
    const auto params = [&](const std::string& at) {
        return R"([{"from":")" + from.hex() + R"(","to":")" + to.hex() + R"(","data":")" +
               chain::to_hex(calldata) + "\"}," + at + "]";
    };
    const evm::RpcCall call{"eth_call", params(R"({"blockHash":")" + block.hash.hex() + "\"}")};
    return network.pool().read<Bytes>({call}, [](const evm::RpcPool::Replies& replies) -> Result<Bytes> {
        const auto& reply = replies.front();
        if (const auto* error = std::get_if<evm::RpcError>(&reply)) {
            if (error->code == 3 || error->has_data)
                return fail("reverted", chain::describe_revert(error->data));
            if (error->message.find("revert") != std::string::npos)
                return fail("reverted", chain::describe_revert({}));
            return fail("unavailable", "the call is refused: " + error->message);
        }
        auto value = std::get<evm::RpcValue>(reply);
        return evm::read_bytes(*value, "eth_call");
    });
}

Result<MinedReceipt> receipt_at(evm::Engine& engine, const Hash& hash) {
    const auto found = engine.network().pool().read<std::optional<evm::PlacedReceipt>>(
        {evm::receipt_of(hash)}, [&](const evm::RpcPool::Replies& replies) {
            auto receipt = evm::read_receipt(replies.front());
            if (receipt && *receipt && (*receipt)->receipt.transaction_hash != hash)
                receipt = fail("bad_reply", "the receipt of another transaction came");
            return receipt;
        });
    if (!found) return tl::unexpected(found.error());
    if (*found)
        if (const auto time = engine.branch().time_of(**found))
            return MinedReceipt{(*found)->receipt, (*found)->block_number, (*found)->block_hash, *time};
    return fail("not_found", "no block that counts has a transaction " + hash.hex());
}

/// Hands the transaction to the network; its hash when it was taken.
Result<Hash> submit_to(evm::Network& network, const Bytes& raw) {
    const auto decoded = chain::SignedTransaction::decode(raw);
    if (!decoded) return tl::unexpected(decoded.error());
    const auto expected = network.pool().chain_id();
    if (decoded->transaction.chain_id != expected)
        return fail("wrong_chain_id", "expected chain id " + std::to_string(expected) + ", got " +
                                          std::to_string(decoded->transaction.chain_id));
    Error last{"unavailable", "no endpoint of the chain took the transaction"};
    for (const auto endpoint : network.pool().trusted()) {
        const auto replies = network.pool().ask_one(
            endpoint, {{"eth_sendRawTransaction", "[\"" + chain::to_hex(raw) + "\"]"}});
        if (!replies) {
            last = replies.error();
            continue;
        }
        const auto* error = std::get_if<evm::RpcError>(&replies->front());
        if (error == nullptr || error->message.find("known") != std::string::npos) return decoded->hash;
        if (error->message.find("nonce too low") != std::string::npos)
            return fail("nonce_too_low",
                        "the sender's nonce " + std::to_string(decoded->transaction.nonce) + " is used");
        return fail("refused", "the network refuses the transaction: " + error->message);
    }
    return tl::unexpected(last);
}

class chain_evm_state {
public:
    using Self = chain_evm_actor::stateful_pointer<chain_evm_state>;

    // User-declared: an aggregate would be filled with the actor's pointer.
    chain_evm_state() {}
    ~chain_evm_state() {
        if (rpc_) rpc_->close();
        engine_.reset();
    }

    void start(Self self, std::shared_ptr<evm::Engine> engine, std::shared_ptr<Inbox> inbox,
               std::shared_ptr<evm::StrangerRpc> rpc, ChainInfo info, const Address& from) {
        self_ = self;
        engine_ = std::move(engine);
        inbox_ = std::move(inbox);
        rpc_ = std::move(rpc);
        info_ = info;
        from_ = from;
        streams_.emplace(
            self,
            [this](std::uint64_t after, std::uint64_t most, Streams::Then then) {
                read(after, most, std::move(then));
            },
            evm::Branch::kWindow - 1, [this](std::uint64_t after) { stop(after); });
        inbox_->bind(self->address());
    }

    const ChainInfo& info() const { return info_; }

    caf::result<Head> head() const {
        const auto tip = engine_->branch().tip();
        if (!tip)
            return to_caf({"unavailable", "no block of the chain counts yet, or it has not been reached"});
        return Head{tip->number, tip->hash, tip->time, std::max(tip->time, wall_clock())};
    }

    caf::typed_response_promise<Hash> submit(const Bytes& raw) {
        auto promise = self_->make_response_promise<Hash>();
        engine_->run([engine = engine_.get(), raw, answer = posted(promise)] {
            auto hash = submit_to(engine->network(), raw);
            if (!hash) return answer(std::move(hash));
            engine->await(*hash, [answer, hash](const Result<MinedReceipt>& mined) {
                answer(mined ? hash : Result<Hash>(tl::unexpected(mined.error())));
            });
        });
        return promise;
    }

    caf::typed_response_promise<MinedReceipt> transact(const Address& to, const Bytes& calldata) {
        auto promise = self_->make_response_promise<MinedReceipt>();
        engine_->transact(to, calldata, posted(promise));
        return promise;
    }

    /// After a look at the network: who has just seen a receipt asks about what it changed.
    caf::typed_response_promise<Bytes> call(const Address& to, const Bytes& calldata) {
        auto promise = self_->make_response_promise<Bytes>();
        engine_->after_poll([engine = engine_.get(), to, calldata, from = from_,
                             answer = posted(promise)](const Result<void>& polled) {
            if (!polled) return answer(tl::unexpected(polled.error()));
            engine->run([engine, to, calldata, from, answer] {
                const auto tip = engine->branch().tip();
                answer(tip ? call_at(engine->network(), *tip, from, to, calldata)
                           : fail("unavailable", "no block of the chain counts yet"));
            });
        });
        return promise;
    }

    caf::typed_response_promise<MinedReceipt> receipt(const Hash& hash) {
        auto promise = self_->make_response_promise<MinedReceipt>();
        engine_->run(
            [engine = engine_.get(), hash, answer = posted(promise)] { answer(receipt_at(*engine, hash)); });
        return promise;
    }

    void follow(std::uint64_t after, const block_sink_actor& sink) { streams_->follow(after, sink); }
    void forget(const caf::actor_addr& sink) { streams_->forget(sink); }

    void run_inbox() {
        for (const auto& task : inbox_->take()) task();
    }

    void news(const evm::Branch::News& news) {
        if (news.rewound_to) streams_->rewind(*news.rewound_to);
        streams_->pump_all();
    }

private:
    using Streams = BlockStreams<Self>;

    template <class T>
    std::function<void(Result<T>)> posted(caf::typed_response_promise<T> promise) {
        return answer_in_turn(inbox_, promise);
    }

    /// What cannot be had is tried again at the next look at the network.
    void read(std::uint64_t after, std::uint64_t most, Streams::Then then) {
        const auto tip = engine_->branch().tip();
        if (!tip || tip->number <= after) return then(Streams::Blocks());
        engine_->run([engine = engine_.get(), inbox = inbox_, this, after, most, then = std::move(then)] {
            auto blocks = engine->branch().after(after, most);
            if (blocks)
                return inbox->post([then, blocks = std::move(blocks)]() mutable { then(std::move(blocks)); });
            spdlog::warn("chain: the blocks after {} cannot be had: {}", after, blocks.error().message);
            engine->after_poll([inbox, this, after, most, then](const Result<void>&) {
                inbox->post([this, after, most, then] { read(after, most, then); });
            });
        });
    }

    /// What is known stays, and nobody hears more: as when it happens while the node runs.
    void stop(std::uint64_t after) {
        engine_->stop({"reorganised_too_deep", "the network has left more blocks before " +
                                                   std::to_string(after + 1) +
                                                   " than can be taken back. Nothing is done on this chain "
                                                   "any more; docs/evm.md says what to do"});
    }

    Self self_ = nullptr;
    std::shared_ptr<evm::Engine> engine_;
    std::shared_ptr<Inbox> inbox_;
    std::shared_ptr<evm::StrangerRpc> rpc_;
    ChainInfo info_;
    Address from_;
    std::optional<Streams> streams_;
};

/// What only moves into the actor at its start.
struct Start {
    std::shared_ptr<evm::Engine> engine;
    std::shared_ptr<Inbox> inbox;
    std::shared_ptr<evm::StrangerRpc> rpc;
    ChainInfo info;
    Address from;
};
using OnNews = std::function<void(const evm::Branch::News&)>;

chain_evm_actor::behavior_type chain_evm(chain_evm_state::Self self, const std::shared_ptr<Start>& start,
                                         const std::shared_ptr<OnNews>& on_news) {
    self->state.start(self, std::move(start->engine), start->inbox, start->rpc, start->info, start->from);
    *on_news = [self](const evm::Branch::News& news) { self->state.news(news); };
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
        [self](tick_atom) { self->state.run_inbox(); },
    };
}

}  // namespace

Result<EvmChainActors> spawn_chain_evm(caf::actor_system& system, EvmChainOptions options) {
    const auto inbox = std::make_shared<Inbox>();
    const auto on_news = std::make_shared<OnNews>();
    const auto board = std::make_shared<FollowerBoard>();
    evm::Engine::Options engine_options;
    for (const auto& url : options.rpc) {
        auto endpoint = evm::Endpoint::at(url);
        if (!endpoint) return tl::unexpected(endpoint.error());
        engine_options.endpoints.push_back(std::move(*endpoint));
    }
    if (engine_options.endpoints.empty()) return fail("bad_url", "expected the URL of an RPC endpoint");
    engine_options.pool = options.pool;
    engine_options.pool.chain_id = options.book.chain_id;
    engine_options.contracts = options.book.contracts;
    engine_options.branch = {options.book.block, options.confirmations};
    engine_options.poll_interval = options.poll_interval;
    engine_options.environment = options.environment;
    engine_options.sender = options.sender;
    const auto gas = options.sender ? std::make_shared<evm::GasBoard>() : nullptr;
    engine_options.gas.warn_below = options.low_gas;
    engine_options.gas.every = std::min(5 * options.poll_interval, kGasLookedAt);
    engine_options.gas_board = gas;
    engine_options.board = board;
    engine_options.on_news = [inbox, on_news](const evm::Branch::News& news) {
        inbox->post([on_news, news] {
            if (*on_news) (*on_news)(news);
        });
    };
    auto opened = evm::Engine::open(std::move(engine_options));
    if (!opened) return tl::unexpected(opened.error());
    const std::shared_ptr<evm::Engine> engine = std::move(*opened);
    const auto rpc = std::make_shared<evm::StrangerRpc>(engine->network().pool(), options.book.contracts,
                                                        evm::StrangerRpc::Options{});
    const Address from = options.sender ? options.sender->key.address() : Address{};
    const auto start = std::make_shared<Start>(
        Start{engine, inbox, rpc, {options.book.chain_id, options.book.contracts, false}, from});
    auto poll = [weak = std::weak_ptr(engine)] {
        if (const auto alive = weak.lock()) alive->poll_now();
    };
    const chain_evm_actor actor = system.spawn<caf::detached>(chain_evm, start, on_news);
    return EvmChainActors{actor, rpc, board, gas, std::move(poll)};
}

}  // namespace grid::adapters
