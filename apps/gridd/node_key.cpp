#include "apps/gridd/node_key.hpp"

#include <fstream>

#include "chain/genesis.hpp"
#include "chain/keystore.hpp"

namespace grid::gridd {

namespace {

constexpr std::uint32_t kDevelopmentProvider = 1;
constexpr std::size_t kMaxKeystore = 64 * 1024;

Result<std::string> read_file(const std::string& path, const std::string& what) {
    std::ifstream in(path, std::ios::binary);
    std::string content(kMaxKeystore, '\0');
    in.read(content.data(), static_cast<std::streamsize>(content.size()));
    content.resize(static_cast<std::size_t>(in.gcount()));
    if (in.bad() || content.empty())
        return fail("key_unreadable",
                    what + " " + path + " cannot be read; check the path and its permissions");
    return content;
}

Result<chain::PrivateKey> load_key(const GatewayConfig& gateway, bool development) {
    if (gateway.key_file.empty()) {
        if (!development)
            return fail("bad_config",
                        "gateway.key_file: expected the keystore of the provider or its operator key "
                        "(grid key new NAME makes one)");
        return chain::derive_from_mnemonic(chain::kDevelopmentMnemonic, kDevelopmentProvider);
    }
    auto keystore = read_file(gateway.key_file, "gateway.key_file");
    if (!keystore) return tl::unexpected(keystore.error());
    auto password = read_file(gateway.key_password_file, "gateway.key_password_file");
    if (!password) return tl::unexpected(password.error());
    password->resize(std::min(password->size(), password->find_first_of("\r\n")));
    auto key = chain::keystore::decrypt(*keystore, *password);
    if (!key) return fail(key.error().code, gateway.key_file + ": " + key.error().message);
    return key;
}

}  // namespace

Result<NodeKey> load_node_key(const NodeConfig& config) {
    auto key = load_key(config.gateway_config, config.development);
    if (!key) return tl::unexpected(key.error());
    auto provider = key->address();
    if (!config.gateway_config.provider.empty()) {
        auto named = chain::Address::parse(config.gateway_config.provider);
        if (!named) return fail(named.error().code, "gateway.provider: " + named.error().message);
        provider = *named;
    }
    return NodeKey{std::move(*key), provider};
}

}  // namespace grid::gridd
