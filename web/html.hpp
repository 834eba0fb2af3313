#pragma once

#include <string>
#include <string_view>

namespace grid::web {

/// Text as it may stand in HTML, between tags and in quoted attributes.
std::string escaped_html(std::string_view text);

}  // namespace grid::web
