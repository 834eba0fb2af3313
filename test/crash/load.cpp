#include "crash/load.hpp"

#include "chain/council_calls.hpp"

namespace grid::test {

using namespace chain;

namespace {

constexpr std::uint64_t kGasLimit = 1'000'000;

PrivateKey development_key(std::uint32_t index) {
    return *derive_from_mnemonic(kDevelopmentMnemonic, index);
}

std::string quoted(const std::string& text) {
    return "\"" + text + "\"";
}

NodeClient::Request call_of(const Address& to, const Bytes& data) {
    return {"eth_call", R"([{"to":)" + quoted(to.checksummed()) + R"(,"data":)" + quoted(to_hex(data)) +
                            R"(},"latest"])"};
}

}  // namespace

/// One thread's part: its people act for nobody else, so it knows their nonces.
class Load::Market {
public:
    Market(Load& load, NodeClient client, std::uint32_t number, std::uint64_t seed)
        : load_(load), client_(std::move(client)), random_(seed) {
        for (const std::uint32_t index : {number, kMarkets + 2 * number, kMarkets + 2 * number + 1})
            people_.push_back({development_key(index), 0});
    }

    void run() {
        if (!read_nonces() || !begin()) return;
        while (!load_.stopping_ && step()) {
        }
    }

private:
    struct Person {
        PrivateKey key;
        std::uint64_t nonce;
    };
    Person& provider() { return people_[0]; }
    std::uint64_t below(std::uint64_t bound) { return random_() % bound; }

    void act(Person& person, const Address& to, const Bytes& data) {
        Transaction transaction;
        transaction.chain_id = kEmbeddedChainId;
        transaction.nonce = person.nonce++;
        transaction.gas_limit = kGasLimit;
        transaction.to = to;
        transaction.data = data;
        outgoing_.push_back(sign(transaction, person.key));
    }

    bool read_nonces() {
        std::vector<NodeClient::Request> requests;
        for (const Person& person : people_)
            requests.push_back({"eth_getTransactionCount",
                                "[" + quoted(person.key.address().checksummed()) + ",\"latest\"]"});
        const auto answers = client_.batch(requests);
        for (std::size_t i = 0; i < answers.size(); ++i)
            people_[i].nonce = std::stoull(answers[i].result.GetString(), nullptr, 16);
        return !answers.empty();
    }

    bool begin() {
        Provider info;
        info.host = "localhost";
        info.port = 8090;
        info.prices = info.minimum_prices = {Amount{1'000}, Amount{1'000}, Amount{1'000}, Amount{1'000}};
        info.total = {1'000'000, 1'000'000, 1'000'000, 1'000};
        info.attributes = "{}";
        info.probation = {1};
        info.renewable = info.accepts_offers = true;
        act(provider(), contracts_.registry, calls::registry::set(info));
        for (std::size_t user : {1u, 2u}) {
            const Amount much{1'000'000'000'000'000};
            act(people_[user], contracts_.token, calls::token::approve(contracts_.credit, much));
            act(people_[user], contracts_.credit, calls::credit::purchase(Amount{1'000'000'000'000}));
        }
        return send();
    }

    /// Sends what is outgoing as one batch and keeps what is promised.
    bool send() {
        std::vector<NodeClient::Request> requests;
        std::vector<NodeClient::Request> receipts;
        for (const SignedTransaction& transaction : outgoing_) {
            requests.push_back({"eth_sendRawTransaction", "[" + quoted(to_hex(transaction.raw)) + "]"});
            receipts.push_back({"eth_getTransactionReceipt", "[" + quoted(transaction.hash.hex()) + "]"});
        }
        const auto sent = std::exchange(outgoing_, {});
        const auto answers = client_.batch(requests);
        if (answers.empty()) return false;
        for (const auto& answer : answers)
            if (!answer.good) return load_.fail("a transaction was refused: " + answer.error), false;
        const auto mined = client_.batch(receipts);
        if (mined.empty()) return false;
        for (std::size_t i = 0; i < mined.size(); ++i) {
            if (!mined[i].good || !mined[i].result.IsObject())
                return load_.fail("an acknowledged transaction has no receipt: " + sent[i].hash.hex()), false;
            load_.add(sent[i].hash, *Hash::parse(mined[i].result["blockHash"].GetString()));
        }
        return true;
    }

    /// The newest orders of both users with this provider.
    std::optional<std::vector<Order>> orders() {
        std::vector<NodeClient::Request> requests;
        for (std::size_t user : {1u, 2u})
            requests.push_back(call_of(contracts_.market, calls::market::current(people_[user].key.address(),
                                                                                 provider().key.address())));
        const auto ids = client_.batch(requests);
        if (ids.empty()) return std::nullopt;
        requests.clear();
        for (const auto& id : ids)
            requests.push_back(call_of(contracts_.market, calls::market::get(*calls::decode_order_id(
                                                              *from_hex(id.result.GetString())))));
        const auto found = client_.batch(requests);
        if (found.empty()) return std::nullopt;
        std::vector<Order> result;
        for (const auto& order : found)
            result.push_back(*calls::decode_order(*from_hex(order.result.GetString())));
        return result;
    }

    bool step() {
        const auto current = orders();
        if (!current) return false;
        for (std::uint64_t i = 0, n = 1 + below(6); i < n; ++i) money();
        if (below(3) == 0) pledges(people_[1 + below(2)]);
        for (std::size_t user : {1u, 2u}) trade(people_[user], (*current)[user - 1]);
        return send();
    }

    void money() {
        Person& person = people_[below(people_.size())];
        Bytes somebody(20, 0x55);
        somebody[19] = static_cast<std::uint8_t>(below(50));
        Address other;
        std::copy(somebody.begin(), somebody.end(), other.bytes.begin());
        const Amount amount{1 + below(1'000)};
        switch (below(4)) {
            case 0:
                return act(person, contracts_.credit, calls::credit::purchase(amount));
            case 1:
                return act(person, contracts_.credit, calls::credit::redeem(amount));
            default:
                return act(person, contracts_.token, calls::token::transfer(other, amount));
        }
    }

    void pledges(Person& user) {
        const Address behind = provider().key.address();
        const Amount amount{1 + below(1'000)};
        switch (below(4)) {
            case 0:
                return act(user, contracts_.pledge, calls::pledge::unpledge(amount, behind));
            case 1:
                return act(user, contracts_.pledge, calls::pledge::claim(behind));
            default:
                return act(user, contracts_.pledge, calls::pledge::pledge(amount, behind));
        }
    }

    /// The next step in the life of a user's order; now and then one that is refused.
    void trade(Person& user, const Order& order) {
        const Resources resources{100 + below(400), 64, 64, 0};
        const Prices prices{Amount{1'000 + below(50)}, Amount{1'000}, Amount{1'000}, Amount{1'000}};
        const Seconds duration{below(3) == 0 ? 3'600 : 1 + below(4)};
        const Address market = contracts_.market;
        if (!order.live()) {
            if (order.status != OrderStatus::none && below(2) == 0)
                act(below(2) == 0 ? user : provider(), market,
                    calls::market::withdraw(order.id, Amount{1 + below(1'000)}));
            if (below(2) == 0)
                return act(user, market,
                           calls::market::create_order(provider().key.address(), resources, prices, duration,
                                                       {below(2)}));
            Quote quote;
            quote.provider = provider().key.address();
            quote.user = user.key.address();
            quote.resources = resources;
            quote.prices = prices;
            quote.duration = duration;
            quote.probation = {below(2)};
            quote.valid_until = {~std::uint64_t{0} >> 1};
            for (std::uint8_t& byte : quote.salt.bytes) byte = static_cast<std::uint8_t>(below(256));
            const Bytes signature = provider().key.sign(quote_digest(quote, kEmbeddedChainId, market)).rsv();
            return act(user, market, calls::market::create_order_with_quote(quote, signature));
        }
        if (order.status == OrderStatus::unactivated) {
            const bool refuse = below(6) == 0;
            return act(
                below(2) == 0 ? user : provider(), market,
                refuse ? calls::market::cancel_order(order.id) : calls::market::activate_order(order.id));
        }
        switch (below(6)) {
            case 0:
                return act(below(2) == 0 ? user : provider(), market, calls::market::cancel_order(order.id));
            case 1:
                return act(provider(), market, calls::market::withdraw(order.id, Amount{1}));
            case 2:
                return act(user, market, calls::market::settle_many({order.id, {order.id.value + 1}}));
            default:
                return act(user, market, calls::market::settle(order.id));
        }
    }

    Load& load_;
    NodeClient client_;
    std::mt19937_64 random_;
    std::vector<Person> people_;
    std::vector<SignedTransaction> outgoing_;
    const ContractAddresses contracts_ = embedded_addresses();
};

Load::Load(const NodeClient& client, std::uint64_t seed) : running_(kMarkets) {
    for (std::uint32_t number = 0; number < kMarkets; ++number)
        threads_.emplace_back([this, client, number, seed] {
            Market(*this, client, number, seed * kMarkets + number).run();
            std::lock_guard lock(mutex_);
            --running_;
            changed_.notify_all();
        });
}

void Load::wait_for(std::size_t promises) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return promises_.size() >= promises || running_ == 0; });
}

void Load::stop() {
    stopping_ = true;
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
}

void Load::add(const Hash& transaction, const Hash& block) {
    std::lock_guard lock(mutex_);
    promises_.emplace(transaction, block);
    changed_.notify_all();
}

void Load::fail(const std::string& why) {
    std::lock_guard lock(mutex_);
    if (problem_.empty()) problem_ = why;
}

}  // namespace grid::test
