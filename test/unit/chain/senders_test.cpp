#include "chain/senders.hpp"

#include <catch2/catch.hpp>

using namespace grid::chain;

namespace {

std::vector<SignedTransaction> transactions(const std::vector<PrivateKey>& keys) {
    std::vector<SignedTransaction> result;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        Transaction transaction;
        transaction.type = static_cast<TransactionType>(i % 3);
        transaction.chain_id = 31337;
        transaction.nonce = i;
        transaction.gas_limit = 21'000 + i;
        transaction.to = keys[0].address();
        transaction.data = Bytes(i * 37, static_cast<std::uint8_t>(i));
        result.push_back(sign(transaction, keys[i]));
    }
    return result;
}

}  // namespace

TEST_CASE("many transactions are decoded as one is, of every type and length") {
    std::vector<PrivateKey> keys;
    for (int i = 0; i < 30; ++i) keys.push_back(PrivateKey::generate());
    const auto sent = transactions(keys);
    std::vector<Bytes> raws;
    for (const auto& one : sent) raws.push_back(one.raw);
    const auto decoded = decode_each(raws);
    REQUIRE(decoded.size() == sent.size());
    for (std::size_t i = 0; i < sent.size(); ++i) {
        REQUIRE(decoded[i]);
        CHECK(decoded[i]->sender == keys[i].address());
        CHECK(decoded[i]->transaction.hash == sent[i].hash);
        CHECK(decoded[i]->transaction.raw == sent[i].raw);
        CHECK(decoded[i]->transaction.transaction == sent[i].transaction);
    }
    const auto senders = recover_senders(sent);
    for (std::size_t i = 0; i < sent.size(); ++i) CHECK(senders[i].value() == keys[i].address());
}

TEST_CASE("what is no transaction among many is refused as it would be alone") {
    std::vector<PrivateKey> keys;
    for (int i = 0; i < 9; ++i) keys.push_back(PrivateKey::generate());
    std::vector<Bytes> raws;
    for (const auto& one : transactions(keys)) raws.push_back(one.raw);
    raws[1].clear();
    raws[3].pop_back();
    raws[4].back() ^= 1;  // another s: another sender, or none
    raws[7][0] = 0x7f;
    const auto alone = raws;
    const auto decoded = decode_each(raws);
    for (std::size_t i = 0; i < alone.size(); ++i) {
        const auto expected = SignedTransaction::decode(alone[i]);
        const auto sender = expected ? expected->sender() : tl::unexpected<grid::Error>(expected.error());
        REQUIRE(decoded[i].has_value() == sender.has_value());
        if (sender)
            CHECK(decoded[i]->sender == *sender);
        else
            CHECK(decoded[i].error().message == sender.error().message);
    }
    CHECK(decode_each({}).empty());
}
