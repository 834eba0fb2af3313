#pragma once

#include <chrono>
#include <functional>
#include <optional>

#include "chain/hash.hpp"
#include "web/route_list.hpp"

namespace grid::web {

/// What a follower asks: the blocks from one on; `parent` is the hash of its block before.
struct BlocksQuestion {
    std::uint64_t from = 0;
    std::optional<chain::Hash> parent;
    std::chrono::milliseconds wait{0};  ///< for the next block, when there are none
};

/// Answers once, from any thread, with a stream of blocks (chain/block_stream.hpp). Codes `other_branch` and
/// `ahead` (409), `busy` and `unavailable` (503).
using BlocksPort = std::function<void(const BlocksQuestion&, std::function<void(Result<chain::Bytes>)>)>;

/// GET /chain/blocks?from=N[&parent=HASH][&wait_ms=W]: blocks are public, so anybody may follow.
ApiRoute blocks_route(BlocksPort port);

}  // namespace grid::web
