#pragma once

#include <atomic>

#include "adapters/chain_evm/facts.hpp"
#include "adapters/chain_evm/rpc_pool.hpp"

namespace grid::adapters::evm {

/// The blocks of a network as a majority of its endpoints tells them. Thread-safe, but for agreed_head(),
/// which belongs to one thread. Whatever goes wrong is `unavailable` and changes nothing.
class Network {
public:
    /// Who is so far behind the newest head counts as silent.
    static constexpr chain::Seconds kStale{300};
    /// How far back the endpoints' common block is looked for.
    static constexpr std::uint64_t kDeepestFork = 64;
    /// Blocks that are deeper are asked for by ranges, others each by its hash.
    static constexpr std::uint64_t kSettled = 128;
    static constexpr std::uint64_t kFirstRange = 1'024;
    static constexpr std::uint64_t kLargestRange = 8'192;

    Network(RpcPool& pool, const chain::ContractAddresses& contracts) : pool_(pool), contracts_(contracts) {}

    /// The newest block that enough endpoints have: of three or more, more than half of all; of two, both, or
    /// the one that answers; of one, that. Those that have it are trusted with further questions.
    Result<Header> agreed_head();

    /// The headers from..to in order, each the parent of the next.
    Result<std::vector<Header>> headers(std::uint64_t from, std::uint64_t to);

    /// The blocks from..to with the logs of the contracts. `head`: the agreed one.
    Result<std::vector<chain::BlockUpdate>> blocks(std::uint64_t from, std::uint64_t to, std::uint64_t head);

    RpcPool& pool() noexcept { return pool_; }
    const chain::ContractAddresses& contracts() const noexcept { return contracts_; }

private:
    struct Vote {
        std::size_t endpoint;
        Header head;
    };
    using Blocks = std::vector<chain::BlockUpdate>;
    std::optional<Header> agreement(const std::vector<Vote>& votes, std::uint64_t number, std::size_t needed);
    Result<void> logs_by_hash(const std::vector<Header>& headers, const std::vector<std::size_t>& which,
                              Blocks& blocks);
    Result<void> logs_by_range(const std::vector<Header>& headers, Blocks& blocks);

    RpcPool& pool_;
    const chain::ContractAddresses contracts_;
    std::atomic<std::uint64_t> range_{kFirstRange};  ///< what the provider takes, as far as is known
};

}  // namespace grid::adapters::evm
