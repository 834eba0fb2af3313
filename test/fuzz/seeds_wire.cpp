// Seeds of RLP and of transactions.

#include "chain/calls.hpp"
#include "chain/rlp.hpp"
#include "chain/transaction.hpp"
#include "fuzz/seeds.hpp"
#include "fuzz/stage.hpp"

namespace grid::fuzz {

namespace {

using namespace grid::chain;

Bytes nested(std::size_t depth) {
    rlp::Encoder out;
    for (std::size_t i = 0; i < depth; ++i) out.begin_list();
    for (std::size_t i = 0; i < depth; ++i) out.end_list();
    return out.take();
}

Bytes text(std::size_t size) {
    return rlp::Encoder{}.bytes(Bytes(size, 'x')).take();
}

Bytes list(std::size_t items) {
    rlp::Encoder out;
    out.begin_list();
    for (std::size_t i = 0; i < items; ++i) out.integer(Amount{i * i});
    return out.end_list().take();
}

Transaction transfer(TransactionType type) {
    Transaction t;
    t.type = type;
    t.chain_id = kEmbeddedChainId;
    t.nonce = 7;
    t.max_fee = Amount{2'000'000'000};
    if (type == TransactionType::dynamic_fee) t.max_priority_fee = Amount{1};
    t.gas_limit = 100'000;
    t.to = embedded_addresses().token;
    t.data = calls::token::transfer(key(3).address(), Amount{1'000});
    return t;
}

Bytes signed_by_one(const Transaction& t) {
    return sign(t, key(1)).raw;
}

/// A list of these integers, behind a type unless it is 0.
Bytes fields(std::uint8_t type, std::size_t count) {
    Bytes out = list(count);
    if (type != 0) out.insert(out.begin(), type);
    return out;
}

}  // namespace

Seeds rlp_seeds() {
    const auto encoder = [] { return rlp::Encoder{}; };
    Seeds seeds = {
        {"empty-input", {}},
        {"empty-string", {0x80}},
        {"empty-list", {0xc0}},
        {"byte-0", {0x00}},
        {"byte-7f", {0x7f}},
        {"byte-80", {0x81, 0x80}},
        {"string-55", text(55)},
        {"string-56", text(56)},
        {"string-256", text(256)},
        {"list-of-20", list(20)},
        {"list-of-60", list(60)},
        {"list-of-300", list(300)},
        {"nested-3", nested(3)},
        {"nested-16", nested(16)},
        {"nested-17-too-deep", nested(17)},
        {"address", encoder().address(key(1).address()).take()},
        {"hash", encoder().hash(Hash{}).take()},
        {"integer-64-bits", encoder().integer(Amount{~0ull}).take()},
        {"integer-65-bits", encoder().integer(Amount::power_of_two(64)).take()},
        {"integer-256-bits", encoder().integer(Amount::power_of_two(255)).take()},
        {"integer-leading-zero", {0x82, 0x00, 0x01}},
        {"set-of-set", {0xc7, 0xc0, 0xc1, 0xc0, 0xc3, 0xc0, 0xc1, 0xc0}},
        {"bad-byte-in-long-form", {0x81, 0x7f}},
        {"bad-length-of-length-0", {0xb8, 0x00}},
        {"bad-short-length-in-long-form", {0xb8, 0x37, 'x'}},
        {"bad-length-leading-zero", {0xb9, 0x00, 0x38}},
        {"bad-length-beyond", {0x83, 'a', 'b'}},
        {"bad-length-huge", {0xbf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}},
        {"bad-list-length-huge", {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}},
        {"bad-trailing", {0x80, 0x80}},
        {"bad-item-over-end-of-list", {0xc2, 0x83, 'a', 'b', 'c'}},
        {"bad-cut-in-length", {0xb9, 0x01}},
    };
    seeds["legacy-transaction"] = signed_by_one(transfer(TransactionType::legacy));
    const Bytes typed = signed_by_one(transfer(TransactionType::dynamic_fee));
    seeds["dynamic-fee-payload"] = {typed.begin() + 1, typed.end()};
    return seeds;
}

Seeds transaction_seeds() {
    Seeds seeds;
    const std::pair<const char*, TransactionType> kTypes[] = {{"legacy", TransactionType::legacy},
                                                              {"access-list", TransactionType::access_list},
                                                              {"dynamic-fee", TransactionType::dynamic_fee}};
    for (const auto& [name, type] : kTypes) {
        const std::string prefix = std::string(name) + "-";
        Transaction t = transfer(type);
        const Bytes plain = signed_by_one(t);
        seeds[prefix + "transfer"] = plain;
        seeds[prefix + "cut"] = {plain.begin(), plain.end() - 1};
        Bytes longer = plain;
        longer.push_back(0);
        seeds[prefix + "trailing"] = longer;
        Bytes high = plain;
        std::fill(high.end() - 32, high.end(), std::uint8_t{0xff});
        seeds[prefix + "high-s"] = high;
        t.to.reset();
        t.data = {0x60, 0x00};
        seeds[prefix + "creation"] = signed_by_one(t);
        t = transfer(type);
        t.chain_id = 1;
        t.nonce = t.gas_limit = ~0ull;
        t.value = t.max_fee = Amount::power_of_two(255);
        t.data.assign(300, 0xab);
        seeds[prefix + "extremes"] = signed_by_one(t);
        t = transfer(type);
        t.nonce = t.gas_limit = 0;
        t.max_fee = t.max_priority_fee = Amount{};
        t.data.clear();
        seeds[prefix + "zeros"] = signed_by_one(t);
        if (type == TransactionType::legacy) continue;
        t = transfer(type);
        t.access_list = {{embedded_addresses().market, {}},
                         {embedded_addresses().token, {Hash{}, Amount{5}.word()}}};
        seeds[prefix + "with-access-list"] = signed_by_one(t);
    }
    Transaction wide = transfer(TransactionType::legacy);
    wide.chain_id = ~0ull;  // v takes 66 bits
    seeds["legacy-widest-chain-id"] = signed_by_one(wide);
    seeds["bad-legacy-without-chain-id"] = fields(0, 9);
    seeds["bad-legacy-8-fields"] = fields(0, 8);
    seeds["bad-type-1-12-fields"] = fields(1, 12);
    seeds["bad-type-2-11-fields"] = fields(2, 11);
    seeds["bad-type-3"] = fields(3, 14);
    seeds["bad-type-alone"] = {2};
    seeds["bad-nothing"] = {};
    seeds["bad-string"] = {0x83, 'a', 'b', 'c'};
    return seeds;
}

}  // namespace grid::fuzz
