// What is left for gas, on a real anvil.
#include <csignal>

#include "integration/evm_hand.hpp"

using namespace grid;
using namespace grid::adapters::evm;
using namespace std::chrono_literals;
using test::account;
using test::Hand;
using test::TemporaryDirectory;

namespace {

/// A watch by hand; its account has what a test says, in transactions at the fee of the moment.
struct Watched {
    Watched() : hand(network, directory.path(), account(3)) {
        GasWatch::Options options{.warn_below = 20, .every = 15s};
        options.now = [now = hand.now] { return *now; };
        watch.emplace(hand.net, hand.branch, account(3).address(), board, options);
    }
    void has(const chain::Amount& balance) {
        network.anvil.request("anvil_setBalance",
                              "[\"" + account(3).address().hex() + "\",\"" + balance.quantity() + "\"]");
    }
    /// What the board says after a look.
    GasBoard::Status look() {
        watch->look();
        const auto status = board->status();
        REQUIRE(status);
        CHECK(status->account.address == account(3).address());
        return *status;
    }
    GasBoard::Status later() {
        hand.pass(15s);
        return look();
    }

    test::Network network;
    TemporaryDirectory directory;
    Hand hand;
    std::shared_ptr<GasBoard> board = std::make_shared<GasBoard>();
    std::optional<GasWatch> watch;
};

}  // namespace

TEST_CASE("what is left for gas is low below so many transactions, and no longer with a quarter more",
          "[evm]") {
    Watched w;
    CHECK_FALSE(w.board->status());
    const auto first = w.look();
    CHECK_FALSE(first.low);  // anvil's accounts are rich
    REQUIRE(first.account.fee > chain::Amount(0));
    const auto one = first.account.fee * chain::Amount(chain::GasAccount::kTransaction);
    struct Row {
        std::uint64_t transactions;
        bool low;
    };
    for (const auto& row :
         {Row{20, false}, {19, true}, {0, true}, {24, true}, {25, false}, {20, false}, {19, true}}) {
        INFO(row.transactions);
        w.has(one * chain::Amount(row.transactions));
        const auto status = w.later();
        CHECK(status.account.transactions() == row.transactions);
        CHECK(status.low == row.low);
    }
}

TEST_CASE("the network is asked for what is left only so often, and its silence changes nothing", "[evm]") {
    Watched w;
    const auto rich = w.look();
    w.has({});
    CHECK(w.look() == rich);  // not yet
    CHECK(w.later().account.transactions() == 0);
    const auto poor = w.later();
    w.network.anvil.stop(SIGKILL);
    CHECK(w.later() == poor);
}
