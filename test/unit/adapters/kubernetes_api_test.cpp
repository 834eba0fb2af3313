// The client of the Kubernetes API against a server that does what servers do on bad days. The good path is
// checked against a real API server in test/kubernetes.
#include <catch2/catch.hpp>
#include <fstream>
#include <future>

#include "adapters/kubernetes/discovery.hpp"
#include "adapters/kubernetes/exec.hpp"
#include "adapters/kubernetes/mirror.hpp"
#include "support/kubernetes_bench.hpp"
#include "support/temporary_directory.hpp"

using namespace grid;
using namespace grid::test::kubernetes;
using test::ScriptedServer;

TEST_CASE("kubernetes: every refusal of the server has its code and keeps the server's words") {
    struct Row {
        int status;
        const char* reason;
        const char* code;
    };
    const Row rows[] = {
        {400, "BadRequest", "bad_request"},
        {403, "Forbidden", "forbidden"},
        {404, "NotFound", "not_found"},
        {405, "MethodNotAllowed", "bad_request"},
        {409, "AlreadyExists", "already_exists"},
        {409, "Conflict", "conflict"},
        {410, "Expired", "gone"},
        {415, "UnsupportedMediaType", "bad_request"},
        {422, "Invalid", "invalid"},
        {500, "InternalError", "server_error"},
    };
    for (const auto& row : rows) {
        CAPTURE(row.status, row.reason);
        Bench bench([&](std::size_t, const std::string&) {
            return http(status_body(row.status, row.reason, "words of the server"),
                        std::to_string(row.status) + " X");
        });
        const auto answer = bench.get();
        REQUIRE_FALSE(answer);
        CHECK(answer.error().code == row.code);
        CHECK(answer.error().message ==
              "the API server answered " + std::to_string(row.status) + ": words of the server");
        CHECK(bench.count == 1);
    }
}

TEST_CASE("kubernetes: what is put off is tried again as Retry-After says, but not for ever") {
    for (const char* status : {"429 Too Many Requests", "503 Service Unavailable", "500 X"}) {
        CAPTURE(status);
        Bench bench([&](std::size_t n, const std::string&) {
            return n < 2
                       ? http(status_body(429, "TooManyRequests", "slow down"), status, "Retry-After: 1\r\n")
                       : http(pod("p", 1));
        });
        CHECK(bench.get());
        CHECK(bench.count == 3);
    }
    Bench always([&](std::size_t, const std::string&) {
        return http(status_body(429, "TooManyRequests", "slow down"), "429 X", "Retry-After: 1\r\n");
    });
    const auto answer = always.get();
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == "too_many_requests");
    CHECK(always.count == 3);
    // Longer than there is time: answered at once.
    auto limits = Bench::quick();
    limits.request = milliseconds(500);
    limits.longest_wait = std::chrono::hours(1);
    Bench late([&](std::size_t, const std::string&) { return http("", "429 X", "Retry-After: 3600\r\n"); },
               limits);
    CHECK(late.get().error().code == "too_many_requests");
    CHECK(late.count == 1);
    // A stop ends the waiting.
    limits.request = std::chrono::hours(2);
    Bench stopped([&](std::size_t, const std::string&) { return http("", "429 X", "Retry-After: 3600\r\n"); },
                  limits);
    auto waiting = std::async(std::launch::async, [&] { return stopped.get(); });
    while (stopped.count == 0) std::this_thread::yield();
    stopped.stop.stop();
    CHECK(waiting.get().error().code == "stopped");
}

TEST_CASE("kubernetes: an expired token is read anew once") {
    const test::TemporaryDirectory directory;
    const auto file = directory / "token";
    const auto write = [&](const char* text) { std::ofstream(file, std::ios::trunc) << text; };
    write("old");
    std::atomic<int> asked{0};
    ScriptedServer server([&](const std::string& request, int connection) {
        ++asked;
        const bool good = request.find("Authorization: Bearer new\r\n") != std::string::npos;
        ScriptedServer::send(
            connection, good ? http(pod("p", 1)) : http(status_body(401, "Unauthorized", "no"), "401 X"));
    });
    auto access = access_to(server.port());
    access.token_file = file;
    Stop stop;
    Api api(access, Bench::quick(), stop);
    const auto refused = api.get("/x");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == "unauthorized");
    CHECK(asked == 2);
    write("new");
    CHECK(api.get("/x"));
    CHECK(asked == 4);
    CHECK(api.get("/x"));
    CHECK(asked == 5);
}

TEST_CASE("kubernetes: a server that is away, slow, cut or talks nonsense is told apart from a refusal") {
    std::uint16_t nobody = 0;
    {
        ScriptedServer gone([](const std::string&, int) {});
        nobody = gone.port();
    }
    Stop stop;
    Api away(access_to(nobody), Bench::quick(), stop);
    CHECK(away.get("/x").error().code == "unreachable");

    auto limits = Bench::quick();
    limits.request = milliseconds(200);
    ScriptedServer slow(
        [](const std::string&, int connection) { ScriptedServer::wait_for_close(connection); });
    Api patient(access_to(slow.port()), limits, stop);
    CHECK(patient.get("/x").error().code == "timeout");

    struct Row {
        std::string sent;
        const char* code;
    };
    const Row rows[] = {
        {"", "unreachable"},
        {"HTTP/1.1 200 OK\r\nContent-Le", "bad_reply"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"a\":", "bad_reply"},
        {"SSH-2.0-OpenSSH\r\n\r\n", "bad_reply"},
        {http("<html>"), "bad_reply"},
        {http("{\"a\":1"), "bad_reply"},
        {http(std::string(65, '[') + std::string(65, ']')), "bad_reply"},
        {http("[" + std::string(40'000, ' ') + "]"), "too_large"},
    };
    for (const auto& row : rows) {
        CAPTURE(row.sent.substr(0, 60));
        auto small = Bench::quick();
        small.body = 32'000;
        Bench bench([&](std::size_t, const std::string&) { return row.sent; }, small);
        CHECK(bench.get().error().code == row.code);
    }
    // None of these says anything about an application.
    for (const char* code : {"unreachable", "timeout", "bad_reply", "too_large", "unauthorized", "forbidden",
                             "server_error", "too_many_requests", "tls_failed", "plugin_failed"})
        CHECK(is_unavailable({code, ""}));
    for (const char* code : {"not_found", "conflict", "invalid", "gone", "bad_request"})
        CHECK_FALSE(is_unavailable({code, ""}));
}

TEST_CASE("kubernetes: a pooled connection that has died is replaced without anybody's notice") {
    // The server closes after each answer although it did not say so.
    Bench bench([](std::size_t n, const std::string&) { return http(pod("p", static_cast<int>(n))); });
    for (int i = 0; i < 5; ++i) CHECK(number_at(bench.get().value(), {"x"}, i) == i);
    CHECK(bench.count == 5);
}

TEST_CASE("kubernetes: calls are what the API expects") {
    Bench bench([](std::size_t, const std::string&) { return http("{\"kind\":\"Status\"}"); });
    const json::object object{
        {"apiVersion", "v1"}, {"kind", "Secret"}, {"metadata", json::object{{"name", "s"}}}};
    CHECK(bench.api.apply(core::kSecrets, "n", object));
    CHECK(bench.api.remove(core::kSecrets, "n", "s", "Foreground", "uid-1").value() == false);
    CHECK(bench.api.get("/a", {{"labelSelector", "a=b,c in (d)"}}));
    const auto requests = bench.server.requests();
    CHECK(requests[0].starts_with(
        "PATCH /api/v1/namespaces/n/secrets/s?fieldManager=grid-gateway&force=true HTTP/1.1\r\n"));
    CHECK(requests[0].find("Content-Type: application/apply-patch+yaml\r\n") != std::string::npos);
    CHECK(requests[0].find("Authorization: Bearer secret\r\n") != std::string::npos);
    CHECK(requests[1].starts_with("DELETE /api/v1/namespaces/n/secrets/s HTTP/1.1\r\n"));
    CHECK(requests[1].find(R"("propagationPolicy":"Foreground","preconditions":{"uid":"uid-1"})") !=
          std::string::npos);
    CHECK(requests[2].starts_with("GET /a?labelSelector=a%3Db%2Cc%20in%20%28d%29 HTTP/1.1\r\n"));
    CHECK(Resource{"apps/v1", "deployments", "Deployment", true}.path("n/../x", "y") ==
          "/apis/apps/v1/namespaces/n%2F..%2Fx/deployments/y");
}

TEST_CASE("kubernetes: a list is read page by page, and anew when its continuation has expired") {
    std::atomic<int> expiries{0};
    Bench bench([&](std::size_t, const std::string& request) {
        if (request.find("continue=second") != std::string::npos)
            return expiries++ == 0
                       ? http(status_body(410, "Expired", "too old"), "410 Gone")
                       : http(R"({"metadata":{"resourceVersion":"8"},"items":[)" + pod("b", 2) + "]}");
        return http(R"({"metadata":{"resourceVersion":"7","continue":"second"},"items":[)" + pod("a", 1) +
                    "]}");
    });
    const auto list = bench.api.list(core::kPods, "n", {{"labelSelector", "x=y"}});
    REQUIRE(list);
    REQUIRE(list->items.size() == 2);
    CHECK(text_at(list->items[1], {"metadata", "name"}) == "b");
    CHECK(bench.count == 4);
    CHECK(bench.server.requests()[0].find("labelSelector=x%3Dy&limit=500") != std::string::npos);
}

TEST_CASE("kubernetes: versions of an API are ordered as Kubernetes orders them") {
    const std::vector<std::string> sorted{"v10",     "v2",        "v1",        "v11beta2", "v10beta3",
                                          "v3beta1", "v12alpha1", "v11alpha2", "foo1"};
    for (std::size_t i = 0; i + 1 < sorted.size(); ++i) {
        CAPTURE(sorted[i], sorted[i + 1]);
        CHECK(goes_before(sorted[i], sorted[i + 1]));
        CHECK_FALSE(goes_before(sorted[i + 1], sorted[i]));
    }
}

TEST_CASE("kubernetes: discovery takes what a server of any age has") {
    const auto answer = [](const std::string& path) -> std::string {
        if (path == "/version") return R"({"minor":"28+","gitVersion":"v1.28.3-eks-4f4795d"})";
        if (path == "/api") return R"({"versions":["v1"]})";
        if (path == "/api/v1")
            return R"({"resources":[{"name":"pods","kind":"Pod","namespaced":true},{"name":"pods/log","kind":"Pod"}]})";
        if (path == "/apis")
            return R"({"groups":[{"name":"batch","versions":[{"groupVersion":"batch/v1beta1"},{"groupVersion":"batch/v1"}]},)"
                   R"({"name":"unknown.example","versions":[{"groupVersion":"unknown.example/v1"}]},)"
                   R"({"name":"policy","versions":[{"groupVersion":"policy/v1"}]}]})";
        if (path == "/apis/batch/v1")
            return R"({"resources":[{"name":"jobs","kind":"Job","namespaced":true}]})";
        if (path == "/apis/batch/v1beta1")
            return R"({"resources":[{"name":"cronjobs","kind":"CronJob","namespaced":true},{"name":"jobs","kind":"Job","namespaced":true}]})";
        return {};
    };
    Bench bench([&](std::size_t, const std::string& request) {
        const auto body = answer(request.substr(4, request.find(" HTTP") - 4));
        return body.empty() ? http(status_body(404, "NotFound", "?"), "404 X") : http(body);
    });
    const auto found = Discovery::ask(bench.api);
    REQUIRE(found);
    CHECK(found->version() == "v1.28.3-eks-4f4795d");
    CHECK(found->minor() == 28);
    CHECK(found->find("batch", "jobs")->group_version == "batch/v1");
    CHECK(found->find("batch", "cronjobs")->group_version == "batch/v1beta1");
    CHECK(found->find("", "pods")->kind == "Pod");
    CHECK_FALSE(found->find("policy", "podsecuritypolicies"));
    CHECK_FALSE(found->find("unknown.example", "things"));
}

TEST_CASE("kubernetes: the end of a command is read from its status") {
    CHECK(read_exec_status(R"({"status":"Success"})").value() == 0);
    CHECK(
        read_exec_status(
            R"({"status":"Failure","reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode","message":"7"}]}})")
            .value() == 7);
    for (
        const char* odd :
        {"", "{}", R"({"status":"Failure","message":"no such container"})",
         R"({"status":"Failure","reason":"NonZeroExitCode"})",
         R"({"status":"Failure","reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode","message":"x"}]}})"}) {
        CAPTURE(odd);
        CHECK(read_exec_status(odd).error().code == "exec_failed");
    }
}
