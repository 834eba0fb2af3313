#pragma once

#include "integration/evm_world.hpp"

namespace grid::test {

using Outcome = std::shared_ptr<std::optional<Result<messages::MinedReceipt>>>;

/// A sender by hand: polls, steps and time are the test's.
struct Hand {
    Hand(const Network& network, const std::string& directory, const chain::PrivateKey& key,
         std::chrono::milliseconds patience = std::chrono::hours(1))
        : pool({*adapters::evm::Endpoint::at(network.anvil.url())}, pool_options()),
          net(pool, network.book.contracts),
          branch(net, {network.book.block, 0}),
          environment(std::move(*store::Environment::open(directory))) {
        adapters::evm::Sender::Options options{.key = key, .patience = patience};
        options.now = [now = now] { return *now; };
        auto opened = adapters::evm::Sender::open(net, branch, *environment, options);
        REQUIRE(opened);
        sender = std::move(*opened);
        turn();
    }
    static adapters::evm::RpcPool::Options pool_options() {
        adapters::evm::RpcPool::Options options;
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
        sender->give_up();
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
        std::make_shared<std::chrono::steady_clock::time_point>(std::chrono::hours(1));
    adapters::evm::RpcPool pool;
    adapters::evm::Network net;
    adapters::evm::Branch branch;
    std::unique_ptr<store::Environment> environment;
    std::unique_ptr<adapters::evm::Sender> sender;
};

inline chain::Bytes transfer(std::uint64_t amount) {
    return chain::calls::token::transfer(account(9).address(), chain::Amount(amount));
}

/// What waits for a block, by "from nonce hash maxFeePerGas" in anvil's own words.
inline std::string pool_of(const Anvil& anvil) {
    return anvil.request("txpool_content");
}

inline std::size_t count(const std::string& text, const std::string& part) {
    std::size_t found = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
    return found;
}

}  // namespace grid::test
