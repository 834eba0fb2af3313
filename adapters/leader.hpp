#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "chain/block_stream.hpp"
#include "runtime/server_url.hpp"

namespace grid::adapters {

/// The node that a follower follows, over HTTP. Blocks the calling thread, never for longer than a minute.
class Leader {
public:
    /// `http(s)://HOST[:PORT]`: its platform's listener. Code `bad_url`.
    static Result<Leader> at(const std::string& url);

    struct Batch {
        chain::StreamHead head;
        std::vector<chain::BlockPointer> blocks;
        chain::StreamEnd newest;  ///< that the leader has
    };
    /// The blocks from one on; waits up to `wait` when there are none. Codes: `leader_unreachable` (also: it
    /// is busy, or its answer was cut), `other_branch`, `ahead`, `bad_stream`.
    Result<Batch> blocks(std::uint64_t from, const std::optional<chain::Hash>& parent,
                         std::chrono::milliseconds wait) const;
    /// Its answer to eth_sendRawTransaction. Codes: `leader_unreachable`, and those of its ledger.
    Result<chain::Hash> send(chain::ByteView raw) const;

    const std::string& url() const noexcept { return url_; }

private:
    Result<runtime::HttpResponse> ask(runtime::HttpRequest request, std::chrono::milliseconds patience) const;
    std::string url_;
    runtime::ServerUrl server_;
};

}  // namespace grid::adapters
