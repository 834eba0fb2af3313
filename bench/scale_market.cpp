#include "bench/scale_market.hpp"

#include <algorithm>

#include "bench/demand.hpp"
#include "chain/calls.hpp"
#include "chain/commitment.hpp"
#include "chain/execution.hpp"
#include "chain/keccak.hpp"
#include "chain/ledger_store.hpp"
#include "chain/rlp.hpp"
#include "chain/trie_root.hpp"

namespace grid::bench {

namespace {

constexpr std::size_t kBlockTransactions = 2'000;
constexpr std::size_t kFlushBlocks = 100;
constexpr Seconds kLong{30 * 24 * 3'600};
constexpr Resources kResources{500, 1'024, 10'240, 0};
const Amount kToken = Amount{1'000'000'000} * Amount{1'000'000'000};

Address account(std::uint64_t kind, std::uint64_t number) {
    const Hash hash = keccak256({store::number_key(kind), store::number_key(number)});
    Address address;
    std::copy(hash.bytes.begin() + 12, hash.bytes.end(), address.bytes.begin());
    return address;
}
Address treasury() {
    return account(1, 0);
}
Address provider(std::uint64_t number) {
    return account(2, number);
}
Address user(std::uint64_t number) {
    return account(3, number);
}

Prices prices() {
    const Amount unit{1'000'000'000'000};
    return {unit * Amount{20}, unit * Amount{5}, unit, unit * Amount{100'000}};
}

/// Order ids run from 1; the users' two orders are far apart.
Seconds duration_of(std::uint64_t id) {
    return id % kSettledShare == 0 ? kShort : kLong;
}

/// A sequencer without signatures: executes and stores blocks as the ledger does.
class Filler {
public:
    explicit Filler(const std::string& directory)
        : store_(demand(LedgerStore::open(directory, make_genesis()), "open")) {
        auto loaded = demand(store_->load(), "load");
        state_ = std::move(loaded.state);
        head_ = loaded.blocks.back();
        signature_ = demand(PrivateKey::from_bytes(Bytes(32, 1)), "key").sign(head_->hash);
    }
    ~Filler() { seal(), flush(); }

    void run(const Address& sender, const Address& to, Bytes data) {
        SignedTransaction t = transaction(state_.nonce(sender), to, std::move(data));
        const BlockContext context{head_->block.header.number + 1, kBegin, kEmbeddedChainId, false};
        block_.receipts.push_back(execute(state_, context, t, sender));
        if (!block_.receipts.back().success) stop("a transaction was reverted");
        block_.senders.push_back(sender);
        block_.transactions.push_back(std::move(t));
        if (block_.transactions.size() == kBlockTransactions) seal();
    }

private:
    SignedTransaction transaction(std::uint64_t nonce, const Address& to, Bytes data) const {
        rlp::Encoder fields;
        fields.begin_list().integer(Amount{kEmbeddedChainId}).integer(Amount{nonce});
        fields.integer(Amount{1'000'000'000}).integer(Amount{2'000'000'000}).integer(Amount{500'000});
        fields.bytes(to.bytes).integer({}).bytes(data).begin_list().end_list();
        fields.integer(Amount{signature_.parity});
        fields.integer(Amount::from_word(signature_.r)).integer(Amount::from_word(signature_.s));
        Bytes raw = fields.end_list().take();
        raw.insert(raw.begin(), 2);  // EIP-1559
        return demand(SignedTransaction::decode(raw), "transaction");
    }
    void seal() {
        if (block_.transactions.empty()) return;
        auto stored = std::make_shared<StoredBlock>();
        block_.writes = state_.take_write_set();
        block_.header.parent = head_->hash;
        block_.header.number = head_->block.header.number + 1;
        block_.header.time = kBegin;
        block_.header.transactions_root = transactions_root(block_.transactions);
        block_.header.receipts_root = receipts_root(block_.transactions, block_.receipts);
        block_.header.state_commitment = next_commitment(head_->block.header.state_commitment, block_.writes);
        stored->hash = block_.header.hash();
        const Bytes encoded = encode_block(block_);
        stored->size = encoded.size();
        demand(store_->append(block_.header.number, encoded), "append");
        stored->block = std::exchange(block_, {});
        head_ = stored;
        unflushed_.push_back(head_);
        if (unflushed_.size() == kFlushBlocks) flush();
    }
    void flush() {
        demand(store_->flush(unflushed_), "flush");
        unflushed_.clear();
    }

    std::unique_ptr<LedgerStore> store_;
    State state_;
    BlockPointer head_;
    Block block_;
    Signature signature_;
    std::vector<BlockPointer> unflushed_;
};

}  // namespace

Genesis make_genesis() {
    Genesis genesis;
    genesis.timestamp = kBegin;
    genesis.token_cap = Amount::power_of_two(95);
    genesis.allocations.emplace_back(treasury(), Amount::power_of_two(94));
    return genesis;
}

void fill(const std::string& directory, std::uint64_t orders) {
    const ContractAddresses at = embedded_addresses();
    const std::uint64_t users = orders / 2;
    Filler filler(directory);
    for (std::uint64_t p = 0; p < kProviders; ++p) {
        Provider info;
        info.host = "provider-" + std::to_string(p) + ".example";
        info.port = 443;
        info.prices = info.minimum_prices = prices();
        info.total = {kResources.cpu_milli * orders, kResources.memory_mib * orders,
                      kResources.storage_mib * orders, 0};
        info.attributes = R"({"region":"eu-west","engine":"kubernetes","tags":["ssd","ipv6"]})";
        info.accepts_offers = true;
        filler.run(provider(p), at.registry, calls::registry::set(info));
    }
    const Amount credits = deposit_for(hourly_rate(kResources, prices()), kLong) * Amount{2} + kToken;
    for (std::uint64_t u = 0; u < users; ++u) {
        filler.run(treasury(), at.token, calls::token::transfer(user(u), credits + kToken));
        filler.run(user(u), at.token, calls::token::approve(at.credit, credits));
        filler.run(user(u), at.credit, calls::credit::purchase(credits));
    }
    for (std::uint64_t id = 1; id <= orders; ++id) {
        const std::uint64_t u = (id - 1) % users;
        const std::uint64_t p = (u + (id - 1) / users * 7) % kProviders;
        filler.run(user(u), at.market,
                   calls::market::create_order(provider(p), kResources, prices(), duration_of(id), {}));
        filler.run(provider(p), at.market, calls::market::activate_order({id}));
    }
}

}  // namespace grid::bench
