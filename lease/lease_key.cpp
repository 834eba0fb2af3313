#include "lease/lease_key.hpp"

#include <algorithm>

#include "chain/abi.hpp"
#include "chain/keccak.hpp"

namespace grid::lease {
namespace {

constexpr std::size_t kMaxApp = 32;

bool lower(char c) {
    return c >= 'a' && c <= 'z';
}
bool digit(char c) {
    return c >= '0' && c <= '9';
}
bool lower_hex(char c) {
    return digit(c) || (c >= 'a' && c <= 'f');
}

std::string lower_case(std::string_view text) {
    std::string result(text);
    for (char& c : result)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return result;
}

}  // namespace

chain::Hash lease_key(std::uint64_t chain_id, const chain::Address& market, const chain::Address& provider,
                      const chain::Address& user, chain::OrderId first_order,
                      const chain::Hash& creating_block) {
    const chain::Bytes words = chain::abi::Encoder{}
                                   .uint(chain_id)
                                   .address(market)
                                   .address(provider)
                                   .address(user)
                                   .uint(first_order.value)
                                   .hash(creating_block)
                                   .take();
    return chain::keccak256(chain::ByteView(words));
}

std::string lease_label(const chain::Hash& lease_key) {
    return lease_key.hex().substr(2, kLeaseLabelDigits);
}

bool valid_app_name(std::string_view app) noexcept {
    if (app.empty() || app.size() > kMaxApp || !lower(app.front()) || app.back() == '-') return false;
    if (app == "xn" || app.starts_with("xn--")) return false;
    return std::all_of(app.begin(), app.end(), [](char c) { return lower(c) || digit(c) || c == '-'; });
}

Result<std::string> app_host(std::string_view app, const chain::Hash& lease_key,
                             std::string_view apps_domain) {
    if (!valid_app_name(app))
        return fail("bad_app_name",
                    "an application's name is 1 to 32 lower-case letters, digits and hyphens, begins with a "
                    "letter and does not end with a hyphen");
    return std::string(app) + "--" + lease_label(lease_key) + "." + std::string(apps_domain);
}

Result<AppHost> parse_app_host(std::string_view host, std::string_view apps_domain) {
    const auto bad = [] {
        return fail("bad_host", "expected a host of the form <app>--<lease> directly below the apps domain");
    };
    std::string name = lower_case(host);
    if (const auto colon = name.rfind(':'); colon != std::string::npos) {
        const std::string_view port = std::string_view(name).substr(colon + 1);
        if (port.empty() || port.size() > 5 || !std::all_of(port.begin(), port.end(), digit)) return bad();
        name.resize(colon);
    }
    if (name.ends_with('.')) name.pop_back();
    const std::string suffix = "." + lower_case(apps_domain);
    if (apps_domain.empty() || !name.ends_with(suffix)) return bad();
    const std::string_view label = std::string_view(name).substr(0, name.size() - suffix.size());
    constexpr std::size_t kTail = kLeaseLabelDigits + 2;
    if (label.size() <= kTail) return bad();
    const std::string_view app = label.substr(0, label.size() - kTail);
    const std::string_view lease = label.substr(label.size() - kLeaseLabelDigits);
    if (label.substr(app.size(), 2) != "--" || !valid_app_name(app) ||
        !std::all_of(lease.begin(), lease.end(), lower_hex))
        return bad();
    return AppHost{std::string(app), std::string(lease)};
}

}  // namespace grid::lease
