#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "store/result.hpp"
#include "web/route_list.hpp"

namespace grid::web {

/// The OpenAPI 3.1 document of one listener as JSON. `yaml` is web/openapi.yaml, which describes both
/// listeners; of its operations those stay whose `x-grid-listeners` name `listener`. Code `bad_openapi`.
Result<std::string> openapi_from_yaml(std::string_view yaml, std::string_view listener);

/// A bare one made from the table of routes, for when the file is not at hand.
std::string openapi_from_routes(const std::vector<ApiRoute>& routes, std::string_view title);

/// The document of `yaml`, or the bare one when it is empty or can not be read.
std::string openapi_document(std::string_view yaml, std::string_view listener,
                             const std::vector<ApiRoute>& routes, std::string_view title);

}  // namespace grid::web
