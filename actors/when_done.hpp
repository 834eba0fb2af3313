#pragma once

#include <caf/all.hpp>

namespace grid::actors {

/// Waits for an answer that says nothing but "done". CAF sends an empty message for a plain caf::unit and one
/// with a caf::unit_t in it for others; either is taken.
template <class Handle, class Done, class OnError>
void when_done(Handle handle, Done done, OnError on_error) {
    handle.self()->add_multiplexed_response_handler(
        handle.id(), caf::behavior{[done](caf::unit_t) mutable { done(); }, [done]() mutable { done(); },
                                   std::move(on_error)});
}

}  // namespace grid::actors
