#include "chain/transaction.hpp"

#include "chain/keccak.hpp"
#include "chain/rlp.hpp"

namespace grid::chain {
namespace {

constexpr std::size_t kLegacyFields = 9;       // nonce .. data, v, r, s
constexpr std::size_t kAccessListFields = 11;  // chain id, nonce .. data, access list, parity, r, s
constexpr std::size_t kDynamicFeeFields = 12;  // the same with two fees

void encode_access_list(rlp::Encoder& out, const std::vector<AccessListEntry>& list) {
    out.begin_list();
    for (const AccessListEntry& entry : list) {
        out.begin_list().address(entry.address).begin_list();
        for (const Hash& key : entry.storage_keys) out.hash(key);
        out.end_list().end_list();
    }
    out.end_list();
}

/// The fields up to the signature.
void encode_body(rlp::Encoder& out, const Transaction& t) {
    if (t.type != TransactionType::legacy) out.integer(t.chain_id);
    out.integer(t.nonce);
    if (t.type == TransactionType::dynamic_fee) out.integer(t.max_priority_fee);
    out.integer(t.max_fee).integer(t.gas_limit);
    out.bytes(t.to ? t.to->view() : ByteView{}).integer(t.value).bytes(t.data);
    if (t.type != TransactionType::legacy) encode_access_list(out, t.access_list);
}

/// The envelope of EIP-2718: the type byte before typed ones, nothing before legacy ones.
Bytes envelope(TransactionType type, Bytes payload) {
    if (type != TransactionType::legacy) payload.insert(payload.begin(), static_cast<std::uint8_t>(type));
    return payload;
}

/// EIP-155: v = 35 + 2 chain id + parity, which may take 66 bits.
Amount legacy_v(std::uint64_t chain_id, std::uint8_t parity) {
    return Amount{chain_id} * Amount{2} + Amount{35u + parity};
}

/// Reads the fields of a list one after the other and keeps the first error.
class FieldReader {
public:
    explicit FieldReader(const rlp::Item& list) : items_(list.items) {}

    Amount integer(const char* name, unsigned bits = 256) { return take(name, rlp::integer(next(), bits)); }
    std::uint64_t u64(const char* name) { return integer(name, 64).limbs()[0]; }

    std::optional<Address> to() {
        const rlp::Item& item = next();
        if (!item.is_list && item.payload.empty()) return std::nullopt;
        return take("to", rlp::address(item));
    }

    Bytes data() {
        const rlp::Item& item = next();
        if (item.is_list) refuse("data", "expected bytes, came a list");
        return {item.payload.begin(), item.payload.end()};
    }

    std::vector<AccessListEntry> access_list() {
        const rlp::Item& list = next();
        if (!list.is_list) refuse("access list", "expected a list");
        std::vector<AccessListEntry> result;
        for (const rlp::Item& item : list.items) {
            if (item.items.size() != 2 || !item.items[1].is_list) {
                refuse("access list", "expected entries of an address and a list of storage keys");
                break;
            }
            AccessListEntry& entry = result.emplace_back();
            entry.address = take("access list", rlp::address(item.items[0]));
            for (const rlp::Item& key : item.items[1].items)
                entry.storage_keys.push_back(take("access list", rlp::hash(key)));
        }
        return result;
    }

    void refuse(const char* name, const std::string& why, const char* code = "bad_transaction") {
        if (!error_) error_ = Error{code, std::string(name) + ": " + why};
    }

    const std::optional<Error>& error() const { return error_; }

private:
    const rlp::Item& next() { return items_[position_++]; }

    template <class T>
    T take(const char* name, Result<T> value) {
        if (value) return *value;
        refuse(name, value.error().message, "bad_rlp");
        return {};
    }

    const std::vector<rlp::Item>& items_;
    std::size_t position_ = 0;
    std::optional<Error> error_;
};

/// Sets parity and chain id from a legacy v.
void read_legacy_v(FieldReader& fields, SignedTransaction& out) {
    const Amount v = fields.integer("v");
    if (fields.error()) return;
    if (v < Amount{35}) return fields.refuse("v", "expected a chain id (EIP-155), came v = " + v.decimal());
    const Amount rest = v - Amount{35};
    const Amount chain_id = rest / Amount{2};
    if (!chain_id.fits_u64()) return fields.refuse("v", "the chain id has more than 64 bits");
    out.transaction.chain_id = chain_id.limbs()[0];
    out.signature.parity = rest.limbs()[0] & 1;
}

void read_signature(FieldReader& fields, SignedTransaction& out) {
    out.signature.r = fields.integer("r").word();
    out.signature.s = fields.integer("s").word();
}

Result<SignedTransaction> decode_fields(TransactionType type, const rlp::Item& list, std::size_t count) {
    if (!list.is_list) return fail("bad_transaction", "expected a list of fields");
    if (list.items.size() != count)
        return fail("bad_transaction", "expected " + std::to_string(count) + " fields, came " +
                                           std::to_string(list.items.size()));
    SignedTransaction out;
    Transaction& t = out.transaction;
    t.type = type;
    FieldReader fields(list);
    if (type != TransactionType::legacy) t.chain_id = fields.u64("chain id");
    t.nonce = fields.u64("nonce");
    if (type == TransactionType::dynamic_fee) t.max_priority_fee = fields.integer("max priority fee");
    t.max_fee = fields.integer(type == TransactionType::dynamic_fee ? "max fee" : "gas price");
    t.gas_limit = fields.u64("gas limit");
    t.to = fields.to();
    t.value = fields.integer("value");
    t.data = fields.data();
    if (type == TransactionType::legacy) {
        read_legacy_v(fields, out);
    } else {
        t.access_list = fields.access_list();
        out.signature.parity = static_cast<std::uint8_t>(fields.integer("y parity", 1).limbs()[0]);
    }
    read_signature(fields, out);
    if (fields.error()) return tl::unexpected<Error>(*fields.error());
    if (auto fault = check(out.signature); !fault) return tl::unexpected<Error>(fault.error());
    return out;
}

}  // namespace

Hash Transaction::signing_hash() const {
    rlp::Encoder out;
    out.begin_list();
    encode_body(out, *this);
    if (type == TransactionType::legacy) out.integer(chain_id).integer(0u).integer(0u);
    return keccak256(envelope(type, out.end_list().take()));
}

Result<SignedTransaction> SignedTransaction::decode(Bytes raw) {
    auto result = parse(std::move(raw));
    if (result) result->hash = keccak256(result->raw);
    return result;
}

Result<SignedTransaction> SignedTransaction::parse(Bytes bytes) {
    const ByteView raw = bytes;
    if (raw.empty()) return fail("bad_transaction", "expected a transaction, came nothing");
    TransactionType type = TransactionType::legacy;
    std::size_t count = kLegacyFields;
    if (raw[0] < 0xc0) {
        if (raw[0] == 1) {
            type = TransactionType::access_list;
            count = kAccessListFields;
        } else if (raw[0] == 2) {
            type = TransactionType::dynamic_fee;
            count = kDynamicFeeFields;
        } else {
            return fail("bad_transaction", "expected a legacy transaction or type 1 or 2, came first byte " +
                                               std::to_string(raw[0]));
        }
    }
    const auto list = rlp::decode(type == TransactionType::legacy ? raw : raw.subspan(1));
    if (!list) return tl::unexpected<Error>(list.error());
    auto result = decode_fields(type, *list, count);
    if (result) result->raw = std::move(bytes);
    return result;
}

/// The fields that were signed are in `raw` as they were signed, since RLP has one form only: all but the
/// signature's, under a list header of their own.
Bytes SignedTransaction::signing_payload() const {
    const bool legacy = transaction.type == TransactionType::legacy;
    const ByteView list = ByteView(raw).subspan(legacy ? 0 : 1);
    const Amount v = legacy ? legacy_v(transaction.chain_id, signature.parity) : Amount{signature.parity};
    const std::size_t signature_size = rlp::integer_size(v) +
                                       rlp::integer_size(Amount::from_word(signature.r)) +
                                       rlp::integer_size(Amount::from_word(signature.s));
    const std::size_t head = rlp::header_size(list[0]);
    const ByteView fields = list.subspan(head, list.size() - head - signature_size);
    Bytes chain;
    if (legacy) chain = rlp::Encoder{}.integer(transaction.chain_id).integer(0u).integer(0u).take();
    const Bytes header = rlp::list_header(fields.size() + chain.size());
    Bytes payload;
    payload.reserve(raw.size() + chain.size());
    if (!legacy) payload.push_back(raw[0]);
    for (const ByteView part : {ByteView(header), fields, ByteView(chain)})
        payload.insert(payload.end(), part.begin(), part.end());
    return payload;
}

Result<Address> SignedTransaction::sender() const {
    return recover(signing_hash(), signature);
}

SignedTransaction sign(const Transaction& transaction, const PrivateKey& key) {
    SignedTransaction out{transaction, key.sign(transaction.signing_hash()), {}, {}};
    rlp::Encoder fields;
    fields.begin_list();
    encode_body(fields, transaction);
    const std::uint8_t parity = out.signature.parity;
    fields.integer(transaction.type == TransactionType::legacy ? legacy_v(transaction.chain_id, parity)
                                                               : Amount{parity});
    fields.integer(Amount::from_word(out.signature.r)).integer(Amount::from_word(out.signature.s));
    out.raw = envelope(transaction.type, fields.end_list().take());
    out.hash = keccak256(out.raw);
    return out;
}

}  // namespace grid::chain
