#pragma once

#include <memory>
#include <string>
#include <vector>

#include "adapters/kept_logs.hpp"
#include "adapters/kubernetes/api.hpp"
#include "adapters/kubernetes/plan.hpp"

namespace grid::adapters::kubernetes {

/// Reads along with the pods of an application while it is changed: a pod that goes takes its log with it.
class ReplacedLogs {
public:
    ReplacedLogs(Api& api, std::string name_space, Stop& stop);
    ~ReplacedLogs();
    ReplacedLogs(const ReplacedLogs&) = delete;
    ReplacedLogs& operator=(const ReplacedLogs&) = delete;

    /// From the last lines of these pods on.
    void follow(const std::vector<json::value>& pods);
    /// Waits until those that the application does not want any more are gone, at most until then; answers
    /// what was printed by pods that are gone.
    std::vector<KeptLog> take(const AppRecord& wanted, Deadline deadline);

private:
    struct Reader;
    Result<std::vector<json::value>> pods_of(const std::string& app) const;
    bool any_goes(const std::vector<json::value>& pods, const AppRecord& wanted) const;

    Api& api_;
    const std::string name_space_;
    Stop stop_;
    std::vector<std::unique_ptr<Reader>> readers_;
};

}  // namespace grid::adapters::kubernetes
