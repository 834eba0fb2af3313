#include "adapters/podman.hpp"

#include "adapters/podman/driver.hpp"

namespace grid::adapters {

using messages::cluster_actor;
using podman::Driver;

namespace {

Result<void> check_pool(const std::string& text) {
    const auto pool = runtime::IpNetwork::parse(text);
    if (!pool) return fail("bad_config", "subnet_pool: " + pool.error().message);
    if (pool->base.v6 || pool->prefix < 8 || pool->prefix > 16)
        return fail("bad_config",
                    "subnet_pool: expected an IPv4 network of 8 to 16 bits, got \"" + text + "\"");
    return {};
}

}  // namespace

Result<cluster_actor> spawn_podman(caf::actor_system& system, const PodmanConfig& config) {
    if (auto ok = check_pool(config.subnet_pool); !ok) return tl::unexpected(ok.error());
    auto layout = podman::prepare_layout(config);
    if (!layout) return tl::unexpected(layout.error());
    auto driver = std::make_shared<Driver>(config, *layout);
    if (auto ok = driver->begin(); !ok) return tl::unexpected(ok.error());
    return spawn_cluster(system, std::move(driver));
}

}  // namespace grid::adapters
