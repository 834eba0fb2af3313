#include "actors/provider_book.hpp"

#include "actors/order_book.hpp"

namespace grid::actors {

using chain::Address;

namespace {

bool covers(const chain::Resources& available, const chain::Resources& wanted) {
    return available.cpu_milli >= wanted.cpu_milli && available.memory_mib >= wanted.memory_mib &&
           available.storage_mib >= wanted.storage_mib && available.gpus >= wanted.gpus;
}

bool matches(const chain::Provider& provider, const messages::ProviderQuery& query) {
    if (query.active_only && provider.status != chain::ProviderStatus::active) return false;
    if (!covers(provider.available, query.free)) return false;
    return !query.max_hourly || chain::hourly_rate(query.free, provider.prices) <= *query.max_hourly;
}

}  // namespace

std::optional<Address> ProviderBook::apply(const chain::Event& event, std::uint64_t height) {
    if (const auto* set = std::get_if<chain::ProviderSet>(&event)) {
        StoredProvider stored{0, {set->provider, height, height}};
        if (const auto* known = find(set->provider.address)) {
            stored.place = known->place;
            stored.row.registered_height = known->row.registered_height;
        } else {
            stored.place = places_.empty() ? 1 : places_.rbegin()->first + 1;
        }
        restore(set->provider.address, std::move(stored));
        return set->provider.address;
    }
    if (const auto* gone = std::get_if<chain::ProviderDeregistered>(&event)) {
        auto found = rows_.find(gone->provider);
        if (found == rows_.end()) return std::nullopt;
        found->second.row.provider.status = chain::ProviderStatus::deregistered;
        found->second.row.revised_height = height;
        return gone->provider;
    }
    if (const auto* delta = std::get_if<chain::ResourceDelta>(&event)) {
        auto found = rows_.find(delta->provider);
        if (found == rows_.end()) return std::nullopt;
        found->second.row.provider.available = delta->available;
        return delta->provider;
    }
    return std::nullopt;
}

void ProviderBook::restore(const Address& address, std::optional<StoredProvider> row) {
    if (auto found = rows_.find(address); found != rows_.end()) {
        places_.erase(found->second.place);
        rows_.erase(found);
    }
    if (!row) return;
    places_.emplace(row->place, address);
    rows_.emplace(address, std::move(*row));
}

const StoredProvider* ProviderBook::find(const Address& address) const {
    auto found = rows_.find(address);
    return found == rows_.end() ? nullptr : &found->second;
}

Result<messages::ProviderPage> ProviderBook::list(const messages::ProviderQuery& query) const {
    auto cursor = parse_cursor(query.cursor);
    if (!cursor) return tl::unexpected(cursor.error());
    const auto limit = page_length(query.limit);
    messages::ProviderPage page;
    std::uint64_t last = 0;
    for (auto at = places_.upper_bound(cursor->value_or(0)); at != places_.end(); ++at) {
        const auto& stored = rows_.at(at->second);
        if (!matches(stored.row.provider, query)) continue;
        if (page.rows.size() == limit) {
            page.next_cursor = std::to_string(last);
            break;
        }
        page.rows.push_back(stored.row);
        last = at->first;
    }
    return page;
}

}  // namespace grid::actors
