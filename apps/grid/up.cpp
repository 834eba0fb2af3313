#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "apps/grid/main_job.hpp"
#include "apps/grid/node_process.hpp"
#include "apps/grid/terms.hpp"
#include "chain/calls.hpp"

namespace grid::cli {

namespace fs = std::filesystem;

namespace {

constexpr const char* kDevelopmentProvider = "dev:1";
constexpr const char* kDevelopmentUser = "dev:2";

struct UpOptions {
    std::string data = "./run";
    std::string config;
    std::string sample_manifest;
    std::string sample_image;
    std::string kubeconfig;
    bool sample = false;
    bool once = false;
};

/// The folder with config/ and tools/: the sources that this program was built from, two above build/PRESET.
fs::path source_directory() {
    return fs::read_symlink("/proc/self/exe").parent_path().parent_path().parent_path();
}

/// The provider of a development node offers a few cores for prices that are easy to follow by eye.
void register_development_provider(const Context& context) {
    const auto chain = context.chain();
    const auto key = context.wallet().open(kDevelopmentProvider);
    const auto known = chain.find_provider(key.address());
    if (known && known->status == chain::ProviderStatus::active) return;
    chain::Provider info;
    const Endpoint gateway(context.gateway_url);
    info.host = gateway.host();
    info.port = gateway.port();
    info.total = {4000, 8192, 32768, 0};
    info.prices = {need(chain::Amount::parse_units("0.00036")), need(chain::Amount::parse_units("0.0000225")),
                   need(chain::Amount::parse_units("0.0000001")), chain::Amount{}};
    info.minimum_prices = info.prices;
    info.attributes = R"({"region":"local","engine":"podman"})";
    info.accepts_offers = true;
    info.renewable = true;
    chain.transact(key, chain.contracts().registry, chain::calls::registry::set(info));
    progress("registered the development provider " + key.address().checksummed());
}

/// Builds the image of the sample application on the spot, from nothing but busybox: no registry is asked.
void build_sample_image(const UpOptions& options) {
    const auto script = options.sample_image.empty() ? source_directory() / "tools" / "build_sample_image"
                                                     : fs::path(options.sample_image);
    progress("building the image of the sample application");
    const auto command =
        "'" + script.string() + "' '" + (fs::absolute(options.data) / "podman").string() + "' >&2";
    if (std::system(command.c_str()) != 0)  // NOLINT(concurrency-mt-unsafe): no thread of ours runs yet
        throw Failure("no_image", script.string() + " failed");
}

void show_running(const Context& context, const RentResult& sample, const NodeAddresses& node,
                  std::chrono::milliseconds ready) {
    std::printf("\n  application  %s\n", sample.app.url.c_str());
    std::printf("  order        %llu (grid order show %llu)\n",
                static_cast<unsigned long long>(sample.order.value),
                static_cast<unsigned long long>(sample.order.value));
    std::printf("  platform     %s   JSON-RPC %s\n", node.platform_url.c_str(), context.rpc_url.c_str());
    std::printf("  gateway      %s\n", node.gateway_url.c_str());
    std::printf("  rent to 200  %lld ms\n", static_cast<long long>(ready.count()));
    std::printf("\n  Ask it: grid --key %s app status --order %llu %s\n", kDevelopmentUser,
                static_cast<unsigned long long>(sample.order.value), sample.app.name.c_str());
    std::printf("  Stop with Ctrl-C. Leases outlive the node; the next start adopts them.\n\n");
    std::fflush(stdout);
}

void up(Context context, const UpOptions& options) {
    NodeProcess process(options.data, options.config);
    const auto node = process.wait_ready();
    progress("the node is ready after " + std::to_string(node.ready_after.count()) + " ms");
    if (context.contracts_file.empty()) context.rpc_url = node.platform_url + "/rpc";
    context.gateway_url = node.gateway_url;
    if (node.platform_url.empty() || node.gateway_url.empty()) {
        process.wait();
        return;
    }
    register_development_provider(context);
    if (options.sample || options.once) {
        // A Kubernetes cluster has its images from elsewhere.
        if (options.kubeconfig.empty()) build_sample_image(options);
        const auto manifest = options.sample_manifest.empty()
                                  ? source_directory() / "config" / "sample-app.yaml"
                                  : fs::path(options.sample_manifest);
        const auto key = context.wallet().open(kDevelopmentUser);
        if (options.once) {
            const auto socket = fs::absolute(options.data) / "podman" / "podman.sock";
            do_main_job_once(context, key, manifest.string(),
                             options.kubeconfig.empty() ? ClusterView::podman(socket.string())
                                                        : ClusterView::kubernetes(options.kubeconfig));
            return;
        }
        const auto [sample, milliseconds] = rent_sample(context, key, manifest.string(), true);
        show_running(context, sample, node, milliseconds);
    }
    if (!process.wait())
        throw Failure("node_failed", "the node ended by itself; see gridd.log in " + options.data);
}

}  // namespace

void add_up_command(CLI::App& program, Context& context) {
    auto* command =
        program.add_subcommand("up", "Start a development node with everything in it, and keep it up");
    auto options = std::make_shared<UpOptions>();
    command->add_option("--data", options->data, "Data directory")->capture_default_str();
    command->add_option("--config", options->config,
                        "Configuration of the node; default: config/gridd.yaml's defaults");
    command->add_flag("--sample", options->sample, "Rent a sample application and print its URL");
    command->add_flag(
        "--once", options->once,
        "Rent it, visit it, be served some seconds, cancel, check who was paid and that it is gone, and end");
    command->add_option("--sample-manifest", options->sample_manifest, "In place of config/sample-app.yaml");
    command->add_option(
        "--kubeconfig", options->kubeconfig,
        "Of the Kubernetes cluster that the configuration names; it must have the sample's image");
    command->add_option("--sample-image", options->sample_image, "In place of tools/build_sample_image");
    command->callback([&context, options] { up(context, *options); });
}

}  // namespace grid::cli
