#pragma once

#include <cstdint>
#include <string_view>

#include "store/result.hpp"

namespace grid::lease {

/// Where an image comes from.
enum class ImageSource : std::uint8_t {
    registry,  ///< pulled
    local,     ///< "localhost/...": made by the provider itself, never pulled
};

/// Checks the reference of an image: [host[:port]/]path[:tag][@sha256:digest], in the grammar of container
/// registries; so no transport ("docker-archive:/..."), no path of this machine. Codes: `bad_manifest` (not
/// of that form), `policy` (a registry by IP address or on this machine: the provider's node would be sent
/// into its own network).
Result<ImageSource> check_image(std::string_view image);

}  // namespace grid::lease
