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
            people_.push_back({development_key(index)});
    }

    void run() {
        if (!read_nonces() || !begin()) return;
        while (!load_.stopping_ && step()) {
        }
    }

private:
    struct Person {
        PrivateKey key;
        std::uint64_t nonce = 0;
        std::uint64_t permits = 0;  ///< nonce of the next permit, when none in this batch fails
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

    /// The newest orders of both users with this provider; reads on the way what quotes and permits must
    /// name, and moves the clock now and then: a life is shorter than most orders, which shall earn and end.
    std::optional<std::vector<Order>> orders() {
        const Address with = provider().key.address();
        std::vector<NodeClient::Request> requests{
            {"evm_increaseTime", below(4) == 0 ? "[1]" : "[0]"},
            call_of(contracts_.market, calls::market::quote_epoch(with))};
        for (const Person& person : people_)
            requests.push_back(call_of(contracts_.token, calls::token::nonces(person.key.address())));
        for (std::size_t user : {1u, 2u})
            requests.push_back(
                call_of(contracts_.market, calls::market::current(people_[user].key.address(), with)));
        const auto read = client_.batch(requests);
        if (read.empty()) return std::nullopt;
        const auto output = [](const NodeClient::Answer& answer) {
            return *from_hex(answer.result.GetString());
        };
        auto next = read.begin() + 1;
        epoch_ = *calls::decode_u64(output(*next++));
        for (Person& person : people_) person.permits = *calls::decode_u64(output(*next++));
        requests.clear();
        for (; next != read.end(); ++next)
            requests.push_back(
                call_of(contracts_.market, calls::market::get(*calls::decode_order_id(output(*next)))));
        const auto found = client_.batch(requests);
        if (found.empty()) return std::nullopt;
        std::vector<Order> result;
        for (const auto& order : found) result.push_back(*calls::decode_order(output(order)));
        return result;
    }

    bool step() {
        const auto current = orders();
        if (!current) return false;
        for (std::uint64_t i = 0, n = 1 + below(6); i < n; ++i) money();
        if (below(3) == 0) pledges(people_[1 + below(2)]);
        if (below(8) == 0) revoke(salt());
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
        switch (below(8)) {
            case 0:
                return act(person, contracts_.credit, calls::credit::purchase(amount));
            case 1:
                return act(person, contracts_.credit, calls::credit::redeem(amount));
            case 2: {
                const auto [terms, signature] = permit(person, amount);
                return act(person, contracts_.credit, calls::credit::purchase_with_permit(terms, signature));
            }
            case 3:  // by hand
                return act(person, contracts_.token, calls::token::transfer(contracts_.credit, amount));
            case 4:
                return act(person, contracts_.credit,
                           calls::credit::claim_transfer(people_[below(people_.size())].key.address()));
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

    struct Permit {
        calls::token::PermitTerms terms;
        Signature signature;
    };
    /// So many tokens for Credit.
    Permit permit(Person& owner, const Amount& value) {
        const calls::token::PermitTerms terms{owner.key.address(), contracts_.credit, value,
                                              Amount{owner.permits++}, Amount{~std::uint64_t{0}}};
        return {terms,
                owner.key.sign(calls::token::permit_digest(terms, kEmbeddedChainId, contracts_.token))};
    }

    Hash salt() {
        Hash result;
        for (std::uint8_t& byte : result.bytes) byte = static_cast<std::uint8_t>(below(256));
        return result;
    }

    /// The provider takes back one quote, or now and then all.
    void revoke(const Hash& salt) {
        act(provider(), contracts_.market,
            below(4) == 0 ? calls::market::bump_quote_epoch() : calls::market::cancel_quote(salt));
    }

    Resources some_resources() { return {100 + below(400), 64, 64, 0}; }
    Prices some_prices() { return {Amount{1'000 + below(50)}, Amount{1'000}, Amount{1'000}, Amount{1'000}}; }
    Seconds some_duration() { return {below(3) == 0 ? kLong : 1 + below(kShort)}; }

    struct SignedQuote {
        Quote quote;
        Bytes signature;
    };
    /// Terms for the user, of a new order or of one that continues another; now and then revoked before they
    /// are used.
    SignedQuote quote_for(const Person& user, OrderId replaces) {
        Quote quote;
        quote.provider = provider().key.address();
        quote.user = user.key.address();
        quote.resources = some_resources();
        quote.prices = some_prices();
        quote.duration = some_duration();
        quote.probation = {below(2)};
        quote.renewable = below(2) == 0;
        quote.valid_until = {~std::uint64_t{0} >> 1};
        quote.replaces = replaces;
        quote.epoch = epoch_;
        quote.salt = salt();
        if (below(8) == 0) revoke(quote.salt);
        return {quote, provider().key.sign(quote_digest(quote, kEmbeddedChainId, contracts_.market)).rsv()};
    }

    void order_anew(Person& user) {
        const Address market = contracts_.market;
        const Amount enough{1'000'000};
        if (below(2) == 0) {
            const Address with = provider().key.address();
            const Resources resources = some_resources();
            const Prices prices = some_prices();
            const Seconds duration = some_duration();
            const Seconds probation{below(2)};
            if (below(2) == 0)
                return act(user, market,
                           calls::market::create_order(with, resources, prices, duration, probation));
            const auto [terms, permitted] = permit(user, enough);
            return act(user, market,
                       calls::market::create_order_with_permit(with, resources, prices, duration, probation,
                                                               terms, permitted));
        }
        const auto [quote, signature] = quote_for(user, {});
        if (below(2) == 0) return act(user, market, calls::market::create_order_with_quote(quote, signature));
        const auto [terms, permitted] = permit(user, enough);
        act(user, market,
            calls::market::create_order_with_quote_and_permit(quote, signature, terms, permitted));
    }

    /// The next step in the life of a user's order; now and then one that is refused.
    void trade(Person& user, const Order& order) {
        const Address market = contracts_.market;
        if (!order.live()) {
            if (order.status != OrderStatus::none && below(2) == 0)
                act(below(2) == 0 ? user : provider(), market,
                    calls::market::withdraw(order.id, Amount{1 + below(1'000)}));
            return order_anew(user);
        }
        if (order.status == OrderStatus::unactivated) {
            const bool refuse = below(6) == 0;
            return act(
                below(2) == 0 ? user : provider(), market,
                refuse ? calls::market::cancel_order(order.id) : calls::market::activate_order(order.id));
        }
        run_on(user, order);
    }

    /// The next step of a running order.
    void run_on(Person& user, const Order& order) {
        const Address market = contracts_.market;
        const bool suspended = order.suspended_since.seconds != 0;
        switch (below(14)) {
            case 0:
                return act(below(2) == 0 ? user : provider(), market, calls::market::cancel_order(order.id));
            case 1:
                return act(provider(), market, calls::market::withdraw(order.id, Amount{1}));
            case 2:
                return act(user, market, calls::market::settle_many({order.id, {order.id.value + 1}}));
            case 3:
            case 4:
            case 5:
                return act(provider(), market,
                           suspended ? calls::market::resume(order.id) : calls::market::suspend(order.id));
            case 6:
                return act(user, market, calls::market::extend_order(order.id, {1 + below(3)}));
            case 7: {
                const auto [terms, signature] = permit(user, Amount{10'000});
                return act(
                    user, market,
                    calls::market::extend_order_with_permit(order.id, {1 + below(3)}, terms, signature));
            }
            case 8:
            case 9: {
                const auto [quote, signature] = quote_for(user, order.id);
                return act(user, market, calls::market::replace_order(quote, signature));
            }
            case 10:
                return act(user, market, calls::market::report_unserved(order.id));
            default:
                return act(user, market, calls::market::settle(order.id));
        }
    }

    Load& load_;
    NodeClient client_;
    std::mt19937_64 random_;
    std::vector<Person> people_;
    std::uint64_t epoch_ = 0;  ///< of the provider's quotes
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
