#pragma once

#include <spdlog/spdlog.h>

#include <algorithm>
#include <map>

#include "messages/chain.hpp"
#include "messages/error.hpp"

namespace grid::adapters {

/// Sends a chain's blocks to those who follow it: in order, a few batches on their way to each, and again
/// from where the chain was taken back. Belongs to the chain's actor and runs in its turns.
template <class Self>
class BlockStreams {
public:
    using Blocks = std::vector<chain::BlockUpdate>;
    using Then = std::function<void(Result<Blocks>)>;
    /// Reads at most so many blocks after a number (none: there are none yet) and calls `then` with them, at
    /// once or in a later turn. An error ends the subscriber.
    using Read = std::function<void(std::uint64_t after, std::uint64_t most, Then then)>;

    /// `steps_back`: so many blocks before what a subscriber has acknowledged are sent again at most when it
    /// does not know the branch; 0: then it is ended. `lost` is told of one for which that was not enough,
    /// with what it had acknowledged; it gets nothing more.
    BlockStreams(Self self, Read read, std::uint64_t steps_back = 0,
                 std::function<void(std::uint64_t)> lost = {})
        : self_(self), read_(std::move(read)), steps_back_(steps_back), lost_(std::move(lost)) {}

    /// Streams what comes after that block; ends when the sink dies (see forget).
    void follow(std::uint64_t after, const messages::block_sink_actor& sink) {
        const std::uint64_t id = ++last_id_;
        streams_.emplace(id, Stream{sink, after, after});
        self_->monitor(sink);
        pump(id);
    }

    void forget(const caf::actor_addr& sink) {
        std::erase_if(streams_, [&](const auto& entry) { return entry.second.sink.address() == sink; });
    }

    /// Blocks after that one were taken back.
    void rewind(std::uint64_t to) {
        for (auto& [id, stream] : streams_) stream.cursor = std::min(stream.cursor, to);
    }

    /// There are new blocks: everybody who has caught up gets them.
    void pump_all() {
        std::vector<std::uint64_t> ids;
        for (const auto& [id, stream] : streams_) ids.push_back(id);
        for (const std::uint64_t id : ids) pump(id);
    }

private:
    static constexpr std::uint64_t kBlocksPerBatch = 64;
    static constexpr unsigned kWindow = 4;  ///< batches on their way to one subscriber

    struct Stream {
        messages::block_sink_actor sink;
        std::uint64_t cursor;        ///< the last block that was sent
        std::uint64_t acknowledged;  ///< the last that is durable there, or where it began
        unsigned under_way = 0;      ///< batches that are not acknowledged yet
        bool reading = false;
        bool refused = false;    ///< one that is under way: begin again when all are back
        std::uint64_t back = 0;  ///< so many blocks earlier
        bool lost = false;
    };

    Stream* find(std::uint64_t id) {
        const auto found = streams_.find(id);
        return found == streams_.end() ? nullptr : &found->second;
    }

    void pump(std::uint64_t id) {
        Stream* stream = find(id);
        if (stream == nullptr || stream->lost || stream->reading || stream->refused ||
            stream->under_way >= kWindow)
            return;
        stream->reading = true;
        read_(stream->cursor, kBlocksPerBatch, [this, id, cursor = stream->cursor](Result<Blocks> blocks) {
            came(id, cursor, std::move(blocks));
        });
    }

    void came(std::uint64_t id, std::uint64_t cursor, Result<Blocks> blocks) {
        Stream* stream = find(id);
        if (stream == nullptr) return;
        stream->reading = false;
        if (stream->cursor != cursor || stream->refused || stream->lost)
            return pump(id);  // taken back meanwhile
        if (!blocks) {
            spdlog::error("chain: cannot read the blocks after {} for a subscriber: {}", cursor,
                          blocks.error().message);
            return drop(id, messages::to_caf(blocks.error()));
        }
        if (blocks->empty()) return;
        stream->cursor = blocks->back().number;
        ++stream->under_way;
        // It waits for space as long as the disk is full; it is monitored, so it cannot vanish unseen.
        self_->request(stream->sink, caf::infinite, messages::BlockBatch{std::move(*blocks)})
            .then([this, id](std::uint64_t number) { acknowledged(id, number); },
                  [this, id](const caf::error& error) { refused(id, error); });
        pump(id);
    }

    void acknowledged(std::uint64_t id, std::uint64_t number) {
        Stream* stream = find(id);
        if (stream == nullptr) return;
        --stream->under_way;
        stream->acknowledged = number;
        stream->back = 0;
        begin_again(id, *stream);
    }

    /// What it has may be of a branch that was left while nobody looked: then it gets earlier blocks, until
    /// one of them builds on what it knows.
    void refused(std::uint64_t id, const caf::error& error) {
        const Error why = messages::from_caf(error);
        Stream* stream = find(id);
        if (stream == nullptr) return;
        --stream->under_way;
        if (stream->lost) return;
        if (steps_back_ == 0 || (why.code != "unknown_parent" && why.code != "gap")) {
            spdlog::error("chain: a subscriber refused blocks and is ended: {}: {}", why.code, why.message);
            return drop(id, error);
        }
        if (!stream->refused && stream->back >= steps_back_) {
            stream->lost = true;
            return lost_(stream->acknowledged);
        }
        stream->refused = true;
        begin_again(id, *stream);
    }

    void begin_again(std::uint64_t id, Stream& stream) {
        if (stream.refused && stream.under_way == 0) {
            stream.refused = false;
            stream.back = std::min(std::max<std::uint64_t>(1, stream.back * 2), steps_back_);
            stream.cursor = stream.acknowledged - std::min(stream.acknowledged, stream.back);
            spdlog::warn("chain: a subscriber does not know the branch; blocks after {} are sent again",
                         stream.cursor);
        }
        pump(id);
    }

    /// A subscriber that gets no more blocks must not answer from what it has as if that were all: it ends,
    /// and its parent sees to it that it starts again after its cursor.
    void drop(std::uint64_t id, const caf::error& why) {
        const auto node = streams_.extract(id);
        if (!node.empty()) self_->send_exit(node.mapped().sink, why);
    }

    const Self self_;
    const Read read_;
    const std::uint64_t steps_back_;
    const std::function<void(std::uint64_t)> lost_;
    std::map<std::uint64_t, Stream> streams_;
    std::uint64_t last_id_ = 0;
};

}  // namespace grid::adapters
