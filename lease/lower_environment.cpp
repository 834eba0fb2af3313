#include "lease/lower_environment.hpp"

#include <algorithm>

#include "lease/names.hpp"
#include "lease/quantity.hpp"
#include "lease/variables.hpp"

namespace grid::lease {
namespace {

using Source = EnvironmentVariable::Source;

/// The content of the object that a reference names; null when it is optional and not there.
const ConfigObjects::Content* referred(const YamlNode& reference, const Place& place,
                                       const std::map<std::string, ConfigObjects::Content>& among,
                                       std::string_view kind) {
    const std::string name = text_of(reference.find("name"));
    const auto found = among.find(name);
    if (found != among.end()) return &found->second;
    if (flag_of(reference.find("optional"), false)) return nullptr;
    refuse("bad_manifest", place, "there is no " + std::string(kind) + " \"" + name + "\" in the manifest",
           &reference);
}

/// Variables in order of first appearance; texts are in the notation of expand_variables.
class Environment {
public:
    Environment(const Place& place, TextBudget& budget) : place_(place), budget_(budget) {}

    void set(EnvironmentVariable variable) {
        budget_.take(variable.name.size() + variable.value.size(), place_);
        texts_[variable.name] = variable.source == Source::text ? variable.value : "$(" + variable.name + ")";
        const auto same = std::find_if(variables_.begin(), variables_.end(),
                                       [&](const auto& v) { return v.name == variable.name; });
        if (same == variables_.end())
            variables_.push_back(std::move(variable));
        else
            *same = std::move(variable);
    }
    /// A variable whose text is written later.
    void set_later(const std::string& name) {
        set({name, {}});
        texts_[name] = "$(" + name + ")";
    }
    /// Whether a text refers to a variable that came out of a Secret.
    bool names_secret(const std::string& text) const {
        return std::any_of(variables_.begin(), variables_.end(), [&](const EnvironmentVariable& v) {
            return v.secret && text.find("$(" + v.name + ")") != std::string::npos;
        });
    }
    const std::map<std::string, std::string>& texts() const { return texts_; }
    std::vector<EnvironmentVariable> take() { return std::move(variables_); }

private:
    const Place& place_;
    TextBudget& budget_;
    std::vector<EnvironmentVariable> variables_;
    std::map<std::string, std::string> texts_;
};

void add_sources(Environment& environment, const YamlNode& node, const Place& place,
                 const ConfigObjects& objects) {
    const Place all(place, "envFrom");
    std::size_t index = 0;
    for (const YamlNode& source : elements_of(node.find("envFrom"))) {
        const Place here(all, index++);
        const YamlNode* const config_map = source.find("configMapRef");
        const YamlNode* const secret = source.find("secretRef");
        if ((config_map == nullptr) == (secret == nullptr))
            refuse("bad_manifest", here, "expected either configMapRef or secretRef", &source);
        const auto* const content =
            config_map != nullptr
                ? referred(*config_map, Place(here, "configMapRef"), objects.config_maps, "ConfigMap")
                : referred(*secret, Place(here, "secretRef"), objects.secrets, "Secret");
        if (content == nullptr) continue;
        const std::string prefix = text_of(source.find("prefix"));
        // Keys that are no names of variables are passed over, as Kubernetes does.
        for (const auto& [key, value] : *content)
            if (variable_name(prefix + key))
                environment.set({prefix + key, escape_variables(value), Source::text, secret != nullptr});
    }
}

/// fieldRef: what the manifest itself says becomes text, what only the driver knows a source.
EnvironmentVariable from_field(const YamlNode& reference, const Place& place, const PodContext& pod) {
    const YamlNode& node = *reference.find("fieldPath");
    const std::string& path = node.text;
    if (path == "metadata.name") return {{}, {}, Source::pod_name};
    if (path == "metadata.namespace") return {{}, {}, Source::pod_namespace};
    if (path == "status.podIP") return {{}, {}, Source::pod_address};
    if (path == "spec.serviceAccountName") return {{}, "default"};
    if (path.starts_with("metadata.labels['") && path.ends_with("']") && path.size() > 19) {
        const auto label = pod.labels.find(path.substr(17, path.size() - 19));
        if (label == pod.labels.end())
            refuse("bad_manifest", Place(place, "fieldPath"), "the pods have no such label", &node);
        return {{}, escape_variables(label->second)};
    }
    refuse("policy", Place(place, "fieldPath"),
           path.substr(0, 64) +
               " is not allowed; expected metadata.name, metadata.namespace, metadata.labels['...'], "
               "spec.serviceAccountName or status.podIP",
           &node);
}

/// The value of a key that `valueFrom` names; nothing when it is optional and not there.
std::optional<std::string> from_key(const YamlNode& reference, const Place& place,
                                    const ConfigObjects::Content* content) {
    if (content == nullptr) return std::nullopt;
    const std::string key = text_of(reference.find("key"));
    if (const auto found = content->find(key); found != content->end())
        return escape_variables(found->second);
    if (flag_of(reference.find("optional"), false)) return std::nullopt;
    refuse("bad_manifest", place, "there is no key \"" + key + "\" in it", &reference);
}

ResourceReference from_resource(const YamlNode& reference, const Place& place, const YamlNode& container,
                                std::string name) {
    const YamlNode* const other = reference.find("containerName");
    if (other != nullptr && other->text != text_of(container.find("name")))
        refuse("policy", Place(place, "containerName"), "only the container itself is allowed", other);
    std::string_view resource = reference.find("resource")->text;
    resource.remove_prefix(resource.find('.') + 1);
    ResourceReference wanted{std::move(name), &Container::memory_mib, 1};
    // Amounts are kept in millicores and MiB; the divisor is one core or one byte unless it says otherwise.
    const bool cpu = resource == "cpu";
    wanted.amount = cpu                    ? &Container::cpu_milli
                    : resource == "memory" ? &Container::memory_mib
                                           : &Container::storage_mib;
    const YamlNode* const node = reference.find("divisor");
    const std::string divisor = node == nullptr || node->text == "0" ? "1" : node->text;
    const auto parsed = cpu ? parse_millicores(divisor) : parse_bytes(divisor);
    if (!parsed || *parsed == 0)
        refuse("bad_manifest", Place(place, "divisor"), "expected a quantity like 1, 1m or 1Mi", node);
    wanted.divisor = *parsed;
    return wanted;
}

void add_variables(Environment& environment, const YamlNode& container, const Place& place,
                   const PodContext& pod, std::vector<ResourceReference>& references) {
    const ConfigObjects& objects = pod.manifest.objects;
    const Place all(place, "env");
    std::size_t index = 0;
    for (const YamlNode& variable : elements_of(container.find("env"))) {
        const Place here(all, index++), from(here, "valueFrom");
        const std::string name = text_of(variable.find("name"));
        std::erase_if(references, [&](const auto& reference) { return reference.variable == name; });
        const YamlNode* const source = variable.find("valueFrom");
        if (source == nullptr) {
            const std::string text = text_of(variable.find("value"));
            environment.set({name,
                             substitute_variables(text, environment.texts(), pod.manifest.budget.left()),
                             Source::text, environment.names_secret(text)});
            continue;
        }
        if (variable.find("value") != nullptr && !variable.find("value")->text.empty())
            refuse("bad_manifest", here, "expected either value or valueFrom", &variable);
        const YamlNode* const config_map = source->find("configMapKeyRef");
        const YamlNode* const secret = source->find("secretKeyRef");
        const YamlNode* const field = source->find("fieldRef");
        const YamlNode* const resource = source->find("resourceFieldRef");
        if ((config_map != nullptr) + (secret != nullptr) + (field != nullptr) + (resource != nullptr) != 1)
            refuse("bad_manifest", from,
                   "expected one of configMapKeyRef, secretKeyRef, fieldRef and resourceFieldRef", source);
        if (field != nullptr) {
            EnvironmentVariable made = from_field(*field, Place(from, "fieldRef"), pod);
            made.name = name;
            environment.set(std::move(made));
        } else if (resource != nullptr) {
            references.push_back(from_resource(*resource, Place(from, "resourceFieldRef"), container, name));
            environment.set_later(name);
        } else {
            const YamlNode& reference = config_map != nullptr ? *config_map : *secret;
            const Place at(from, config_map != nullptr ? "configMapKeyRef" : "secretKeyRef");
            const auto* const content = config_map != nullptr
                                            ? referred(reference, at, objects.config_maps, "ConfigMap")
                                            : referred(reference, at, objects.secrets, "Secret");
            if (auto text = from_key(reference, at, content))
                environment.set({name, std::move(*text), Source::text, secret != nullptr});
        }
    }
}

std::vector<std::string> lower_words(const YamlNode* list, const Place& place, const Environment& environment,
                                     TextBudget& budget) {
    std::vector<std::string> words;
    for (const YamlNode& word : elements_of(list)) {
        words.push_back(substitute_variables(word.text, environment.texts(), budget.left()));
        budget.take(words.back().size(), place);
    }
    return words;
}

/// Leaves the notation when nothing is left for the driver.
void make_literal(Container& container) {
    container.late_expansion =
        std::any_of(container.environment.begin(), container.environment.end(),
                    [](const EnvironmentVariable& v) { return v.source != Source::text; });
    if (container.late_expansion) return;
    std::map<std::string, std::string> values;
    const auto expand = [&](std::string& text) { text = expand_variables(text, values, SIZE_MAX / 2); };
    for (EnvironmentVariable& variable : container.environment) {
        expand(variable.value);
        values[variable.name] = variable.value;
    }
    for (std::string& word : container.command) expand(word);
    for (std::string& word : container.arguments) expand(word);
}

}  // namespace

void lower_environment(const YamlNode& node, const Place& place, const PodContext& pod, Container& container,
                       std::vector<ResourceReference>& references) {
    TextBudget& budget = pod.manifest.budget;
    Environment environment(place, budget);
    add_sources(environment, node, place, pod.manifest.objects);
    add_variables(environment, node, place, pod, references);
    container.command = lower_words(node.find("command"), Place(place, "command"), environment, budget);
    container.arguments = lower_words(node.find("args"), Place(place, "args"), environment, budget);
    container.environment = environment.take();
    if (references.empty()) make_literal(container);
}

void settle_references(Container& container, const std::vector<ResourceReference>& references) {
    if (references.empty()) return;
    for (const ResourceReference& reference : references)
        for (EnvironmentVariable& variable : container.environment)
            if (variable.name == reference.variable) {
                // Rounded up, as Kubernetes does.
                const std::uint64_t amount = container.*reference.amount;
                const bool cpu = reference.amount == &Container::cpu_milli;
                const std::uint64_t scale = cpu ? 1 : 1024 * 1024;
                const std::uint64_t scaled = amount > UINT64_MAX / scale ? UINT64_MAX : amount * scale;
                variable.value =
                    std::to_string(scaled / reference.divisor + (scaled % reference.divisor != 0));
            }
    make_literal(container);
}

}  // namespace grid::lease
