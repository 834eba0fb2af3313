#pragma once

#include "messages/type_ids.hpp"
#include "store/result.hpp"

namespace grid::messages {

/// Our error as CAF carries it; code and message survive the trip between hosts.
caf::error to_caf(const Error& error);

/// Back again. CAF's own errors become `timeout` (request timed out), `unavailable` (receiver down) or
/// `internal`.
Error from_caf(const caf::error& error);

/// What a handler returns for a Result: the value or the error.
template <class T>
caf::result<T> answer(Result<T> result) {
    if (result) return std::move(*result);
    return to_caf(result.error());
}

}  // namespace grid::messages
