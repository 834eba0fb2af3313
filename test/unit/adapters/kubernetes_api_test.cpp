// The client of the Kubernetes API against a server that does what servers do on bad days. The good path is
// checked against a real API server in test/kubernetes.
#include <catch2/catch.hpp>
#include <fstream>
#include <future>

#include "adapters/kubernetes/discovery.hpp"
#include "adapters/kubernetes/exec.hpp"
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

TEST_CASE("kubernetes: a 403 tells who may not from what may not be, and from what is not known yet") {
    struct Row {
        const char* message;
        const char* code;
    };
    const Row rows[] = {
        {R"(pods is forbidden: User \"u\" cannot list resource \"pods\" in API group \"\" at the cluster scope)",
         "forbidden"},
        {R"(forbidden: User \"system:anonymous\" cannot get path \"/version\")", "forbidden"},
        {"some proxy does not like you", "forbidden"},
        {R"(pods \"p\" is forbidden: violates PodSecurity \"baseline:latest\": host namespaces)", "denied"},
        {R"(pods \"p\" is forbidden: exceeded quota: grid, requested: pods=1, used: pods=1, limited: pods=1)",
         "denied"},
        {R"(pods \"p\" is forbidden: maximum cpu usage per Container is 1, but limit is 2)", "denied"},
        {R"(secrets \"s\" is forbidden: unable to create new content in namespace n because it is being terminated)",
         "conflict"},
        {R"(pods \"p\" is forbidden: status unknown for quota: grid, resources: pods)", "conflict"},
        {R"(pods \"p\" is forbidden: error looking up service account n/grid: serviceaccount \"grid\" not found)",
         "conflict"},
    };
    for (const auto& row : rows) {
        CAPTURE(row.message);
        Bench bench([&](std::size_t, const std::string&) {
            return http(status_body(403, "Forbidden", row.message), "403 Forbidden");
        });
        CHECK(bench.get().error().code == row.code);
    }
    // An apply waits for what is not known yet.
    Bench bench([](std::size_t n, const std::string&) {
        return n == 0 ? http(status_body(403, "Forbidden", "x is forbidden: status unknown for quota: grid"),
                             "403 Forbidden")
                      : http(pod("p", 1));
    });
    CHECK(bench.api.apply(core::kPods, "n", {{"metadata", json::object{{"name", "p"}}}}));
    CHECK(bench.count == 2);
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

TEST_CASE("kubernetes: a list is all there is, or an error") {
    struct Row {
        const char* what;
        std::string body;
        const char* code;
    };
    const Row rows[] = {
        {"no items", R"({"metadata":{"resourceVersion":"7"}})", "bad_reply"},
        {"items that are none", R"({"metadata":{"resourceVersion":"7"},"items":"x"})", "bad_reply"},
        {"an item that is none", R"({"metadata":{"resourceVersion":"7"},"items":[1]})", "bad_reply"},
        {"no version to watch from", R"({"metadata":{},"items":[]})", "bad_reply"},
        {"no end", R"({"metadata":{"resourceVersion":"7","continue":"x"},"items":[]})", "too_large"},
        {"too many", R"({"metadata":{"resourceVersion":"7"},"items":[{},{},{},{}]})", "too_large"},
    };
    auto limits = Bench::quick();
    limits.pages = 20;
    limits.objects = 3;
    for (const auto& row : rows) {
        CAPTURE(row.what);
        Bench bench([&](std::size_t, const std::string&) { return http(row.body); }, limits);
        CHECK(bench.api.list(core::kPods, "n").error().code == row.code);
    }
    // A later page that fails leaves no half of a list.
    Bench half([](std::size_t n, const std::string&) {
        return n == 0 ? http(R"({"metadata":{"resourceVersion":"7","continue":"x"},"items":[{}]})")
                      : http(status_body(403, "Forbidden", "no"), "403 X");
    });
    CHECK(half.api.list(core::kPods, "n").error().code == "forbidden");
    // Who reads page by page is told when all begins anew.
    Bench anew([](std::size_t n, const std::string&) {
        if (n == 1) return http(status_body(410, "Expired", "too old"), "410 Gone");
        return http(n == 0 ? R"({"metadata":{"resourceVersion":"7","continue":"x"},"items":[{},{}]})"
                           : R"({"metadata":{"resourceVersion":"9"},"items":[{}]})");
    });
    std::vector<std::pair<std::size_t, bool>> pages;
    CHECK(
        anew.api
            .read_pages(core::kPods, "", {},
                        [&](json::array&& objects, bool first) { pages.emplace_back(objects.size(), first); })
            .value() == "9");
    CHECK(pages == std::vector<std::pair<std::size_t, bool>>{{2, true}, {1, true}});
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
