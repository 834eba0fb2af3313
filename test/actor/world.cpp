#include "actor/world.hpp"

#include <spdlog/spdlog.h>

#include "chain/keccak.hpp"

namespace grid::test {

using namespace messages;

chain::PrivateKey key_of(std::uint32_t index) {
    return *chain::derive_from_mnemonic(chain::kDevelopmentMnemonic, index);
}

chain::Address account(std::uint32_t index) {
    return key_of(index).address();
}

// ---- Disk ----

void Disk::open() {
    store::EnvironmentOptions options;
    options.map_size = std::size_t{64} << 20;
    auto opened = store::Environment::open(directory_.path(), options);
    REQUIRE(opened);
    environment_ = std::move(*opened);
}

void Disk::write(std::size_t count) {
    while (!waiting_.empty() && count-- > 0) {
        auto next = std::move(waiting_.front());
        waiting_.pop_front();
        if (fails) {
            next.done(tl::unexpected(*fails));
            continue;
        }
        next.done(environment_->write(
            [&](store::WriteTransaction& rows) { return store::apply(rows, *environment_, next.batch); }));
    }
}

std::map<store::Bytes, store::Bytes> Disk::rows(const std::string& table) {
    std::map<store::Bytes, store::Bytes> found;
    auto handle = environment_->table(table);
    REQUIRE(handle);
    auto read = environment_->read([&](const store::ReadTransaction& rows) {
        rows.scan(*handle, {}, {}, [&](store::ByteView key, store::ByteView value) {
            found[{key.begin(), key.end()}] = {value.begin(), value.end()};
            return true;
        });
    });
    REQUIRE(read);
    return found;
}

// ---- Chain ----

Chain::Chain() : state(chain::make_genesis_state(chain::development_genesis())), node(account(1)) {
    chain::BlockUpdate genesis;
    genesis.hash = chain::keccak256(chain::as_bytes("genesis"));
    blocks.push_back(genesis);
}

const chain::BlockUpdate& Chain::mine(std::vector<chain::BlockLog> logs) {
    chain::BlockUpdate block;
    block.number = blocks.back().number + 1;
    block.parent = blocks.back().hash;
    block.time = time;
    block.logs = std::move(logs);
    const auto name = block.parent.hex() + std::to_string(block.number) + "/" + std::to_string(salt_);
    block.hash = chain::keccak256(chain::as_bytes(name));
    blocks.push_back(std::move(block));
    return blocks.back();
}

void Chain::fork(std::uint64_t after) {
    blocks.resize(after + 1);
    forks.push_back(after);
    ++salt_;
}

chain::CallResult Chain::run(const chain::Address& from, const chain::Address& to, const chain::Bytes& data) {
    const chain::BlockContext context{blocks.back().number + 1, time, chain::kEmbeddedChainId, true};
    auto result = chain::call(state, context, {from, to, {}, data});
    if (!result.success) return result;
    state.take_write_set();
    std::vector<chain::BlockLog> logs;
    for (const auto& log : result.logs)
        logs.push_back({chain::keccak256(data), static_cast<std::uint32_t>(logs.size()), log});
    mine(std::move(logs));
    return result;
}

chain::CallResult Chain::must(const chain::Address& from, const chain::Address& to,
                              const chain::Bytes& data) {
    auto result = run(from, to, data);
    INFO(chain::to_hex(result.output));
    REQUIRE(result.success);
    return result;
}

chain::CallResult Chain::view(const chain::Address& to, const chain::Bytes& data) {
    const auto mark = state.checkpoint();
    auto result = chain::call(state, {blocks.back().number + 1, time, chain::kEmbeddedChainId, true},
                              {node, to, {}, data});
    state.rollback(mark);
    return result;
}

chain::Order Chain::order(chain::OrderId id) {
    return *chain::calls::decode_order(view(contracts.market, chain::calls::market::get(id)).output);
}

void Chain::register_provider(const chain::Address& provider, chain::Resources total) {
    chain::Provider info;
    info.host = "127.0.0.1";
    info.port = 8090;
    info.prices = {1000, 1000, 10, 0};
    info.minimum_prices = {1, 1, 1, 0};
    info.total = total;
    info.accepts_offers = true;
    must(provider, contracts.registry, chain::calls::registry::set(info));
}

void Chain::fund(const chain::Address& user) {
    const auto amount = *chain::Amount::parse_units("1000");
    must(user, contracts.token, chain::calls::token::approve(contracts.credit, amount));
    must(user, contracts.credit, chain::calls::credit::purchase(amount));
}

chain::OrderId Chain::create_order(const chain::Address& user, const chain::Address& provider,
                                   chain::Seconds duration) {
    auto made = must(user, contracts.market,
                     chain::calls::market::create_order(provider, {1000, 512, 1024, 0}, {1000, 1000, 10, 0},
                                                        duration, {0}));
    return *chain::calls::decode_order_id(made.output);
}

// ---- World ----

struct World::Config : caf::actor_system_config {
    Config() {
        set("scheduler.policy", caf::atom("testing"));
        set("logger.console", caf::atom("none"));
        messages::add_message_types(*this);
    }
};

namespace {

chain_actor::behavior_type fake_chain(chain_actor::pointer self, Chain* chain, ChainInfo info) {
    auto down = [] { return to_caf({"unavailable", "the chain is unreachable"}); };
    return {
        [=](info_atom) { return info; },
        [=](head_atom) -> caf::result<Head> {
            if (chain->unreachable) return down();
            const auto& head = chain->blocks.back();
            return Head{head.number, head.hash, head.time, chain->time};
        },
        [=](submit_atom, const Bytes&) -> caf::result<Hash> {
            return to_caf({"bad_transaction", "not here"});
        },
        [=](transact_atom, const Address& to, const Bytes& data) -> caf::result<MinedReceipt> {
            chain->transacted.push_back(data);
            if (chain->unreachable || chain->refuse_transact > 0) {
                if (chain->refuse_transact > 0) --chain->refuse_transact;
                return down();
            }
            const auto result = chain->run(chain->node, to, data);
            if (chain->hold_transact) return self->make_response_promise<MinedReceipt>();
            if (!result.success) return to_caf({"reverted", chain::to_hex(result.output)});
            MinedReceipt mined;
            mined.receipt.success = true;
            mined.block_number = chain->blocks.back().number;
            mined.block_hash = chain->blocks.back().hash;
            mined.block_time = chain->time;
            return mined;
        },
        [=](call_atom, const Address& to, const Bytes& data) -> caf::result<Bytes> {
            if (chain->unreachable) return down();
            auto result = chain->view(to, data);
            if (!result.success) return to_caf({"reverted", chain::to_hex(result.output)});
            return result.output;
        },
        [=](receipt_atom, const Hash&) -> caf::result<MinedReceipt> {
            return to_caf({"not_found", "no such receipt"});
        },
        [=](follow_atom, std::uint64_t, const block_sink_actor& sink) { chain->sinks.push_back(sink); },
    };
}

}  // namespace

World::World(Disk& on_disk, Chain& on_chain)
    : disk(on_disk),
      chain(on_chain),
      config_(std::make_unique<Config>()),
      system_(std::make_unique<caf::actor_system>(*config_)) {
    spdlog::set_level(spdlog::level::off);
    chain.sinks.clear();
    chain_actor_ = system_->spawn(fake_chain, &chain, chain_info());
}

World::~World() {
    disk.lose();
    chain.sinks.clear();
    own(chain_actor_);
    chain_actor_ = nullptr;
    for (const auto& actor : owned_) caf::anon_send_exit(actor, caf::exit_reason::kill);
    owned_.clear();
    run();
    disk.lose();
}

void World::run() {
    auto& scheduler = dynamic_cast<caf::scheduler::test_coordinator&>(system_->scheduler());
    do {
        while (scheduler.try_run_once()) {
        }
        publish();
    } while (scheduler.has_job());
}

void World::pass(std::chrono::milliseconds time, std::chrono::milliseconds step) {
    auto& scheduler = dynamic_cast<caf::scheduler::test_coordinator&>(system_->scheduler());
    run();
    for (auto gone = std::chrono::milliseconds{0}; gone < time; gone += step) {
        scheduler.advance_time(std::chrono::duration_cast<caf::timespan>(step));
        run();
    }
}

void World::publish() {
    const auto head = chain.blocks.back().number;
    for (const auto& sink : chain.sinks) {
        auto& [sent, forks] = published_[sink.address()];
        if (forks != chain.forks.size()) {
            sent = std::min(sent, *std::min_element(chain.forks.begin() + static_cast<std::ptrdiff_t>(forks),
                                                    chain.forks.end()));
            forks = chain.forks.size();
        }
        if (sent == head) continue;
        BlockBatch batch;
        for (auto n = sent + 1; n <= head; ++n) batch.blocks.push_back(chain.blocks[n]);
        sent = head;
        if (batch.blocks.empty()) continue;
        auto asked = &chain.acknowledged;
        own(system_->spawn(
            [=](caf::event_based_actor* self, caf::unit_t) {
                self->request(sink, caf::infinite, batch)
                    .then([asked](std::uint64_t number) { *asked = std::max<std::size_t>(*asked, number); },
                          [](const caf::error&) {});
            },
            caf::unit));
    }
}

}  // namespace grid::test
