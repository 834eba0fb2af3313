#pragma once

#include <span>
#include <string_view>

#include "lease/schema.hpp"

/// The allow-list of manifests: one row for each kind, one table for each object inside.
namespace grid::lease {

/// A kind of object that a manifest may have.
struct KindRow {
    std::string_view kind;
    std::string_view api_version;
    const Shape* shape;     ///< of the whole document
    bool workload = false;  ///< has pods
};

/// All of them; other kinds are refused by the code `policy`.
std::span<const KindRow> manifest_kinds();

}  // namespace grid::lease
