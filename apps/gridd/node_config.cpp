#include "apps/gridd/node_config.hpp"

#include <algorithm>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <charconv>

#include "adapters/chain_evm/endpoint.hpp"
#include "apps/gridd/cluster.hpp"
#include "apps/gridd/genesis_config.hpp"
#include "chain/contracts.hpp"
#include "lease/quantity.hpp"

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
    const std::vector<std::string> usual = config.evm
                                               ? std::vector<std::string>{"platform", "gateway"}
                                               : std::vector<std::string>{"ledger", "platform", "gateway"};
    for (const auto& role : root.texts("roles", usual)) {
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
    if (config.evm) {
        if (config.ledger || config.follower)
            root.mistake("roles",
                         "with chain.kind evm the network keeps the ledger: expected platform and gateway");
        return;
    }
    if (config.ledger == config.follower) root.mistake("roles", "expected one of ledger and ledger-follower");
    if (config.follower && config.gateway)
        root.mistake("roles", "a gateway sends transactions of its own: it needs the role ledger");
}

/// The keys of an EVM network; those of the embedded chain are unknown then.
EvmConfig read_evm(ConfigSection& chain) {
    EvmConfig evm;
    evm.rpc = chain.texts("rpc", {});
    if (evm.rpc.empty()) chain.mistake("rpc", "expected URLs of the network's RPC endpoints");
    for (const auto& url : evm.rpc)
        if (const auto endpoint = adapters::evm::Endpoint::at(url); !endpoint)
            chain.mistake("rpc", endpoint.error().message);
    if (const auto path = chain.text("contracts", ""); path.empty()) {
        chain.mistake("contracts",
                      "expected the file with the contracts' addresses (grid chain deploy writes it)");
    } else if (auto book = adapters::evm::load_address_book(path); !book) {
        chain.mistake("contracts", book.error().message);
    } else {
        evm.book = *book;
    }
    evm.confirmations = chain.integer("confirmations", 12, 0, 10'000);
    evm.poll = chain.duration("poll", 2s);
    if (evm.poll < 50ms) chain.mistake("poll", "expected at least 50ms");
    evm.max_fee = grid::chain::Amount(chain.integer("max_fee_gwei", 500, 1, 1'000'000)) *
                  grid::chain::Amount(1'000'000'000);
    evm.low_gas = chain.integer("low_gas", 20, 0, 1'000'000);
    return evm;
}

/// The keys of the embedded chain.
void read_embedded(NodeConfig& config, ConfigSection& chain) {
    config.chain_id = chain.integer("id", grid::chain::kEmbeddedChainId, 1, 0xffffffff);
    config.leader = chain.text("leader", "");
    if (config.follower == config.leader.empty())
        chain.mistake("leader", config.follower ? "expected the platform of the node to follow, like "
                                                  "http://HOST:8080, for the role ledger-follower"
                                                : "only the role ledger-follower has a leader");
    config.flush_bytes = chain.integer("flush_bytes", 8u << 20, 1u << 16, 1u << 30);
    config.genesis = read_genesis(chain, config.development);
    config.genesis.chain_id = config.chain_id;
}

/// A quantity of Kubernetes; 0 when it is absent.
std::uint64_t read_quantity(ConfigSection& section, std::string_view key,
                            Result<std::uint64_t> (*parse)(std::string_view)) {
    const auto amount = parse(section.text(key, "0"));
    if (!amount) section.mistake(key, amount.error().message);
    return amount.value_or(0);
}

/// What the operator lets manifests ask for, see docs/manifests.md.
void read_manifest_policy(lease::ManifestLimits& policy, ConfigSection& section) {
    policy.profile = section.choice("profile", "baseline", {"baseline", "restricted"}) == "restricted"
                         ? lease::Profile::restricted
                         : lease::Profile::baseline;
    policy.images.allow_local = section.boolean("local_images", true);
    policy.images.sources = section.texts("image_sources", {});
    for (const std::string& source : policy.images.sources)
        if (auto ok = lease::check_image_source(source); !ok)
            section.mistake("image_sources", ok.error().message);
    policy.images.require_digest = section.boolean("require_digest", false);
    policy.pod_overhead_cpu_milli = read_quantity(section, "pod_overhead_cpu", lease::parse_millicores);
    policy.pod_overhead_memory_mib = read_quantity(section, "pod_overhead_memory", lease::parse_mebibytes);
    policy.pods = static_cast<std::uint32_t>(section.integer("pods_per_app", policy.pods, 1, 1000));
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
    gateway.suspend_after = section.duration("suspend_after", 2min);
    gateway.reconcile = section.duration("reconcile", 3min);
    if (gateway.reconcile < 1s) section.mistake("reconcile", "expected at least 1s");
    gateway.keep_ended = section.duration("keep_ended", 24h);
    read_manifest_policy(gateway.manifest, section);
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
    auto chain = root.section("chain");
    const bool evm = chain.choice("kind", "embedded", {"embedded", "evm"}) == "evm";
    if (evm) config.evm = read_evm(chain);
    read_roles(config, root);
    auto log = root.section("log");
    config.log_level =
        log.choice("level", "info", {"trace", "debug", "info", "warning", "error", "critical", "off"});
    config.log_file = log.text("file", "");
    config.development = chain.boolean("development", !evm);
    if (evm)
        config.chain_id = config.evm->book.chain_id;
    else
        read_embedded(config, chain);
    auto platform = root.section("platform");
    config.platform_config.listen = read_listen(platform, "127.0.0.1:8080");
    config.platform_config.hosts = platform.texts("hosts", {});
    config.platform_config.origins = platform.texts("origins", {});
    config.platform_config.rpc_origins = platform.texts("rpc_origins", {});
    read_gateway(config.gateway_config, root.section("gateway"));
    config.kubernetes = read_cluster(root.section("cluster"));
    config.podman = read_podman(root.section("podman"));
    if (auto done = root.finish(); !done) return tl::unexpected(done.error());
    return config;
}

}  // namespace grid::gridd
