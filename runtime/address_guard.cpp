#include "runtime/address_guard.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace grid::runtime {

namespace {

struct Special {
    const char* network;
    const char* reason;
};

// IANA IPv4 and IPv6 special-purpose address registries, and the multicast blocks.
constexpr Special kSpecial[] = {
    {"0.0.0.0/8", "this network"},
    {"10.0.0.0/8", "private"},
    {"100.64.0.0/10", "carrier-grade NAT"},
    {"127.0.0.0/8", "loopback"},
    {"169.254.0.0/16", "link-local (metadata)"},
    {"172.16.0.0/12", "private"},
    {"192.0.0.0/24", "reserved"},
    {"192.0.2.0/24", "documentation"},
    {"192.88.99.0/24", "6to4 relay"},
    {"192.168.0.0/16", "private"},
    {"198.18.0.0/15", "benchmarking"},
    {"198.51.100.0/24", "documentation"},
    {"203.0.113.0/24", "documentation"},
    {"224.0.0.0/4", "multicast"},
    {"240.0.0.0/4", "reserved"},
    {"::ffff:0:0/96", "IPv4-mapped"},
    {"::/96", "unspecified, loopback or IPv4-compatible"},
    {"64:ff9b::/96", "NAT64"},
    {"64:ff9b:1::/48", "local NAT64"},
    {"100::/64", "discard"},
    {"2001::/23", "Teredo and other protocol assignments"},
    {"2001:db8::/32", "documentation"},
    {"2002::/16", "6to4"},
    {"3fff::/20", "documentation"},
    {"5f00::/16", "segment routing"},
    {"fc00::/7", "unique local"},
    {"fe80::/10", "link-local"},
    {"fec0::/10", "site-local"},
    {"ff00::/8", "multicast"},
};

const std::vector<std::pair<IpNetwork, const char*>>& special_networks() {
    static const auto table = [] {
        std::vector<std::pair<IpNetwork, const char*>> rows;
        for (const auto& row : kSpecial) rows.emplace_back(IpNetwork::parse(row.network).value(), row.reason);
        return rows;
    }();
    return table;
}

bool is_number(std::string_view label) {
    if (label.empty()) return false;
    if (label.size() >= 2 && label[0] == '0' && (label[1] == 'x' || label[1] == 'X')) return true;
    return std::all_of(label.begin(), label.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

Result<IpAddress> IpAddress::parse(std::string_view text) {
    // inet_pton is strict: no octal, no hexadecimal, no short forms, no zone.
    IpAddress address;
    const std::string copy(text);
    if (copy.size() == text.size() && copy.find('\0') == std::string::npos) {
        if (inet_pton(AF_INET, copy.c_str(), address.bytes.data()) == 1) return address;
        address.v6 = true;
        if (inet_pton(AF_INET6, copy.c_str(), address.bytes.data()) == 1) return address;
    }
    return fail("bad_address", "expected an IPv4 or IPv6 address, got \"" + copy + "\"");
}

std::string IpAddress::text() const {
    char buffer[INET6_ADDRSTRLEN] = {};
    inet_ntop(v6 ? AF_INET6 : AF_INET, bytes.data(), buffer, sizeof buffer);
    return buffer;
}

Result<IpNetwork> IpNetwork::parse(std::string_view text) {
    const auto slash = text.find('/');
    auto base = IpAddress::parse(text.substr(0, slash));
    if (!base) return fail("bad_network", "expected ADDRESS/BITS, got \"" + std::string(text) + "\"");
    const unsigned longest = base->v6 ? 128 : 32;
    IpNetwork network{*base, longest};
    if (slash != std::string_view::npos) {
        const auto bits = text.substr(slash + 1);
        const auto [end, error] = std::from_chars(bits.data(), bits.data() + bits.size(), network.prefix);
        if (error != std::errc{} || end != bits.data() + bits.size() || network.prefix > longest)
            return fail("bad_network", "expected 0.." + std::to_string(longest) +
                                           " bits after the slash, got \"" + std::string(text) + "\"");
    }
    for (unsigned bit = network.prefix; bit < longest; ++bit)
        if (network.base.bytes[bit / 8] & (0x80u >> (bit % 8)))
            return fail("bad_network", "host bits are set in \"" + std::string(text) + "\"");
    return network;
}

bool IpNetwork::contains(const IpAddress& address) const noexcept {
    if (address.v6 != base.v6) return false;
    const unsigned whole = prefix / 8;
    if (!std::equal(base.bytes.begin(), base.bytes.begin() + whole, address.bytes.begin())) return false;
    if (prefix % 8 == 0) return true;
    const auto mask = static_cast<std::uint8_t>(0xff00u >> (prefix % 8));
    return (base.bytes[whole] & mask) == (address.bytes[whole] & mask);
}

Result<void> AddressGuard::check(const IpAddress& address) const {
    for (const auto& network : allowed_)
        if (network.contains(address)) return {};
    for (const auto& [network, reason] : special_networks())
        if (network.contains(address))
            return fail("forbidden_address", address.text() + " is refused: " + reason);
    // Only 2000::/3 is handed out as global unicast.
    if (address.v6 && (address.bytes[0] & 0xe0) != 0x20)
        return fail("forbidden_address", address.text() + " is refused: not global unicast");
    return {};
}

Result<void> AddressGuard::check(const std::vector<IpAddress>& addresses) const {
    if (addresses.empty()) return fail("forbidden_address", "the name has no address");
    for (const auto& address : addresses)
        if (auto ok = check(address); !ok) return ok;
    return {};
}

Result<std::optional<IpAddress>> literal_address(std::string_view host) {
    if (host.size() >= 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
    if (auto address = IpAddress::parse(host)) return std::optional<IpAddress>(*address);
    auto last = host;
    if (!last.empty() && last.back() == '.') last.remove_suffix(1);
    if (const auto dot = last.rfind('.'); dot != std::string_view::npos) last = last.substr(dot + 1);
    if (is_number(last) || host.find(':') != std::string_view::npos)
        return fail(
            "forbidden_address",
            "\"" + std::string(host) + "\" is refused: write an address as a.b.c.d in decimal or as IPv6");
    return std::optional<IpAddress>();
}

}  // namespace grid::runtime
