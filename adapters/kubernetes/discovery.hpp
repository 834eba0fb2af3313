#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "adapters/kubernetes/api.hpp"

namespace grid::adapters::kubernetes {

/// What a server has: its version, and in which versions of which groups each kind of object is. Nothing is
/// assumed from the version's number.
class Discovery {
public:
    /// Asks /version, /api, /apis and the resources of the groups. Codes: those of Api.
    static Result<Discovery> ask(Api& api);

    const std::string& version() const { return version_; }  ///< "v1.20.2"
    unsigned minor() const { return minor_; }                ///< 20 of v1.20.2; 0: not known
    /// Pods may have hostUsers, which older servers refuse as a field that they do not know.
    bool has_user_namespaces() const { return minor_ >= 30; }
    /// The best version that has it: stable before beta before alpha, then the higher number. `group` is
    /// empty for the core. Nothing when the server does not have it.
    std::optional<Resource> find(const std::string& group, const std::string& plural) const;

private:
    Result<void> read_resources(Api& api, const std::string& group, const std::string& group_version);

    std::string version_;
    unsigned minor_ = 0;
    std::map<std::pair<std::string, std::string>, std::vector<Resource>> resources_;  ///< by group, plural
};

/// Whether version `a` ("v1", "v2beta1") goes before `b` by Kubernetes' priority.
bool goes_before(const std::string& a, const std::string& b);

}  // namespace grid::adapters::kubernetes
