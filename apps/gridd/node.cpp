#include "apps/gridd/node.hpp"

#include <netinet/in.h>
#include <prometheus/counter.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <unistd.h>

#include <caf/all.hpp>
#include <filesystem>
#include <fstream>
#include <thread>

#include "actors/auth.hpp"
#include "actors/forget_projections.hpp"
#include "actors/keeper.hpp"
#include "actors/leases.hpp"
#include "actors/order.hpp"
#include "actors/quote.hpp"
#include "actors/registry.hpp"
#include "adapters/chain_evm.hpp"
#include "adapters/embedded_chain.hpp"
#include "adapters/fetcher.hpp"
#include "apps/gridd/cluster.hpp"
#include "apps/gridd/node_key.hpp"
#include "apps/gridd/node_metrics.hpp"
#include "apps/gridd/openapi_yaml.hpp"
#include "apps/gridd/watch.hpp"
#include "chain/keccak.hpp"
#include "lease/login.hpp"
#include "runtime/metrics.hpp"
#include "store/directory_lock.hpp"
#include "store/environment.hpp"
#include "store/writer.hpp"
#include "web/access.hpp"
#include "web/gateway_api.hpp"
#include "web/platform_api.hpp"

namespace grid::gridd {

namespace fs = std::filesystem;

namespace {

chain::Timestamp wall_clock() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return {static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(now).count())};
}

/// A port that is free now: for port 0, because logins and URLs name the port before the listener is made.
Result<std::uint16_t> free_port() {
    const int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    const bool found = probe >= 0 && bind(probe, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                       getsockname(probe, reinterpret_cast<sockaddr*>(&address), &size) == 0;
    if (probe >= 0) close(probe);
    if (!found) return fail("listen_failed", "no free port could be found");
    return ntohs(address.sin_port);
}

class SystemConfig : public caf::actor_system_config {
public:
    SystemConfig() {
        messages::add_message_types(*this);
        // One queue for all: on small machines a third of the round trip of work stealing.
        set("scheduler.policy", caf::atom("sharing"));
        set("scheduler.max-threads", std::max<std::size_t>(2, std::thread::hardware_concurrency()));
        set("logger.console", caf::atom("none"));
    }
};

}  // namespace

/// In the order of their making; they end in the opposite order.
struct Node::Parts {
    explicit Parts(store::DirectoryLock taken) : lock(std::move(taken)) {}
    ~Parts() { stop(); }

    Result<void> start(const NodeConfig& config, std::function<void(std::string)> failed);
    void stop();

    Result<void> start_chain(const NodeConfig& config, const std::optional<NodeKey>& key);
    Result<void> start_embedded(const NodeConfig& config, const std::optional<NodeKey>& key);
    Result<void> start_evm(const NodeConfig& config, const std::optional<NodeKey>& key);
    Result<void> start_gateway(const NodeConfig& config, const NodeKey& key);
    Result<void> start_platform(const NodeConfig& config);
    Result<void> announce(const NodeConfig& config) const;
    std::string render_metrics();

    store::DirectoryLock lock;
    runtime::Metrics metrics;
    std::unique_ptr<store::Environment> environment;
    std::unique_ptr<store::Writer> writer;
    SystemConfig system_config;
    std::unique_ptr<caf::actor_system> system;

    messages::ChainInfo chain_info;
    messages::chain_actor chain;
    web::RpcPort rpc;
    std::shared_ptr<adapters::ChainFeed> feed;  ///< null on an EVM network
    std::shared_ptr<const adapters::FollowerBoard> follower;
    std::shared_ptr<const adapters::evm::GasBoard> gas;  ///< of a gateway on an EVM network
    messages::registry_actor registry;
    messages::order_actor orders;
    messages::keeper_actor keeper;
    messages::cluster_actor cluster;
    messages::fetcher_actor fetcher;
    messages::auth_actor auth;
    messages::quote_actor quotes;
    messages::leases_actor leases;
    std::unique_ptr<PartsWatch> watch;

    std::shared_ptr<lease::SessionPublisher> sessions;
    std::shared_ptr<lease::RoutePublisher> routes = std::make_shared<lease::RoutePublisher>();

    std::unique_ptr<web::PlatformApi> platform_api;
    std::unique_ptr<web::HttpServer> platform_server;
    std::string platform_url;

    std::unique_ptr<web::OwnersAccess> access;
    web::ProxyWiring wiring;
    std::unique_ptr<web::GatewayApi> gateway_api;
    std::unique_ptr<web::HttpServer> gateway_server;
    std::string gateway_url;
};

Result<void> Node::Parts::start(const NodeConfig& config, std::function<void(std::string)> failed) {
    std::optional<NodeKey> key;
    if (config.gateway) {
        auto loaded = load_node_key(config);
        if (!loaded) return tl::unexpected(loaded.error());
        key.emplace(std::move(*loaded));
    }
    auto opened = store::Environment::open((fs::path(config.data) / "store").string());
    if (!opened) return tl::unexpected(opened.error());
    environment = std::move(*opened);
    if (config.rebuild_projections) {
        if (auto done = actors::forget_projections(*environment); !done) return done;
        spdlog::warn("what was read from the chain is forgotten and read anew");
    }
    writer = std::make_unique<store::Writer>(*environment);
    system = std::make_unique<caf::actor_system>(system_config);
    if (auto done = start_chain(config, key); !done) return done;
    if (config.gateway)
        if (auto done = start_gateway(config, *key); !done) return done;
    if (config.platform)
        if (auto done = start_platform(config); !done) return done;
    const auto part = [](const auto& actor) { return caf::actor_cast<caf::actor>(actor); };
    watch = std::make_unique<PartsWatch>(*system,
                                         PartsWatch::Parts{{"chain", part(chain)},
                                                           {"registry", part(registry)},
                                                           {"order", part(orders)},
                                                           {"keeper", part(keeper)},
                                                           {"cluster", part(cluster)},
                                                           {"fetcher", part(fetcher)},
                                                           {"auth", part(auth)},
                                                           {"quote", part(quotes)},
                                                           {"leases", part(leases)}},
                                         std::move(failed));
    return announce(config);
}

Result<void> Node::Parts::start_chain(const NodeConfig& config, const std::optional<NodeKey>& key) {
    if (auto done = config.evm ? start_evm(config, key) : start_embedded(config, key); !done) return done;
    const auto storage = runtime::storage_of(*environment, *writer);
    registry = actors::registry(*system, storage, chain_info, chain);
    orders = actors::order(*system, storage, chain_info, chain);
    // On a network that takes gas each gateway settles what it earns from, else everybody would pay for all.
    const auto whose = key && config.evm ? std::optional(key->provider) : std::nullopt;
    if (key) keeper = actors::keeper(*system, wall_clock, chain_info.contracts.market, orders, chain, whose);
    spdlog::info("chain {} is open", config.chain_id);
    return {};
}

Result<void> Node::Parts::start_embedded(const NodeConfig& config, const std::optional<NodeKey>& key) {
    adapters::EmbeddedChainOptions options;
    options.directory = (fs::path(config.data) / "chain").string();
    options.genesis = config.genesis;
    options.flush_bytes = config.flush_bytes;
    if (config.follower) {
        auto leader = adapters::Leader::at(config.leader);
        if (!leader) return fail(leader.error().code, "chain.leader: " + leader.error().message);
        options.leader = std::move(*leader);
    }
    if (key) options.key = key->key;
    auto spawned = adapters::spawn_embedded_chain(*system, std::move(options));
    if (!spawned) return tl::unexpected(spawned.error());
    chain = spawned->chain;
    rpc.ask = [direct = spawned->direct_rpc](std::string body, web::RpcPort::Reply reply) {
        return direct->handle(std::move(body), std::move(reply));
    };
    rpc.connect = [direct = spawned->direct_rpc](web::RpcPort::Push push) {
        return direct->connect(std::move(push));
    };
    feed = spawned->feed;
    follower = spawned->follower;
    chain_info = {config.chain_id, chain::embedded_addresses(), config.development};
    return {};
}

Result<void> Node::Parts::start_evm(const NodeConfig& config, const std::optional<NodeKey>& key) {
    adapters::EvmChainOptions options;
    options.rpc = config.evm->rpc;
    options.book = config.evm->book;
    options.confirmations = config.evm->confirmations;
    options.poll_interval = config.evm->poll;
    options.environment = environment.get();
    options.low_gas = config.evm->low_gas;
    if (key)
        options.sender =
            adapters::evm::Sender::Options{.key = key->key, .max_fee_per_gas = config.evm->max_fee};
    auto spawned = adapters::spawn_chain_evm(*system, std::move(options));
    if (!spawned) return tl::unexpected(spawned.error());
    chain = spawned->chain;
    rpc.ask = [strangers = spawned->rpc](std::string body, web::RpcPort::Reply reply) {
        return strangers->handle(std::move(body), std::move(reply));
    };
    follower = spawned->follower;
    gas = spawned->gas;
    chain_info = {config.chain_id, config.evm->book.contracts, false};
    return {};
}

Result<void> Node::Parts::start_gateway(const NodeConfig& config, const NodeKey& key) {
    const auto& gateway = config.gateway_config;
    auto port = gateway.listen.port != 0 ? Result<std::uint16_t>(gateway.listen.port) : free_port();
    if (!port) return tl::unexpected(port.error());
    gateway_url =
        gateway.public_url.empty() ? "http://localhost:" + std::to_string(*port) : gateway.public_url;
    const auto authority = gateway_url.substr(gateway_url.find("//") + 2);
    const bool secure = gateway_url.starts_with("https:");

    auto keys = lease::KeyRing::load_or_create(fs::path(config.data) / "session.keys", wall_clock());
    if (!keys) return tl::unexpected(keys.error());
    const lease::GatewayIdentity identity{authority, gateway_url, key.provider, config.chain_id,
                                          chain_info.contracts.market};
    sessions =
        std::make_shared<lease::SessionPublisher>(lease::SessionTokens(identity.id(), std::move(*keys)));

    adapters::FetchPolicy fetching;
    for (const auto& network : gateway.fetch_allow) {
        auto parsed = runtime::IpNetwork::parse(network);
        if (!parsed) return fail("bad_config", "gateway.fetch_allow: " + parsed.error().message);
        fetching.allowed_networks.push_back(*parsed);
    }
    fetcher = adapters::spawn_fetcher(*system, std::move(fetching));

    auto driver = spawn_cluster_driver(*system, config, key.provider);
    if (!driver) return tl::unexpected(driver.error());
    cluster = *driver;

    const auto storage = runtime::storage_of(*environment, *writer);
    actors::AuthSettings auth_settings;
    auth_settings.gateway = identity;
    auth_settings.session_life = {static_cast<std::uint64_t>(gateway.session_life.count() / 1000)};
    auth = actors::auth(*system, wall_clock, storage, auth_settings, sessions);
    actors::QuoteSettings quote_settings;
    quote_settings.provider = key.provider;
    quote_settings.chain_info = chain_info;
    quotes = actors::quote(*system, wall_clock, storage, quote_settings, key.key, registry, chain);

    actors::GatewaySettings settings;
    settings.provider = key.provider;
    // There an order's settlement is known after the confirmations: a second one would be paid for nothing.
    if (config.evm) settings.settle_grace = chain::Seconds{900};
    settings.chain_info = chain_info;
    settings.blocks_come = config.evm.has_value();
    // Where more blocks may be undone, it may take longer until an order is in one again.
    if (config.evm)
        settings.missing_blocks = std::max(settings.missing_blocks, 2 * config.evm->confirmations);
    settings.suspend_after = {static_cast<std::uint64_t>(gateway.suspend_after.count() / 1000)};
    settings.reconcile_interval = gateway.reconcile;
    settings.keep_ended = {static_cast<std::uint64_t>(gateway.keep_ended.count() / 1000)};
    settings.apps_scheme = secure ? "https" : "http";
    settings.apps_domain = gateway.apps_domain;
    settings.apps_port = *port;
    settings.api_origin = gateway_url;
    settings.manifest = gateway.manifest;
    if (config.kubernetes) settings.manifest.storage_classes = config.kubernetes->storage_classes;
    actors::GatewayParts parts{wall_clock, storage, chain, orders, cluster, fetcher, routes, sessions};
    parts.count = [this](const std::string& event) {
        metrics.counter("grid_lease_events_total", "What happened to leases", {{"event", event}}).Increment();
    };
    const auto warnings = std::make_shared<runtime::Warnings>();
    parts.warnings = warnings;
    leases = actors::leases(*system, std::move(parts), std::move(settings));

    access = std::make_unique<web::OwnersAccess>(sessions,
                                                 web::OwnersAccess::Options{gateway.apps_domain, secure});
    wiring.apps_domain = gateway.apps_domain;
    wiring.routes = routes.get();
    wiring.access = access.get();
    wiring.login_url = gateway_url + "/?app=";

    web::GatewayOptions options;
    options.router.guard.origins = gateway.origins;
    options.router.guard.apps_domain = gateway.apps_domain;
    options.router.guard.hosts = {web::origin_host(gateway_url)};
    options.provider = key.provider;
    options.signer = key.key.address();
    options.registry = chain_info.contracts.registry;
    options.public_url = gateway_url;
    if (config.evm) options.stale_head = {300};
    options.warnings = [warnings, board = gas] {
        auto all = warnings->all();
        if (const auto status = board ? board->status() : std::nullopt; status && status->low)
            all.push_back(status->account.words() + ": send it more");
        return all;
    };
    if (gas)
        options.gas = [board = gas]() -> std::optional<web::GasFacts> {
            const auto status = board->status();
            if (!status) return std::nullopt;
            return web::GasFacts{status->account, status->low};
        };
    options.sessions = sessions;
    options.now = wall_clock;
    options.secure_app_cookies = secure;
    options.metrics = [this] { return render_metrics(); };
    options.openapi_yaml = kOpenApiYaml;
    gateway_api = std::make_unique<web::GatewayApi>(
        *system, web::GatewayActors{chain, auth, quotes, leases, cluster}, std::move(options));
    gateway_server = std::make_unique<web::HttpServer>(web::ServerOptions{}, *gateway_api, &wiring);
    auto listening = gateway_server->listen(gateway.listen.host, *port);
    if (!listening) return tl::unexpected(listening.error());
    gateway_api->set_port(*listening);
    gateway_server->start();
    spdlog::info("gateway of {} serves {}", key.provider.checksummed(), gateway_url);
    return {};
}

Result<void> Node::Parts::start_platform(const NodeConfig& config) {
    const auto& platform = config.platform_config;
    web::PlatformOptions options;
    options.router.guard.hosts = platform.hosts;
    options.router.guard.origins = platform.origins;
    options.rpc.origins = platform.rpc_origins;
    options.rpc.port = rpc;
    if (feed)
        options.blocks = [chain_feed = feed](const web::BlocksQuestion& question, auto reply) {
            chain_feed->ask({question.from, question.parent, question.wait}, std::move(reply));
        };
    if (follower)
        options.follower = [board = follower] {
            const auto status = board->status();
            return web::FollowerHealth{std::string(adapters::name_of(status.state)), status.leader,
                                       status.leader_height, status.error};
        };
    options.metrics = [this] { return render_metrics(); };
    options.openapi_yaml = kOpenApiYaml;
    platform_api = std::make_unique<web::PlatformApi>(*system, web::PlatformActors{chain, registry, orders},
                                                      std::move(options));
    platform_server = std::make_unique<web::HttpServer>(web::ServerOptions{}, *platform_api);
    auto port = platform_server->listen(platform.listen.host, platform.listen.port);
    if (!port) return tl::unexpected(port.error());
    platform_api->set_port(*port);
    platform_server->start();
    platform_url = "http://" + platform.listen.host + ":" + std::to_string(*port);
    spdlog::info("platform serves {}", platform_url);
    return {};
}

Result<void> Node::Parts::announce(const NodeConfig& config) const {
    const auto file = fs::path(config.data) / "node.json";
    const auto fresh = fs::path(config.data) / "node.json.new";
    {
        std::ofstream out(fresh);
        out << "{\"pid\": " << getpid() << ", \"chain_id\": " << config.chain_id << ", \"platform\": \""
            << platform_url << "\", \"gateway\": \"" << gateway_url << "\"}\n";
        if (!out.flush()) return fail("data_directory", fresh.string() + " cannot be written");
    }
    std::error_code problem;
    fs::rename(fresh, file, problem);
    if (problem) return fail("data_directory", file.string() + ": " + problem.message());
    return {};
}

/// What others count themselves joins the registry when somebody looks.
std::string Node::Parts::render_metrics() {
    if (platform_server) tell_server(metrics, "platform", platform_server->stats());
    if (gateway_server) tell_server(metrics, "gateway", gateway_server->stats());
    if (follower) tell_follower(metrics, follower->status());
    if (const auto status = gas ? gas->status() : std::nullopt) tell_gas(metrics, status->account);
    return metrics.render();
}

void Node::Parts::stop() {
    if (gateway_server) gateway_server->stop();
    if (platform_server) platform_server->stop();
    gateway_server.reset();
    platform_server.reset();
    gateway_api.reset();
    platform_api.reset();
    watch.reset();
    // Who asks goes before who answers.
    const auto end = [](auto& actor) {
        if (actor) caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
        actor = nullptr;
    };
    end(leases);
    end(quotes);
    end(auth);
    end(fetcher);
    end(cluster);
    end(keeper);
    end(orders);
    end(registry);
    rpc = {};
    feed.reset();
    end(chain);
    system.reset();
    writer.reset();
    environment.reset();
}

Node::Node(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Node::~Node() = default;

Result<std::unique_ptr<Node>> Node::start(const NodeConfig& config, std::function<void(std::string)> failed) {
    std::error_code problem;
    fs::create_directories(config.data, problem);
    if (problem) return fail("data_directory", config.data + ": " + problem.message());
    fs::permissions(config.data, fs::perms::owner_all, problem);
    auto lock = store::DirectoryLock::take(config.data);
    if (!lock) return tl::unexpected(lock.error());
    fs::remove(fs::path(config.data) / "node.json", problem);
    auto parts = std::make_unique<Parts>(std::move(*lock));
    if (auto started = parts->start(config, std::move(failed)); !started)
        return tl::unexpected(started.error());
    return std::unique_ptr<Node>(new Node(std::move(parts)));
}

}  // namespace grid::gridd
