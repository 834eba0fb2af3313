#define CATCH_CONFIG_EXTERNAL_INTERFACES  // a listener
#include "test/integration/cluster_conformance.hpp"

#include <unistd.h>

#include <cstdlib>
#include <future>
#include <thread>

#include "runtime/http_client.hpp"

namespace grid::test {

using namespace messages;
using std::chrono::steady_clock;

namespace {

std::unique_ptr<ClusterUnderTest>& current() {
    static std::unique_ptr<ClusterUnderTest> cluster;
    return cluster;
}

struct ClusterEnds : Catch::TestEventListenerBase {
    using TestEventListenerBase::TestEventListenerBase;
    void testRunEnded(const Catch::TestRunStats&) override { current().reset(); }
};
CATCH_REGISTER_LISTENER(ClusterEnds)

Hash fresh_lease() {
    static unsigned last = 0;
    Hash h;
    h.bytes[0] = 0xc0;
    const auto pid = static_cast<unsigned>(::getpid());
    h.bytes[1] = static_cast<std::uint8_t>(pid >> 16);
    h.bytes[2] = static_cast<std::uint8_t>(pid >> 8);
    h.bytes[3] = static_cast<std::uint8_t>(pid);
    ++last;
    h.bytes[4] = static_cast<std::uint8_t>(last >> 8);  // real keys are hashes: they differ from the start on
    h.bytes[5] = static_cast<std::uint8_t>(last);
    return h;
}

}  // namespace

ClusterUnderTest& cluster_under_test() {
    if (!current()) {
        const char* kubeconfig = std::getenv("GRID_TEST_KUBECONFIG");
        current() = kubeconfig ? make_kubernetes_cluster(kubeconfig) : make_podman_cluster();
    }
    return *current();
}

bool victim_of_a_test() {
    return std::getenv("GRID_TEST_VICTIM") != nullptr;
}

std::string ClusterUnderTest::ask(const Endpoint& endpoint, const std::string& target) const {
    runtime::HttpRequest request;
    request.target = target;
    const auto response = runtime::HttpClient(runtime::TcpSocket{endpoint.address, endpoint.port})
                              .request(request, steady_clock::now() + std::chrono::seconds(5));
    return response ? response->body : response.error().message;
}

Tenant::Tenant(std::string name)
    : cluster(cluster_under_test()), lease(fresh_lease()), app(std::move(name)) {}

Tenant::~Tenant() {
    CHECK(problem_of(cluster.driver().remove(lease, {})) == "");
}

Result<AppStatus> Tenant::apply(const lease::Application& application) const {
    return cluster.driver().apply(lease, app, application, Resources{8000, 8192, 16384, 0});
}

AppStatus Tenant::run(const lease::Application& application) const {
    const auto applied = apply(application);
    REQUIRE(problem_of(applied) == "");
    const auto seen = wait(Health::ready);
    INFO(seen.reason);
    REQUIRE(seen.health == Health::ready);
    return seen;
}

AppStatus Tenant::status() const {
    return cluster.driver().status(lease, app);
}

AppStatus Tenant::wait(const std::function<bool(const AppStatus&)>& until) const {
    const auto limit = steady_clock::now() + cluster.patience();
    auto seen = status();
    while (!until(seen) && steady_clock::now() < limit) {
        std::this_thread::yield();
        seen = status();
    }
    return seen;
}

AppStatus Tenant::wait(Health health) const {
    return wait([&](const AppStatus& seen) { return seen.health == health; });
}

std::string Tenant::pod_of(const std::string& name) const {
    for (const auto& pod : status().pods)
        if (pod.workload == name) return pod.name;
    return {};
}

std::string Tenant::page(const std::string& target, const std::string& entrance) const {
    for (const auto& endpoint : status().endpoints)
        if (entrance.empty() || endpoint.entrance == entrance) return cluster.ask(endpoint, target);
    return "no endpoint";
}

bool Tenant::answers(const std::string& text, const std::string& target) const {
    return eventually([&] { return page(target) == text; });
}

Tenant::Ran Tenant::execute(const std::vector<std::string>& command, const std::string& pod,
                            const std::string& container, const std::string& input) const {
    Ran ran;
    auto session = cluster.driver().exec({lease, app, pod, container, command});
    if (!session) {
        ran.err = session.error().code + ": " + session.error().message;
        return ran;
    }
    using Kind = adapters::ExecSession::Piece::Kind;
    if (!input.empty()) (*session)->write(input);
    (*session)->finish();
    for (const auto limit = steady_clock::now() + cluster.patience(); steady_clock::now() < limit;) {
        const auto piece = (*session)->read(std::chrono::milliseconds(500));
        if (piece.kind == Kind::out) ran.out += piece.bytes;
        if (piece.kind == Kind::err) ran.err += piece.bytes;
        if (piece.kind == Kind::end) break;
    }
    const auto code = (*session)->exit_code();
    if (code)
        ran.code = *code;
    else
        ran.err += code.error().message;
    return ran;
}

std::string Tenant::shell(const std::string& text, const std::string& pod,
                          const std::string& container) const {
    const auto ran = execute({"/bin/sh", "-c", text}, pod, container);
    return ran.code < 0 ? ran.err : ran.out;
}

std::string Tenant::log(const std::string& workload_name, std::uint32_t tail, bool previous) const {
    std::string text;
    cluster.driver().logs(
        {lease, app, workload_name, false, tail, previous},
        [&](const std::string&, const std::string& piece) {
            text += piece;
            return true;
        },
        [] { return true; });
    return text;
}

bool Tenant::has_event(const std::string& reason) const {
    const auto events = cluster.driver().events(lease, app);
    if (!events) return false;
    for (const auto& event : *events)
        if (event.reason == reason) return true;
    return false;
}

void Tenant::remove() const {
    CHECK(problem_of(cluster.driver().remove(lease, app)) == "");
}

std::string Tenant::log_of_removal(const std::string& once_said) const {
    std::string text;
    std::promise<void> said;
    std::thread reader([&] {
        bool told = false;
        cluster.driver().logs(
            {lease, app, "", true, 100, false},
            [&](const std::string&, const std::string& piece) {
                text += piece;
                if (!told && contains(text, once_said)) said.set_value();
                told = contains(text, once_said);
                return true;
            },
            [] { return true; });
    });
    CHECK(said.get_future().wait_for(cluster.patience()) == std::future_status::ready);
    remove();
    reader.join();
    return text;
}

bool eventually(const std::function<bool()>& condition) {
    const auto limit = steady_clock::now() + cluster_under_test().patience();
    while (!condition()) {
        if (steady_clock::now() >= limit) return false;
        std::this_thread::yield();
    }
    return true;
}

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

lease::Container script(const std::string& text, const std::string& name) {
    lease::Container c;
    c.name = name;
    c.image = cluster_under_test().image();
    c.cpu_milli = 100;
    c.memory_mib = 32;
    c.storage_mib = 16;
    c.pull_always = false;
    if (!text.empty()) c.command = {"/bin/sh", "-c", text};
    return c;
}

std::string serving(const std::string& text) {
    return "echo '" + text + "' >/tmp/index.html; " + kServeTmp;
}

lease::Workload workload(lease::WorkloadKind kind, const std::string& name, lease::Container container) {
    lease::Workload w;
    w.kind = kind;
    w.name = name;
    w.termination_grace_s = 1;
    w.containers.push_back(std::move(container));
    return w;
}

lease::Application web(lease::Container container) {
    lease::Application application;
    application.workloads.push_back(workload(lease::WorkloadKind::deployment, "web", std::move(container)));
    add_entrance(application, "web");
    return application;
}

void add_entrance(lease::Application& application, const std::string& name, std::uint16_t port) {
    application.services.push_back({name, name, {{"http", port, port}}});
    application.entrances.push_back({name, name, port});
}

bool not_shown(const ClusterUnderTest& cluster, const std::string& what) {
    const auto why = cluster.cannot(what);
    if (!why.empty()) WARN("not shown on " << cluster.name() << ": " << what << ", " << why);
    return !why.empty();
}

}  // namespace grid::test
