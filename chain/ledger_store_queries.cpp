#include "chain/ledger_store.hpp"
#include "chain/log_summary.hpp"

namespace grid::chain {

Result<void> LedgerStore::scan_logs(const SummaryQuery& query, std::uint64_t from, std::uint64_t to,
                                    const std::function<bool(std::uint64_t, ByteView)>& visit) const {
    std::vector<std::uint64_t> candidates;
    std::uint64_t next = from;
    // A block without a summary is not flushed, or was before there were any.
    const auto without_summary = [&](std::uint64_t end) {
        for (; next < end; ++next) candidates.push_back(next);
    };
    auto done = state_environment_->read([&](const store::ReadTransaction& transaction) {
        transaction.scan(summaries_, store::number_key(from), store::number_key(to + 1),
                         [&](ByteView key, ByteView summary) {
                             const std::uint64_t number = store::number_of(key);
                             without_summary(number);
                             next = number + 1;
                             if (query.may_match(summary)) candidates.push_back(number);
                             return true;
                         });
    });
    if (!done) return done;
    without_summary(to + 1);
    return block_environment_->read([&](const store::ReadTransaction& transaction) {
        for (const std::uint64_t number : candidates) {
            const auto encoded = transaction.get(blocks_, store::number_key(number));
            if (encoded && !visit(number, *encoded)) return;
        }
    });
}

Result<std::optional<LedgerStore::Place>> LedgerStore::find_transaction(const Hash& hash) const {
    const auto value = state_environment_->get(transactions_, hash.bytes);
    if (!value) return tl::unexpected<Error>(value.error());
    if (!*value) return std::nullopt;
    if ((*value)->size() != 12) return fail("data_damaged", "a row of the transaction index cannot be read");
    Place place{store::number_of(ByteView(**value).first(8)), 0};
    for (std::size_t i = 8; i < 12; ++i) place.index = place.index << 8 | (**value)[i];
    return place;
}

Result<std::optional<std::uint64_t>> LedgerStore::find_block(const Hash& hash) const {
    const auto value = state_environment_->get(hashes_, hash.bytes);
    if (!value) return tl::unexpected<Error>(value.error());
    if (!*value) return std::nullopt;
    return store::number_of(**value);
}

}  // namespace grid::chain
