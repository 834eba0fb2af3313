#pragma once

#include "actors/hosted.hpp"
#include "actors/inbox.hpp"
#include "actors/provider_book.hpp"
#include "messages/registry.hpp"
#include "runtime/projection.hpp"

namespace grid::actors {

/// Projection of the Registry: a ProviderBook in memory, its rows in the table "providers".
class registry_state {
public:
    using interface = messages::registry_actor::extend<caf::reacts_to<messages::done_atom, std::uint64_t>>;
    static constexpr const char* kName = "registry";

    registry_state(interface::pointer self, runtime::Storage storage, messages::ChainInfo chain_info,
                   messages::chain_actor chain);
    interface::behavior_type behavior();

private:
    Result<void> open();
    Result<void> reload();
    std::vector<store::Change> apply(const chain::BlockUpdate& block);

    interface::pointer self_;
    Inbox inbox_;
    runtime::Storage storage_;
    messages::ChainInfo chain_info_;
    messages::chain_actor chain_;
    std::optional<store::Table> rows_;
    std::unique_ptr<runtime::Projection> projection_;
    ProviderBook book_;
};

/// Opens its tables, then follows the chain after its cursor.
messages::registry_actor registry(caf::actor_system& system, runtime::Storage storage,
                                  messages::ChainInfo chain_info, messages::chain_actor chain);

}  // namespace grid::actors
