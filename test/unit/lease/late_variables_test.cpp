// Variables whose values only the driver knows, and those that count the container's own resources.
#include <catch2/catch.hpp>

#include "lease/manifest.hpp"
#include "lease/variables.hpp"

using namespace grid;

namespace {

lease::Container lowered(const std::string& container, const std::string& documents = "") {
    lease::ManifestLimits limits;
    limits.bought = {1500, 1024, 100, 0};
    const auto application = lease::lower_manifest(
        documents +
            "apiVersion: v1\nkind: Pod\nmetadata: {name: p, labels: {app: web, cost: a-b}}\nspec:\n"
            "  containers:\n  - name: c\n    image: nginx\n" +
            container,
        limits);
    INFO((application ? "" : application.error().message));
    REQUIRE(application);
    return application->workloads.at(0).containers.at(0);
}

/// What a driver makes of it: every variable expanded by those before it.
std::map<std::string, std::string> at_run_time(const lease::Container& container) {
    std::map<std::string, std::string> values;
    for (const auto& variable : container.environment) {
        using Source = lease::EnvironmentVariable::Source;
        std::string value = variable.value;
        if (variable.source == Source::pod_name) value = "p-$0";
        if (variable.source == Source::pod_address) value = "10.1.2.3";
        if (variable.source == Source::text && container.late_expansion)
            value = lease::expand_variables(value, values, 1000);
        values[variable.name] = value;
    }
    return values;
}

}  // namespace

TEST_CASE("what the driver fills in comes out as Kubernetes would expand it") {
    const auto container = lowered(
        "    env:\n"
        "    - {name: BEFORE, value: '$(POD)'}\n"
        "    - {name: POD, valueFrom: {fieldRef: {fieldPath: metadata.name}}}\n"
        "    - {name: IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}\n"
        "    - {name: MONEY, value: 5$ or $x}\n"
        "    - {name: URL, value: 'http://$(POD).svc/$$(POD)/$(UNKNOWN)/$(MONEY)'}\n"
        "    - {name: AGAIN, value: '$(URL) $(BEFORE) $(IP'}\n"
        "    args: ['$(AGAIN)', '$$(IP)', '$(IP)', $5]\n");
    CHECK(container.late_expansion);
    const auto values = at_run_time(container);
    CHECK(values.at("BEFORE") == "$(POD)");  // stood before it: never expanded
    CHECK(values.at("MONEY") == "5$ or $x");
    CHECK(values.at("URL") == "http://p-$0.svc/$(POD)/$(UNKNOWN)/5$ or $x");
    CHECK(values.at("AGAIN") == values.at("URL") + " $(POD) $(IP");
    std::vector<std::string> arguments;
    for (const auto& word : container.arguments)
        arguments.push_back(lease::expand_variables(word, values, 1000));
    CHECK(arguments == std::vector<std::string>{values.at("AGAIN"), "$(IP)", "10.1.2.3", "$5"});
}

TEST_CASE("without such variables everything is literal") {
    const auto container = lowered(
        "    env:\n    - {name: A, value: $$(A) $x 5$}\n    - {name: B, value: '$(A)$(A'}\n"
        "    - {name: L, valueFrom: {fieldRef: {fieldPath: \"metadata.labels['cost']\"}}}\n"
        "    - {name: S, valueFrom: {fieldRef: {fieldPath: spec.serviceAccountName}}}\n"
        "    command: [echo, '$(B)', $(L), $(S)]\n");
    CHECK_FALSE(container.late_expansion);
    CHECK(container.environment[0].value == "$(A) $x 5$");
    CHECK(container.environment[1].value == "$(A) $x 5$$(A");
    CHECK(container.command == std::vector<std::string>{"echo", "$(A) $x 5$$(A", "a-b", "default"});
}

TEST_CASE("resources of the container itself are counted in its divisor, rounded up") {
    const auto container = lowered(
        "    resources: {limits: {cpu: 1100m}}\n"
        "    env:\n"
        "    - {name: CPUS, valueFrom: {resourceFieldRef: {resource: limits.cpu}}}\n"
        "    - {name: MILLI, valueFrom: {resourceFieldRef: {resource: requests.cpu, divisor: 1m}}}\n"
        "    - {name: BYTES, valueFrom: {resourceFieldRef: {resource: limits.memory, divisor: '0'}}}\n"
        "    - {name: GIGA, valueFrom: {resourceFieldRef: {containerName: c, resource: limits.memory, "
        "divisor: 1G}}}\n"
        "    - {name: DISK, valueFrom: {resourceFieldRef: {resource: limits.ephemeral-storage, divisor: "
        "1Mi}}}\n"
        "    - {name: JAVA, value: '-Xmx$(GIGA)g $$(GIGA)'}\n"
        "    - {name: GIGA2, value: x$(JAVA)}\n"
        "    args: ['$(MILLI)', '$(GIGA2)']\n");
    CHECK_FALSE(container.late_expansion);
    const auto value = [&](std::size_t i) { return container.environment.at(i).value; };
    CHECK(value(0) == "2");
    CHECK(value(1) == "1100");
    CHECK(value(2) == "1073741824");
    CHECK(value(3) == "2");
    CHECK(value(4) == "100");
    CHECK(value(5) == "-Xmx2g $(GIGA)");
    CHECK(container.arguments == std::vector<std::string>{"1100", "x-Xmx2g $(GIGA)"});
}

TEST_CASE("a variable that repeats a secret is a secret") {
    const auto container = lowered(
        "    env:\n"
        "    - {name: PASSWORD, valueFrom: {secretKeyRef: {name: s, key: k}}}\n"
        "    - {name: URL, value: 'postgres://u:$(PASSWORD)@h'}\n"
        "    - {name: PLAIN, value: x}\n",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {k: 'a$b'}\n---\n");
    CHECK(container.environment[0] == lease::EnvironmentVariable{"PASSWORD", "a$b", {}, true});
    CHECK(container.environment[1] == lease::EnvironmentVariable{"URL", "postgres://u:a$b@h", {}, true});
    CHECK_FALSE(container.environment[2].secret);
}
