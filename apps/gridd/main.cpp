#include <semaphore.h>
#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <cerrno>
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

// What a signal handler may touch: SIGINT and SIGTERM end the node in order once it runs, and at once while
// it starts (a node survives being killed at any moment, so there is nothing to tidy up).
sem_t ending;
volatile sig_atomic_t running = 0;
volatile sig_atomic_t ending_signal = 0;

void on_ending_signal(int number) {
    if (running == 0) _exit(128 + number);
    ending_signal = number;
    sem_post(&ending);
}

void catch_ending_signals() {
    sem_init(&ending, 0, 0);
    struct sigaction action {};
    action.sa_handler = on_ending_signal;
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
    signal(SIGPIPE, SIG_IGN);
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App program{"A GRID node: chain, platform and gateway in one process", "gridd"};
    std::string config_file;
    std::string data;
    bool check = false;
    bool rebuild = false;
    program.add_option("--config", config_file, "YAML file; default: the defaults of config/gridd.yaml");
    program.add_option("--data", data, "Data directory; overrides the configuration");
    program.add_flag("--rebuild-projections", rebuild,
                     "Forget what was read from the chain and read it anew; leases and transactions stay");
    program.add_flag("--check", check, "Only check the configuration");
    program.set_version_flag("--version", GRID_VERSION);
    CLI11_PARSE(program, argc, argv);

    auto config = config_file.empty() ? [] {
        auto empty = runtime::ConfigSection::parse("", "defaults");
        return gridd::read_node_config(*empty);
    }() : gridd::load_node_config(config_file);
    if (!config) return fail_with(config.error());
    if (!data.empty()) config->data = data;
    config->rebuild_projections = rebuild;
    if (check) {
        std::printf("the configuration is good\n");
        return 0;
    }
    if (auto log = runtime::start_log(config->log_level, config->log_file); !log)
        return fail_with(log.error());

    catch_ending_signals();
    std::atomic<bool> part_failed{false};
    auto node = gridd::Node::start(*config, [&part_failed](const std::string& why) {
        spdlog::critical("{}; the node ends, its next start goes on from what is durable", why);
        part_failed = true;
        sem_post(&ending);
    });
    if (!node) return fail_with(node.error());
    running = 1;
    while (sem_wait(&ending) != 0 && errno == EINTR) {
    }
    if (!part_failed) spdlog::info("ending: signal {}", static_cast<int>(ending_signal));
    node->reset();
    spdlog::info("ended in order");
    return part_failed ? 1 : 0;
}
