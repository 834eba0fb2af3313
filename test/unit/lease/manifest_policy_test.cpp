#include <catch2/catch.hpp>

#include "lease/manifest.hpp"

using namespace grid;

namespace {

lease::ManifestLimits limits() {
    lease::ManifestLimits l;
    l.bought = {2000, 2048, 4096, 0};
    return l;
}

struct Row {
    const char* what;
    const char* code;
    const char* message;  ///< how it begins
    std::string yaml;
};

/// A pod whose spec has one container, with lines put into the spec and into the container.
std::string pod(const std::string& of_spec, const std::string& of_container = "") {
    return "apiVersion: v1\nkind: Pod\nmetadata: {name: p, labels: {app: p}}\nspec:\n" + of_spec +
           "  containers:\n  - name: c\n    image: nginx:1.27\n" + of_container;
}

std::string deployment(const std::string& of_spec, const std::string& of_template = "",
                       const std::string& of_pod = "") {
    return "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n" + of_spec +
           "  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n" +
           of_template + "    spec:\n" + of_pod +
           "      containers:\n      - name: c\n        image: nginx\n        ports: [{containerPort: 80}]\n";
}

std::string service(const std::string& of_spec) {
    return deployment("") + "---\napiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec:\n" + of_spec +
           "  selector: {app: web}\n  ports: [{port: 80}]\n";
}

const Row kRows[] = {
    // host access
    {"host network", "policy", "Pod/p: spec.hostNetwork: true is not allowed", pod("  hostNetwork: true\n")},
    {"host PIDs", "policy", "Pod/p: spec.hostPID: true is not allowed", pod("  hostPID: true\n")},
    {"host IPC", "policy", "Pod/p: spec.hostIPC: true is not allowed", pod("  hostIPC: true\n")},
    {"host users", "policy", "Pod/p: spec.hostUsers: field is not on the list", pod("  hostUsers: true\n")},
    {"host path", "policy", "Pod/p: spec.volumes[0].hostPath: field is not on the list",
     pod("  volumes: [{name: v, hostPath: {path: /}}]\n")},
    {"host port", "policy", "Pod/p: spec.containers[0].ports[0].hostPort: field is not on the list",
     pod("", "    ports: [{containerPort: 80, hostPort: 80}]\n")},
    {"host IP", "policy", "Pod/p: spec.containers[0].ports[0].hostIP: field is not on the list",
     pod("", "    ports: [{containerPort: 80, hostIP: 0.0.0.0}]\n")},
    {"host aliases", "policy", "Pod/p: spec.hostAliases: field is not on the list",
     pod("  hostAliases: [{ip: 1.2.3.4, hostnames: [x]}]\n")},
    {"UDP", "policy", "Pod/p: spec.containers[0].ports[0].protocol: UDP is not allowed",
     pod("", "    ports: [{containerPort: 53, protocol: UDP}]\n")},
    // privilege
    {"privileged", "policy", "Pod/p: spec.containers[0].securityContext.privileged: true is not allowed",
     pod("", "    securityContext: {privileged: true}\n")},
    {"privileged in a deployment", "policy",
     "Deployment/web: spec.template.spec.containers[0].securityContext.privileged: true is not allowed",
     deployment("") + "        securityContext: {privileged: true}\n"},
    {"privileged as a string", "bad_manifest",
     "Pod/p: spec.containers[0].securityContext.privileged: expected true or false",
     pod("", "    securityContext: {privileged: 'true'}\n")},
    {"privileged in other letters", "bad_manifest",
     "Pod/p: spec.containers[0].securityContext.privileged: expected true or false",
     pod("", "    securityContext: {privileged: yes}\n")},
    {"privileged init container", "policy",
     "Pod/p: spec.initContainers[0].securityContext.privileged: true is not allowed",
     pod("  initContainers: [{name: i, image: busybox, securityContext: {privileged: true}}]\n")},
    {"privilege escalation", "policy",
     "Pod/p: spec.containers[0].securityContext.allowPrivilegeEscalation: true is not allowed",
     pod("", "    securityContext: {allowPrivilegeEscalation: true}\n")},
    {"added capabilities", "policy",
     "Pod/p: spec.containers[0].securityContext.capabilities.add: field is not on the list",
     pod("", "    securityContext: {capabilities: {add: [SYS_ADMIN]}}\n")},
    {"unconfined seccomp", "policy",
     "Pod/p: spec.securityContext.seccompProfile.type: Unconfined is not allowed",
     pod("  securityContext: {seccompProfile: {type: Unconfined}}\n")},
    {"local seccomp", "policy",
     "Pod/p: spec.containers[0].securityContext.seccompProfile.localhostProfile: field is not",
     pod("", "    securityContext: {seccompProfile: {localhostProfile: x, type: RuntimeDefault}}\n")},
    {"procMount", "policy", "Pod/p: spec.containers[0].securityContext.procMount: field is not on the list",
     pod("", "    securityContext: {procMount: Unmasked}\n")},
    {"SELinux", "policy",
     "Pod/p: spec.containers[0].securityContext.seLinuxOptions: field is not on the list",
     pod("", "    securityContext: {seLinuxOptions: {type: spc_t}}\n")},
    {"sysctls", "policy", "Pod/p: spec.securityContext.sysctls: field is not on the list",
     pod("  securityContext: {sysctls: [{name: kernel.shm_rmid_forced, value: '0'}]}\n")},
    {"groups of the host", "policy",
     "Pod/p: spec.securityContext.supplementalGroups: field is not on the list",
     pod("  securityContext: {supplementalGroups: [0]}\n")},
    {"service account", "policy", "Pod/p: spec.serviceAccountName: admin is not allowed",
     pod("  serviceAccountName: admin\n")},
    {"service account token", "policy", "Pod/p: spec.automountServiceAccountToken: true is not allowed",
     pod("  automountServiceAccountToken: true\n")},
    {"shared processes", "policy", "Pod/p: spec.shareProcessNamespace: true is not allowed",
     pod("  shareProcessNamespace: true\n")},
    // placement
    {"node name", "policy", "Pod/p: spec.nodeName: field is not on the list", pod("  nodeName: master\n")},
    {"node selector", "policy", "Pod/p: spec.nodeSelector: field is not on the list",
     pod("  nodeSelector: {a: b}\n")},
    {"affinity", "policy", "Pod/p: spec.affinity: field is not on the list", pod("  affinity: {}\n")},
    {"tolerations", "policy", "Pod/p: spec.tolerations: field is not on the list",
     pod("  tolerations: [{operator: Exists}]\n")},
    {"priority class", "policy", "Pod/p: spec.priorityClassName: field is not on the list",
     pod("  priorityClassName: system-node-critical\n")},
    {"runtime class", "policy", "Pod/p: spec.runtimeClassName: field is not on the list",
     pod("  runtimeClassName: kata\n")},
    {"scheduler", "policy", "Pod/p: spec.schedulerName: field is not on the list",
     pod("  schedulerName: mine\n")},
    {"namespace", "policy", "Pod/p: metadata.namespace: field is not on the list",
     "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: kube-system}\nspec: {containers: [{name: c, "
     "image: a}]}\n"},
    {"finalizers", "policy", "Pod/p: metadata.finalizers: field is not on the list",
     "apiVersion: v1\nkind: Pod\nmetadata: {name: p, finalizers: [x/y]}\nspec: {containers: [{name: c, "
     "image: a}]}\n"},
    {"owner references", "policy", "Pod/p: metadata.ownerReferences: field is not on the list",
     "apiVersion: v1\nkind: Pod\nmetadata: {name: p, ownerReferences: []}\nspec: {containers: [{name: c, "
     "image: a}]}\n"},
    {"labels of ours", "bad_manifest",
     "Pod/p: metadata.labels.grid.lease: the key is not one of the allowed form",
     "apiVersion: v1\nkind: Pod\nmetadata: {name: p, labels: {grid.lease: x}}\nspec: {containers: [{name: c, "
     "image: a}]}\n"},
    {"ephemeral containers", "policy", "Pod/p: spec.ephemeralContainers: field is not on the list",
     pod("  ephemeralContainers: [{name: x, image: y}]\n")},
    {"lifecycle hooks", "policy", "Pod/p: spec.containers[0].lifecycle: field is not on the list",
     pod("", "    lifecycle: {postStart: {exec: {command: [x]}}}\n")},
    {"a deadline", "policy", "Pod/p: spec.activeDeadlineSeconds: field is not on the list",
     pod("  activeDeadlineSeconds: 1\n")},
    // volumes
    {"projected tokens", "policy", "Pod/p: spec.volumes[0].projected: field is not on the list",
     pod("  volumes: [{name: v, projected: {sources: []}}]\n")},
    {"nfs", "policy", "Pod/p: spec.volumes[0].nfs: field is not on the list",
     pod("  volumes: [{name: v, nfs: {server: 10.0.0.1, path: /}}]\n")},
    {"csi", "policy", "Pod/p: spec.volumes[0].csi: field is not on the list",
     pod("  volumes: [{name: v, csi: {driver: x}}]\n")},
    {"memory-backed scratch", "policy", "Pod/p: spec.volumes[0].emptyDir.medium: field is not on the list",
     pod("  volumes: [{name: v, emptyDir: {medium: Memory}}]\n")},
    {"a claim", "policy", "Pod/p: spec.volumes[0].persistentVolumeClaim: field is not on the list",
     pod("  volumes: [{name: v, persistentVolumeClaim: {claimName: x}}]\n")},
    {"mount over proc", "policy",
     "Pod/p: spec.containers[0].volumeMounts[0].mountPath: /proc/self is not allowed",
     pod("  volumes: [{name: v, emptyDir: {}}]\n",
         "    volumeMounts: [{name: v, mountPath: //proc/self/}]\n")},
    {"mount over the root", "policy", "Pod/p: spec.containers[0].volumeMounts[0].mountPath: / is not allowed",
     pod("  volumes: [{name: v, emptyDir: {}}]\n", "    volumeMounts: [{name: v, mountPath: /}]\n")},
    {"mount with a way up", "bad_manifest",
     "Pod/p: spec.containers[0].volumeMounts[0].mountPath: expected an absolute path",
     pod("  volumes: [{name: v, emptyDir: {}}]\n",
         "    volumeMounts: [{name: v, mountPath: /a/../../etc}]\n")},
    {"mount with an option", "bad_manifest",
     "Pod/p: spec.containers[0].volumeMounts[0].mountPath: expected an absolute path",
     pod("  volumes: [{name: v, emptyDir: {}}]\n",
         "    volumeMounts: [{name: v, mountPath: '/a:rw,dev'}]\n")},
    {"mount propagation", "policy",
     "Pod/p: spec.containers[0].volumeMounts[0].mountPropagation: field is not on the list",
     pod("  volumes: [{name: v, emptyDir: {}}]\n",
         "    volumeMounts: [{name: v, mountPath: /a, mountPropagation: Bidirectional}]\n")},
    {"a file's name with a way up", "bad_manifest",
     "Pod/p: spec.volumes[0].configMap.items[0].path: expected a key",
     pod("  volumes: [{name: v, configMap: {name: c, items: [{key: k, path: ../../x}]}}]\n")},
    {"setuid files", "bad_manifest",
     "Pod/p: spec.volumes[0].configMap.defaultMode: expected 0 to 511, came 04755",
     pod("  volumes: [{name: v, configMap: {name: c, defaultMode: 04755}}]\n")},
    {"devices", "policy", "Pod/p: spec.containers[0].volumeDevices: field is not on the list",
     pod("", "    volumeDevices: [{name: v, devicePath: /dev/sda}]\n")},
    // services
    {"node port", "policy", "Service/web: spec.type: NodePort is not allowed", service("  type: NodePort\n")},
    {"load balancer", "policy", "Service/web: spec.type: LoadBalancer is not allowed",
     service("  type: LoadBalancer\n")},
    {"external name", "policy", "Service/web: spec.externalName: field is not on the list",
     service("  externalName: metadata.internal\n")},
    {"external addresses", "policy", "Service/web: spec.externalIPs: field is not on the list",
     service("  externalIPs: [1.2.3.4]\n")},
    {"a chosen cluster address", "policy", "Service/web: spec.clusterIP: 10.96.0.1 is not allowed",
     service("  clusterIP: 10.96.0.1\n")},
    // other objects
    {"role binding", "policy", "ClusterRoleBinding/x: kind: kind is not on the list",
     "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: x}\n"},
    {"daemon set", "policy", "DaemonSet/x: kind: kind is not on the list",
     "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: x}\n"},
    {"list of objects", "policy", "List/: kind: kind is not on the list",
     "apiVersion: v1\nkind: List\nitems: []\n"},
    {"old version", "bad_manifest", "Deployment/x: apiVersion: expected apps/v1, came extensions/v1beta1",
     "apiVersion: extensions/v1beta1\nkind: Deployment\nmetadata: {name: x}\n"},
    {"a service account's token as a secret", "policy",
     "Secret/s: type: kubernetes.io/service-account-token is not allowed",
     "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ntype: kubernetes.io/service-account-token\n"},
    {"fields of the node", "policy",
     "Pod/p: spec.containers[0].env[0].valueFrom.fieldRef: field is not on the list",
     pod("", "    env: [{name: A, valueFrom: {fieldRef: {fieldPath: status.hostIP}}}]\n")},
    // images
    {"a registry by address", "policy",
     "Pod/p: spec.containers[0].image: an image from a registry by IP address",
     "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: "
     "'169.254.169.254/x'}]}\n"},
    {"an image of the provider", "policy", "Pod/p: spec.containers[0].image: an image of the provider's own",
     "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: "
     "localhost/grid}]}\n"},
    {"a file as an image", "bad_manifest", "Pod/p: spec.containers[0].image: expected an image",
     "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: "
     "'docker-archive:/etc/x'}]}\n"},
    {"never pulled", "policy", "Pod/p: spec.containers[0].imagePullPolicy: Never is not allowed",
     pod("", "    imagePullPolicy: Never\n")},
    {"another pull secret", "policy", "Pod/p: spec.imagePullSecrets: field is not on the list",
     pod("  imagePullSecrets: [{name: x}]\n")},
    // more than was bought
    {"too much cpu", "too_large", "asked for 2001m of cpu (over all replicas), the order bought 2",
     pod("", "    resources: {limits: {cpu: 2001m}}\n")},
    {"too much memory over replicas", "too_large",
     "asked for 3Gi of memory (over all replicas), the order bought 2Gi",
     deployment("  replicas: 3\n", "", "      terminationGracePeriodSeconds: 1\n") +
         "        resources: {requests: {memory: 1Gi}}\n"},
    {"too much in an init container", "too_large", "asked for 3 of cpu",
     pod("  initContainers: [{name: i, image: a, resources: {requests: {cpu: 3}}}]\n")},
    {"too much storage", "too_large", "asked for 1Ti of ephemeral storage",
     pod("", "    resources: {limits: {ephemeral-storage: 1Ti}}\n")},
    {"a sum over 64 bits", "too_large", "asked for 36893488147419102000 of cpu",
     deployment("  replicas: 2\n") + "        resources: {limits: {cpu: '18446744073709551'}}\n"},
    {"too many pods", "too_large", "Deployment/web: asked for 65 pods so far, at most 64 are allowed",
     deployment("  replicas: 65\n")},
    {"GPUs", "policy", "Pod/p: spec.containers[0].resources.limits.nvidia.com/gpu: field is not on the list",
     pod("", "    resources: {limits: {nvidia.com/gpu: 1}}\n")},
    {"negative cpu", "bad_manifest", "Pod/p: spec.containers[0].resources.limits.cpu: \"-1\" is negative",
     pod("", "    resources: {limits: {cpu: -1}}\n")},
    {"no cpu", "bad_manifest", "Pod/p: spec.containers[0].resources.limits.cpu: expected more than 0",
     pod("", "    resources: {limits: {cpu: 0}}\n")},
    {"a request above the limit", "bad_manifest",
     "Pod/p: spec.containers[0].resources.requests.cpu: the request is above",
     pod("", "    resources: {requests: {cpu: 2}, limits: {cpu: 1}}\n")},
    {"a share of nothing", "too_large", "containers that do not say how much cpu they need would get 0",
     pod("", "    resources: {limits: {cpu: 2}}\n") + "  - {name: d, image: nginx}\n"},
    // wrong types and contradictions
    {"a typing error", "policy", "Pod/p: spec.containers[0].imagePulPolicy: field is not on the list",
     pod("", "    imagePulPolicy: Always\n")},
    {"a number as a string", "bad_manifest",
     "Pod/p: spec.containers[0].env[0].value: expected a string, came a number; put it in quotes",
     pod("", "    env: [{name: A, value: 1}]\n")},
    {"a boolean as a label", "bad_manifest", "Pod/p: metadata.labels.a: expected a string, came a boolean",
     "apiVersion: v1\nkind: Pod\nmetadata: {name: p, labels: {a: yes}}\nspec: {containers: [{name: c, image: "
     "a}]}\n"},
    {"a string as a number", "bad_manifest",
     "Deployment/web: spec.replicas: expected a whole number, came a string",
     deployment("  replicas: '3'\n")},
    {"negative replicas", "bad_manifest", "Deployment/web: spec.replicas: expected 0 to 1000, came -1",
     deployment("  replicas: -1\n")},
    {"an object as a list", "bad_manifest", "Pod/p: spec.volumes: expected a list, came an object",
     pod("  volumes: {a: b}\n")},
    {"no containers", "bad_manifest", "Pod/p: spec.containers: expected 1 to 64 elements, came 0",
     "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: []}\n"},
    {"no image", "bad_manifest", "Pod/p: spec.containers[0].image: is required",
     "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c}]}\n"},
    {"no name", "bad_manifest", "Pod/: metadata: is required",
     "apiVersion: v1\nkind: Pod\nspec: {containers: [{name: c, image: a}]}\n"},
    {"a name that is none", "bad_manifest", "Pod/P_1: metadata.name: expected a DNS label",
     "apiVersion: v1\nkind: Pod\nmetadata: {name: P_1}\nspec: {containers: [{name: c, image: a}]}\n"},
    {"port 0", "bad_manifest",
     "Pod/p: spec.containers[0].ports[0].containerPort: expected 1 to 65535, came 0",
     pod("", "    ports: [{containerPort: 0}]\n")},
    {"port 65536", "bad_manifest", "Service/web: spec.ports[0].port: expected 1 to 65535",
     deployment("") + "---\n{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {selector: {app: "
                      "web}, ports: [{port: 65536}]}}\n"},
    {"a service of nothing", "bad_manifest",
     "Service/x: spec.selector: no pods of the manifest have these labels",
     deployment("") + "---\n{apiVersion: v1, kind: Service, metadata: {name: x}, spec: {selector: {app: "
                      "other}, ports: [{port: 80}]}}\n"},
    {"a service of everything", "bad_manifest", "Service/x: spec.selector: no pods of the manifest",
     deployment("") + "---\n{apiVersion: v1, kind: Service, metadata: {name: x}, spec: {selector: {}, ports: "
                      "[{port: 80}]}}\n"},
    {"a port's name that is nowhere", "bad_manifest",
     "Service/x: spec.ports[0].targetPort: there is no port named \"http\"",
     deployment("") + "---\n{apiVersion: v1, kind: Service, metadata: {name: x}, spec: {selector: {app: "
                      "web}, ports: [{port: 80, targetPort: http}]}}\n"},
    {"a selector that misses", "bad_manifest",
     "Deployment/web: spec.selector.matchLabels: expected labels that the template's pods have",
     "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  selector: {matchLabels: {app: "
     "web}}\n"
     "  template: {metadata: {labels: {app: other}}, spec: {containers: [{name: c, image: a}]}}\n"},
    {"a deployment that ends", "policy",
     "Deployment/web: spec.template.spec.restartPolicy: Never is not allowed",
     deployment("", "", "      restartPolicy: Never\n")},
    {"the same name twice", "bad_manifest", "Pod/p: the name stands in the manifest twice",
     pod("") + "---\n" + pod("")},
    {"two containers of a name", "bad_manifest", "Pod/p: spec: two containers are named \"c\"",
     pod("  initContainers: [{name: c, image: a}]\n")},
    {"a missing volume", "bad_manifest",
     "Pod/p: spec.containers[0].volumeMounts[0].name: there is no volume \"v\"",
     pod("", "    volumeMounts: [{name: v, mountPath: /a}]\n")},
    {"a missing ConfigMap", "bad_manifest",
     "Pod/p: spec.volumes[0].configMap: there is no ConfigMap \"c\" in the manifest",
     pod("  volumes: [{name: v, configMap: {name: c}}]\n")},
    {"a missing Secret", "bad_manifest",
     "Pod/p: spec.containers[0].envFrom[0].secretRef: there is no Secret \"s\"",
     pod("", "    envFrom: [{secretRef: {name: s}}]\n")},
    {"a missing key", "bad_manifest",
     "Pod/p: spec.containers[0].env[0].valueFrom.configMapKeyRef: there is no key \"k\"",
     "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n---\n" +
         pod("", "    env: [{name: A, valueFrom: {configMapKeyRef: {name: c, key: k}}}]\n")},
    {"broken base64", "bad_manifest", "Secret/s: data.k: expected base64",
     "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {k: '***'}\n---\n" + pod("")},
    {"two kinds of probe", "bad_manifest",
     "Pod/p: spec.containers[0].livenessProbe: expected one of httpGet, tcpSocket and exec",
     pod("", "    livenessProbe: {tcpSocket: {port: 1}, httpGet: {port: 1}}\n")},
    {"a probe elsewhere", "policy",
     "Pod/p: spec.containers[0].readinessProbe.httpGet.host: field is not on the list",
     pod("", "    readinessProbe: {httpGet: {port: 1, host: 169.254.169.254}}\n")},
    {"a probe that smuggles", "bad_manifest",
     "Pod/p: spec.containers[0].readinessProbe.httpGet.path: expected a path",
     pod("", "    readinessProbe: {httpGet: {port: 1, path: \"/ HTTP/1.1\\r\\nHost: x\"}}\n")},
    {"root that is not root", "bad_manifest",
     "Pod/p: spec.containers[0].securityContext.runAsUser: 0 contradicts",
     pod("  securityContext: {runAsNonRoot: true}\n", "    securityContext: {runAsUser: 0}\n")},
    {"text", "bad_manifest", "document 1: expected an object", "hello\n"},
    {"no kind", "bad_manifest", "document 1: kind: is required", "a: b\n"},
    {"nothing", "bad_manifest", "the manifest has nothing to run", ""},
    {"a ConfigMap alone", "bad_manifest", "the manifest has nothing to run",
     "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n"},
    {"a tab", "bad_manifest", "line 2, column", "apiVersion: v1\n\tkind: Pod\n"},
};

}  // namespace

TEST_CASE("hostile and mistaken manifests are refused with code and path") {
    for (const Row& row : kRows) {
        INFO(row.what << "\n" << row.yaml);
        const auto application = lease::lower_manifest(row.yaml, limits());
        REQUIRE_FALSE(application);
        CHECK(application.error().code == row.code);
        INFO(application.error().message);
        CHECK(application.error().message.find(row.message) == 0);
    }
    CHECK(std::size(kRows) > 100);
}

TEST_CASE("refusals name the line") {
    const auto refused = lease::lower_manifest(pod("  hostNetwork: true\n"), limits());
    CHECK(refused.error().message == "Pod/p: spec.hostNetwork: true is not allowed (line 5)");
    const auto alias = lease::lower_manifest("<<: {a: b}\n" + pod(""), limits());
    REQUIRE_FALSE(alias);
    CHECK(alias.error().message.find("Pod/p: <<: field is not on the list") == 0);
}

TEST_CASE("the restricted profile forces ordinary users") {
    auto restricted = limits();
    restricted.profile = lease::Profile::restricted;
    const auto plain = lease::lower_manifest(pod(""), restricted);
    REQUIRE(plain);
    CHECK(plain->workloads[0].containers[0].run_as_non_root);
    const std::pair<std::string, const char*> rows[] = {
        {pod("  securityContext: {runAsUser: 0}\n"),
         "Pod/p: spec.containers[0].securityContext.runAsUser: 0 is not allowed"},
        {pod("", "    securityContext: {runAsNonRoot: false}\n"),
         "Pod/p: spec.containers[0].securityContext.runAsNonRoot: false is not allowed"},
        {pod("  initContainers: [{name: i, image: a, securityContext: {runAsUser: 0}}]\n"),
         "Pod/p: spec.initContainers[0].securityContext.runAsUser: 0 is not allowed"},
    };
    for (const auto& [yaml, message] : rows) {
        const auto refused = lease::lower_manifest(yaml, restricted);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == "policy");
        CHECK(refused.error().message.find(message) == 0);
        CHECK(lease::lower_manifest(yaml, limits()));
    }
}

TEST_CASE("what a manifest repeats is bounded before it is built") {
    std::string variables = "    env:\n    - {name: A0, value: xxxxxxxxxxxxxxxx}\n";
    for (int i = 1; i < 40; ++i) {
        const std::string before = "$(A" + std::to_string(i - 1) + ")";
        variables += "    - {name: A" + std::to_string(i) + ", value: '" + before + before + "'}\n";
    }
    const auto bomb = lease::lower_manifest(pod("", variables), limits());
    REQUIRE_FALSE(bomb);
    CHECK(bomb.error().code == "too_large");

    std::string mounts = "    volumeMounts:\n";
    for (int i = 0; i < 64; ++i) mounts += "    - {name: v, mountPath: /m" + std::to_string(i) + "}\n";
    const auto files = lease::lower_manifest(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {k: " + std::string(500'000, 'x') +
            "}\n---\n" + pod("  volumes: [{name: v, configMap: {name: c}}]\n", mounts),
        limits());
    REQUIRE_FALSE(files);
    CHECK(files.error().code == "too_large");
}

TEST_CASE("no message repeats the value of a secret") {
    const auto refused = lease::lower_manifest(
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {password: hunter2hunter2}\n---\n" +
            pod(""),
        limits());
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message.find("hunter2") == std::string::npos);
}
