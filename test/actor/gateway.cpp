#include "actor/gateway.hpp"

#include <algorithm>

#include "lease/lease_key.hpp"
#include "lease/login.hpp"

namespace grid::test {

using namespace messages;
using namespace std::chrono_literals;

AppStatus Cluster::status(const Key& key) const {
    if (unreachable) return {Health::unknown, "the cluster does not answer", {}};
    auto found = running.find(key);
    if (found == running.end()) return {Health::absent, "", {}};
    AppStatus status{found->second.health, found->second.reason, {}};
    status.drifted = found->second.drifted;
    if (status.health == Health::ready)
        for (const auto& entrance : found->second.application.entrances)
            status.endpoints.push_back({entrance.name, "10.0.0.2", entrance.port});
    return status;
}

namespace {

cluster_actor::behavior_type fake_cluster(cluster_actor::pointer self, Cluster* cluster) {
    auto down = [] { return to_caf({"cluster_unavailable", "the cluster does not answer"}); };
    return {
        [=](apply_atom, const Hash& lease, const std::string& app, const lease::Application& application,
            const Resources&) -> caf::result<AppStatus> {
            if (cluster->unreachable) return down();
            if (cluster->refuse_apply) return to_caf(*cluster->refuse_apply);
            const auto same = cluster->running.find({lease, app});
            if (same != cluster->running.end() && same->second.application == application &&
                !same->second.drifted) {
                ++cluster->checked;
                return cluster->status({lease, app});
            }
            ++cluster->applied;
            cluster->applications.push_back(application);
            const auto& workloads = application.workloads;
            if (std::all_of(workloads.begin(), workloads.end(),
                            [](const auto& w) { return w.replicas == 0; })) {
                cluster->running.erase({lease, app});
                return cluster->status({lease, app});
            }
            const bool bad = application.workloads.front().containers.front().image == cluster->bad_image;
            cluster->running[{lease, app}] = {application, bad ? Health::failed : cluster->begins,
                                              cluster->begins_reason};
            if (cluster->hold_apply) return self->make_response_promise<AppStatus>();
            return cluster->status({lease, app});
        },
        [=](status_atom, const Hash& lease, const std::string& app) {
            ++cluster->asked;
            return cluster->status({lease, app});
        },
        [=](events_atom, const Hash& lease, const std::string& app) -> caf::result<std::vector<AppEvent>> {
            if (cluster->unreachable) return down();
            return cluster->events[{lease, app}];
        },
        [=](remove_atom, const Hash& lease, const std::string& app) -> caf::result<caf::unit_t> {
            if (cluster->unreachable) return down();
            ++cluster->removed;
            cluster->running.erase({lease, app});
            return caf::unit;
        },
        [=](remove_atom, const Hash& lease) -> caf::result<caf::unit_t> {
            if (cluster->unreachable) return down();
            if (cluster->refuse_remove > 0) {
                --cluster->refuse_remove;
                return down();
            }
            ++cluster->removed;
            std::erase_if(cluster->running, [&](const auto& entry) { return entry.first.first == lease; });
            return caf::unit;
        },
        [=](list_atom) -> caf::result<std::vector<RunningApp>> {
            if (cluster->unreachable) return down();
            std::vector<RunningApp> apps;
            for (const auto& [key, running] : cluster->running) apps.push_back({key.first, key.second});
            return apps;
        },
        [=](collect_atom, const std::vector<Hash>& living) -> caf::result<std::vector<std::string>> {
            if (cluster->unreachable) return down();
            cluster->collected = living;
            return std::vector<std::string>{};
        },
        [=](logs_atom, const LogRequest& request, const log_sink_actor& sink) {
            if (cluster->unreachable) return;
            cluster->log_requests.push_back(request);
            self->request(sink, 30s, LogChunk{"web", cluster->log, false}).then([sink](ack_atom) {
                caf::anon_send(sink, LogChunk{"", "", true});
            });
        },
        [=](exec_atom, const ExecRequest&, const exec_sink_actor&) -> caf::result<exec_actor> {
            return to_caf({"unsupported", "no commands in this cluster"});
        },
        [=](inv_atom) { return cluster->inventory; },
        [=](probe_atom) { return std::vector<Capability>{}; },
    };
}

fetcher_actor::behavior_type fake_fetcher(fetcher_actor::pointer,
                                          std::map<std::string, std::string> documents) {
    return {[documents](fetch_atom, const std::string& url, const std::string&) -> caf::result<std::string> {
        auto found = documents.find(url);
        if (found == documents.end()) return to_caf({"bad_status", "the server answered 404"});
        return found->second;
    }};
}

}  // namespace

cluster_actor spawn_cluster(World& world, Cluster& cluster) {
    return world.own(world.system().spawn(fake_cluster, &cluster));
}

fetcher_actor spawn_fetcher(World& world, std::map<std::string, std::string> documents) {
    return world.own(world.system().spawn(fake_fetcher, std::move(documents)));
}

Gateway::Gateway(World& w, Cluster& c, std::function<void(actors::GatewaySettings&)> adjust, bool begun)
    : world(w), cluster(c) {
    lease::GatewayIdentity identity{"127.0.0.1:8090", "http://127.0.0.1:8090", account(1),
                                    chain::kEmbeddedChainId, world.chain.contracts.market};
    sessions = std::make_shared<lease::SessionPublisher>(
        lease::SessionTokens(identity.id(), lease::KeyRing::generate(world.chain.time)));
    orders = world.own(
        actors::order(world.system(), world.disk.storage(), world.chain_info(), world.chain_handle()));
    actors::GatewaySettings settings;
    settings.provider = account(1);
    settings.chain_info = world.chain_info();
    settings.templates = {{"web", manifest()}};
    settings.tick = 0ms;
    if (adjust) adjust(settings);
    actors::GatewayParts parts{world.clock(),
                               world.disk.storage(),
                               world.chain_handle(),
                               orders,
                               spawn_cluster(world, cluster),
                               spawn_fetcher(world, {{"https://example.org/web.yaml", manifest()}}),
                               routes,
                               sessions};
    parts.warnings = warnings;
    leases = world.own(actors::leases(world.system(), std::move(parts), std::move(settings)));
    if (begun) world.run();
}

void Gateway::tick() {
    caf::anon_send(leases, tick_atom_v);
    world.run();
}

void Gateway::live(std::uint64_t seconds) {
    for (std::uint64_t i = 0; i < seconds; ++i) {
        for (int quarter = 0; quarter < 4; ++quarter) {
            world.pass(250ms, 250ms);
            tick();
        }
        world.chain.time = world.chain.time + chain::Seconds{1};
    }
    tick();
}

Asked<LeaseInfo> Gateway::accept(chain::OrderId order, const chain::Address& user) {
    return world.ask<LeaseInfo>(leases, accept_atom_v, order, user);
}

DeployRequest Gateway::request(const LeaseInfo& lease, std::string yaml, std::string app) const {
    DeployRequest request;
    request.lease_key = lease.lease_key;
    request.user = lease.user;
    request.app = std::move(app);
    request.manifest = std::move(yaml);
    return request;
}

Asked<AppInfo> Gateway::deploy(const LeaseInfo& lease, std::string yaml, std::string app) {
    return world.ask<AppInfo>(leases, deploy_atom_v, request(lease, std::move(yaml), std::move(app)));
}

Asked<AppInfo> Gateway::change(const LeaseInfo& lease, ChangeRequest::Verb verb, std::uint32_t replicas,
                               std::string idempotency_key) {
    ChangeRequest request;
    request.lease_key = lease.lease_key;
    request.user = lease.user;
    request.app = "web";
    request.verb = verb;
    request.replicas = replicas;
    request.idempotency_key = std::move(idempotency_key);
    return world.ask<AppInfo>(leases, change_atom_v, request);
}

std::shared_ptr<const lease::Route> Gateway::route(const LeaseInfo& lease, const std::string& app) const {
    return routes->table()->by_label(lease::application_label(app, actors::route_key(lease.lease_key)));
}

LeaseState Gateway::state(const LeaseInfo& lease) {
    return world.ask<LeaseInfo>(leases, find_atom_v, lease.lease_key).value().state;
}

std::string manifest(const std::string& image, unsigned cpu_milli) {
    return "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 1\n"
           "  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n"
           "    spec:\n      containers:\n      - name: web\n        image: " +
           image + "\n        ports: [{containerPort: 8080}]\n        resources: {limits: {cpu: " +
           std::to_string(cpu_milli) + "m, memory: 64Mi}}\n";
}

}  // namespace grid::test
