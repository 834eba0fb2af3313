#include "chain/block_codec.hpp"

#include "chain/packing.hpp"

namespace grid::chain {
namespace {

constexpr std::uint8_t kVersion = 2;
/// Rows are packed together until they have so many bytes.
constexpr std::size_t kRowSection = 64 * 1024;
/// What the sections of a block may become: far more than the limits of a block allow, far less than a
/// forged one would ask for.
constexpr std::size_t kMaxUnpackedBlock = std::size_t{1} << 30;

// Layout: version, header, receipts, transactions with senders, write set. Numbers big-endian; lists and
// bytes with a 4-byte count before them. Logs, calldata and rows are mostly zeros: each receipt, each
// transaction and each run of rows is a packed section.
class Writer {
public:
    void reserve(std::size_t expected) { out_.reserve(expected); }
    void u8(std::uint8_t v) { out_.push_back(v); }
    void u32(std::size_t v) { number(v, 4); }
    void u64(std::uint64_t v) { number(v, 8); }
    void fixed(ByteView v) { out_.insert(out_.end(), v.begin(), v.end()); }
    void bytes(ByteView v) {
        u32(v.size());
        fixed(v);
    }
    /// The true size and the packed form.
    void section(ByteView v) {
        u32(v.size());
        const std::size_t at = out_.size();
        u32(0);
        pack(v, out_);
        const std::size_t size = out_.size() - at - 4;
        for (std::size_t i = 0; i < 4; ++i) out_[at + i] = static_cast<std::uint8_t>(size >> (24 - 8 * i));
    }
    ByteView view() const { return out_; }
    void clear() { out_.clear(); }
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
    Bytes section() {
        const std::size_t size = u32();
        const ByteView packed = bytes();
        if (size / kMaxUnpack > packed.size() || size > unpack_budget_) {
            stop("a section is larger than it can be");
            return {};
        }
        unpack_budget_ -= size;
        auto unpacked = unpack(packed, size);
        if (unpacked) return std::move(*unpacked);
        stop("a section cannot be unpacked");
        return {};
    }
    /// What another reader of a section of this one found.
    void join(const Reader& part) {
        if (part.problem() != nullptr) stop(part.problem());
    }
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
    bool at_end() const { return in_.empty(); }
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
    std::size_t unpack_budget_ = kMaxUnpackedBlock;
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

Receipt read_receipt(Reader& block) {
    const Bytes section = block.section();
    Reader in(section);
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
    in.finish();
    block.join(in);
    return receipt;
}

std::vector<Receipt> read_receipts(Reader& in) {
    std::vector<Receipt> receipts(in.count(8));
    for (Receipt& receipt : receipts) {
        receipt = read_receipt(in);
        if (in.problem() != nullptr) return {};
    }
    return receipts;
}

/// Packed, most of it has about a third of its size.
std::size_t expected_size(const Block& block) {
    std::size_t size = 1024;
    for (std::size_t i = 0; i < block.transactions.size(); ++i) {
        size += 128 + block.transactions[i].raw.size();
        for (const Log& log : block.receipts[i].logs) size += 96 + log.data.size() / 3;
    }
    for (const Row& row : block.writes) size += 32 + (row.value ? row.value->size() / 2 : 0);
    return size;
}

void write_row(Writer& out, const Row& row) {
    out.u8(row.table);
    out.bytes(row.key);
    out.u8(row.value ? 1 : 0);
    if (row.value) out.bytes(*row.value);
}

void write_rows(Writer& out, const WriteSet& rows) {
    out.u32(rows.size());
    Writer run;
    for (const Row& row : rows) {
        write_row(run, row);
        if (run.view().size() < kRowSection) continue;
        out.section(run.view());
        run.clear();
    }
    if (!run.view().empty()) out.section(run.view());
}

Row read_row(Reader& in) {
    Row row;
    row.table = in.u8();
    const ByteView key = in.bytes();
    row.key.assign(key.begin(), key.end());
    if (in.flag()) {
        const ByteView value = in.bytes();
        row.value.emplace(value.begin(), value.end());
    }
    return row;
}

WriteSet read_rows(Reader& in) {
    WriteSet rows;
    const std::size_t count = in.u32();
    while (rows.size() < count && in.problem() == nullptr) {
        const Bytes section = in.section();
        Reader run(section);
        if (section.empty()) in.stop("a section of rows is empty");
        while (!run.at_end() && rows.size() < count) rows.push_back(read_row(run));
        run.finish();
        in.join(run);
    }
    return rows;
}

tl::unexpected<Error> bad_block(const std::string& why) {
    return fail("bad_block", "a stored block cannot be read: " + why);
}

}  // namespace

Bytes encode_block(const Block& block) {
    Writer out;
    Writer receipt_bytes;
    out.reserve(expected_size(block));
    write_header(out, block.header);
    out.u32(block.receipts.size());
    for (const Receipt& receipt : block.receipts) {
        receipt_bytes.clear();
        write_receipt(receipt_bytes, receipt);
        out.section(receipt_bytes.view());
    }
    out.u32(block.transactions.size());
    for (std::size_t i = 0; i < block.transactions.size(); ++i) {
        out.fixed(block.senders[i].bytes);
        out.section(block.transactions[i].raw);
    }
    write_rows(out, block.writes);
    return out.take();
}

Result<Block> decode_block(ByteView encoded) {
    Reader in(encoded);
    Block block;
    block.header = read_header(in);
    block.receipts = read_receipts(in);
    const std::size_t count = in.count(28);
    if (count != block.receipts.size()) in.stop("it has not one receipt for each transaction");
    for (std::size_t i = 0; i < count && in.problem() == nullptr; ++i) {
        in.fixed(block.senders.emplace_back());
        auto transaction = SignedTransaction::decode(in.section());
        if (in.problem() != nullptr) break;
        if (!transaction) return bad_block(transaction.error().message);
        if (transaction->hash != block.receipts[i].transaction_hash)
            return bad_block("a receipt has another hash");
        block.transactions.push_back(std::move(*transaction));
    }
    block.writes = read_rows(in);
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
