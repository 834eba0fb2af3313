#include "apps/gridd/node_config.hpp"

#include <algorithm>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <charconv>

#include "chain/contracts.hpp"
#include "chain/parameters.hpp"

namespace grid::gridd {

namespace {

using runtime::ConfigSection;
using namespace std::chrono_literals;

ListenAddress read_listen(ConfigSection& section, const std::string& fallback) {
    const auto text = section.text("listen", fallback);
    const auto colon = text.rfind(':');
    ListenAddress address;
    unsigned port = 70000;
    if (colon != std::string::npos && colon > 0) {
        address.host = text.substr(0, colon);
        const auto [end, problem] = std::from_chars(text.data() + colon + 1, text.data() + text.size(), port);
        if (problem != std::errc{} || end != text.data() + text.size()) port = 70000;
    }
    if (port > 65535)
        section.mistake("listen", "expected HOST:PORT with a port from 0 to 65535, got \"" + text + "\"");
    address.port = static_cast<std::uint16_t>(port);
    if (address.host.size() > 2 && address.host.front() == '[' && address.host.back() == ']')
        address.host = address.host.substr(1, address.host.size() - 2);
    return address;
}

void read_roles(NodeConfig& config, ConfigSection& root) {
    for (const auto& role : root.texts("roles", {"ledger", "platform", "gateway"})) {
        if (role == "ledger") {
            config.ledger = true;
        } else if (role == "ledger-follower") {
            config.follower = true;
        } else if (role == "platform") {
            config.platform = true;
        } else if (role == "gateway") {
            config.gateway = true;
        } else {
            root.mistake("roles",
                         "expected ledger, ledger-follower, platform or gateway, got \"" + role + "\"");
        }
    }
    if (config.ledger == config.follower) root.mistake("roles", "expected one of ledger and ledger-follower");
    if (config.follower && config.gateway)
        root.mistake("roles", "a gateway sends transactions of its own: it needs the role ledger");
}

void read_gateway(GatewayConfig& gateway, ConfigSection section) {
    gateway.listen = read_listen(section, "127.0.0.1:8090");
    gateway.public_url = section.text("public_url", "");
    if (!gateway.public_url.empty()) {
        const auto url = boost::urls::parse_uri(gateway.public_url);
        if (!url || (url->scheme() != "http" && url->scheme() != "https") || url->host().empty() ||
            !url->path().empty())
            section.mistake("public_url",
                            "expected http(s)://HOST[:PORT], got \"" + gateway.public_url + "\"");
    }
    gateway.apps_domain = section.text("apps_domain", "apps.localhost");
    if (gateway.apps_domain.empty()) section.mistake("apps_domain", "expected a domain");
    gateway.origins = section.texts("origins", {"http://localhost:8080", "http://127.0.0.1:8080"});
    gateway.key_file = section.text("key_file", "");
    gateway.key_password_file = section.text("key_password_file", "");
    gateway.provider = section.text("provider", "");
    gateway.session_life = section.duration("session_life", 24h);
    gateway.profile = section.choice("profile", "baseline", {"baseline", "restricted"});
    gateway.local_images = section.boolean("local_images", true);
    gateway.fetch_allow = section.texts("fetch_allow", {});
    gateway.egress = section.boolean("egress", false);
}

}  // namespace

Result<NodeConfig> load_node_config(const std::string& path) {
    auto root = ConfigSection::load(path);
    if (!root) return tl::unexpected(root.error());
    return read_node_config(*root);
}

Result<NodeConfig> read_node_config(ConfigSection root) {
    NodeConfig config;
    config.data = root.text("data", "./run");
    read_roles(config, root);
    auto log = root.section("log");
    config.log_level =
        log.choice("level", "info", {"trace", "debug", "info", "warning", "error", "critical", "off"});
    config.log_file = log.text("file", "");
    auto chain = root.section("chain");
    config.chain_id = chain.integer("id", chain::kEmbeddedChainId, 1, 0xffffffff);
    config.development = chain.boolean("development", true);
    config.max_orders_unactivated = chain.integer("max_orders_unactivated", 16, 1, 1'000'000);
    config.activation_deadline = chain.duration("activation_deadline", 1h);
    config.leader = chain.text("leader", "");
    if (config.follower == config.leader.empty())
        chain.mistake("leader", config.follower ? "expected the platform of the node to follow, like "
                                                  "http://HOST:8080, for the role ledger-follower"
                                                : "only the role ledger-follower has a leader");
    config.flush_bytes = chain.integer("flush_bytes", 8u << 20, 1u << 16, 1u << 30);
    config.fee_bp = chain.integer("fee_bp", 0, 0, grid::chain::kAllBasisPoints);
    config.profit_bp = chain.integer("profit_bp", 0, 0, config.fee_bp);
    config.protocol = read_protocol(chain, config.development);
    if (const auto text = chain.text("treasury", ""); !text.empty()) {
        const auto treasury = grid::chain::Address::parse(text);
        if (treasury)
            config.treasury = *treasury;
        else
            chain.mistake("treasury",
                          "expected an address, or nothing to burn the fee: " + treasury.error().message);
    }
    auto platform = root.section("platform");
    config.platform_config.listen = read_listen(platform, "127.0.0.1:8080");
    config.platform_config.hosts = platform.texts("hosts", {});
    config.platform_config.origins = platform.texts("origins", {});
    config.platform_config.rpc_origins = platform.texts("rpc_origins", {});
    read_gateway(config.gateway_config, root.section("gateway"));
    auto podman = root.section("podman");
    config.podman_socket = podman.text("socket", "");
    config.podman_runtime = podman.text("runtime", "");
    if (auto done = root.finish(); !done) return tl::unexpected(done.error());
    return config;
}

}  // namespace grid::gridd
