#include "adapters/chain_evm/intents.hpp"

#include "chain/rlp.hpp"

namespace grid::adapters::evm {
namespace {

/// The first byte of a row.
constexpr std::uint8_t kOwesAnswer = 1;
constexpr std::uint8_t kAnswered = 2;

chain::Bytes encode_row(const Intent& intent) {
    chain::rlp::Encoder encoder;
    encoder.begin_list();
    for (const auto& attempt : intent.attempts) encoder.bytes(attempt.raw);
    auto list = encoder.end_list().take();
    list.insert(list.begin(), intent.answered ? kAnswered : kOwesAnswer);
    return list;
}

Result<Intent> decode_row(std::uint64_t nonce, store::ByteView row) {
    if (row.empty() || (row[0] != kOwesAnswer && row[0] != kAnswered))
        return fail("data_damaged", "an intent is of an unknown kind");
    const auto list = chain::rlp::decode(row.subspan(1), {2, 1'000});
    if (!list || !list->is_list || list->items.empty())
        return fail("data_damaged", "an intent cannot be read");
    Intent intent{nonce, {}, row[0] == kAnswered};
    for (const auto& item : list->items) {
        auto attempt = chain::SignedTransaction::decode({item.payload.begin(), item.payload.end()});
        if (!attempt || attempt->transaction.nonce != nonce)
            return fail("data_damaged", "the transaction of an intent cannot be read");
        intent.attempts.push_back(std::move(*attempt));
    }
    return intent;
}

}  // namespace

Result<IntentStore> IntentStore::open(store::Environment& environment, std::uint64_t chain_id,
                                      const chain::Address& from) {
    auto table = environment.table("chain.intents");
    if (!table) return tl::unexpected(table.error());
    const auto chain = store::number_key(chain_id);
    chain::Bytes prefix(chain.begin(), chain.end());
    prefix.insert(prefix.end(), from.bytes.begin(), from.bytes.end());
    return IntentStore(environment, *table, std::move(prefix));
}

chain::Bytes IntentStore::key(std::uint64_t nonce) const {
    auto key = prefix_;
    const auto number = store::number_key(nonce);
    key.insert(key.end(), number.begin(), number.end());
    return key;
}

Result<std::vector<Intent>> IntentStore::load() const {
    std::vector<Intent> intents;
    Result<void> outcome;
    const auto read = environment_->read([&](const store::ReadTransaction& rows) {
        intents.clear();
        rows.scan_prefix(table_, prefix_, [&](store::ByteView key, store::ByteView value) {
            auto intent = decode_row(store::number_of(key.subspan(prefix_.size())), value);
            if (!intent) {
                outcome = tl::unexpected(intent.error());
                return false;
            }
            intents.push_back(std::move(*intent));
            return true;
        });
    });
    if (!read) return tl::unexpected(read.error());
    if (!outcome) return tl::unexpected(outcome.error());
    return intents;
}

Result<void> IntentStore::save(const Intent& intent) {
    return environment_->write([&](store::WriteTransaction& rows) -> Result<void> {
        rows.put(table_, key(intent.nonce), encode_row(intent));
        return {};
    });
}

Result<void> IntentStore::erase(std::uint64_t nonce) {
    return environment_->write([&](store::WriteTransaction& rows) -> Result<void> {
        rows.erase(table_, key(nonce));
        return {};
    });
}

}  // namespace grid::adapters::evm
