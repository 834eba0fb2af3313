// A played volume provisioner for a Kubernetes cluster of one node on this machine: static local volumes.
#pragma once

#include <string>
#include <thread>

#include "adapters/kubernetes/api.hpp"

namespace grid::test {

/// Makes a directory and a volume for each claim that waits for one of its storage class, and takes both away
/// when the claim is gone.
class LocalVolumes {
public:
    static constexpr char kStorageClass[] = "grid-test";

    /// The directories lie in `directory`, which the node must see. The API outlives this.
    LocalVolumes(adapters::kubernetes::Api& api, std::string directory);
    ~LocalVolumes();
    LocalVolumes(const LocalVolumes&) = delete;

private:
    void serve_claims();
    void take_away();

    adapters::kubernetes::Api& api_;
    const std::string directory_;
    std::string host_;  ///< the node's host name, as its label says
    std::jthread thread_;
};

}  // namespace grid::test
