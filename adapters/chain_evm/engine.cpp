#include "adapters/chain_evm/engine.hpp"

#include <spdlog/spdlog.h>

namespace grid::adapters::evm {
namespace {

/// While somebody waits for a block the network is polled more often.
constexpr int kOftener = 4;
constexpr std::chrono::milliseconds kLongestWhileWaiting{1'000};
/// However much news an endpoint tells.
constexpr std::chrono::milliseconds kPauseBetweenNews{100};

tl::unexpected<Error> unavailable(const Error& why) {
    return fail("unavailable", why.message);
}

}  // namespace

Engine::Engine(Options options)
    : options_(std::move(options)),
      pool_(options_.endpoints, options_.pool),
      network_(pool_, options_.contracts),
      branch_(network_, options_.branch),
      workers_(options_.threads) {
    for (const auto& endpoint : options_.endpoints)
        status_.leader += (status_.leader.empty() ? "" : ", ") + endpoint.name();
}

Result<std::unique_ptr<Engine>> Engine::open(Options options) {
    std::unique_ptr<Engine> engine(new Engine(std::move(options)));
    if (engine->options_.sender) {
        auto sender = Sender::open(engine->network_, engine->branch_, *engine->options_.environment,
                                   *engine->options_.sender);
        if (!sender) return tl::unexpected(sender.error());
        engine->sender_ = std::move(*sender);
        engine->gas_watch_.emplace(engine->network_, engine->branch_, engine->sender_->address(),
                                   engine->options_.gas_board, engine->options_.gas);
    }
    engine->pool_.listen([raw = engine.get()] {
        {
            std::lock_guard lock(raw->mutex_);
            raw->news_ = true;
        }
        raw->wake_.notify_all();
    });
    engine->tell({}, true);
    engine->thread_ = std::thread([raw = engine.get()] { raw->loop(); });
    return engine;
}

Engine::~Engine() {
    {
        std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    pool_.close();
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
    workers_.close();
    if (sender_) sender_->close();
    const auto ended = [] { return fail("unavailable", "the node ends"); };
    for (auto& request : requests_) request.done(ended());
    for (auto& then : after_poll_) then(ended());
    for (auto& [hash, awaited] : awaited_)
        for (auto& done : awaited.waiting) done(ended());
}

void Engine::poll_now() {
    {
        std::lock_guard lock(mutex_);
        nudged_ = true;
    }
    wake_.notify_all();
}

void Engine::stop(Error why) {
    {
        std::lock_guard lock(mutex_);
        if (stopped_) return;
        spdlog::critical("chain: {}", why.message);
        stopped_ = std::move(why);
        nudged_ = true;
    }
    wake_.notify_all();
}

void Engine::after_poll(std::function<void(Result<void>)> then) {
    {
        std::lock_guard lock(mutex_);
        after_poll_.push_back(std::move(then));
        nudged_ = true;
    }
    wake_.notify_all();
}

void Engine::transact(const chain::Address& to, const chain::Bytes& calldata, Sender::Done done) {
    if (!sender_) return done(fail("no_key", "this node has no key of its own to send transactions with"));
    {
        std::lock_guard lock(mutex_);
        requests_.push_back({to, calldata, std::move(done), options_.sender->now()});
        nudged_ = true;
    }
    wake_.notify_all();
}

void Engine::await(const chain::Hash& transaction, Mined done) {
    {
        std::lock_guard lock(mutex_);
        if (awaited_.size() < kMaxAwaited) {
            auto& awaited = awaited_[transaction];
            awaited.waiting.push_back(std::move(done));
            awaited.until = options_.pool.now() + kPatience;
            nudged_ = true;
            done = nullptr;
        }
    }
    if (done)
        return done(fail("overloaded", "too many transactions are waited for; ask for the receipt later"));
    wake_.notify_all();
}

void Engine::loop() {
    while (wait_for_turn()) turn();
}

bool Engine::wait_for_turn() {
    using Clock = std::chrono::steady_clock;
    const bool waiting = sender_ && sender_->in_flight() > 0;
    std::unique_lock lock(mutex_);
    auto interval = options_.poll_interval;
    if (waiting || !awaited_.empty()) interval = std::min(interval / kOftener, kLongestWhileWaiting);
    const bool by_hand = options_.poll_interval.count() == 0;
    auto usual = by_hand ? Clock::time_point::max() : Clock::now() + interval;
    // Who tells no news must be connected again, or what it would tell comes a whole interval late.
    if (const auto deaf = pool_.deaf_until(); deaf && !by_hand)
        usual = std::min(usual, std::max(*deaf, last_turn_ + kPauseBetweenNews));
    while (!nudged_ && !stopping_) {
        const auto due = news_ ? std::min(usual, last_turn_ + kPauseBetweenNews) : usual;
        if (due <= Clock::now()) break;
        if (due == Clock::time_point::max())
            wake_.wait(lock);
        else
            wake_.wait_until(lock, due);
    }
    nudged_ = news_ = false;
    last_turn_ = Clock::now();
    return !stopping_;
}

void Engine::turn() {
    std::vector<Request> requests;
    std::vector<std::function<void(Result<void>)>> after;
    {
        std::lock_guard lock(mutex_);
        requests.swap(requests_);
        after.swap(after_poll_);
    }
    const auto outcome = poll();
    give_up_awaited();
    if (sender_) sender_->give_up();
    for (auto& then : after) then(outcome);
    for (auto& request : requests) {
        if (outcome)
            sender_->request(request.to, request.calldata, std::move(request.done), request.asked);
        else
            request.done(tl::unexpected(outcome.error()));
    }
    if (!outcome) return;
    if (sender_) sender_->step();
    look_for_awaited();
    if (gas_watch_) gas_watch_->look();
}

Result<void> Engine::poll() {
    for (;;) {
        std::optional<Error> stopped;
        {
            std::lock_guard lock(mutex_);
            stopped = stopped_;
        }
        const auto news = stopped ? Result<Branch::News>(tl::unexpected(*stopped)) : branch_.poll();
        if (!news) {
            const Result<void> failed = tl::unexpected(news.error());
            tell(failed, false);
            return unavailable(news.error());
        }
        tell({}, news->more);
        if (news->rewound_to && sender_) sender_->rewound(*news->rewound_to);
        if (news->grown || news->rewound_to) options_.on_news(*news);
        if (!news->more) return {};
        std::lock_guard lock(mutex_);
        if (stopping_) return fail("unavailable", "the node ends");
    }
}

void Engine::tell(const Result<void>& outcome, bool more) {
    using State = FollowerStatus::State;
    const auto before = status_.state;
    status_.error.reset();
    if (const auto head = branch_.head()) status_.leader_height = head->number;
    if (outcome) {
        status_.state = more ? State::catching_up : State::following;
    } else {
        status_.state = outcome.error().code == "reorganised_too_deep" ? State::stopped : State::unreachable;
        status_.error = outcome.error();
    }
    options_.board->set(status_);
    if (status_.state == before || status_.state == State::catching_up) return;
    if (status_.error)
        spdlog::warn("chain: {}: {}", name_of(status_.state), status_.error->message);
    else
        spdlog::info("chain: {} the network at block {}", name_of(status_.state), status_.leader_height);
}

void Engine::give_up_awaited() {
    std::vector<Mined> late;
    {
        std::lock_guard lock(mutex_);
        std::erase_if(awaited_, [&](auto& entry) {
            if (options_.pool.now() < entry.second.until) return false;
            for (auto& done : entry.second.waiting) late.push_back(std::move(done));
            return true;
        });
    }
    for (const auto& done : late)
        done(fail("unavailable",
                  "the transaction is not in a block that counts yet; ask for its receipt later"));
}

void Engine::look_for_awaited() {
    std::vector<chain::Hash> hashes;
    {
        std::lock_guard lock(mutex_);
        hashes.reserve(awaited_.size());
        for (const auto& [hash, awaited] : awaited_) hashes.push_back(hash);
    }
    if (hashes.empty()) return;
    std::vector<RpcCall> calls;
    calls.reserve(hashes.size());
    for (const auto& hash : hashes) calls.push_back(receipt_of(hash));
    const auto replies = pool_.ask(calls);
    if (!replies) return;
    for (std::size_t i = 0; i < hashes.size(); ++i) {
        const auto receipt = read_receipt((*replies)[i]);
        if (!receipt || !*receipt || (*receipt)->receipt.transaction_hash != hashes[i]) continue;
        const auto time = branch_.time_of(**receipt);
        if (!time) continue;
        std::vector<Mined> waiting;
        {
            std::lock_guard lock(mutex_);
            waiting = std::move(awaited_.extract(hashes[i]).mapped().waiting);
        }
        for (const auto& done : waiting)
            done(messages::MinedReceipt{(*receipt)->receipt, (*receipt)->block_number, (*receipt)->block_hash,
                                        *time});
    }
}

}  // namespace grid::adapters::evm
