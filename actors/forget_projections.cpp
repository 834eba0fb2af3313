#include "actors/forget_projections.hpp"

#include <vector>

namespace grid::actors {

Result<void> forget_projections(store::Environment& environment) {
    // Rows, and by which blocks they came: see order_state, registry_state and runtime::Projection.
    std::vector<store::Table> tables;
    for (const auto* name :
         {"orders", "order.blocks", "order.undo", "providers", "registry.blocks", "registry.undo"}) {
        const auto table = environment.table(name);
        if (!table) return tl::unexpected(table.error());
        tables.push_back(*table);
    }
    return environment.write([&](store::WriteTransaction& rows) -> Result<void> {
        for (const auto& table : tables) rows.clear(table);
        return {};
    });
}

}  // namespace grid::actors
