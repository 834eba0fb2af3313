// The sender on a real anvil that makes blocks when it is told to: what waits, is lost, stuck, or sent by
// others; and a process that is killed between signing, sending and the block.
#include <fcntl.h>

#include <fstream>

#include "integration/evm_world.hpp"

using namespace grid;
using namespace grid::adapters::evm;
using namespace std::chrono_literals;
using test::account;
using test::Anvil;
using test::TemporaryDirectory;

namespace {

using Outcome = std::shared_ptr<std::optional<Result<messages::MinedReceipt>>>;

/// A sender by hand: polls, steps and time are the test's.
struct Hand {
    Hand(const test::Network& network, const std::string& directory, const chain::PrivateKey& key)
        : pool({*Endpoint::at(network.anvil.url())}, pool_options()),
          net(pool, network.book.contracts),
          branch(net, {network.book.block, 0}),
          environment(std::move(*store::Environment::open(directory))) {
        Sender::Options options{.key = key};
        options.now = [now = now] { return *now; };
        auto opened = Sender::open(net, branch, *environment, options);
        REQUIRE(opened);
        sender = std::move(*opened);
        turn();
    }
    static RpcPool::Options pool_options() {
        RpcPool::Options options;
        options.chain_id = Anvil::kChainId;
        return options;
    }
    void turn() {
        for (;;) {
            const auto news = branch.poll();
            INFO((news ? "" : news.error().message));
            REQUIRE(news);
            if (news->rewound_to) sender->rewound(*news->rewound_to);
            if (!news->more) break;
        }
        sender->step();
    }
    Outcome request(const chain::Address& to, const chain::Bytes& data) {
        const auto outcome = std::make_shared<std::optional<Result<messages::MinedReceipt>>>();
        sender->request(to, data,
                        [outcome](Result<messages::MinedReceipt> result) { *outcome = std::move(result); });
        turn();
        return outcome;
    }
    void pass(std::chrono::milliseconds time) { *now += time; }

    std::shared_ptr<std::chrono::steady_clock::time_point> now =
        std::make_shared<std::chrono::steady_clock::time_point>(1h);
    RpcPool pool;
    adapters::evm::Network net;
    Branch branch;
    std::unique_ptr<store::Environment> environment;
    std::unique_ptr<Sender> sender;
};

chain::Bytes transfer(std::uint64_t amount) {
    return chain::calls::token::transfer(account(9).address(), chain::Amount(amount));
}

/// What waits for a block, by "from nonce hash maxFeePerGas" in anvil's own words.
std::string pool_of(const Anvil& anvil) {
    return anvil.request("txpool_content");
}

std::size_t count(const std::string& text, const std::string& part) {
    std::size_t found = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
    return found;
}

}  // namespace

TEST_CASE("transactions of a key are sent at once, each once, and answered when they are mined", "[evm]") {
    test::Network network;
    network.anvil.request("evm_setAutomine", "[false]");
    const TemporaryDirectory directory;
    Hand hand(network, directory.path(), account(3));
    std::vector<Outcome> outcomes;
    for (std::uint64_t i = 1; i <= 5; ++i)
        outcomes.push_back(hand.request(network.book.contracts.token, transfer(i)));
    const auto joined = hand.request(network.book.contracts.token, transfer(3));
    CHECK(hand.sender->in_flight() == 5);
    CHECK(count(pool_of(network.anvil), "\"nonce\"") == 5);
    for (const auto& outcome : outcomes) CHECK_FALSE(*outcome);
    network.anvil.mine();
    hand.turn();
    for (const auto& outcome : outcomes) {
        REQUIRE(*outcome);
        INFO(test::problem(**outcome));
        REQUIRE(**outcome);
        CHECK((**outcome)->block_number == network.anvil.height());
    }
    REQUIRE(*joined);
    CHECK((**joined)->receipt.transaction_hash == (**outcomes[2])->receipt.transaction_hash);
    CHECK(network.mined_nonces(account(3).address()) == 5);
    // Kept until the block cannot be taken back.
    CHECK(hand.sender->kept() == 5);
    network.anvil.mine(Branch::kWindow);
    hand.turn();
    CHECK(hand.sender->kept() == 0);
}

TEST_CASE("a transaction that would fail is not sent, and the error is described", "[evm]") {
    test::Network network;
    const TemporaryDirectory directory;
    Hand hand(network, directory.path(), account(3));
    const auto outcome =
        hand.request(network.book.contracts.token,
                     chain::calls::token::transfer(account(9).address(), chain::Amount::power_of_two(95)));
    REQUIRE(*outcome);
    REQUIRE_FALSE(**outcome);
    CHECK((**outcome).error().code == "reverted");
    CHECK((**outcome).error().message.find("ERC20InsufficientBalance") != std::string::npos);
    CHECK(network.mined_nonces(account(3).address()) == 0);
    CHECK(hand.sender->kept() == 0);
}

TEST_CASE("a transaction that fails in its block is answered with the error", "[evm]") {
    test::Network network;
    network.create_order();
    network.anvil.request("evm_setAutomine", "[false]");
    const TemporaryDirectory directory;
    Hand hand(network, directory.path(), test::provider_key());
    const auto outcome =
        hand.request(network.book.contracts.market, chain::calls::market::activate_order({1}));
    network.anvil.request("anvil_dropAllTransactions");
    const auto cancel = network.sign(test::user_key(), network.book.contracts.market,
                                     chain::calls::market::cancel_order({1}));
    network.anvil.request("eth_sendRawTransaction", "[\"" + chain::to_hex(cancel) + "\"]");
    network.anvil.mine();
    hand.pass(16s);
    hand.turn();  // sends it again
    network.anvil.mine();
    hand.turn();
    REQUIRE(*outcome);
    REQUIRE_FALSE(**outcome);
    CHECK((**outcome).error().code == "reverted");
    CHECK((**outcome).error().message.find("(") != std::string::npos);
}

TEST_CASE("what the network forgot is sent again, byte for byte", "[evm]") {
    test::Network network;
    network.anvil.request("evm_setAutomine", "[false]");
    const TemporaryDirectory directory;
    Hand hand(network, directory.path(), account(3));
    const auto outcome = hand.request(network.book.contracts.token, transfer(1));
    const auto before = pool_of(network.anvil);
    REQUIRE(count(before, "\"nonce\"") == 1);
    network.anvil.request("anvil_dropAllTransactions");
    hand.turn();
    CHECK(count(pool_of(network.anvil), "\"nonce\"") == 0);
    hand.pass(16s);
    hand.turn();
    CHECK(pool_of(network.anvil) == before);
    network.anvil.mine();
    hand.turn();
    REQUIRE(*outcome);
    CHECK(**outcome);
}

TEST_CASE("what is stuck pays more, with the same nonce, until one of them is mined", "[evm]") {
    test::Network network;
    network.anvil.request("evm_setAutomine", "[false]");
    const TemporaryDirectory directory;
    Hand hand(network, directory.path(), account(3));
    const auto outcome = hand.request(network.book.contracts.token, transfer(1));
    const auto second = hand.request(network.book.contracts.token, transfer(2));
    const auto first_pool = pool_of(network.anvil);
    hand.pass(89s);
    hand.turn();
    CHECK(pool_of(network.anvil) == first_pool);
    hand.pass(1s);
    hand.turn();
    const auto bumped_pool = pool_of(network.anvil);
    CHECK(count(bumped_pool, "\"nonce\"") == 2);
    CHECK(bumped_pool != first_pool);  // anvil takes nothing that does not pay 10 % more
    network.anvil.mine();
    hand.turn();
    REQUIRE(*outcome);
    REQUIRE(*second);
    CHECK(**outcome);
    CHECK(**second);
    CHECK(network.mined_nonces(account(3).address()) == 2);
}

TEST_CASE("a fee is raised by at least an eighth, or to what is usual", "[evm]") {
    const Fees before{true, chain::Amount(1000), chain::Amount(100)};
    CHECK(bumped(before, {true, chain::Amount(1), chain::Amount(1)}) ==
          Fees{true, chain::Amount(1126), chain::Amount(114)});
    CHECK(bumped(before, {true, chain::Amount(5000), chain::Amount(900)}) ==
          Fees{true, chain::Amount(5000), chain::Amount(900)});
    CHECK(bumped({false, chain::Amount(8), {}}, {false, chain::Amount(2), {}}) ==
          Fees{false, chain::Amount(10), {}});
    CHECK(fees_for(chain::Amount(7), chain::Amount(2), chain::Amount(99)) ==
          Fees{true, chain::Amount(16), chain::Amount(2)});
    CHECK(fees_for({}, chain::Amount(2), chain::Amount(99)) == Fees{false, chain::Amount(99), {}});
}

TEST_CASE("when somebody else uses the nonce, the request is answered and nothing of it is left", "[evm]") {
    test::Network network;
    network.anvil.request("evm_setAutomine", "[false]");
    const TemporaryDirectory directory;
    Hand hand(network, directory.path(), account(3));
    const auto outcome = hand.request(network.book.contracts.token, transfer(1));
    network.anvil.request("anvil_dropAllTransactions");
    const auto foreign = network.sign(account(3), network.book.contracts.token, transfer(77));
    network.anvil.request("eth_sendRawTransaction", "[\"" + chain::to_hex(foreign) + "\"]");
    network.anvil.mine();
    hand.turn();
    CHECK_FALSE(*outcome);  // a receipt may be late
    hand.pass(30s);
    hand.turn();
    REQUIRE(*outcome);
    REQUIRE_FALSE(**outcome);
    CHECK((**outcome).error().code == "unavailable");
    CHECK(hand.sender->kept() == 0);
    const auto next = hand.request(network.book.contracts.token, transfer(2));
    network.anvil.mine();
    hand.turn();
    REQUIRE(*next);
    CHECK(**next);
}

// ---- kill -9 ----

namespace {
constexpr char kUrl[] = "GRID_EVM_CHILD_URL";
constexpr char kBook[] = "GRID_EVM_CHILD_BOOK";
constexpr char kStore[] = "GRID_EVM_CHILD_STORE";
}  // namespace

// Runs in a process of its own only: sends one transaction, tells its outcome in a file, and waits to be
// ended.
TEST_CASE("child of the kill tests", "[.evm_child]") {
    REQUIRE(std::getenv(kUrl));
    RpcPool::Options pool_options;
    pool_options.chain_id = Anvil::kChainId;
    const auto book = load_address_book(std::getenv(kBook));
    REQUIRE(book);
    const std::string directory = std::getenv(kStore);
    auto environment = std::move(*store::Environment::open(directory));
    RpcPool pool({*Endpoint::at(std::getenv(kUrl))}, pool_options);
    adapters::evm::Network net(pool, book->contracts);
    Branch branch(net, {book->block, 0});
    auto sender = std::move(
        *Sender::open(net, branch, *environment, Sender::Options{.key = account(3), .resend_after = 0ms}));
    bool answered = false;
    (void)branch.poll();
    sender->step();  // as the engine does: first what an earlier run has left
    sender->request(book->contracts.token, transfer(5), [&](const Result<messages::MinedReceipt>& result) {
        answered = result.has_value();
        std::ofstream(directory + ".outcome") << (result ? "mined" : result.error().code) << std::endl;
    });
    while (!answered) {
        (void)branch.poll();
        sender->step();
    }
}

namespace {

pid_t start_child(const std::string& url, const std::string& book, const std::string& directory) {
    std::vector<std::string> environment{std::string(kUrl) + "=" + url, std::string(kBook) + "=" + book,
                                         std::string(kStore) + "=" + directory};
    std::vector<char*> envp;
    for (auto& entry : environment) envp.push_back(entry.data());
    envp.push_back(nullptr);
    std::string program = "/proc/self/exe", filter = "[.evm_child]";
    char* argv[] = {program.data(), filter.data(), nullptr};
    const pid_t child = ::fork();
    if (child == 0) {
        const int nothing = ::open("/dev/null", O_WRONLY);
        ::dup2(nothing, STDOUT_FILENO);
        ::dup2(nothing, STDERR_FILENO);
        ::execve(program.c_str(), argv, envp.data());
        ::_exit(127);
    }
    return child;
}

int wait_for(pid_t child) {
    int status = 0;
    ::waitpid(child, &status, 0);
    return status;
}

}  // namespace

TEST_CASE("killed between signing, sending and the block, a node sends the same bytes and never twice",
          "[evm]") {
    enum class Moment { signed_only, sent, before_block };
    for (const auto moment : {Moment::signed_only, Moment::sent, Moment::before_block}) {
        CAPTURE(static_cast<int>(moment));
        test::Network network;
        network.anvil.request("evm_setAutomine", "[false]");
        const TemporaryDirectory directory;
        const auto book = directory / "addresses.yaml";
        {
            const auto& c = network.book.contracts;
            std::ofstream(book) << "chain_id: 31337\nblock: 1\naddresses:\n  token: " << c.token.hex()
                                << "\n  credit: " << c.credit.hex() << "\n  registry: " << c.registry.hex()
                                << "\n  market: " << c.market.hex() << "\n  pledge: " << c.pledge.hex()
                                << "\n  council: " << c.council.hex() << "\n";
        }
        const auto store = directory / "store";
        test::FaultProxy proxy(network.anvil.port());
        std::atomic<pid_t> child{0};
        std::mutex mutex;
        std::vector<std::string> sent;
        bool alive = true;
        std::atomic<unsigned> looks{0};
        proxy.watch([&](const std::string& body, bool replied) {
            const bool sending = body.find("eth_sendRawTransaction") != std::string::npos;
            const bool waiting = body.find("eth_getTransactionReceipt") != std::string::npos;
            std::lock_guard lock(mutex);
            if (sending && !replied) sent.push_back(body);
            if (waiting && !replied) ++looks;
            if (!alive) return true;
            const bool now = (moment == Moment::signed_only && sending && !replied) ||
                             (moment == Moment::sent && sending && replied) ||
                             (moment == Moment::before_block && waiting);
            if (!now) return true;
            alive = false;
            ::kill(child, SIGKILL);
            return false;
        });
        {
            // The proxy must not see a request before it knows whom to kill.
            std::lock_guard lock(mutex);
            child = start_child(proxy.url(), book, store);
        }
        const int status = wait_for(child);
        REQUIRE(WIFSIGNALED(status));
        CHECK(count(pool_of(network.anvil), "\"nonce\"") == (moment == Moment::signed_only ? 0 : 1));
        // The same request again, as the actors do after a restart.
        looks = 0;
        child = start_child(proxy.url(), book, store);
        while (looks < 4) {  // the request has joined what was left
        }
        while (count(pool_of(network.anvil), "\"nonce\"") == 0) {
        }
        network.anvil.mine();
        CHECK(WIFEXITED(wait_for(child)));
        std::string outcome;
        std::ifstream(store + ".outcome") >> outcome;
        CHECK(outcome == "mined");
        network.anvil.mine();
        CHECK(network.mined_nonces(account(3).address()) == 1);
        std::lock_guard lock(mutex);
        REQUIRE(sent.size() >= 2);
        for (const auto& body : sent) CHECK(body == sent.front());
    }
}
