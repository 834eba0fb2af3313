// What a node that ended has left of its transactions: each is mined once, and who asks for it again is told.
#include <fcntl.h>

#include <fstream>

#include "integration/evm_hand.hpp"

using namespace grid;
using namespace grid::adapters::evm;
using namespace std::chrono_literals;
using test::account;
using test::Anvil;
using test::count;
using test::Hand;
using test::Outcome;
using test::pool_of;
using test::TemporaryDirectory;
using test::transfer;

TEST_CASE("a request that is made again after a restart gets the transaction that was mined meanwhile",
          "[evm]") {
    test::Network network;
    network.anvil.request("evm_setAutomine", "[false]");
    const TemporaryDirectory directory;
    const auto& token = network.book.contracts.token;
    Hand(network, directory.path(), account(3)).request(token, transfer(1));
    network.anvil.mine(Branch::kWindow + 3);  // longer than anything can be taken back
    Hand hand(network, directory.path(), account(3));
    const auto other = hand.request(token, transfer(2));
    CHECK_FALSE(*other);
    const auto again = hand.request(token, transfer(1));
    REQUIRE(*again);
    REQUIRE(**again);
    CHECK((**again)->receipt.success);
    CHECK((**again)->block_number == network.anvil.height() - Branch::kWindow - 2);
    // Once that has been told, the same call is another request.
    const auto deliberate = hand.request(token, transfer(1));
    CHECK_FALSE(*deliberate);
    network.anvil.mine();
    hand.turn();
    REQUIRE(*deliberate);
    CHECK((**deliberate)->receipt.transaction_hash != (**again)->receipt.transaction_hash);
    CHECK(network.mined_nonces(account(3).address()) == 3);
}

TEST_CASE("who gave up and asks again gets the transaction that was made for the first request", "[evm]") {
    test::Network network;
    network.anvil.request("evm_setAutomine", "[false]");
    const TemporaryDirectory directory;
    const auto& token = network.book.contracts.token;
    Hand hand(network, directory.path(), account(3), 27s);
    const auto first = hand.request(token, transfer(1));
    hand.pass(27s);
    hand.turn();
    REQUIRE(*first);
    CHECK((**first).error().code == "unavailable");
    network.anvil.mine();
    hand.turn();
    CHECK(hand.sender->in_flight() == 0);
    // Requests that come together get one answer.
    Outcome second;
    const auto third = std::make_shared<Outcome::element_type>();
    hand.sender->request(token, transfer(1),
                         [third](Result<messages::MinedReceipt> result) { *third = std::move(result); });
    second = hand.request(token, transfer(1));
    REQUIRE(*second);
    REQUIRE(**second);
    REQUIRE(*third);
    CHECK((**third)->receipt.transaction_hash == (**second)->receipt.transaction_hash);
    CHECK(network.mined_nonces(account(3).address()) == 1);
    const auto deliberate = hand.request(token, transfer(1));
    CHECK_FALSE(*deliberate);
    CHECK(hand.sender->in_flight() == 1);
}

TEST_CASE("an answer that comes when its caller has given up is no answer", "[evm]") {
    test::Network network;
    network.anvil.request("evm_setAutomine", "[false]");
    const TemporaryDirectory directory;
    const auto& token = network.book.contracts.token;
    Hand hand(network, directory.path(), account(3), 27s);
    hand.request(token, transfer(1));
    network.anvil.mine();
    hand.pass(28s);
    REQUIRE(hand.branch.poll());
    hand.sender->step();  // the network was silent until now
    const auto again = hand.request(token, transfer(1));
    REQUIRE(*again);
    CHECK(**again);
    CHECK(network.mined_nonces(account(3).address()) == 1);
    CHECK(hand.sender->in_flight() == 0);
}

TEST_CASE("an answer counts on disk when its caller has had time to keep it", "[evm]") {
    test::Network network;
    const TemporaryDirectory directory;
    const auto& token = network.book.contracts.token;
    const auto ask = [&](Hand& hand) {
        auto outcome = hand.request(token, transfer(1));
        while (!*outcome) hand.turn();  // anvil answers before its block is made
        INFO(test::problem(**outcome));
        REQUIRE(**outcome);
        return (**outcome)->receipt.transaction_hash;
    };
    chain::Hash first;
    {
        Hand hand(network, directory.path(), account(3));
        first = ask(hand);
        hand.pass(59s);
        hand.turn();
    }  // the caller may have forgotten with it what it was told
    {
        Hand hand(network, directory.path(), account(3));
        CHECK(ask(hand) == first);
        hand.pass(60s);
        hand.turn();
    }
    Hand hand(network, directory.path(), account(3));
    CHECK(ask(hand) != first);
    CHECK(network.mined_nonces(account(3).address()) == 2);
}

TEST_CASE("what nobody asks for again is owed for an hour", "[evm]") {
    test::Network network;
    network.anvil.request("evm_setAutomine", "[false]");
    const TemporaryDirectory directory;
    const auto& token = network.book.contracts.token;
    Hand(network, directory.path(), account(3)).request(token, transfer(1));
    network.anvil.mine();
    Hand hand(network, directory.path(), account(3));
    hand.pass(1h);
    hand.turn();
    const auto later = hand.request(token, transfer(1));
    CHECK_FALSE(*later);
    CHECK(hand.sender->in_flight() == 1);
    network.anvil.mine(Branch::kWindow + 1);
    hand.turn();
    CHECK(hand.sender->kept() == 1);  // the later one, whose answer is young
}

TEST_CASE("a transaction that failed is owed to nobody", "[evm]") {
    test::Network network;
    network.create_order();
    network.anvil.request("evm_setAutomine", "[false]");
    const TemporaryDirectory directory;
    const auto& market = network.book.contracts.market;
    const auto activate = chain::calls::market::activate_order({1});
    Hand(network, directory.path(), test::provider_key()).request(market, activate);
    network.anvil.request("anvil_dropAllTransactions");
    const auto cancel = network.sign(test::user_key(), market, chain::calls::market::cancel_order({1}));
    network.anvil.request("eth_sendRawTransaction", "[\"" + chain::to_hex(cancel) + "\"]");
    network.anvil.mine();
    Hand hand(network, directory.path(), test::provider_key());  // sends it again
    network.anvil.mine();
    hand.turn();
    CHECK(hand.sender->in_flight() == 0);
    const auto again = hand.request(market, activate);
    REQUIRE(*again);
    CHECK((**again).error().code == "reverted");  // by the estimate: nothing more was sent
    CHECK(hand.sender->kept() == 1);
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
    enum class Moment { signed_only, sent, before_block, mined_while_down };
    for (const auto moment :
         {Moment::signed_only, Moment::sent, Moment::before_block, Moment::mined_while_down}) {
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
                             (moment >= Moment::before_block && waiting);
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
        if (moment == Moment::mined_while_down) network.anvil.mine();
        child = start_child(proxy.url(), book, store);
        if (moment != Moment::mined_while_down) {
            while (looks < 4) {  // the request has joined what was left
            }
            while (count(pool_of(network.anvil), "\"nonce\"") == 0) {
            }
            network.anvil.mine();
        }
        CHECK(WIFEXITED(wait_for(child)));
        std::string outcome;
        std::ifstream(store + ".outcome") >> outcome;
        CHECK(outcome == "mined");
        network.anvil.mine();
        CHECK(network.mined_nonces(account(3).address()) == 1);
        std::lock_guard lock(mutex);
        REQUIRE(sent.size() >= (moment == Moment::mined_while_down ? 1 : 2));
        for (const auto& body : sent) CHECK(body == sent.front());
    }
}
