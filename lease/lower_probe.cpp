#include "lease/lower_probe.hpp"

#include <algorithm>

#include "lease/variables.hpp"

namespace grid::lease {
namespace {

/// What probes and hooks ask for by HTTP.
struct HttpGet {
    std::string path;
    std::uint16_t port;
    std::vector<HttpHeader> headers;
};

HttpGet lower_http_get(const YamlNode& node, const Place& place, const Container& container) {
    HttpGet get{text_of(node.find("path"), "/"),
                resolve_port(*node.find("port"), {container}, Place(place, "port")),
                {}};
    if (!get.path.starts_with('/') ||
        !std::all_of(get.path.begin(), get.path.end(), [](char c) { return c > ' ' && c < 0x7f; }))
        refuse("bad_manifest", Place(place, "path"), "expected a path that begins with / and has no spaces",
               &node);
    for (const YamlNode& header : elements_of(node.find("httpHeaders")))
        get.headers.push_back({text_of(header.find("name")), text_of(header.find("value"))});
    return get;
}

/// The command of an exec probe: the kubelet expands variables in it whose values it need not look for.
std::vector<std::string> lower_command(const YamlNode& exec, const Place& place,
                                       const std::map<std::string, std::string>& variables,
                                       TextBudget& budget) {
    std::vector<std::string> command;
    for (const YamlNode& word : elements_of(exec.find("command"))) {
        command.push_back(expand_variables(word.text, variables, budget.left()));
        budget.take(command.back().size(), place);
    }
    return command;
}

std::map<std::string, std::string> known_values(const Container& container) {
    std::map<std::string, std::string> values;
    if (container.late_expansion) return values;
    for (const EnvironmentVariable& variable : container.environment)
        values.emplace(variable.name, variable.value);
    return values;
}

std::optional<Probe> lower_probe(const YamlNode* node, const Place& place, const Container& container,
                                 TextBudget& budget) {
    if (node == nullptr) return std::nullopt;
    const YamlNode* const http = node->find("httpGet");
    const YamlNode* const tcp = node->find("tcpSocket");
    const YamlNode* const exec = node->find("exec");
    if ((http != nullptr) + (tcp != nullptr) + (exec != nullptr) != 1)
        refuse("bad_manifest", place, "expected one of httpGet, tcpSocket and exec", node);
    Probe probe;
    if (http != nullptr) {
        probe.kind = Probe::Kind::http_get;
        HttpGet get = lower_http_get(*http, Place(place, "httpGet"), container);
        probe.path = std::move(get.path);
        probe.port = get.port;
        probe.headers = std::move(get.headers);
    } else if (tcp != nullptr) {
        const Place here(place, "tcpSocket");
        probe.kind = Probe::Kind::tcp_socket;
        probe.port = resolve_port(*tcp->find("port"), {container}, Place(here, "port"));
    } else {
        probe.kind = Probe::Kind::exec;
        probe.command = lower_command(*exec, Place(place, "exec"), known_values(container), budget);
    }
    const auto number = [&](std::string_view name, std::uint32_t otherwise) {
        return static_cast<std::uint32_t>(number_of(node->find(name), otherwise));
    };
    probe.initial_delay_s = number("initialDelaySeconds", probe.initial_delay_s);
    probe.period_s = number("periodSeconds", probe.period_s);
    probe.timeout_s = number("timeoutSeconds", probe.timeout_s);
    probe.failure_threshold = number("failureThreshold", probe.failure_threshold);
    probe.success_threshold = number("successThreshold", probe.success_threshold);
    return probe;
}

std::optional<Hook> lower_hook(const YamlNode* node, const Place& place, const Container& container,
                               TextBudget& budget) {
    if (node == nullptr) return std::nullopt;
    const YamlNode* const http = node->find("httpGet");
    const YamlNode* const exec = node->find("exec");
    if ((http == nullptr) == (exec == nullptr))
        refuse("bad_manifest", place, "expected either httpGet or exec", node);
    Hook hook;
    if (exec != nullptr) {
        for (const YamlNode& word : elements_of(exec->find("command"))) {
            budget.take(word.text.size(), place);
            hook.command.push_back(word.text);
        }
        return hook;
    }
    HttpGet get = lower_http_get(*http, Place(place, "httpGet"), container);
    hook.kind = Hook::Kind::http_get;
    hook.path = std::move(get.path);
    hook.port = get.port;
    hook.headers = std::move(get.headers);
    return hook;
}

}  // namespace

void lower_probes(const YamlNode& node, const Place& place, Container& container, TextBudget& budget) {
    const auto read = [&](std::string_view field) {
        return lower_probe(node.find(field), Place(place, field), container, budget);
    };
    container.readiness = read("readinessProbe");
    container.liveness = read("livenessProbe");
    container.startup = read("startupProbe");
    const auto once = [&](std::string_view field, const std::optional<Probe>& probe) {
        if (probe && probe->success_threshold != 1)
            refuse("bad_manifest", Place(Place(place, field), "successThreshold"), "expected 1",
                   node.find(field));
    };
    once("livenessProbe", container.liveness);
    once("startupProbe", container.startup);
    const YamlNode* const lifecycle = node.find("lifecycle");
    if (lifecycle == nullptr) return;
    const Place here(place, "lifecycle");
    container.post_start =
        lower_hook(lifecycle->find("postStart"), Place(here, "postStart"), container, budget);
    container.pre_stop = lower_hook(lifecycle->find("preStop"), Place(here, "preStop"), container, budget);
}

}  // namespace grid::lease
