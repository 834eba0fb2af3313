#include "lease/lower_environment.hpp"

#include <algorithm>

#include "lease/names.hpp"
#include "lease/variables.hpp"

namespace grid::lease {
namespace {

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

/// Variables in order of first appearance.
class Environment {
public:
    Environment(const Place& place, TextBudget& budget) : place_(place), budget_(budget) {}
    void set(const std::string& name, std::string value) {
        budget_.take(name.size() + value.size(), place_);
        if (!values_.contains(name)) names_.push_back(name);
        values_[name] = std::move(value);
    }
    const std::map<std::string, std::string>& values() const { return values_; }
    std::vector<EnvironmentVariable> take() const {
        std::vector<EnvironmentVariable> variables;
        for (const std::string& name : names_) variables.push_back({name, values_.at(name)});
        return variables;
    }

private:
    const Place& place_;
    TextBudget& budget_;
    std::vector<std::string> names_;
    std::map<std::string, std::string> values_;
};

void add_sources(Environment& environment, const YamlNode& container, const Place& place,
                 const ConfigObjects& objects) {
    const Place all(place, "envFrom");
    std::size_t index = 0;
    for (const YamlNode& source : elements_of(container.find("envFrom"))) {
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
            if (variable_name(prefix + key)) environment.set(prefix + key, value);
    }
}

/// The value of a key that `valueFrom` names; nothing when it is optional and not there.
std::optional<std::string> value_from(const YamlNode& source, const Place& place,
                                      const ConfigObjects& objects) {
    const YamlNode* const config_map = source.find("configMapKeyRef");
    const YamlNode* const secret = source.find("secretKeyRef");
    if ((config_map == nullptr) == (secret == nullptr))
        refuse("bad_manifest", place, "expected either configMapKeyRef or secretKeyRef", &source);
    const YamlNode& reference = config_map != nullptr ? *config_map : *secret;
    const Place here(place, config_map != nullptr ? "configMapKeyRef" : "secretKeyRef");
    const auto* const content = config_map != nullptr
                                    ? referred(reference, here, objects.config_maps, "ConfigMap")
                                    : referred(reference, here, objects.secrets, "Secret");
    if (content == nullptr) return std::nullopt;
    const std::string key = text_of(reference.find("key"));
    if (const auto found = content->find(key); found != content->end()) return found->second;
    if (flag_of(reference.find("optional"), false)) return std::nullopt;
    refuse("bad_manifest", here, "there is no key \"" + key + "\" in it", &reference);
}

void add_variables(Environment& environment, const YamlNode& container, const Place& place,
                   const ConfigObjects& objects, const TextBudget& budget) {
    const Place all(place, "env");
    std::size_t index = 0;
    for (const YamlNode& variable : elements_of(container.find("env"))) {
        const Place here(all, index++);
        const std::string name = text_of(variable.find("name"));
        const YamlNode* const source = variable.find("valueFrom");
        if (source == nullptr) {
            environment.set(
                name, expand_variables(text_of(variable.find("value")), environment.values(), budget.left()));
            continue;
        }
        if (variable.find("value") != nullptr && !variable.find("value")->text.empty())
            refuse("bad_manifest", here, "expected either value or valueFrom", &variable);
        if (auto value = value_from(*source, Place(here, "valueFrom"), objects))
            environment.set(name, std::move(*value));
    }
}

}  // namespace

std::vector<EnvironmentVariable> lower_environment(const YamlNode& container, const Place& place,
                                                   const ConfigObjects& objects, TextBudget& budget) {
    Environment environment(place, budget);
    add_sources(environment, container, place, objects);
    add_variables(environment, container, place, objects, budget);
    return environment.take();
}

std::vector<std::string> lower_arguments(const YamlNode* list, const Place& place,
                                         const std::vector<EnvironmentVariable>& environment,
                                         TextBudget& budget) {
    std::map<std::string, std::string> values;
    for (const EnvironmentVariable& variable : environment) values.emplace(variable.name, variable.value);
    std::vector<std::string> arguments;
    for (const YamlNode& argument : elements_of(list)) {
        arguments.push_back(expand_variables(argument.text, values, budget.left()));
        budget.take(arguments.back().size(), place);
    }
    return arguments;
}

}  // namespace grid::lease
