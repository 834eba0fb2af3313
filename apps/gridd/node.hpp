#pragma once

#include <functional>
#include <memory>
#include <string>

#include "apps/gridd/node_config.hpp"

namespace grid::gridd {

/// A running node: every role of its configuration in one process. What starts later stops earlier.
class Node {
public:
    /// Starts everything and writes DATA/node.json when it serves. Codes: those of the parts, e.g.
    /// `data_directory_in_use`, `address_in_use`, `bad_key_file`, `genesis_mismatch`, `cluster_unavailable`.
    /// `failed` is called once at the most, from any thread, when a part ends by itself: the node must then
    /// be ended.
    static Result<std::unique_ptr<Node>> start(const NodeConfig& config,
                                               std::function<void(std::string)> failed);
    /// Stops serving, then ends the actors, then closes the store. Leases run on: the next start adopts them.
    ~Node();
    Node(const Node&) = delete;
    Node& operator=(const Node&) = delete;

private:
    struct Parts;
    explicit Node(std::unique_ptr<Parts> parts);
    std::unique_ptr<Parts> parts_;
};

}  // namespace grid::gridd
