/// Pods as this driver lets them run: everything that Container's description promises is put in here.
#include <algorithm>
#include <set>

#include "adapters/kubernetes/plan.hpp"

namespace grid::adapters::kubernetes {

using lease::Container;
using lease::Workload;

namespace {

json::array strings(const std::vector<std::string>& texts) {
    json::array out;
    for (const auto& text : texts) out.emplace_back(text);
    return out;
}

/// Kubernetes replaces $(NAME) in values, command and arguments; "$$" stands for "$".
std::string literal(const std::string& text, const Container& container) {
    if (container.late_expansion) return text;
    std::string out;
    for (const char c : text) out += c == '$' ? std::string("$$") : std::string(1, c);
    return out;
}

std::string mebibytes(std::uint64_t n) {
    return std::to_string(n) + "Mi";
}

/// A Secret that is named after its content: another version of the application has another one.
std::string add_secret(const PlanContext& context, const std::string& app, const std::string& type,
                       json::object data, std::vector<Planned>& objects) {
    const auto name = app + "-" + digest(type + json::serialize(data), 16);
    for (const auto& planned : objects)
        if (planned.name() == name && planned.resource == core::kSecrets) return name;
    auto labels = context.labels;
    labels[label::kApp] = app;
    objects.push_back({core::kSecrets,
                       {{"apiVersion", "v1"},
                        {"kind", "Secret"},
                        {"metadata", json::object{{"name", name}, {"labels", std::move(labels)}}},
                        {"type", type},
                        {"data", std::move(data)}}});
    return name;
}

json::object http_action(const std::string& path, std::uint16_t port,
                         const std::vector<lease::HttpHeader>& headers) {
    json::object action{{"path", path.empty() ? "/" : path}, {"port", port}};
    json::array list;
    for (const auto& header : headers)
        list.push_back(json::object{{"name", header.name}, {"value", header.value}});
    if (!list.empty()) action["httpHeaders"] = std::move(list);
    return action;
}

json::object probe_object(const lease::Probe& probe) {
    json::object out{{"initialDelaySeconds", probe.initial_delay_s},
                     {"periodSeconds", probe.period_s},
                     {"timeoutSeconds", probe.timeout_s},
                     {"failureThreshold", probe.failure_threshold},
                     {"successThreshold", probe.success_threshold}};
    switch (probe.kind) {
        case lease::Probe::Kind::http_get:
            out["httpGet"] = http_action(probe.path, probe.port, probe.headers);
            break;
        case lease::Probe::Kind::tcp_socket:
            out["tcpSocket"] = json::object{{"port", probe.port}};
            break;
        case lease::Probe::Kind::exec:
            out["exec"] = json::object{{"command", strings(probe.command)}};
            break;
    }
    return out;
}

json::object hook_object(const lease::Hook& hook) {
    if (hook.kind == lease::Hook::Kind::exec)
        return {{"exec", json::object{{"command", strings(hook.command)}}}};
    return {{"httpGet", http_action(hook.path, hook.port, hook.headers)}};
}

/// Builds one pod; volumes are gathered from its containers.
class PodBuilder {
public:
    PodBuilder(const PlanContext& context, const std::string& app, const Workload& workload,
               std::vector<Planned>& objects)
        : context_(context), app_(app), workload_(workload), objects_(objects) {}

    json::array containers(const std::vector<Container>& list) {
        json::array out;
        for (const auto& container : list) out.push_back(one(container));
        return out;
    }

    json::array volumes() {
        json::array out = std::move(secret_volumes_);
        for (const auto& scratch : workload_.scratch) {
            json::object directory;
            if (scratch.size_mib > 0) directory["sizeLimit"] = mebibytes(scratch.size_mib);
            if (scratch.in_memory) directory["medium"] = "Memory";
            out.push_back(
                json::object{{"name", "scratch-" + scratch.name}, {"emptyDir", std::move(directory)}});
        }
        for (const auto& claim : claims_)
            out.push_back(json::object{{"name", claim_volume(claim)},
                                       {"persistentVolumeClaim", json::object{{"claimName", claim}}}});
        return out;
    }

private:
    /// The volume of a stateful set's own template has the template's name.
    std::string claim_volume(const std::string& claim) const {
        const bool is_template =
            std::any_of(workload_.claim_templates.begin(), workload_.claim_templates.end(),
                        [&](const auto& t) { return t.name == claim; });
        return is_template ? claim : "claim-" + claim;
    }

    json::object one(const Container& c) {
        json::object out{{"name", c.name}, {"image", c.image}};
        const bool local = c.image.starts_with("localhost/");
        out["imagePullPolicy"] = local ? "Never" : c.pull_always ? "Always" : "IfNotPresent";
        json::array command, arguments;
        for (const auto& word : c.command) command.emplace_back(literal(word, c));
        for (const auto& word : c.arguments) arguments.emplace_back(literal(word, c));
        if (!command.empty()) out["command"] = std::move(command);
        if (!arguments.empty()) out["args"] = std::move(arguments);
        if (!c.working_directory.empty()) out["workingDir"] = c.working_directory;
        if (!c.environment.empty()) out["env"] = environment(c);
        json::array ports;
        for (const auto& port : c.ports) {
            json::object entry{{"containerPort", port.number},
                               {"protocol", port.protocol == lease::Protocol::udp ? "UDP" : "TCP"}};
            if (!port.name.empty()) entry["name"] = port.name;
            ports.push_back(std::move(entry));
        }
        if (!ports.empty()) out["ports"] = std::move(ports);
        out["terminationMessagePolicy"] = "FallbackToLogsOnError";  // the reason of a crash
        out["resources"] = resources(c);
        out["securityContext"] = security(c);
        if (auto list = mounts(c); !list.empty()) out["volumeMounts"] = std::move(list);
        if (c.readiness) out["readinessProbe"] = probe_object(*c.readiness);
        if (c.liveness) out["livenessProbe"] = probe_object(*c.liveness);
        if (c.startup) out["startupProbe"] = probe_object(*c.startup);
        json::object lifecycle;
        if (c.post_start) lifecycle["postStart"] = hook_object(*c.post_start);
        if (c.pre_stop) lifecycle["preStop"] = hook_object(*c.pre_stop);
        if (!lifecycle.empty()) out["lifecycle"] = std::move(lifecycle);
        return out;
    }

    json::object resources(const Container& c) const {
        json::object amounts;
        if (c.cpu_milli > 0) amounts["cpu"] = std::to_string(c.cpu_milli) + "m";
        if (c.memory_mib > 0) amounts["memory"] = mebibytes(c.memory_mib);
        if (c.storage_mib > 0) amounts["ephemeral-storage"] = mebibytes(c.storage_mib);
        if (c.gpus > 0) amounts[context_.config.gpu_resource] = std::to_string(c.gpus);
        return {{"limits", amounts}, {"requests", amounts}};
    }

    json::object security(const Container& c) const {
        json::object out{
            {"allowPrivilegeEscalation", false},
            {"capabilities", json::object{{"drop", json::array{"ALL"}}, {"add", strings(c.capabilities)}}},
            {"readOnlyRootFilesystem", c.read_only_root},
            {"runAsNonRoot", c.run_as_non_root},
            {"seccompProfile", json::object{{"type", "RuntimeDefault"}}}};
        if (c.run_as_user) out["runAsUser"] = c.run_as_user->value;
        if (c.run_as_group) out["runAsGroup"] = c.run_as_group->value;
        return out;
    }

    json::array environment(const Container& c) {
        using Source = lease::EnvironmentVariable::Source;
        // What came out of a Secret goes into one, unless Kubernetes must replace names in it.
        json::object secrets;
        for (const auto& variable : c.environment)
            if (variable.secret && variable.source == Source::text && !c.late_expansion)
                secrets["e" + std::to_string(secrets.size())] = base64(variable.value);
        const auto secret = secrets.empty() ? "" : add_secret(context_, app_, "Opaque", secrets, objects_);
        json::array out;
        std::size_t next = 0;
        for (const auto& variable : c.environment) {
            json::object entry{{"name", variable.name}};
            const auto field = [&](const char* path) {
                entry["valueFrom"] = json::object{{"fieldRef", json::object{{"fieldPath", path}}}};
            };
            switch (variable.source) {
                case Source::text:
                    if (variable.secret && !c.late_expansion) {
                        entry["valueFrom"] = json::object{
                            {"secretKeyRef",
                             json::object{{"name", secret}, {"key", "e" + std::to_string(next++)}}}};
                    } else {
                        entry["value"] = literal(variable.value, c);
                    }
                    break;
                case Source::pod_name:
                    field("metadata.name");
                    break;
                case Source::pod_namespace:
                    field("metadata.namespace");
                    break;
                case Source::pod_address:
                    field("status.podIP");
                    break;
            }
            out.push_back(std::move(entry));
        }
        return out;
    }

    json::array mounts(const Container& c) {
        json::array out;
        for (const auto& mount : c.files) {
            json::object data;
            json::array items;
            for (const auto& [path, content] : mount.files) {
                const auto key = "f" + std::to_string(data.size());
                data[key] = base64(content);
                json::object item{{"key", key}, {"path", path}};
                if (const auto mode = mount.modes.find(path); mode != mount.modes.end())
                    item["mode"] = mode->second;
                items.push_back(std::move(item));
            }
            const auto secret = add_secret(context_, app_, "Opaque", std::move(data), objects_);
            const auto name = "files-" + std::to_string(secret_volumes_.size());
            json::object source{{"secretName", secret}, {"defaultMode", mount.mode}};
            if (!items.empty()) source["items"] = std::move(items);
            secret_volumes_.push_back(json::object{{"name", name}, {"secret", std::move(source)}});
            json::object entry{{"name", name}, {"mountPath", mount.directory}, {"readOnly", true}};
            if (mount.single && !mount.files.empty()) entry["subPath"] = mount.files.begin()->first;
            out.push_back(std::move(entry));
        }
        const auto add = [&](const std::string& volume, const auto& mount) {
            json::object entry{
                {"name", volume}, {"mountPath", mount.directory}, {"readOnly", mount.read_only}};
            if (!mount.sub_path.empty()) entry["subPath"] = mount.sub_path;
            out.push_back(std::move(entry));
        };
        for (const auto& mount : c.scratch) add("scratch-" + mount.volume, mount);
        for (const auto& mount : c.claims) {
            const auto volume = claim_volume(mount.claim);
            if (volume != mount.claim) claims_.insert(mount.claim);
            add(volume, mount);
        }
        return out;
    }

    const PlanContext& context_;
    const std::string& app_;
    const Workload& workload_;
    std::vector<Planned>& objects_;
    json::array secret_volumes_;
    std::set<std::string> claims_;
};

const char* restart_text(const Workload& workload) {
    switch (workload.restart) {
        case lease::RestartPolicy::always:
            return "Always";
        case lease::RestartPolicy::on_failure:
            return "OnFailure";
        case lease::RestartPolicy::never:
            return "Never";
    }
    return "Always";
}

/// The user's own logins as Docker's configuration file.
json::object registry_config(const Workload& workload) {
    json::object logins;
    for (const auto& login : workload.registry_logins) {
        const auto server =
            login.registry == "docker.io" ? std::string("https://index.docker.io/v1/") : login.registry;
        logins[server] = json::object{{"username", login.user},
                                      {"password", login.password},
                                      {"auth", base64(login.user + ":" + login.password)}};
    }
    return {{".dockerconfigjson", base64(json::serialize(json::object{{"auths", std::move(logins)}}))}};
}

/// On the container that declares the port, else the first: the address is the pod's in any case.
void add_entrance_probe(const Workload& workload, std::uint16_t port, json::array& containers) {
    std::size_t chosen = 0;
    for (std::size_t i = 0; i < workload.containers.size(); ++i)
        for (const auto& declared : workload.containers[i].ports)
            if (declared.number == port) chosen = i;
    if (containers.empty() || workload.containers[chosen].readiness) return;
    lease::Probe probe;
    probe.port = port;
    probe.period_s = 1;
    containers[chosen].as_object()["readinessProbe"] = probe_object(probe);
}

}  // namespace

json::object pod_template(const PlanContext& context, const std::string& app, const Workload& workload,
                          std::optional<std::uint16_t> entrance, std::vector<Planned>& objects) {
    const auto& config = context.config;
    PodBuilder builder(context, app, workload, objects);
    json::object spec;
    if (!workload.init_containers.empty())
        spec["initContainers"] = builder.containers(workload.init_containers);
    spec["containers"] = builder.containers(workload.containers);
    if (entrance) add_entrance_probe(workload, *entrance, spec["containers"].as_array());
    if (auto volumes = builder.volumes(); !volumes.empty()) spec["volumes"] = std::move(volumes);
    spec["restartPolicy"] = restart_text(workload);
    const auto cap = static_cast<std::uint32_t>((config.stop_grace_cap.count() + 999) / 1000);
    spec["terminationGracePeriodSeconds"] = std::min(workload.termination_grace_s, cap);
    spec["serviceAccountName"] = "grid";
    spec["automountServiceAccountToken"] = false;
    spec["enableServiceLinks"] = false;
    json::object security{{"seccompProfile", json::object{{"type", "RuntimeDefault"}}}};
    if (workload.volume_group) security["fsGroup"] = workload.volume_group->value;
    spec["securityContext"] = std::move(security);
    if (!config.runtime_class.empty()) spec["runtimeClassName"] = config.runtime_class;
    if (context.discovery.has_user_namespaces() && config.user_namespaces) spec["hostUsers"] = false;
    if (!workload.registry_logins.empty()) {
        const auto secret =
            add_secret(context, app, "kubernetes.io/dockerconfigjson", registry_config(workload), objects);
        spec["imagePullSecrets"] = json::array{json::object{{"name", secret}}};
    }
    json::object labels;
    for (const auto& [name, value] : workload.labels) labels[name] = value;
    for (const auto& ours : context.labels) labels[ours.key()] = ours.value();  // cannot be replaced
    labels[label::kApp] = app;
    labels[label::kWorkload] = workload.name;
    return json::object{{"metadata", json::object{{"labels", std::move(labels)}}}, {"spec", std::move(spec)}};
}

}  // namespace grid::adapters::kubernetes
