#include "adapters/kubernetes/ownership.hpp"

#include <openssl/crypto.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "chain/keccak.hpp"

namespace grid::adapters::kubernetes {

namespace fs = std::filesystem;
using messages::Hash;

namespace {

constexpr std::size_t kNameDigits = 12;
constexpr std::size_t kLabelDigits = 40;

/// A DNS label of at most `most` characters that starts with a letter or, when allowed, a digit.
bool is_name(const std::string& text, std::size_t most, bool digit_first) {
    const auto lower = [](char c) { return c >= 'a' && c <= 'z'; };
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    return !text.empty() && text.size() <= most && text.back() != '-' &&
           (lower(text[0]) || (digit_first && digit(text[0]))) &&
           std::all_of(text.begin(), text.end(), [&](char c) { return lower(c) || digit(c) || c == '-'; });
}

}  // namespace

std::string lease_digits(const Hash& lease) {
    return lease.hex().substr(2);
}

std::string digest(const std::string& text, std::size_t digits) {
    return chain::keccak256(text).hex().substr(2, digits);
}

Ownership::Ownership(const KubernetesConfig& config, lease::KeyRing keys)
    : gateway_(config.gateway_id), prefix_(config.namespace_prefix), keys_(std::move(keys)) {}

Result<Ownership> Ownership::open(const KubernetesConfig& config) {
    if (!is_name(config.gateway_id, 32, true))
        return fail("bad_config",
                    "gateway id: expected [a-z0-9-], at most 32, got \"" + config.gateway_id + "\"");
    if (!is_name(config.namespace_prefix, 16, false))
        return fail("bad_config", "namespace_prefix: expected [a-z][a-z0-9-]*, at most 16, got \"" +
                                      config.namespace_prefix + "\"");
    std::error_code problem;
    fs::create_directories(config.data_dir, problem);
    fs::permissions(config.data_dir, fs::perms::owner_all, problem);
    if (problem) return fail("bad_config", config.data_dir + " cannot be made: " + problem.message());
    auto keys = lease::KeyRing::load_or_create(config.data_dir + "/ownership.keys", {});
    if (!keys) return tl::unexpected(keys.error());
    return Ownership(config, std::move(*keys));
}

std::string Ownership::namespace_of(const Hash& lease) const {
    return prefix_ + "-" + gateway_ + "-" + lease_digits(lease).substr(0, kNameDigits);
}

json::object Ownership::labels(const Hash& lease) const {
    return {{label::kGateway, gateway_}, {label::kLease, lease_digits(lease).substr(0, kLabelDigits)}};
}

std::string Ownership::selector() const {
    return std::string(label::kGateway) + "=" + gateway_;
}

std::string Ownership::proof(const Hash& lease, const lease::KeyRing::Key& key) const {
    const auto text = "grid namespace\n" + namespace_of(lease) + "\n" + gateway_ + "\n" + lease_digits(lease);
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    HMAC(EVP_sha256(), key.secret.data(), static_cast<int>(key.secret.size()),
         reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac, &size);
    std::string hex = std::to_string(key.id) + ".";
    constexpr char kHex[] = "0123456789abcdef";
    for (unsigned i = 0; i < size; ++i) {
        hex += kHex[mac[i] >> 4];
        hex += kHex[mac[i] & 15];
    }
    return hex;
}

json::object Ownership::annotations(const Hash& lease) const {
    return {{annotation::kLeaseKey, lease_digits(lease)}, {annotation::kProof, proof(lease, keys_.newest())}};
}

std::optional<Hash> Ownership::lease_of(const json::value& name_space) const {
    const auto lease =
        Hash::parse("0x" + text_at(name_space, {"metadata", "annotations", annotation::kLeaseKey}));
    if (!lease || text_at(name_space, {"metadata", "name"}) != namespace_of(*lease)) return std::nullopt;
    const auto given = text_at(name_space, {"metadata", "annotations", annotation::kProof});
    std::uint32_t id = 0;
    const auto [end, problem] = std::from_chars(given.data(), given.data() + given.size(), id);
    if (problem != std::errc{}) return std::nullopt;
    const auto* key = keys_.find(id, {});
    if (key == nullptr) return std::nullopt;
    const auto wanted = proof(*lease, *key);
    if (given.size() != wanted.size() || CRYPTO_memcmp(given.data(), wanted.data(), wanted.size()) != 0)
        return std::nullopt;
    return *lease;
}

}  // namespace grid::adapters::kubernetes
