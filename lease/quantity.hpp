#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "store/result.hpp"

/// Kubernetes quantities (apimachinery/pkg/api/resource/quantity.go): a decimal number with a suffix: m, k,
/// M, G, T, P, E, Ki, Mi, Gi, Ti, Pi, Ei, or an exponent like e3. Exact integers; what does not come out even
/// is rounded up, as Kubernetes does. Code `bad_quantity`: malformed, negative, or 2^64 and more.
namespace grid::lease {

/// "1.5", "1500m", "2e0" of cpu in millicores.
Result<std::uint64_t> parse_millicores(std::string_view text);

/// "128Mi", "1G", "0.5Gi", "1e9" of memory or storage in bytes.
Result<std::uint64_t> parse_bytes(std::string_view text);

/// The same in MiB.
Result<std::uint64_t> parse_mebibytes(std::string_view text);

/// "2" for whole devices: `parse_count` refuses fractions. Code `bad_quantity`.
Result<std::uint64_t> parse_count(std::string_view text);

/// The shortest notation: "2" or "1500m"; "512Mi", "2Gi".
std::string format_millicores(std::uint64_t millicores);
std::string format_mebibytes(std::uint64_t mebibytes);

}  // namespace grid::lease
