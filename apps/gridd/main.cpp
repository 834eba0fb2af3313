#include <signal.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "apps/gridd/node.hpp"
#include "apps/gridd/node_config.hpp"
#include "runtime/log.hpp"

namespace {

using namespace grid;

int fail_with(const Error& error) {
    std::fprintf(stderr, "gridd: %s (%s)\n", error.message.c_str(), error.code.c_str());
    return 1;
}

/// Blocks the ending signals for all threads, so that one place waits for them.
sigset_t block_ending_signals() {
    sigset_t ending;
    sigemptyset(&ending);
    sigaddset(&ending, SIGINT);
    sigaddset(&ending, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &ending, nullptr);
    signal(SIGPIPE, SIG_IGN);
    return ending;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App program{"A GRID node: chain, platform and gateway in one process", "gridd"};
    std::string config_file;
    std::string data;
    bool check = false;
    program.add_option("--config", config_file, "YAML file; default: the defaults of config/gridd.yaml");
    program.add_option("--data", data, "Data directory; overrides the configuration");
    program.add_flag("--check", check, "Only check the configuration");
    program.set_version_flag("--version", GRID_VERSION);
    CLI11_PARSE(program, argc, argv);

    auto config = config_file.empty() ? [] {
        auto empty = runtime::ConfigSection::parse("", "defaults");
        return gridd::read_node_config(*empty);
    }() : gridd::load_node_config(config_file);
    if (!config) return fail_with(config.error());
    if (!data.empty()) config->data = data;
    if (check) {
        std::printf("the configuration is good\n");
        return 0;
    }
    if (auto log = runtime::start_log(config->log_level, config->log_file); !log)
        return fail_with(log.error());

    const auto ending = block_ending_signals();
    auto node = gridd::Node::start(*config);
    if (!node) return fail_with(node.error());
    int signal_number = 0;
    sigwait(&ending, &signal_number);
    spdlog::info("ending: signal {}", signal_number);
    node->reset();
    spdlog::info("ended in order");
    return 0;
}
