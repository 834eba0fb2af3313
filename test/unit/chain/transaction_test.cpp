#include "chain/transaction.hpp"

#include <rapidcheck.h>

#include <catch2/catch.hpp>
#include <functional>

#include "chain/keccak.hpp"
#include "chain/rlp.hpp"
#include "unit/chain/vectors.hpp"

using namespace grid::chain;
using namespace grid::chain::test;

namespace {

/// A JSON number or hexadecimal text with any number of leading zeros ("0x", "0x00").
Amount number_of(const rapidjson::Value& object, const char* name) {
    if (!object.HasMember(name)) return {};
    const auto& value = object[name];
    if (value.IsUint64()) return value.GetUint64();
    std::string digits = text_of(value).substr(2);
    if (digits.size() % 2 != 0) digits.insert(0, "0");
    return Amount::from_big_endian(unhex("0x" + digits));
}

Transaction transaction_of(const rapidjson::Value& json, TransactionType type, std::uint64_t chain_id) {
    Transaction t;
    t.type = type;
    t.chain_id = chain_id;
    t.nonce = number_of(json, "nonce").to_u64();
    t.max_fee = number_of(json, type == TransactionType::dynamic_fee ? "maxFeePerGas" : "gasPrice");
    t.max_priority_fee = number_of(json, "maxPriorityFeePerGas");
    t.gas_limit = number_of(json, "gasLimit").to_u64();
    t.value = number_of(json, "value");
    if (json.HasMember("to") && json["to"].IsString()) t.to = Address::parse(text_of(json["to"])).value();
    if (json.HasMember("data")) t.data = unhex(text_of(json["data"]));
    if (json.HasMember("accessList")) {
        for (const auto& entry : json["accessList"].GetArray()) {
            auto& made = t.access_list.emplace_back();
            made.address = Address::parse(text_of(entry["address"])).value();
            for (const auto& key : entry["storageKeys"].GetArray())
                made.storage_keys.push_back(Hash::parse(text_of(key)).value());
        }
    }
    return t;
}

PrivateKey key_of(const rapidjson::Value& text) {
    return PrivateKey::from_bytes(unhex(text_of(text))).value();
}

void prove(const Transaction& transaction, const PrivateKey& key, const Bytes& raw,
           const Bytes& unsigned_raw) {
    CHECK(transaction.signing_hash() == keccak256(unsigned_raw));
    const SignedTransaction made = sign(transaction, key);
    CHECK(made.raw == raw);
    CHECK(made.sender().value() == key.address());
    const auto decoded = SignedTransaction::decode(raw);
    REQUIRE(decoded);
    CHECK(decoded->transaction == transaction);
    CHECK(decoded->signature == made.signature);
    CHECK(decoded->hash == keccak256(raw));
    CHECK(decoded->hash == made.hash);
    CHECK(decoded->raw == raw);
    CHECK(decoded->sender().value() == key.address());
}

std::string code_of(ByteView raw) {
    const auto decoded = SignedTransaction::decode(Bytes(raw.begin(), raw.end()));
    return decoded ? "accepted" : decoded.error().code;
}

PrivateKey some_key() {
    return PrivateKey::from_bytes(Amount{0xabcdef}.word().view()).value();
}

Transaction some_transaction(TransactionType type) {
    Transaction t;
    t.type = type;
    t.chain_id = 31337;
    t.nonce = 7;
    t.max_fee = 1000;
    if (type == TransactionType::dynamic_fee) t.max_priority_fee = 2;
    t.gas_limit = 21000;
    t.to = Address::parse("0x70997970C51812dc3A010C7d01b50e0d17dc79C8").value();
    t.value = 5;
    t.data = {1, 2, 3};
    if (type != TransactionType::legacy)
        t.access_list = {{*t.to, {keccak256("a"), keccak256("b")}}, {Address{}, {}}};
    return t;
}

using Fields = std::vector<Bytes>;  // each one encoded

/// A signed transaction whose encoded fields were changed.
Bytes forged(TransactionType type, const std::function<void(Fields&)>& change) {
    const Bytes raw = sign(some_transaction(type), some_key()).raw;
    const std::size_t prefix = type == TransactionType::legacy ? 0 : 1;
    const auto list = rlp::decode(ByteView(raw).subspan(prefix)).value();
    Fields fields;
    const std::uint8_t* begin = list.payload.data();
    for (const auto& item : list.items) {
        const std::uint8_t* end = item.payload.data() + item.payload.size();
        fields.emplace_back(begin, end);
        begin = end;
    }
    change(fields);
    rlp::Encoder out;
    out.begin_list();
    for (const Bytes& field : fields) out.raw(field);
    Bytes made = out.end_list().take();
    if (prefix == 1) made.insert(made.begin(), raw[0]);
    return made;
}

Bytes integer(const Amount& v) {
    return rlp::Encoder().integer(v).take();
}

constexpr TransactionType kTypes[] = {TransactionType::legacy, TransactionType::access_list,
                                      TransactionType::dynamic_fee};

}  // namespace

TEST_CASE("EIP-155: the transactions of ethersproject/transactions.json for chain 5") {
    const auto cases = load_vectors("transactions");
    for (const auto& c : cases.GetArray()) {
        INFO(c["name"].GetString());
        prove(transaction_of(c, TransactionType::legacy, 5), key_of(c["privateKey"]),
              unhex(text_of(c["signedTransactionChainId5"])),
              unhex(text_of(c["unsignedTransactionChainId5"])));
    }
}

TEST_CASE("transactions without a chain id can be replayed elsewhere and are refused") {
    const auto cases = load_vectors("transactions");
    for (const auto& c : cases.GetArray()) {
        INFO(c["name"].GetString());
        CHECK(code_of(unhex(text_of(c["signedTransaction"]))) == "bad_transaction");
    }
}

TEST_CASE("EIP-2930, EIP-1559: the transactions of ethersproject/typed-transactions.json") {
    const auto cases = load_vectors("typed-transactions");
    int seen[3] = {};
    for (const auto& c : cases.GetArray()) {
        INFO(c["name"].GetString());
        const auto& tx = c["tx"];
        const auto type = static_cast<TransactionType>(tx["type"].GetUint());
        ++seen[tx["type"].GetUint()];
        prove(transaction_of(tx, type, number_of(tx, "chainId").to_u64()), key_of(c["key"]),
              unhex(text_of(c["signed"])), unhex(text_of(c["unsigned"])));
    }
    CHECK(seen[1] > 50);
    CHECK(seen[2] > 50);
}

TEST_CASE("signing and decoding are inverse for transactions of every type") {
    const PrivateKey key = some_key();
    REQUIRE(rc::check([&] {
        Transaction t = some_transaction(kTypes[*rc::gen::inRange(0, 3)]);
        t.chain_id = *rc::gen::arbitrary<std::uint64_t>() >> *rc::gen::inRange(0, 64);
        t.nonce = *rc::gen::arbitrary<std::uint64_t>();
        t.gas_limit = *rc::gen::arbitrary<std::uint64_t>();
        t.data = *rc::gen::arbitrary<Bytes>();
        if (*rc::gen::arbitrary<bool>()) t.to.reset();
        const auto decoded = SignedTransaction::decode(sign(t, key).raw);
        RC_ASSERT(decoded.has_value());
        RC_ASSERT(decoded->transaction == t);
        RC_ASSERT(decoded->sender().value() == key.address());
    }));
}

TEST_CASE("the largest chain id survives EIP-155, one more bit is refused") {
    Transaction t = some_transaction(TransactionType::legacy);
    t.chain_id = ~std::uint64_t{0};
    const auto decoded = SignedTransaction::decode(sign(t, some_key()).raw);
    REQUIRE(decoded);
    CHECK(decoded->transaction.chain_id == t.chain_id);
    CHECK(decoded->sender().value() == some_key().address());
    const Amount v = Amount::power_of_two(64) * Amount{2} + Amount{35};
    CHECK(code_of(forged(TransactionType::legacy, [&](Fields& f) { f[6] = integer(v); })) ==
          "bad_transaction");
    CHECK(code_of(forged(TransactionType::legacy, [&](Fields& f) {
              f[6] = integer(Amount::power_of_two(255));
          })) == "bad_transaction");
}

TEST_CASE("a transaction cut or prolonged anywhere is refused") {
    for (const TransactionType type : kTypes) {
        Bytes raw = sign(some_transaction(type), some_key()).raw;
        REQUIRE(code_of(raw) == "accepted");
        for (std::size_t length = 0; length < raw.size(); ++length) {
            INFO(length);
            CHECK(code_of(ByteView(raw).first(length)) != "accepted");
        }
        raw.push_back(0);
        CHECK(code_of(raw) == "bad_rlp");
    }
}

TEST_CASE("changing any byte changes the sender or is refused") {
    for (const TransactionType type : kTypes) {
        const Bytes raw = sign(some_transaction(type), some_key()).raw;
        for (std::size_t i = 0; i < raw.size(); ++i) {
            Bytes changed = raw;
            changed[i] ^= 0x01;
            const auto decoded = SignedTransaction::decode(changed);
            if (!decoded) continue;
            const auto sender = decoded->sender();
            INFO(i);
            CHECK((!sender || *sender != some_key().address()));
        }
    }
}

TEST_CASE("unknown transaction types and things that are no transaction are refused") {
    CHECK(code_of({}) == "bad_transaction");
    for (unsigned first = 0; first < 0xc0; ++first) {
        if (first == 1 || first == 2) continue;
        Bytes raw = sign(some_transaction(TransactionType::dynamic_fee), some_key()).raw;
        raw[0] = static_cast<std::uint8_t>(first);
        INFO(first);
        CHECK(code_of(raw) == "bad_transaction");
    }
    CHECK(code_of(unhex("0xc0")) == "bad_transaction");
    CHECK(code_of(unhex("0x01")) == "bad_rlp");
    CHECK(code_of(unhex("0x02")) == "bad_rlp");
    CHECK(code_of(unhex("0x02c0")) == "bad_transaction");
    CHECK(code_of(unhex("0x0280")) == "bad_transaction");
    CHECK(code_of(unhex("0xffffffffffffffffff")) == "bad_rlp");
    CHECK(code_of(Bytes(100'000, 0xc1)) == "bad_rlp");
}

TEST_CASE("fields that are missing, too many, too wide or not canonical are refused") {
    for (const TransactionType type : kTypes) {
        const std::size_t first = type == TransactionType::legacy ? 0 : 1;  // the nonce
        const std::size_t fees = type == TransactionType::dynamic_fee ? 2 : 1;
        const std::size_t gas = first + 1 + fees;
        const auto code = [&](std::size_t index, const Bytes& field) {
            return code_of(forged(type, [&](Fields& f) { f[index] = field; }));
        };
        INFO(static_cast<int>(type));
        CHECK(code_of(forged(type, [](Fields&) {})) == "accepted");
        CHECK(code_of(forged(type, [](Fields& f) { f.pop_back(); })) == "bad_transaction");
        CHECK(code_of(forged(type, [](Fields& f) { f.push_back({0x80}); })) == "bad_transaction");
        CHECK(code(first, unhex("0x00")) == "bad_rlp");
        CHECK(code(first, unhex("0x820001")) == "bad_rlp");
        CHECK(code(first, integer(Amount::power_of_two(64))) == "bad_rlp");
        CHECK(code(first, unhex("0xc0")) == "bad_rlp");
        CHECK(code(gas, integer(Amount::power_of_two(64))) == "bad_rlp");
        CHECK(code(gas + 1, rlp::Encoder().bytes(Bytes(19, 1)).take()) == "bad_rlp");
        CHECK(code(gas + 1, rlp::Encoder().bytes(Bytes(21, 1)).take()) == "bad_rlp");
        CHECK(code(gas + 1, unhex("0xc0")) == "bad_rlp");
        CHECK(code(gas + 2, rlp::Encoder().bytes(Bytes(33, 1)).take()) == "bad_rlp");
        CHECK(code(gas + 3, unhex("0xc0")) == "bad_transaction");
    }
}

TEST_CASE("access lists that are malformed are refused") {
    for (const TransactionType type : {TransactionType::access_list, TransactionType::dynamic_fee}) {
        const std::size_t index = type == TransactionType::dynamic_fee ? 8 : 7;
        const auto code = [&](const Bytes& field) {
            return code_of(forged(type, [&](Fields& f) { f[index] = field; }));
        };
        const Bytes address = rlp::Encoder().address({}).take();
        const auto list = [](const std::function<void(rlp::Encoder&)>& fill) {
            rlp::Encoder out;
            out.begin_list();
            fill(out);
            return out.end_list().take();
        };
        CHECK(code(unhex("0xc0")) == "accepted");
        CHECK(code(unhex("0x80")) == "bad_transaction");
        CHECK(code(unhex("0xc180")) == "bad_transaction");
        CHECK(code(list([&](auto& o) { o.begin_list().raw(address).end_list(); })) == "bad_transaction");
        CHECK(code(list([&](auto& o) { o.begin_list().raw(address).bytes({}).end_list(); })) ==
              "bad_transaction");
        CHECK(code(list([&](auto& o) { o.begin_list().bytes({}).begin_list().end_list().end_list(); })) ==
              "bad_rlp");
        CHECK(code(list([&](auto& o) {
                  o.begin_list().raw(address).begin_list().bytes(Bytes(31, 1)).end_list().end_list();
              })) == "bad_rlp");
    }
}

TEST_CASE("signatures out of range, zero or with a high s are refused while decoding") {
    const Amount order =
        Amount::parse_quantity("0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141").value();
    for (const TransactionType type : kTypes) {
        const Signature good = sign(some_transaction(type), some_key()).signature;
        const auto code = [&](const Amount& r, const Amount& s) {
            return code_of(forged(type, [&](Fields& f) {
                f[f.size() - 2] = integer(r);
                f[f.size() - 1] = integer(s);
            }));
        };
        const Amount r = Amount::from_word(good.r);
        const Amount s = Amount::from_word(good.s);
        CHECK(code(r, s) == "accepted");
        CHECK(code(r, order - s) == "bad_signature");
        CHECK(code(0, s) == "bad_signature");
        CHECK(code(r, 0) == "bad_signature");
        CHECK(code(order, s) == "bad_signature");
        CHECK(code(r, order) == "bad_signature");
        CHECK(code_of(forged(type, [](Fields& f) {
                  f.back() = rlp::Encoder().bytes(Bytes(33, 1)).take();
              })) == "bad_rlp");
        CHECK(code_of(forged(type, [](Fields& f) { f.back() = unhex("0x8200ff"); })) == "bad_rlp");
    }
}

TEST_CASE("parity and v out of range are refused") {
    for (const unsigned v : {0u, 1u, 27u, 28u, 34u}) {
        INFO(v);
        CHECK(code_of(forged(TransactionType::legacy, [&](Fields& f) { f[6] = integer(v); })) ==
              "bad_transaction");
    }
    for (const TransactionType type : {TransactionType::access_list, TransactionType::dynamic_fee})
        for (const unsigned parity : {2u, 27u, 28u, 37u}) {
            INFO(parity);
            CHECK(code_of(forged(type, [&](Fields& f) { f[f.size() - 3] = integer(parity); })) == "bad_rlp");
        }
}
