#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace grid::lease {

/// RFC 4648 section 4, with padding, as Secrets hold their values; line breaks are passed over. Nothing when
/// it is not that.
std::optional<std::string> decode_standard_base64(std::string_view text);

}  // namespace grid::lease
