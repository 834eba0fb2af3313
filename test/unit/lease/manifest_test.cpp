#include "lease/manifest.hpp"

#include <catch2/catch.hpp>

using namespace grid;

namespace {

lease::ManifestLimits limits() {
    lease::ManifestLimits l;
    l.bought = {2000, 2048, 4096, 0};
    return l;
}

lease::Application lowered(const std::string& yaml, const lease::ManifestLimits& l = limits()) {
    const auto application = lease::lower_manifest(yaml, l);
    INFO((application ? "" : application.error().code + ": " + application.error().message));
    REQUIRE(application);
    return *application;
}

std::string variable(const lease::Container& container, const std::string& name) {
    for (const auto& v : container.environment)
        if (v.name == name) return v.value;
    return "(not set)";
}

}  // namespace

TEST_CASE("nginx as kubectl create deployment writes it") {
    const auto app = lowered(R"yaml(apiVersion: apps/v1
kind: Deployment
metadata:
  creationTimestamp: null
  labels:
    app: nginx
  name: nginx
spec:
  replicas: 1
  selector:
    matchLabels:
      app: nginx
  strategy: {}
  template:
    metadata:
      creationTimestamp: null
      labels:
        app: nginx
    spec:
      containers:
      - image: nginx:1.27-alpine
        name: nginx
        ports:
        - containerPort: 80
        resources: {}
status: {}
)yaml");
    REQUIRE(app.workloads.size() == 1);
    const auto& nginx = app.workloads[0];
    CHECK(nginx.name == "nginx");
    CHECK(nginx.kind == lease::WorkloadKind::deployment);
    CHECK(nginx.replicas == 1);
    CHECK(nginx.restart == lease::RestartPolicy::always);
    CHECK(nginx.termination_grace_s == 30);
    CHECK(nginx.labels == std::map<std::string, std::string>{{"app", "nginx"}});
    REQUIRE(nginx.containers.size() == 1);
    CHECK(nginx.containers[0].image == "nginx:1.27-alpine");
    CHECK(nginx.containers[0].pull_always);
    CHECK(nginx.containers[0].cpu_milli == 2000);  // the whole order
    CHECK(nginx.containers[0].memory_mib == 2048);
    CHECK(nginx.containers[0].storage_mib == 4096);
    CHECK_FALSE(nginx.containers[0].run_as_non_root);
    CHECK(app.services.empty());
    CHECK(app.entrances == std::vector<lease::EntrancePoint>{{"nginx", "nginx", 80}});
}

TEST_CASE("redis with a service by the name of its port") {
    const auto app = lowered(R"yaml(
apiVersion: v1
kind: Service
metadata: {name: redis}
spec:
  selector: {app: redis}
  ports:
  - port: 6379
    targetPort: redis
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: redis-server}
spec:
  replicas: 2
  selector: {matchLabels: {app: redis}}
  template:
    metadata: {labels: {app: redis, tier: cache}}
    spec:
      terminationGracePeriodSeconds: 5
      containers:
      - name: redis
        image: redis:7
        args: ["--maxmemory", "64mb"]
        ports: [{name: redis, containerPort: 6380}]
        resources:
          requests: {cpu: 100m, memory: 128Mi}
          limits: {cpu: "0.5", memory: 0.25Gi}
        livenessProbe: {tcpSocket: {port: redis}, initialDelaySeconds: 3}
        readinessProbe: {exec: {command: [redis-cli, ping]}, periodSeconds: 5, successThreshold: 2}
)yaml");
    const auto& redis = app.workloads.at(0);
    CHECK(redis.replicas == 2);
    CHECK(redis.termination_grace_s == 5);
    const auto& container = redis.containers.at(0);
    CHECK(container.cpu_milli == 500);
    CHECK(container.memory_mib == 256);
    CHECK(container.storage_mib == 2048);  // half of the order for each replica
    CHECK(container.arguments == std::vector<std::string>{"--maxmemory", "64mb"});
    REQUIRE(container.liveness);
    CHECK(container.liveness->kind == lease::Probe::Kind::tcp_socket);
    CHECK(container.liveness->port == 6380);
    CHECK(container.liveness->initial_delay_s == 3);
    CHECK(container.liveness->period_s == 10);
    REQUIRE(container.readiness);
    CHECK(container.readiness->command == std::vector<std::string>{"redis-cli", "ping"});
    CHECK(container.readiness->success_threshold == 2);
    CHECK(app.services == std::vector<lease::Service>{{"redis", "redis-server", {{"", 6379, 6380}}}});
    CHECK(app.entrances == std::vector<lease::EntrancePoint>{{"redis", "redis-server", 6380}});
}

TEST_CASE("postgres with its password from a Secret") {
    const auto app = lowered(R"yaml(
apiVersion: v1
kind: Secret
metadata: {name: postgres}
type: Opaque
data:
  password: czNjcjN0
stringData:
  user: admin
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: postgres}
spec:
  selector: {matchLabels: {app: postgres}}
  template:
    metadata: {labels: {app: postgres}}
    spec:
      securityContext: {runAsUser: 999, runAsGroup: 999}
      containers:
      - name: postgres
        image: docker.io/library/postgres:16
        env:
        - {name: POSTGRES_PASSWORD, valueFrom: {secretKeyRef: {name: postgres, key: password}}}
        - {name: POSTGRES_USER, valueFrom: {secretKeyRef: {name: postgres, key: user}}}
        - {name: PGDATA, value: /data/pg}
        - {name: NOTHING, valueFrom: {secretKeyRef: {name: other, key: x, optional: true}}}
        - {name: DATABASE_URL, value: "postgres://$(POSTGRES_USER):$(POSTGRES_PASSWORD)@postgres/$(LATER)"}
        - {name: LATER, value: x}
        ports: [{containerPort: 5432}]
        volumeMounts: [{name: data, mountPath: /data/}]
        readinessProbe: {exec: {command: [pg_isready, -U, admin]}}
      volumes: [{name: data, emptyDir: {}}]
)yaml");
    const auto& container = app.workloads.at(0).containers.at(0);
    CHECK(variable(container, "POSTGRES_PASSWORD") == "s3cr3t");
    CHECK(variable(container, "NOTHING") == "(not set)");
    CHECK(variable(container, "DATABASE_URL") == "postgres://admin:s3cr3t@postgres/$(LATER)");
    CHECK(container.scratch == std::vector<lease::ScratchMount>{{"data", "/data", false}});
    CHECK(container.run_as_user == lease::UserId{999});
    CHECK(container.run_as_group == lease::UserId{999});
}

TEST_CASE("a node application with a ConfigMap as environment and as files") {
    const auto app = lowered(R"yaml(
apiVersion: v1
kind: ConfigMap
metadata: {name: app-config}
data:
  PORT: "3000"
  settings.json: |
    {"greeting": "hello"}
binaryData:
  logo.bin: AAH/
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: api
  labels: {app.kubernetes.io/name: api}
  annotations: {deployment.kubernetes.io/revision: "1"}
spec:
  selector: {matchLabels: {app.kubernetes.io/name: api}}
  strategy: {type: RollingUpdate}
  template:
    metadata: {labels: {app.kubernetes.io/name: api, version: v1}}
    spec:
      containers:
      - name: api
        image: node:22-slim
        imagePullPolicy: IfNotPresent
        workingDir: /app
        command: [node, server.js]
        args: [--port=$(PORT), $$(PORT), $(UNKNOWN)]
        envFrom:
        - configMapRef: {name: app-config}
        - {prefix: X_, configMapRef: {name: app-config}}
        - secretRef: {name: not-there, optional: true}
        env: [{name: NODE_ENV, value: production}, {name: EMPTY}]
        ports: [{name: http, containerPort: 3000, protocol: TCP}]
        readinessProbe: {httpGet: {path: /healthz, port: http, scheme: HTTP}}
        livenessProbe: {httpGet: {port: 3000}, failureThreshold: 5, timeoutSeconds: 2}
        securityContext:
          readOnlyRootFilesystem: true
          allowPrivilegeEscalation: false
          capabilities: {drop: [ALL]}
          seccompProfile: {type: RuntimeDefault}
        volumeMounts:
        - {name: config, mountPath: /etc/app, readOnly: true}
        - {name: logo, mountPath: /etc/logo}
        - {name: tmp, mountPath: /tmp}
      volumes:
      - name: config
        configMap: {name: app-config, defaultMode: 0440}
      - name: logo
        configMap: {name: app-config, items: [{key: logo.bin, path: l.bin}]}
      - name: tmp
---
apiVersion: v1
kind: Service
metadata: {name: api}
spec:
  type: ClusterIP
  selector: {app.kubernetes.io/name: api}
  ports:
  - {name: http, port: 80, targetPort: http}
  - {name: raw, port: 3000}
)yaml");
    const auto& container = app.workloads.at(0).containers.at(0);
    CHECK(container.command == std::vector<std::string>{"node", "server.js"});
    CHECK(container.arguments == std::vector<std::string>{"--port=3000", "$(PORT)", "$(UNKNOWN)"});
    CHECK(container.working_directory == "/app");
    CHECK(variable(container, "PORT") == "3000");
    CHECK(variable(container, "X_PORT") == "3000");
    CHECK(variable(container, "NODE_ENV") == "production");
    CHECK(variable(container, "EMPTY").empty());
    REQUIRE(container.files.size() == 2);
    CHECK(container.files[0].directory == "/etc/app");
    CHECK(container.files[0].mode == 0440);
    CHECK(container.files[0].files.at("settings.json") == "{\"greeting\": \"hello\"}\n");
    CHECK(container.files[0].files.size() == 3);
    CHECK(container.files[1].files ==
          std::map<std::string, std::string>{{"l.bin", std::string("\0\1\xff", 3)}});
    CHECK(container.files[1].mode == 0444);
    CHECK(container.scratch == std::vector<lease::ScratchMount>{{"tmp", "/tmp", false}});
    CHECK(container.read_only_root);
    CHECK(container.readiness->path == "/healthz");
    CHECK(container.liveness->path == "/");
    CHECK(container.liveness->port == 3000);
    CHECK(container.liveness->failure_threshold == 5);
    CHECK(app.services.at(0).ports ==
          std::vector<lease::ServicePort>{{"http", 80, 3000}, {"raw", 3000, 3000}});
    CHECK(app.entrances == std::vector<lease::EntrancePoint>{{"api", "api", 3000}, {"api-raw", "api", 3000}});
}

TEST_CASE("jupyter as a single pod") {
    const auto app = lowered(R"yaml(
apiVersion: v1
kind: Pod
metadata: {name: jupyter, labels: {app: jupyter}}
spec:
  restartPolicy: OnFailure
  automountServiceAccountToken: false
  containers:
  - name: notebook
    image: quay.io/jupyter/minimal-notebook:2024-10-07
    command: ["start-notebook.py", "--NotebookApp.token=''"]
    ports: [{containerPort: 8888}]
    resources: {limits: {cpu: 1, memory: 1G, ephemeral-storage: 1Gi}}
    securityContext: {runAsUser: 1000, runAsNonRoot: true}
)yaml");
    const auto& pod = app.workloads.at(0);
    CHECK(pod.kind == lease::WorkloadKind::pod);
    CHECK(pod.restart == lease::RestartPolicy::on_failure);
    CHECK(pod.containers[0].memory_mib == 954);  // 10^9 bytes, rounded up
    CHECK(pod.containers[0].cpu_milli == 1000);
    CHECK(pod.containers[0].storage_mib == 1024);
    CHECK(pod.containers[0].run_as_non_root);
    CHECK(app.entrances == std::vector<lease::EntrancePoint>{{"jupyter", "jupyter", 8888}});
}

TEST_CASE("wordpress with its database: two workloads, the first service is the entrance") {
    const auto app = lowered(R"yaml(
apiVersion: v1
kind: Service
metadata: {name: wordpress}
spec: {selector: {app: wordpress}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: mysql}
spec: {clusterIP: None, selector: {app: mysql}, ports: [{port: 3306}]}
---
apiVersion: v1
kind: Secret
metadata: {name: mysql}
stringData: {password: pass word}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: mysql}
spec:
  selector: {matchLabels: {app: mysql}}
  template:
    metadata: {labels: {app: mysql}}
    spec:
      containers:
      - name: mysql
        image: mysql:8
        env: [{name: MYSQL_ROOT_PASSWORD, valueFrom: {secretKeyRef: {name: mysql, key: password}}}]
        resources: {limits: {cpu: 500m}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: wordpress}
spec:
  selector: {matchLabels: {app: wordpress}}
  template:
    metadata: {labels: {app: wordpress}}
    spec:
      initContainers:
      - name: wait
        image: busybox:1.36
        command: [sh, -c, "until nc -z mysql 3306; do sleep 1; done"]
      containers:
      - name: wordpress
        image: wordpress:6-apache
        env: [{name: WORDPRESS_DB_HOST, value: mysql}]
)yaml");
    CHECK(app.entrances.at(0) == lease::EntrancePoint{"wordpress", "wordpress", 80});
    CHECK(app.entrances.at(1) == lease::EntrancePoint{"mysql", "mysql", 3306});
    const auto& mysql = app.workloads.at(0);
    const auto& wordpress = app.workloads.at(1);
    CHECK(mysql.containers[0].cpu_milli == 500);
    CHECK(wordpress.containers[0].cpu_milli == 1500);  // what is left
    CHECK(mysql.containers[0].memory_mib == 1024);     // half and half
    CHECK(wordpress.containers[0].memory_mib == 1024);
    CHECK(wordpress.init_containers[0].memory_mib == 1024);  // runs before, costs nothing more
    CHECK(wordpress.init_containers[0].cpu_milli == 1500);
}

TEST_CASE("a static site whose page comes from a ConfigMap, in flow style") {
    const auto app = lowered(
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: page.html}, data: {index.html: "
        "'<h1>hello</h1>'}}\n---\n"
        "{apiVersion: v1, kind: Pod, metadata: {name: site}, spec: {containers: [{name: web, image: "
        "'caddy:2', ports: "
        "[{containerPort: 8080}], volumeMounts: [{name: page, mountPath: /usr/share/caddy}]}], volumes: "
        "[{name: page, "
        "configMap: {name: page.html}}]}}\n");
    CHECK(app.workloads[0].containers[0].files[0].files.at("index.html") == "<h1>hello</h1>");
}

TEST_CASE("a worker without an entrance, with anchors and a sidecar") {
    const auto app = lowered(R"yaml(
apiVersion: apps/v1
kind: Deployment
metadata: {name: worker}
spec:
  replicas: 3
  selector: {matchLabels: &labels {app: worker}}
  template:
    metadata: {labels: *labels}
    spec:
      containers:
      - {name: worker, image: ghcr.io/example/worker:1.0.0}
      - name: sidecar
        image: fluent/fluent-bit:3.1
        resources: {limits: {cpu: 50m, memory: 32Mi}}
)yaml");
    const auto& worker = app.workloads.at(0);
    CHECK(worker.labels == std::map<std::string, std::string>{{"app", "worker"}});
    CHECK(worker.containers[0].cpu_milli == 616);   // floor((2000 - 3 * 50) / 3)
    CHECK(worker.containers[0].memory_mib == 650);  // floor((2048 - 3 * 32) / 3)
    CHECK(app.entrances.empty());
}

TEST_CASE("an image of the provider's own where that is allowed") {
    auto own = limits();
    own.images.allow_local = true;
    const auto app = lowered(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: sample}\nspec:\n  containers:\n  - name: web\n    "
        "image: "
        "localhost/grid/sample:dev\n    imagePullPolicy: Never\n    ports: [{containerPort: 8080}]\n",
        own);
    CHECK_FALSE(app.workloads[0].containers[0].pull_always);
}
