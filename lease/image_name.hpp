#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "store/result.hpp"

namespace grid::lease {

/// A reference to an image: [host[:port]/]path[:tag][@sha256:digest].
struct ImageName {
    std::string registry;    ///< host[:port], lower case; "docker.io" where none is written; empty when local
    std::string repository;  ///< path in the registry, with "library/" where Docker Hub adds it
    std::string tag;         ///< empty: none is written
    std::string digest;      ///< "sha256:..." or empty
    bool local = false;      ///< "localhost/...": made by the provider itself, never pulled
};

/// Which images may run.
struct ImageRules {
    bool allow_local = false;  ///< images named localhost/... of the provider itself (development, templates)
    /// Allowed are those under one of these: "ghcr.io" or "docker.io/library". Empty: every public registry.
    std::vector<std::string> sources{};
    bool require_digest = false;  ///< ...@sha256:...: what was checked is what runs
};

/// Reads a reference in the grammar of container registries; so no transport ("docker-archive:/..."), no path
/// of this machine. Codes: `bad_manifest` (not of that form), `policy` (a registry by IP address or on this
/// machine: the provider's node would be sent into its own network).
Result<ImageName> parse_image(std::string_view image);

/// An entry of ImageRules::sources: a registry in lower case, perhaps with the beginning of a path. Code
/// `bad_source`.
Result<void> check_image_source(std::string_view source);

/// Code `policy`: local, not from an allowed source, without a digest where one is required.
Result<void> check_image(const ImageName& image, const ImageRules& rules);

}  // namespace grid::lease
