// Images of a registry that asks who wants them: Debian's docker-registry with htpasswd and TLS, on loopback.
// Needs what podman_world.hpp needs, and docker-registry.
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <thread>

#include "adapters/podman/driver.hpp"
#include "support/self_made_certificate.hpp"
#include "support/temporary_directory.hpp"

using namespace grid;
using namespace grid::adapters;
using messages::Hash;
using messages::Health;
namespace fs = std::filesystem;
using std::chrono::steady_clock;

extern char** environ;

namespace {

constexpr char kPassword[] = "alices-right-password";
constexpr char kProvidersAccount[] =
    "cHJvdmlkZXI6dGhlLXByb3ZpZGVycy1vd24tcGFzc3dvcmQ=";  // provider:the-providers-own-password
constexpr char kAccounts[] =
    "alice:$2b$04$a3z0JE6.XrJRDqYFVPfBjeWXhEZYwkztERggB4dHwc09bzLYhK7Qu\n"
    "provider:$2b$04$AqimE1iDiCAZt0t/gqQC...24mQNkiYymDtMh0PNub7o640DLR8Ii\n";

bool eventually(const std::function<bool()>& condition) {
    const auto limit = steady_clock::now() + std::chrono::seconds(60);
    while (!condition()) {
        if (steady_clock::now() >= limit) return false;
        std::this_thread::yield();
    }
    return true;
}

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

std::string content(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

void write(const std::string& path, const std::string& text) {
    fs::create_directories(fs::path(path).parent_path());
    std::ofstream out(path, std::ios::binary);
    out << text;
    REQUIRE(out.flush());
}

/// A program that runs until this goes.
class Program {
public:
    Program(std::vector<std::string> words, const std::string& log,
            const std::vector<std::string>& variables = {}) {
        std::vector<char*> argv, envp;
        for (auto& word : words) argv.push_back(word.data());
        argv.push_back(nullptr);
        auto environment = variables;
        for (char** one = environ; *one; ++one)
            if (!std::string(*one).starts_with("HOME=")) environment.emplace_back(*one);
        for (auto& one : environment) envp.push_back(one.data());
        envp.push_back(nullptr);
        posix_spawn_file_actions_t actions;
        ::posix_spawn_file_actions_init(&actions);
        ::posix_spawn_file_actions_addopen(&actions, 1, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
        ::posix_spawn_file_actions_adddup2(&actions, 1, 2);
        const int rc = ::posix_spawnp(&pid_, argv[0], &actions, nullptr, argv.data(), envp.data());
        ::posix_spawn_file_actions_destroy(&actions);
        INFO(words[0] << " is needed; is it installed?");
        REQUIRE(rc == 0);
    }
    ~Program() {
        ::kill(pid_, SIGTERM);
        ::waitpid(pid_, nullptr, 0);
    }
    Program(const Program&) = delete;

private:
    pid_t pid_ = -1;
};

class Registry {
public:
    Registry() : certificate(directory_.path(), "localhost") {
        write(directory_ / "htpasswd", kAccounts);
        write(directory_ / "config.yml",
              "version: 0.1\nlog: {level: info}\nstorage: {filesystem: {rootdirectory: " +
                  (directory_ / "data") + "}}\nhttp: {addr: \"127.0.0.1:0\", tls: {certificate: " +
                  certificate.certificate + ", key: " + certificate.key +
                  "}}\nauth: {htpasswd: {realm: test, path: " + (directory_ / "htpasswd") + "}}\n");
        program_ = std::make_unique<Program>(
            std::vector<std::string>{"docker-registry", "serve", directory_ / "config.yml"},
            directory_ / "log");
        const std::string said = "listening on 127.0.0.1:";
        REQUIRE(eventually([&] { return contains(log(), said); }));
        const auto text = log();
        name_ = "localhost:" + std::to_string(std::stoi(text.substr(text.find(said) + said.size())));
    }

    const std::string& name() const { return name_; }
    std::string log() const { return content(directory_ / "log"); }
    /// For the image that the tests have.
    std::size_t times_asked() const {
        const std::string words = "GET /v2/private/app/manifests";
        const auto text = log();
        std::size_t times = 0;
        for (auto at = text.find(words); at != std::string::npos; at = text.find(words, at + 1)) ++times;
        return times;
    }

private:
    test::TemporaryDirectory directory_;

public:
    const test::SelfMadeCertificate certificate;

private:
    std::string name_;
    std::unique_ptr<Program> program_;
};

/// A driver with a podman of its own that trusts the registry's certificate.
class World {
public:
    World() {
        ::setenv("SSL_CERT_FILE", registry.certificate.certificate.c_str(), 1);
        driver = make("r" + std::to_string(::getpid()), true, {});
        ::unsetenv("SSL_CERT_FILE");
        REQUIRE(run(std::string(GRID_SOURCE_DIR) + "/tools/build_sample_image " + data()) == 0);
        REQUIRE(run("podman --url unix://" + socket() + " push --quiet --creds alice:" + kPassword +
                    " localhost/grid-sample:1 " + image) == 0);
    }
    ~World() {
        if (const auto left = driver->list())
            for (const auto& one : *left) (void)driver->remove(one.lease_key, {});
        driver->end();
        (void)run("umount " + data() + "/storage/overlay");
        // A last cleaning by podman, in a process of its own, may still write there.
        const auto limit = steady_clock::now() + std::chrono::seconds(10);
        do {
            std::error_code e;
            fs::remove_all(data(), e);
        } while (fs::exists(data()) && steady_clock::now() < limit);
    }

    std::unique_ptr<podman::Driver> make(const std::string& gateway, bool opened,
                                         const std::string& at) const {
        PodmanConfig config;
        config.gateway_id = gateway;
        config.data_dir = at.empty() ? data() : directory_ / gateway;
        config.socket = at;
        config.run_root = directory_ / "run";
        config.stop_grace_cap = std::chrono::seconds(2);
        config.restart_backoff = std::chrono::milliseconds(50);
        if (opened)
            for (const char* network : {"127.0.0.0/8", "::1/128"})
                config.allowed_registries.push_back(runtime::IpNetwork::parse(network).value());
        const auto layout = podman::prepare_layout(config);
        REQUIRE(layout);
        auto made = std::make_unique<podman::Driver>(config, *layout);
        const auto begun = made->begin();
        INFO((begun ? "" : begun.error().message));
        REQUIRE(begun);
        return made;
    }
    int run(const std::string& command) const {
        return std::system((command + " >>" + (directory_ / "commands.log") + " 2>&1").c_str());
    }
    std::string data() const { return directory_ / "d"; }
    std::string socket() const { return data() + "/podman.sock"; }
    std::string place(const std::string& name) const { return directory_ / name; }

private:
    test::TemporaryDirectory directory_;

public:
    Registry registry;
    const std::string image = registry.name() + "/private/app:1";
    std::unique_ptr<podman::Driver> driver;
};

lease::Application app_of(const std::string& image, std::vector<lease::RegistryLogin> logins = {}) {
    lease::Application app;
    lease::Workload w;
    w.name = "web";
    lease::Container c;
    c.name = "web";
    c.image = image;
    c.cpu_milli = 100;
    c.memory_mib = 32;
    c.storage_mib = 16;
    w.containers.push_back(c);
    w.termination_grace_s = 1;
    w.registry_logins = std::move(logins);
    app.workloads.push_back(w);
    return app;
}

Hash lease_number(unsigned n) {
    Hash h;
    h.bytes[0] = 0xee;
    h.bytes[31] = static_cast<std::uint8_t>(n);
    return h;
}

/// The error in words; empty: it runs.
std::string outcome(podman::Driver& driver, unsigned lease, const lease::Application& application) {
    const auto applied = driver.apply(lease_number(lease), "app", application, {1000, 1024, 1024, 0});
    return applied ? "" : applied.error().code + ": " + applied.error().message;
}

}  // namespace

TEST_CASE(
    "podman: a private image runs for who may pull it, and for nobody else, whoever has pulled it before",
    "[podman]") {
    World world;
    auto& driver = *world.driver;
    const auto& registry = world.registry.name();
    std::string told;  // everything that anybody was told
    const auto refused = [&](podman::Driver& by, unsigned lease, const lease::Application& application,
                             const std::string& reason) {
        const auto text = outcome(by, lease, application);
        INFO(text);
        told += text;
        CHECK(text.rfind("image_unavailable: ", 0) == 0);
        CHECK(contains(text, reason));
        CHECK(by.status(lease_number(lease), "app").health == Health::absent);
    };

    // Closed unless the operator opens it: the registry is not even asked.
    {
        const auto before = world.registry.times_asked();
        const auto closed = world.make("closed", false, world.socket());
        refused(*closed, 1, app_of(world.image, {{registry, "alice", kPassword}}), "may not be called");
        CHECK(world.registry.times_asked() == before);
        closed->end();
    }

    const auto nobody =
        "the registry " + registry + " wants a login, and the manifest's imagePullSecrets have none";
    const auto wrong = "the registry " + registry + " refuses the login of alice";
    refused(driver, 1, app_of(world.image), nobody);
    refused(driver, 1, app_of(world.image, {{"other.example", "alice", kPassword}}), nobody);
    refused(driver, 1, app_of(world.image, {{registry, "alice", "a-wrong-password"}}), wrong);

    const podman::PodmanApi api(world.socket());
    CHECK_FALSE(api.image_exists(world.image).value());
    CHECK(outcome(driver, 1, app_of(world.image, {{registry, "alice", kPassword}})) == "");
    CHECK(eventually([&] { return driver.status(lease_number(1), "app").health == Health::ready; }));

    // It is here now. Neither by its name, nor by a shorter one, nor by its id does it run for others.
    REQUIRE(api.image_exists(world.image).value());
    refused(driver, 2, app_of(world.image), nobody);
    refused(driver, 2, app_of(world.image, {{registry, "alice", "a-wrong-password"}}), wrong);
    auto unasked = app_of(world.image);
    unasked.workloads[0].containers[0].pull_always = false;
    refused(driver, 2, unasked, nobody);
    refused(driver, 2, app_of("private/app:1"), "docker.io");
    const auto images = api.images();
    REQUIRE(images);
    for (const auto& one : *images)
        for (const auto& name : one.names)
            if (name == world.image) refused(driver, 2, app_of(one.id.substr(0, 12)), "docker.io");
    CHECK(driver.status(lease_number(1), "app").health == Health::ready);

    // Each pod of a job asks again.
    auto job = app_of(world.image, {{registry, "alice", kPassword}});
    auto& w = job.workloads[0];
    w.kind = lease::WorkloadKind::job;
    w.restart = lease::RestartPolicy::never;
    w.completion.completions = 1;
    w.completion.backoff_limit = 1;
    w.containers[0].command = {"/bin/sh", "-c", "exit 1"};
    CHECK(outcome(driver, 3, job) == "");
    CHECK(eventually([&] { return driver.status(lease_number(3), "app").health == Health::failed; }));
    std::size_t pulls = 0;
    const auto of_job = driver.events(lease_number(3), "app");
    REQUIRE(of_job);
    for (const auto& event : *of_job) pulls += event.reason == "Pulled" ? event.count : 0;
    CHECK(pulls == 2);

    // Nothing that can be read tells the secrets.
    for (unsigned lease = 1; lease <= 3; ++lease) {
        const auto events = driver.events(lease_number(lease), "app");
        REQUIRE(events);
        for (const auto& event : *events) told += event.reason + " " + event.message + "\n";
    }
    const auto rows = api.containers({});
    REQUIRE(rows);
    for (const auto& row : *rows)
        for (const auto& [name, value] : row.labels) told += value;
    told += content(world.data() + "/podman.log") + world.registry.log();
    for (const auto& file : fs::recursive_directory_iterator(world.data() + "/kept"))
        if (file.is_regular_file()) told += content(file.path());
    REQUIRE(contains(told, "Pulled"));
    for (const char* secret : {kPassword, "a-wrong-password", "YWxpY2VzLXJpZ2h0LXBhc3N3b3Jk"})
        CHECK_FALSE(contains(told, secret));
}

TEST_CASE("podman: what the provider itself has logged in with pulls nothing for tenants", "[podman]") {
    World world;
    pid_t own = 0;
    std::ifstream(world.data() + "/podman.pid") >> own;
    CHECK(
        contains(content("/proc/" + std::to_string(own) + "/environ"), std::string("HOME=") + world.data()));
    const auto second = world.place("second.sock"), runtime = world.place("runtime");
    write(runtime + "/containers/auth.json",
          "{\"auths\":{\"" + world.registry.name() + "\":{\"auth\":\"" + kProvidersAccount + "\"}}}");
    const Program service({"podman", "system", "service", "--time=0", "unix://" + second},
                          world.place("second.log"),
                          {"HOME=" + world.place("home"), "XDG_RUNTIME_DIR=" + runtime,
                           "SSL_CERT_FILE=" + world.registry.certificate.certificate,
                           "CONTAINERS_CONF=" + world.data() + "/containers.conf",
                           "CONTAINERS_STORAGE_CONF=" + world.data() + "/storage.conf"});
    const podman::PodmanApi api(second);
    REQUIRE(eventually([&] { return api.info().has_value(); }));
    const auto tenants = world.make("tenants", true, second);
    const auto text = outcome(*tenants, 1, app_of(world.image));
    INFO(text);
    CHECK(contains(text, "wants a login"));
    CHECK_FALSE(api.image_exists(world.image).value());
    // That account would be good: podman takes it when it is asked without a word about logins.
    CHECK(api.pull(world.image, "", std::chrono::seconds(60)));
    tenants->end();
}
