#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/result.hpp"

/// The guard before every call to a host that somebody else named (server-side request forgery).
namespace grid::runtime {

/// An IPv4 or IPv6 address. IPv4 uses the first four bytes.
struct IpAddress {
    std::array<std::uint8_t, 16> bytes{};
    bool v6 = false;

    friend bool operator==(const IpAddress&, const IpAddress&) = default;
    /// Strict: four decimal numbers without leading zeros, or RFC 4291 text without a zone. Code
    /// `bad_address`.
    static Result<IpAddress> parse(std::string_view text);
    std::string text() const;
};

/// A CIDR block.
struct IpNetwork {
    IpAddress base;
    unsigned prefix = 0;  ///< bits, 0..32 or 0..128

    /// "10.0.0.0/8", "fd00::/8", or a lone address. Code `bad_network` (also when host bits are set).
    static Result<IpNetwork> parse(std::string_view text);
    bool contains(const IpAddress& address) const noexcept;
    friend bool operator==(const IpNetwork&, const IpNetwork&) = default;
};

/// Knows which addresses of the public internet may be called. Refused, unless the operator allows a network
/// that contains the address: everything in the IANA special-purpose registries (RFC 6890): private,
/// loopback, link-local with the metadata address, CGNAT, multicast, reserved, documentation; IPv6 ULA,
/// link-local, multicast, and the forms that carry an IPv4 address (mapped, compatible, NAT64, 6to4, Teredo).
class AddressGuard {
public:
    AddressGuard() = default;
    explicit AddressGuard(std::vector<IpNetwork> allowed) : allowed_(std::move(allowed)) {}

    /// Code `forbidden_address`, with the address and the reason.
    Result<void> check(const IpAddress& address) const;
    /// Every address must pass, and there must be one: a name with one bad address is refused whole.
    Result<void> check(const std::vector<IpAddress>& addresses) const;

private:
    std::vector<IpNetwork> allowed_;
};

/// The address that a URL's host spells, none when it is a name. Code `forbidden_address` for spellings that
/// some resolvers read as IPv4 (decimal, octal, hexadecimal, fewer than four parts): they only serve to hide
/// one.
Result<std::optional<IpAddress>> literal_address(std::string_view host);

}  // namespace grid::runtime
