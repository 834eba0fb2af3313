#include "chain/rpc/format.hpp"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "chain/block_constants.hpp"
#include "chain/keccak.hpp"

namespace grid::chain::rpc {
namespace {

class Json {
public:
    Json& open() { return writer_.StartObject(), *this; }
    Json& close() { return writer_.EndObject(), *this; }
    Json& open_list() { return writer_.StartArray(), *this; }
    Json& close_list() { return writer_.EndArray(), *this; }
    Json& key(std::string_view name) {
        writer_.Key(name.data(), static_cast<rapidjson::SizeType>(name.size()));
        return *this;
    }
    Json& text(std::string_view value) {
        writer_.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
        return *this;
    }
    Json& hex(ByteView value) { return text(to_hex(value)); }
    Json& number(const Amount& value) { return text(value.quantity()); }
    Json& null() { return writer_.Null(), *this; }
    Json& boolean(bool value) { return writer_.Bool(value), *this; }
    std::string take() const { return {buffer_.GetString(), buffer_.GetSize()}; }

private:
    rapidjson::StringBuffer buffer_;
    rapidjson::Writer<rapidjson::StringBuffer> writer_{buffer_};
};

const std::string& bloom() {
    static const std::string text = to_hex(Bytes(kBloomBytes, kBloomByte));
    return text;
}

void write_place(Json& out, const StoredBlock& block, std::uint32_t index) {
    out.key("blockHash").hex(block.hash.bytes);
    out.key("blockNumber").number(block.block.header.number);
    out.key("transactionIndex").number(index);
}

void write_no_place(Json& out) {
    out.key("blockHash").null().key("blockNumber").null().key("transactionIndex").null();
}

void write_transaction(Json& out, const SignedTransaction& signed_transaction, const Address& sender,
                       bool mined) {
    const Transaction& t = signed_transaction.transaction;
    const Signature& signature = signed_transaction.signature;
    const bool legacy = t.type == TransactionType::legacy;
    out.key("type").number(static_cast<std::uint64_t>(t.type));
    out.key("hash").hex(signed_transaction.hash.bytes);
    out.key("from").hex(sender.bytes);
    out.key("to");
    if (t.to)
        out.hex(t.to->bytes);
    else
        out.null();
    out.key("nonce").number(t.nonce).key("gas").number(t.gas_limit).key("value").number(t.value);
    out.key("input").hex(t.data).key("chainId").number(t.chain_id);
    if (t.type == TransactionType::dynamic_fee) {
        out.key("maxFeePerGas").number(t.max_fee).key("maxPriorityFeePerGas").number(t.max_priority_fee);
        out.key("gasPrice").number(mined ? Amount{} : t.max_fee);  // what was paid: nothing
    } else {
        out.key("gasPrice").number(t.max_fee);
    }
    if (!legacy) {
        out.key("accessList").open_list();
        for (const AccessListEntry& entry : t.access_list) {
            out.open().key("address").hex(entry.address.bytes).key("storageKeys").open_list();
            for (const Hash& key : entry.storage_keys) out.hex(key.bytes);
            out.close_list().close();
        }
        out.close_list().key("yParity").number(signature.parity);
    }
    out.key("v").number(legacy ? Amount{t.chain_id} * Amount{2} + Amount{35u + signature.parity}
                               : Amount{signature.parity});
    out.key("r").number(Amount::from_word(signature.r)).key("s").number(Amount::from_word(signature.s));
}

void write_log(Json& out, const Log& log, std::uint32_t index, const Hash& transaction,
               std::uint32_t transaction_index, std::uint64_t block, const Hash& block_hash, Timestamp time,
               bool removed = false) {
    out.open().key("address").hex(log.address.bytes).key("topics").open_list();
    for (const Hash& topic : log.topics) out.hex(topic.bytes);
    out.close_list().key("data").hex(log.data);
    out.key("blockNumber").number(block).key("blockHash").hex(block_hash.bytes);
    out.key("blockTimestamp").number(time.seconds);
    out.key("transactionHash").hex(transaction.bytes).key("transactionIndex").number(transaction_index);
    out.key("logIndex").number(index).key("removed").boolean(removed).close();
}

void write_found(Json& out, const FoundLog& found, bool removed) {
    write_log(out, found.log.log, found.log.index, found.log.transaction_hash, found.transaction_index,
              found.block, found.block_hash, found.block_time, removed);
}

/// The header's members but number, hash, nonce and timestamp.
void write_header(Json& out, const BlockHeader& h) {
    static const Hash no_uncles = keccak256(Bytes{0xc0});
    out.key("parentHash").hex(h.parent.bytes).key("sha3Uncles").hex(no_uncles.bytes);
    out.key("miner").hex(Address{}.bytes).key("stateRoot").hex(h.state_commitment.bytes);
    out.key("transactionsRoot").hex(h.transactions_root.bytes).key("receiptsRoot").hex(h.receipts_root.bytes);
    out.key("logsBloom").text(bloom()).key("difficulty").number(0u);
    out.key("gasLimit").number(kBlockGasLimit).key("gasUsed").number(0u);
    out.key("extraData").text("0x").key("mixHash").hex(Hash{}.bytes).key("baseFeePerGas").number(0u);
}

void write_receipt(Json& out, const StoredBlock& block, std::uint32_t index, std::uint64_t gas_before,
                   std::uint32_t logs_before) {
    const Receipt& receipt = block.block.receipts[index];
    const Transaction& t = block.block.transactions[index].transaction;
    const BlockHeader& header = block.block.header;
    out.open().key("transactionHash").hex(receipt.transaction_hash.bytes);
    write_place(out, block, index);
    out.key("from").hex(block.block.senders[index].bytes).key("to");
    if (t.to)
        out.hex(t.to->bytes);
    else
        out.null();
    out.key("type")
        .number(static_cast<std::uint64_t>(t.type))
        .key("status")
        .number(receipt.success ? 1u : 0u);
    out.key("gasUsed")
        .number(receipt.gas_used)
        .key("cumulativeGasUsed")
        .number(gas_before + receipt.gas_used);
    out.key("effectiveGasPrice").number(0u).key("contractAddress").null().key("logsBloom").text(bloom());
    out.key("logs").open_list();
    for (const Log& log : receipt.logs)
        write_log(out, log, logs_before++, receipt.transaction_hash, index, header.number, block.hash,
                  header.time);
    out.close_list();
    if (!receipt.success) out.key("revertReason").hex(receipt.output);
    out.close();
}

}  // namespace

std::string_view beginning(std::string_view text) {
    constexpr std::size_t kLongest = 100;
    if (text.size() <= kLongest) return text;
    std::size_t end = kLongest;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
    return text.substr(0, end);
}
std::string quote(std::string_view text) {
    return Json{}.text(text).take();
}
std::string quantity(const Amount& value) {
    return '"' + value.quantity() + '"';
}
std::string hex_json(ByteView bytes) {
    return '"' + to_hex(bytes) + '"';
}

std::string block_json(const StoredBlock& block, bool full) {
    Json out;
    const BlockHeader& header = block.block.header;
    out.open().key("number").number(header.number).key("hash").hex(block.hash.bytes);
    out.key("nonce").hex(Bytes(8, 0)).key("timestamp").number(header.time.seconds);
    out.key("size").number(block.size);
    write_header(out, header);
    out.key("uncles").open_list().close_list().key("transactions").open_list();
    for (std::uint32_t i = 0; i < block.block.transactions.size(); ++i) {
        const SignedTransaction& transaction = block.block.transactions[i];
        if (!full) {
            out.hex(transaction.hash.bytes);
            continue;
        }
        out.open();
        write_place(out, block, i);
        write_transaction(out, transaction, block.block.senders[i], true);
        out.close();
    }
    return out.close_list().close().take();
}

std::string head_json(const StoredBlock& block) {
    Json out;
    const BlockHeader& header = block.block.header;
    out.open().key("number").number(header.number).key("hash").hex(block.hash.bytes);
    out.key("nonce").hex(Bytes(8, 0)).key("timestamp").number(header.time.seconds);
    write_header(out, header);
    return out.close().take();
}

std::string pending_block_json(const StoredBlock& parent, Timestamp time) {
    Json out;
    BlockHeader header;
    header.parent = parent.hash;
    header.transactions_root = keccak256(Bytes{0x80});
    header.receipts_root = header.transactions_root;
    header.state_commitment = parent.block.header.state_commitment;
    out.open().key("number").number(parent.block.header.number + 1).key("hash").null();
    out.key("nonce").null().key("timestamp").number(time.seconds).key("size").number(0u);
    write_header(out, header);
    out.key("uncles").open_list().close_list();
    return out.key("transactions").open_list().close_list().close().take();
}

std::string transaction_json(const TransactionPlace& place) {
    Json out;
    out.open();
    write_place(out, *place.block, place.index);
    write_transaction(out, place.block->block.transactions[place.index],
                      place.block->block.senders[place.index], true);
    return out.close().take();
}

std::string waiting_transaction_json(const SignedTransaction& transaction, const Address& sender) {
    Json out;
    out.open();
    write_no_place(out);
    write_transaction(out, transaction, sender, false);
    return out.close().take();
}

std::string receipt_json(const TransactionPlace& place) {
    std::uint64_t gas = 0;
    std::uint32_t logs = 0;
    for (std::uint32_t i = 0; i < place.index; ++i) {
        gas += place.block->block.receipts[i].gas_used;
        logs += static_cast<std::uint32_t>(place.block->block.receipts[i].logs.size());
    }
    Json out;
    write_receipt(out, *place.block, place.index, gas, logs);
    return out.take();
}

std::string receipts_json(const BlockPointer& block) {
    Json out;
    out.open_list();
    std::uint64_t gas = 0;
    std::uint32_t logs = 0;
    for (std::uint32_t i = 0; i < block->block.receipts.size(); ++i) {
        write_receipt(out, *block, i, gas, logs);
        gas += block->block.receipts[i].gas_used;
        logs += static_cast<std::uint32_t>(block->block.receipts[i].logs.size());
    }
    return out.close_list().take();
}

std::string log_json(const FoundLog& log, bool removed) {
    Json out;
    write_found(out, log, removed);
    return out.take();
}

std::string logs_json(const std::vector<FoundLog>& logs) {
    Json out;
    out.open_list();
    for (const FoundLog& found : logs) write_found(out, found, false);
    return out.close_list().take();
}

}  // namespace grid::chain::rpc
