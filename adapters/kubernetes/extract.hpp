#pragma once

#include <optional>
#include <string_view>

#include "adapters/kubernetes/json.hpp"

namespace grid::adapters::kubernetes {

/// What a manager applied to a live object, read back from the object itself: the fields that
/// metadata.managedFields says are its own (structured merge diff's FieldsV1), with apiVersion, kind and
/// name. Applying it again as the same manager returns the object to that state. Nothing when the manager
/// applied nothing. Empty maps ("emptyDir: {}") are nobody's fields: the server's defaults stand in for
/// them.
std::optional<json::object> extract_applied(const json::value& live, std::string_view manager);

}  // namespace grid::adapters::kubernetes
