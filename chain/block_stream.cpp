#include "chain/block_stream.hpp"

#include <algorithm>

namespace grid::chain {
namespace {

constexpr std::string_view kMagic = "GRIDBLKS";
constexpr std::size_t kHeadSize = 8 + 4 + 8 + 1 + 32 + 8;
constexpr std::size_t kPiece = std::size_t{1} << 20;

void write_number(Bytes& out, std::uint64_t number, int size) {
    for (int shift = 8 * (size - 1); shift >= 0; shift -= 8)
        out.push_back(static_cast<std::uint8_t>(number >> shift));
}

std::uint64_t read_number(ByteView bytes) {
    std::uint64_t number = 0;
    for (const std::uint8_t byte : bytes) number = number << 8 | byte;
    return number;
}

Hash read_hash(ByteView bytes) {
    Hash hash;
    std::copy_n(bytes.begin(), hash.bytes.size(), hash.bytes.begin());
    return hash;
}

}  // namespace

void write_stream_head(Bytes& out, const StreamHead& head) {
    out.insert(out.end(), kMagic.begin(), kMagic.end());
    write_number(out, kStreamVersion, 4);
    write_number(out, head.chain.chain_id, 8);
    out.push_back(head.chain.development ? 1 : 0);
    out.insert(out.end(), head.genesis.bytes.begin(), head.genesis.bytes.end());
    write_number(out, head.first, 8);
}

void write_streamed_block(Bytes& out, ByteView encoded) {
    write_number(out, encoded.size(), 4);
    out.insert(out.end(), encoded.begin(), encoded.end());
}

void write_stream_end(Bytes& out, const StreamEnd& end) {
    write_number(out, 0, 4);
    write_number(out, end.newest, 8);
    out.insert(out.end(), end.hash.bytes.begin(), end.hash.bytes.end());
}

StreamReader::StreamReader(ByteView bytes)
    : source_([bytes](std::uint8_t* into, std::size_t size) mutable {
          const std::size_t got = std::min(size, bytes.size());
          std::copy_n(bytes.begin(), got, into);
          bytes = bytes.subspan(got);
          return got;
      }) {}

/// Asks for a long piece bit by bit, so that a forged length takes no memory that never comes.
bool StreamReader::take(std::size_t size, Bytes& into) {
    into.clear();
    while (into.size() < size) {
        const std::size_t before = into.size();
        const std::size_t piece = std::min(kPiece, size - before);
        into.resize(before + piece);
        if (source_(into.data() + before, piece) != piece) return false;
    }
    return true;
}

Result<StreamHead> StreamReader::head() {
    Bytes bytes;
    const bool whole = take(kHeadSize, bytes);
    if (!whole) return fail("stream_cut", "the stream of blocks ends within its head");
    const ByteView in(bytes);
    if (!std::equal(kMagic.begin(), kMagic.end(), in.begin()))
        return fail("bad_stream", "expected a stream of blocks (grid chain export); it begins otherwise");
    if (const auto version = read_number(in.subspan(8, 4)); version != kStreamVersion)
        return fail("bad_stream", "expected version " + std::to_string(kStreamVersion) +
                                      " of the stream of blocks, came " + std::to_string(version));
    StreamHead head;
    head.chain = {read_number(in.subspan(12, 8)), in[20] == 1};
    if (in[20] > 1 || head.chain.chain_id == 0)
        return fail("bad_stream", "the head of the stream names no chain");
    head.genesis = read_hash(in.subspan(21, 32));
    head.first = number_ = read_number(in.subspan(53, 8));
    return head;
}

Result<BlockPointer> StreamReader::next() {
    const auto bad = [this](const std::string& why) {
        return fail("bad_stream", "the stream is damaged at block " + std::to_string(number_) + ": " + why);
    };
    const auto cut = [this] {
        return fail("stream_cut", "the stream is cut short at block " + std::to_string(number_));
    };
    Bytes bytes;
    if (!take(4, bytes)) return cut();
    const std::size_t size = read_number(bytes);
    if (size == 0) {
        if (!take(40, bytes)) return cut();
        end_ = {read_number(ByteView(bytes).first(8)), read_hash(ByteView(bytes).subspan(8))};
        return BlockPointer{};
    }
    if (size > kMaxStreamedBlock)
        return bad("expected at most " + std::to_string(kMaxStreamedBlock) + " bytes, came " +
                   std::to_string(size));
    if (!take(size, bytes)) return cut();
    auto block = decode_stored(number_, bytes);
    if (!block) return bad(block.error().message);
    ++number_;
    return block;
}

}  // namespace grid::chain
