// config/kubernetes/rbac.yaml allows what the driver does, and nothing else.
#include <algorithm>
#include <catch2/catch.hpp>

#include "adapters/kubernetes/driver.hpp"
#include "lease/yaml.hpp"
#include "support/file_content.hpp"

using namespace grid;
using namespace grid::adapters::kubernetes;

namespace {

std::vector<std::string> texts(const lease::YamlNode& rule, const char* key) {
    std::vector<std::string> out;
    const auto* list = rule.find(key);
    REQUIRE(list != nullptr);
    for (const auto& one : list->items) out.push_back(one.text);
    return out;
}

std::vector<Right> allowed() {
    const auto documents =
        lease::parse_yaml(test::file_content(std::string(GRID_SOURCE_DIR) + "/config/kubernetes/rbac.yaml"));
    REQUIRE(documents);
    std::vector<Right> out;
    for (const auto& document : *documents) {
        const auto* rules = document.find("rules");
        if (rules == nullptr) continue;
        for (const auto& rule : rules->items)
            for (const auto& group : texts(rule, "apiGroups"))
                for (const auto& resource : texts(rule, "resources"))
                    for (const auto& verb : texts(rule, "verbs")) {
                        const auto slash = std::min(resource.find('/'), resource.size());
                        out.push_back({verb, group, resource.substr(0, slash),
                                       slash == resource.size() ? "" : resource.substr(slash + 1)});
                    }
    }
    std::sort(out.begin(), out.end());
    return out;
}

}  // namespace

TEST_CASE("kubernetes: the rights of config/kubernetes are those that the driver asks for") {
    const auto given = allowed();
    auto wanted = rights();
    std::sort(wanted.begin(), wanted.end());
    CHECK(std::adjacent_find(given.begin(), given.end()) == given.end());
    for (const auto& right : given) {
        CAPTURE(right.verb, right.group, right.resource, right.subresource);
        CHECK(std::binary_search(wanted.begin(), wanted.end(), right));
        for (const auto& part : {right.verb, right.group, right.resource}) CHECK(part.find('*') == part.npos);
    }
    for (const auto& right : wanted) {
        CAPTURE(right.verb, right.group, right.resource, right.subresource);
        CHECK(std::binary_search(given.begin(), given.end(), right));
    }
}
