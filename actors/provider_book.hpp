#pragma once

#include <map>
#include <unordered_map>

#include "chain/events.hpp"
#include "messages/data.hpp"

namespace grid::actors {

/// A provider's row as it is stored: its place in the order of registration comes with it.
struct StoredProvider {
    std::uint64_t place = 0;  ///< from 1
    messages::ProviderRow row;
};

/// Every provider that ever registered, as the Registry's events tell. A plain class.
class ProviderBook {
public:
    /// Takes an event of a block. Answers the provider that changed; none when it does not concern the
    /// Registry or names a provider that never registered.
    std::optional<chain::Address> apply(const chain::Event& event, std::uint64_t height);
    /// Puts back a stored row, or removes the provider when the row is none (roll-back).
    void restore(const chain::Address& address, std::optional<StoredProvider> row);

    /// Null when there is none. Valid until the next change.
    const StoredProvider* find(const chain::Address& address) const;
    /// A page in the order of registration. Code `bad_cursor`.
    Result<messages::ProviderPage> list(const messages::ProviderQuery& query) const;
    std::size_t size() const noexcept { return rows_.size(); }

private:
    std::unordered_map<chain::Address, StoredProvider> rows_;
    std::map<std::uint64_t, chain::Address> places_;
};

}  // namespace grid::actors
