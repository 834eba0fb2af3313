#pragma once

#include "chain/replay.hpp"

/// Blocks on their way to another ledger: the format of `grid chain export` and of what followers read.
///
///   "GRIDBLKS", version (4 bytes, big-endian like all numbers), chain id (8), development (1: 0 or 1),
///   hash of block 0 (32), number of the first block that follows (8);
///   each block: length of its encoding (4), its encoding (block_codec.hpp);
///   the end: 0 (4), number (8) and hash (32) of the newest block that the source had.
///
/// There is no checksum of its own: every block is named by its hash and executed again.
namespace grid::chain {

struct StreamHead {
    ChainName chain;
    Hash genesis;
    std::uint64_t first = 0;
};

struct StreamEnd {
    std::uint64_t newest = 0;
    Hash hash;
};

inline constexpr std::uint32_t kStreamVersion = 1;
/// A block may settle 100,000 orders; none comes near this.
inline constexpr std::size_t kMaxStreamedBlock = std::size_t{256} << 20;

void write_stream_head(Bytes& out, const StreamHead& head);
void write_streamed_block(Bytes& out, ByteView encoded);
void write_stream_end(Bytes& out, const StreamEnd& end);

/// Reads such a stream strictly. Codes: `stream_cut` (it ends too early), `bad_stream`: not one, another
/// version, too long a block, blocks out of order, or one that cannot be read.
class StreamReader {
public:
    /// Fills the buffer and answers how many bytes it got: fewer only at the end.
    using Source = std::function<std::size_t(std::uint8_t* into, std::size_t size)>;
    explicit StreamReader(Source source) : source_(std::move(source)) {}
    /// Of bytes in memory, which must outlive it.
    explicit StreamReader(ByteView bytes);

    /// First.
    Result<StreamHead> head();
    /// The next block; null at the end.
    Result<BlockPointer> next();
    /// What the end said, once next() has answered null.
    const StreamEnd& end() const noexcept { return end_; }

private:
    bool take(std::size_t size, Bytes& into);
    Source source_;
    std::uint64_t number_ = 0;
    StreamEnd end_;
};

/// Whether the newest block that was exported, and how many.
struct Exported {
    std::uint64_t blocks = 0;
    StreamEnd newest;
};
/// Writes a whole chain (from one block on) to a sink, which answers false when it cannot. Works beside the
/// node that runs on it. Codes: `write_failed`, `data_damaged`, those of verify_chain's reading.
using StreamSink = std::function<bool(ByteView)>;
Result<Exported> export_chain(const std::string& directory, std::uint64_t id, std::uint64_t from,
                              const StreamSink& sink);

/// What an import found and did.
struct Imported {
    StreamHead head;
    std::uint64_t known = 0;  ///< blocks that were there already, the same
    std::uint64_t added = 0;
    StreamEnd newest;  ///< of the ledger now
};
/// Reads a stream into the ledger of a directory, which is made when there is none: every block is executed
/// again, and kept as soon as a run of them is durable, so that an import that was cut short goes on where it
/// ended. `genesis` not zero: only that chain. Codes: `foreign_chain` (another block 0, or another block at a
/// height), `gap` (the stream begins behind the newest block), `bad_stream`, `block_differs`, those of
/// LedgerStore::open.
Result<Imported> import_chain(const std::string& directory, StreamReader& stream, const Hash& genesis,
                              const std::function<void(std::uint64_t)>& progress = {});

}  // namespace grid::chain
