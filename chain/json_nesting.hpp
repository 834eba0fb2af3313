#pragma once

#include <cstddef>
#include <string_view>

namespace grid::chain {

/// Whether arrays and objects of a JSON text stand in each other more than so many levels deep; asked before
/// a parser sees the text, because whoever walks through its values takes stack for each level. Of a text
/// that is no JSON it says nothing.
bool nests_deeper(std::string_view json, std::size_t levels) noexcept;

}  // namespace grid::chain
