#pragma once

#include <functional>
#include <map>
#include <string>

#include "adapters/kubernetes/api.hpp"

namespace grid::adapters::kubernetes {

/// A collection as it is now, kept so by list and watch: resumes where a watch ended or was cut, takes
/// bookmarks, lists anew when the server's history does not reach back (410).
class Mirror {
public:
    /// By namespace/name.
    using Objects = std::map<std::string, json::value>;

    Mirror(Api& api, Resource resource, std::string name_space, Query selector);

    /// Calls `look` after the list and after every change, and at least every `tick` (one second or more);
    /// returns when it says false (success), at the deadline (code `timeout`), when stopped (`stopped`) or
    /// when the server refuses for good (its code). When the server is away it is tried again until the
    /// deadline; its error is then the answer.
    Result<void> run(Deadline deadline, std::chrono::seconds tick, Stop& stop,
                     const std::function<bool(const Objects&)>& look);

private:
    Result<void> refresh();
    /// False: the caller has seen enough.
    Result<bool> follow(Deadline deadline, std::chrono::seconds tick, Stop& stop,
                        const std::function<bool(const Objects&)>& look);

    Api& api_;
    const Resource resource_;
    const std::string name_space_;
    const Query selector_;
    Objects objects_;
    std::string version_;  ///< empty: list first
};

/// Is this the cluster's trouble, and not that of what was asked?
bool is_unavailable(const Error& error);

}  // namespace grid::adapters::kubernetes
