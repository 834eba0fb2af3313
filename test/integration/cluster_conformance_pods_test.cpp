// Conformance of cluster drivers: what a pod is. See cluster_conformance.hpp.
#include "test/integration/cluster_conformance.hpp"

using namespace grid;
using namespace grid::test;
using lease::Probe;
using lease::RestartPolicy;
using lease::WorkloadKind;
using messages::Health;

TEST_CASE("cluster: init containers run one after another before the others, which see what they made",
          "[cluster]") {
    const Tenant tenant;
    auto application =
        web(script("cp /shared/made /tmp/index.html || busybox cp /shared/made "
                   "/tmp/index.html; " +
                   std::string(kServeTmp)));
    auto& w = application.workloads[0];
    w.scratch = {{"work", 8, false}};
    w.containers[0].scratch = {{"work", "/shared"}};
    for (const char* name : {"first", "second", "third"}) {
        auto init = script(std::string("echo ") + name + " >>/shared/made", name);
        init.scratch = {{"work", "/shared"}};
        w.init_containers.push_back(init);
    }
    tenant.run(application);
    CHECK(tenant.page() == "first\nsecond\nthird\n");
}

TEST_CASE("cluster: an init container that fails is told with its last words", "[cluster]") {
    const Tenant tenant;
    auto application = web(script(serving("never")));
    application.workloads[0].init_containers.push_back(script("echo no database here; exit 7", "prepare"));
    // A driver may wait for the init containers, or watch them.
    const auto applied = tenant.apply(application);
    std::string words = applied ? "" : applied.error().message;
    if (applied) words = tenant.wait(Health::failed).reason;
    INFO(words);
    CHECK(contains(words, "prepare"));
    CHECK(contains(words, "7"));
    CHECK(contains(words, "no database here"));
    CHECK(tenant.status().endpoints.empty());
}

TEST_CASE("cluster: containers of a pod share network and scratch volumes, each with its own files",
          "[cluster]") {
    const Tenant tenant;
    auto application =
        web(script("until test -e /shared/page; do sleep 0.1; done; "
                   "busybox cp /shared/page /tmp/index.html; " +
                   std::string(kServeTmp)));
    auto& w = application.workloads[0];
    w.scratch = {{"work", 8, false}};
    w.containers[0].scratch = {{"work", "/shared"}};
    auto side = script(
        "echo from the side >/tmp/own; busybox cp /tmp/own /shared/page; "
        "trap 'exit 0' TERM; until wget -q -O /tmp/seen http://127.0.0.1:8080/; do sleep 0.1; done; "
        "while true; do sleep 0.1; done",
        "side");
    side.scratch = {{"work", "/shared"}};
    w.containers.push_back(side);
    tenant.run(application);
    CHECK(tenant.page() == "from the side\n");
    CHECK(eventually([&] { return tenant.shell("cat /tmp/seen", "", "side") == "from the side\n"; }));
    CHECK(tenant.shell("cat /tmp/own 2>&1", "", "web") != "from the side\n");
}

TEST_CASE("cluster: files of configuration and secrets have their content, mode and place", "[cluster]") {
    const Tenant tenant;
    auto c = script(serving("ok"));
    lease::FileMount config{"/etc/app", {{"a.txt", "file a\n"}, {"deep/b.txt", "file b\n"}}, 0444};
    config.modes = {{"deep/b.txt", 0555}};
    lease::FileMount single{"/www/one.txt", {{"one.txt", "one\n"}}, 0444};
    single.single = true;
    lease::FileMount secret{"/run/secrets/app", {{"password", std::string("p\0w\n", 4)}}, 0400};
    secret.secret = true;
    c.files = {config, single, secret};
    tenant.run(web(c));
    CHECK(tenant.shell("cat /etc/app/a.txt /etc/app/deep/b.txt /www/one.txt") == "file a\nfile b\none\n");
    CHECK(
        tenant.shell("busybox stat -L -c %a /etc/app/a.txt /etc/app/deep/b.txt /run/secrets/app/password") ==
        "444\n555\n400\n");
    CHECK(tenant.shell("wc -c </run/secrets/app/password") == "4\n");
    CHECK(tenant.shell("ls /www") == "index.html\none.txt\n");  // the rest of the directory is the image's
    CHECK(tenant.shell("echo x >/etc/app/a.txt 2>/dev/null || echo closed") == "closed\n");
}

TEST_CASE("cluster: environment, working directory, command and arguments come as written", "[cluster]") {
    const Tenant tenant;
    auto c = script("");
    c.command = {"/bin/sh", "-c",
                 "echo \"$0|$1|$GREETING|$(pwd)\" >/tmp/index.html; " + std::string(kServeTmp)};
    c.arguments = {"zero", "one two $(HOME) $$"};
    c.environment = {{"GREETING", "hello \"world\" $(NAME) $$x"}};
    c.working_directory = "/www";
    tenant.run(web(c));
    CHECK(tenant.page() == "zero|one two $(HOME) $$|hello \"world\" $(NAME) $$x|/www\n");
}

TEST_CASE("cluster: a container has its user, no privileges, and only the capabilities that are given",
          "[cluster]") {
    const Tenant tenant;
    auto c = script(serving("ok"));
    c.run_as_user = lease::UserId{1234};
    c.run_as_group = lease::UserId{2345};
    c.run_as_non_root = true;
    c.read_only_root = true;
    c.capabilities = {"NET_BIND_SERVICE"};
    c.scratch = {{"tmp", "/tmp"}};
    auto application = web(c);
    application.workloads[0].scratch = {{"tmp", 8, false}};
    tenant.run(application);
    CHECK(tenant.shell("id -u; id -g") == "1234\n2345\n");
    CHECK(tenant.shell("touch /x 2>/dev/null || echo closed; touch /tmp/x && echo open") == "closed\nopen\n");
    const auto status = tenant.shell("cat /proc/1/status");
    INFO(status);
    CHECK(contains(status, "CapBnd:\t0000000000000400"));
    CHECK(contains(status, "NoNewPrivs:\t1"));
    CHECK(contains(status, "Seccomp:\t2"));
}

TEST_CASE(
    "cluster: restart policy always starts also what ended well, on_failure only what failed, never "
    "nothing",
    "[cluster]") {
    const std::string count = "echo run >>/shared/runs; ";
    const auto pod = [&](RestartPolicy policy, const std::string& text) {
        lease::Application application;
        auto w = workload(WorkloadKind::pod, "task", script(count + text));
        w.restart = policy;
        w.scratch = {{"work", 8, false}};
        w.containers[0].scratch = {{"work", "/shared"}};
        auto side = script("trap 'exit 0' TERM; while true; do sleep 0.1; done", "side");
        side.scratch = w.containers[0].scratch;
        w.containers.insert(w.containers.begin(), side);
        application.workloads.push_back(w);
        return application;
    };
    const std::string twice =
        "test $(wc -l </shared/runs) -ge 2 && { trap 'exit 0' TERM; while true; do sleep "
        "0.1; done; }; ";
    const Tenant always("always"), failing("failing"), never("never"), well("well");
    CHECK(problem_of(always.apply(pod(RestartPolicy::always, twice + "exit 0"))) == "");
    CHECK(problem_of(failing.apply(pod(RestartPolicy::on_failure, twice + "exit 3"))) == "");
    CHECK(problem_of(never.apply(pod(RestartPolicy::never, "exit 3"))) == "");
    CHECK(problem_of(well.apply(pod(RestartPolicy::on_failure, "exit 0"))) == "");
    const auto runs = [](const Tenant& tenant) {
        return tenant.shell("cat /shared/runs 2>/dev/null", "", "side");
    };
    CHECK(eventually([&] { return runs(always) == "run\nrun\n"; }));
    CHECK(eventually([&] { return runs(failing) == "run\nrun\n"; }));
    CHECK(always.wait(Health::ready).pods.at(0).restarts == 1);
    const auto failed = never.wait(Health::failed);
    INFO(failed.reason);
    CHECK(contains(failed.reason, "3"));
    CHECK(runs(never) == "run\n");
    CHECK(runs(well) == "run\n");
}

TEST_CASE("cluster: too much memory is told as such, a crash with its code and last words", "[cluster]") {
    const Tenant hungry("hungry"), crashing("crashing");
    REQUIRE(problem_of(hungry.apply(web(script("tail -c 200m /dev/zero")))) == "");
    REQUIRE(problem_of(crashing.apply(web(script("echo my last words; exit 5")))) == "");
    const auto killed =
        hungry.wait([](const auto& s) { return s.health == Health::failed && contains(s.reason, "memory"); });
    INFO(killed.reason);
    CHECK(killed.health == Health::failed);
    CHECK(contains(killed.reason, "memory"));
    const auto failed = crashing.wait(Health::failed);
    INFO(failed.reason);
    CHECK(contains(failed.reason, "5"));
    CHECK(contains(failed.reason, "my last words"));
    CHECK(failed.pods.at(0).reason == failed.reason);
    // Of the run before. The kubelet may be about to call the run that has just ended so.
    CHECK(eventually([&] { return contains(crashing.log("", 100, true), "my last words"); }));
}

TEST_CASE("cluster: processor and processes are limited", "[cluster]") {
    const Tenant tenant;
    auto c = script(serving("ok"));
    c.memory_mib = 256;  // for as many processes as there may be
    tenant.run(web(c));
    const auto limit = tenant.shell(
        "cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us /sys/fs/cgroup/cpu/cpu.cfs_period_us 2>/dev/null || "
        "cat /sys/fs/cgroup/cpu.max");
    INFO(limit);
    CHECK((limit == "10000\n100000\n" || limit == "10000 100000\n"));
    const auto forks = tenant.execute(
        {"/bin/sh", "-c", "i=0; while test $i -lt 5000; do sleep 30 & i=$((i+1)); done; echo all"});
    INFO(forks.err);
    CHECK(contains(forks.out + forks.err, "fork"));  // "can't fork: Resource temporarily unavailable"
    CHECK_FALSE(contains(forks.out, "all"));
    CHECK(tenant.answers("ok\n"));
}

TEST_CASE("cluster: a readiness probe decides who gets visitors, a liveness probe who is restarted",
          "[cluster]") {
    const Tenant tenant;
    auto c = script(serving("ok"));
    c.readiness = Probe{Probe::Kind::exec, "", 0, {"/bin/test", "-e", "/tmp/ready"}, 0, 1, 2, 1, 1};
    c.liveness = Probe{Probe::Kind::exec, "", 0, {"/bin/test", "!", "-e", "/tmp/dead"}, 0, 1, 2, 1, 1};
    REQUIRE(problem_of(tenant.apply(web(c))) == "");
    CHECK(tenant.wait(Health::starting).endpoints.empty());
    REQUIRE(eventually([&] {
        return tenant.execute({"/bin/touch", "/tmp/ready"}, "web-0").code == 0 ||
               tenant.execute({"/bin/touch", "/tmp/ready"}, tenant.status().pods.at(0).name).code == 0;
    }));
    CHECK(tenant.wait(Health::ready).endpoints.size() == 1);
    tenant.shell("rm /tmp/ready");
    CHECK(tenant.wait([](const auto& s) { return s.endpoints.empty(); }).health != Health::ready);
    const auto pod = tenant.status().pods.at(0).name;
    tenant.shell("touch /tmp/ready /tmp/dead", pod);
    const auto restarted =
        tenant.wait([](const auto& s) { return !s.pods.empty() && s.pods[0].restarts > 0; });
    CHECK(restarted.pods.at(0).restarts == 1);
    CHECK(tenant.has_event("Unhealthy"));
}

TEST_CASE("cluster: HTTP and TCP probes are made at the pod", "[cluster]") {
    const Tenant tenant;
    auto c = script("echo in >/tmp/index.html; (sleep 1; echo yes >/tmp/live) & " + std::string(kServeTmp));
    c.readiness = Probe{Probe::Kind::http_get, "/live", 8080, {}, 0, 1, 1, 3, 1};
    c.liveness = Probe{Probe::Kind::tcp_socket, "", 8080, {}, 0, 1, 1, 3, 1};
    REQUIRE(problem_of(tenant.apply(web(c))) == "");
    const auto seen = tenant.wait(Health::ready);
    CHECK(seen.endpoints.size() == 1);
    CHECK(seen.pods.at(0).restarts == 0);
    CHECK(tenant.page("/live") == "yes\n");
}

TEST_CASE("cluster: who is stopped is asked to end, and has its grace", "[cluster]") {
    const Tenant tenant;
    auto application =
        web(script("trap 'sleep 1; echo farewell; exit 0' TERM; echo welcome; echo 'ok' >/tmp/index.html; "
                   "httpd -p 8080 -h /tmp; while true; do sleep 0.1; done"));
    application.workloads[0].termination_grace_s = 8;
    tenant.run(application);
    CHECK(contains(tenant.log_of_removal("welcome"), "farewell"));
    CHECK(tenant.status().health == Health::absent);
}

TEST_CASE("cluster: variables that only the cluster knows", "[cluster]") {
    const Tenant tenant;
    using Source = lease::EnvironmentVariable::Source;
    auto c = script("");
    c.command = {"/bin/sh", "-c", "echo \"$0|$NAME|$URL\" >/tmp/index.html; " + std::string(kServeTmp)};
    c.arguments = {"$(NAME) $$(NAME) $(NOBODY)"};
    c.environment = {{"NAME", "", Source::pod_name},
                     {"SPACE", "", Source::pod_namespace},
                     {"ADDRESS", "", Source::pod_address},
                     {"URL", "http://$(ADDRESS):8080/$(SPACE)"}};
    c.late_expansion = true;
    const auto seen = tenant.run(web(c));
    const auto space = tenant.shell("echo -n $SPACE");
    CHECK_FALSE(space.empty());
    const auto name = seen.pods.at(0).name;
    CHECK(tenant.page() == name + " $(NAME) $(NOBODY)|" + name + "|http://" + seen.endpoints.at(0).address +
                               ":8080/" + space + "\n");
}

TEST_CASE("cluster: until its startup probe succeeds a container is neither ready nor restarted",
          "[cluster]") {
    const Tenant tenant;
    auto c = script("echo ok >/tmp/index.html; (sleep 3; touch /tmp/up) & " + std::string(kServeTmp));
    c.startup = Probe{Probe::Kind::exec, "", 0, {"/bin/test", "-e", "/tmp/up"}, 0, 1, 1, 30, 1};
    c.liveness = Probe{Probe::Kind::exec, "", 0, {"/bin/test", "-e", "/tmp/up"}, 0, 1, 1, 1, 1};
    REQUIRE(problem_of(tenant.apply(web(c))) == "");
    CHECK(tenant.status().endpoints.empty());
    const auto seen = tenant.wait(Health::ready);
    CHECK(seen.endpoints.size() == 1);
    CHECK(seen.pods.at(0).restarts == 0);
    CHECK(tenant.execute({"/bin/test", "-e", "/tmp/up"}).code == 0);

    const Tenant never("never");
    c.command = {"/bin/sh", "-c", serving("ok")};
    c.startup->failure_threshold = 2;
    REQUIRE(problem_of(never.apply(web(c))) == "");
    CHECK(never.wait([](const auto& s) { return !s.pods.empty() && s.pods[0].restarts > 0; })
              .pods.at(0)
              .restarts >= 1);
    CHECK(never.status().endpoints.empty());
}

TEST_CASE("cluster: hooks run after the start and before the end", "[cluster]") {
    const Tenant tenant;
    using Hook = lease::Hook;
    auto application =
        web(script("until test -e /tmp/index.html; do sleep 0.1; done; echo welcome; " +
                   std::string("trap 'cat /tmp/last; kill $s; exit 0' TERM; httpd -f -p 8080 -h /tmp & "
                               "s=$!; wait $s")));
    auto& c = application.workloads[0].containers[0];
    c.post_start = Hook{Hook::Kind::exec, {"/bin/sh", "-c", "echo hooked >/tmp/index.html"}, "", 0, {}};
    c.pre_stop = Hook{Hook::Kind::exec, {"/bin/sh", "-c", "echo last words >/tmp/last"}, "", 0, {}};
    application.workloads[0].termination_grace_s = 5;
    tenant.run(application);
    CHECK(tenant.page() == "hooked\n");
    CHECK(contains(tenant.log_of_removal("welcome"), "last words"));
}

TEST_CASE("cluster: hooks over HTTP are asked at the pod", "[cluster]") {
    const Tenant tenant;
    using Hook = lease::Hook;
    auto application =
        web(script("mkdir /tmp/cgi-bin; touch /tmp/asked; printf '%s\\n' '#!/bin/sh' "
                   "'echo asked $QUERY_STRING >>/tmp/asked; printf \"Content-Type: text/plain\\r\\n\\r\\n\"' "
                   ">/tmp/cgi-bin/note; "
                   "busybox chmod 755 /tmp/cgi-bin/note; echo welcome; "
                   "trap 'cat /tmp/asked; kill $s; exit 0' TERM; httpd -f -p 8080 -h /tmp & s=$!; wait $s"));
    auto& w = application.workloads[0];
    w.termination_grace_s = 5;
    // A container is not started before the hook of the one before it is done.
    w.containers[0].post_start =
        Hook{Hook::Kind::exec,
             {"/bin/sh", "-c", "until wget -q -O /tmp/seen http://127.0.0.1:8080/asked; do sleep 0.1; done"},
             "",
             0,
             {}};
    w.containers[0].pre_stop = Hook{Hook::Kind::http_get, {}, "/cgi-bin/note?stop", 8080, {}};
    auto side = script("trap 'exit 0' TERM; while true; do sleep 0.1; done", "side");
    side.post_start = Hook{Hook::Kind::http_get, {}, "/cgi-bin/note?start", 8080, {}};
    w.containers.push_back(side);
    tenant.run(application);
    CHECK(tenant.shell("cat /tmp/asked", "", "web") == "asked start\n");
    CHECK(contains(tenant.log_of_removal("welcome"), "asked stop"));
}
