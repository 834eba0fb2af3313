#pragma once

#include <deque>
#include <mutex>

#include "adapters/chain_evm/network.hpp"

namespace grid::adapters::evm {

/// The branch of the network that counts here: the blocks that stand under the agreed head by the configured
/// number of confirmations. Keeps the newest of them, finds out by parent hashes when the network has left
/// them, and to which block that goes back.
class Branch {
public:
    /// As far as projections can be rolled back (runtime::Projection::kWindow).
    static constexpr std::uint64_t kWindow = 64;
    struct Options {
        std::uint64_t first_block = 0;    ///< of the contracts: nothing before it matters
        std::uint64_t confirmations = 0;  ///< blocks on top of a block before it counts; 0: the head counts
    };
    struct News {
        std::optional<std::uint64_t> rewound_to;  ///< the newest block that is left of the old branch
        bool grown = false;
        bool more = false;  ///< the network has further blocks already: poll again at once
    };

    Branch(Network& network, Options options) : network_(network), options_(options) {}

    /// Looks at the network once; one thread. Codes: `unavailable`: nothing changed, try again;
    /// `reorganised_too_deep`: the network has left more blocks than can be taken back. Then this stands
    /// still for ever: nothing here is true or false any more until a person has decided.
    Result<News> poll();

    /// The newest block that counts; none before the first poll that found one.
    std::optional<chain::BlockUpdate> tip() const;
    /// The agreed head of the network.
    std::optional<Header> head() const;
    /// The block of that number when it is among the newest that count.
    std::optional<chain::BlockUpdate> block(std::uint64_t number) const;

    /// When the block of the receipt was made, if it counts here. May ask the network for an old one. From
    /// any thread.
    std::optional<chain::Timestamp> time_of(const PlacedReceipt& receipt) const;

    /// The blocks after that number, in order, at most so many; older ones are fetched. From any thread.
    /// Empty: there are none yet. Codes: `unavailable`.
    Result<std::vector<chain::BlockUpdate>> after(std::uint64_t number, std::uint64_t most) const;

private:
    Result<News> look(const Header& head);
    Result<std::uint64_t> find_fork(const Header& head) const;

    Network& network_;
    const Options options_;
    std::optional<Error> stopped_;
    mutable std::mutex mutex_;  ///< of what follows; only poll() writes
    std::deque<chain::BlockUpdate> window_;
    std::optional<Header> head_;
};

}  // namespace grid::adapters::evm
