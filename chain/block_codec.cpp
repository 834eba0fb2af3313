#include "chain/block_codec.hpp"

namespace grid::chain {
namespace {

constexpr std::uint8_t kVersion = 1;

// Layout: version, header, receipts, transactions with senders, write set. Numbers big-endian; lists and
// bytes with a 4-byte count before them.
class Writer {
public:
    explicit Writer(std::size_t expected) { out_.reserve(expected); }
    void u8(std::uint8_t v) { out_.push_back(v); }
    void u32(std::size_t v) { number(v, 4); }
    void u64(std::uint64_t v) { number(v, 8); }
    void fixed(ByteView v) { out_.insert(out_.end(), v.begin(), v.end()); }
    void bytes(ByteView v) {
        u32(v.size());
        fixed(v);
    }
    Bytes take() { return std::move(out_); }

private:
    void number(std::uint64_t v, int size) {
        for (int shift = 8 * (size - 1); shift >= 0; shift -= 8)
            out_.push_back(static_cast<std::uint8_t>(v >> shift));
    }
    Bytes out_;
};

/// The first problem makes it bad for good; what is read afterwards is empty.
class Reader {
public:
    explicit Reader(ByteView in) : in_(in) {}
    std::uint8_t u8() { return static_cast<std::uint8_t>(number(1)); }
    std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
    std::uint64_t u64() { return number(8); }
    bool flag() {
        const std::uint8_t v = u8();
        if (v > 1) stop("a flag is neither 0 nor 1");
        return v == 1;
    }
    ByteView bytes() { return take(u32()); }
    template <class T>
    void fixed(T& v) {
        const ByteView part = take(v.bytes.size());
        if (part.size() == v.bytes.size()) std::copy(part.begin(), part.end(), v.bytes.begin());
    }
    /// A count of items that take at least `least` bytes each, so that a forged one cannot ask for memory.
    std::size_t count(std::size_t least) {
        const std::size_t n = u32();
        if (n <= in_.size() / least) return n;
        stop("a count is larger than the block");
        return 0;
    }
    void stop(const char* why) {
        if (problem_ == nullptr) problem_ = why;
        in_ = {};
    }
    void finish() {
        if (!in_.empty()) stop("bytes follow the block");
    }
    const char* problem() const { return problem_; }

private:
    ByteView take(std::size_t size) {
        if (size > in_.size()) {
            stop("it ends too early");
            return {};
        }
        const ByteView part = in_.first(size);
        in_ = in_.subspan(size);
        return part;
    }
    std::uint64_t number(std::size_t size) {
        std::uint64_t v = 0;
        for (const std::uint8_t byte : take(size)) v = v << 8 | byte;
        return v;
    }
    ByteView in_;
    const char* problem_ = nullptr;
};

void write_header(Writer& out, const BlockHeader& h) {
    out.u8(kVersion);
    out.fixed(h.parent.bytes);
    out.u64(h.number);
    out.u64(h.time.seconds);
    out.fixed(h.transactions_root.bytes);
    out.fixed(h.receipts_root.bytes);
    out.fixed(h.state_commitment.bytes);
}

BlockHeader read_header(Reader& in) {
    BlockHeader h;
    if (in.u8() != kVersion) in.stop("its version is unknown");
    in.fixed(h.parent);
    h.number = in.u64();
    h.time.seconds = in.u64();
    in.fixed(h.transactions_root);
    in.fixed(h.receipts_root);
    in.fixed(h.state_commitment);
    return h;
}

void write_receipt(Writer& out, const Receipt& receipt) {
    out.fixed(receipt.transaction_hash.bytes);
    out.u8(receipt.success ? 1 : 0);
    out.u64(receipt.gas_used);
    out.bytes(receipt.output);
    out.u32(receipt.logs.size());
    for (const Log& log : receipt.logs) {
        out.fixed(log.address.bytes);
        out.u32(log.topics.size());
        for (const Hash& topic : log.topics) out.fixed(topic.bytes);
        out.bytes(log.data);
    }
}

Receipt read_receipt(Reader& in) {
    Receipt receipt;
    in.fixed(receipt.transaction_hash);
    receipt.success = in.flag();
    receipt.gas_used = in.u64();
    const ByteView output = in.bytes();
    receipt.output.assign(output.begin(), output.end());
    receipt.logs.resize(in.count(28));
    for (Log& log : receipt.logs) {
        in.fixed(log.address);
        log.topics.resize(in.count(32));
        for (Hash& topic : log.topics) in.fixed(topic);
        const ByteView data = in.bytes();
        log.data.assign(data.begin(), data.end());
    }
    return receipt;
}

std::vector<Receipt> read_receipts(Reader& in) {
    std::vector<Receipt> receipts(in.count(49));
    for (Receipt& receipt : receipts) receipt = read_receipt(in);
    return receipts;
}

std::size_t expected_size(const Block& block) {
    std::size_t size = 256;
    for (std::size_t i = 0; i < block.transactions.size(); ++i) {
        size += 128 + block.transactions[i].raw.size() + block.receipts[i].output.size();
        for (const Log& log : block.receipts[i].logs) size += 160 + log.data.size();
    }
    for (const Row& row : block.writes) size += 10 + row.key.size() + (row.value ? row.value->size() : 0);
    return size;
}

tl::unexpected<Error> bad_block(const std::string& why) {
    return fail("bad_block", "a stored block cannot be read: " + why);
}

}  // namespace

Bytes encode_block(const Block& block) {
    Writer out(expected_size(block));
    write_header(out, block.header);
    out.u32(block.receipts.size());
    for (const Receipt& receipt : block.receipts) write_receipt(out, receipt);
    out.u32(block.transactions.size());
    for (std::size_t i = 0; i < block.transactions.size(); ++i) {
        out.fixed(block.senders[i].bytes);
        out.bytes(block.transactions[i].raw);
    }
    out.u32(block.writes.size());
    for (const Row& row : block.writes) {
        out.u8(row.table);
        out.bytes(row.key);
        out.u8(row.value ? 1 : 0);
        if (row.value) out.bytes(*row.value);
    }
    return out.take();
}

Result<Block> decode_block(ByteView encoded) {
    Reader in(encoded);
    Block block;
    block.header = read_header(in);
    block.receipts = read_receipts(in);
    const std::size_t count = in.count(24);
    if (count != block.receipts.size()) in.stop("it has not one receipt for each transaction");
    for (std::size_t i = 0; i < count && in.problem() == nullptr; ++i) {
        in.fixed(block.senders.emplace_back());
        auto transaction = SignedTransaction::decode(in.bytes());
        if (!transaction) return bad_block(transaction.error().message);
        if (transaction->hash != block.receipts[i].transaction_hash)
            return bad_block("a receipt has another hash");
        block.transactions.push_back(std::move(*transaction));
    }
    const std::size_t rows = in.count(6);
    block.writes.reserve(rows);
    for (std::size_t i = 0; i < rows && in.problem() == nullptr; ++i) {
        Row& row = block.writes.emplace_back();
        row.table = in.u8();
        const ByteView key = in.bytes();
        row.key.assign(key.begin(), key.end());
        if (in.flag()) {
            const ByteView value = in.bytes();
            row.value.emplace(value.begin(), value.end());
        }
    }
    in.finish();
    if (in.problem() != nullptr) return bad_block(in.problem());
    return block;
}

Result<BlockReceipts> decode_receipts(ByteView encoded) {
    Reader in(encoded);
    BlockReceipts result;
    result.header = read_header(in);
    result.receipts = read_receipts(in);
    if (in.problem() != nullptr) return bad_block(in.problem());
    return result;
}

BlockUpdate update_of(const BlockHeader& header, const Hash& hash, const std::vector<Receipt>& receipts) {
    BlockUpdate update{header.number, hash, header.parent, header.time, {}};
    std::uint32_t index = 0;
    for (const Receipt& receipt : receipts)
        for (const Log& log : receipt.logs) update.logs.push_back({receipt.transaction_hash, index++, log});
    return update;
}

}  // namespace grid::chain
