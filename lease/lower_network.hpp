#pragma once

#include "lease/document.hpp"
#include "lease/workload.hpp"

namespace grid::lease {

/// Lowers the Services and Ingresses of a manifest and finds the entrances: every TCP port of a service (the
/// first one by the service's name, another by "<service>-<port>"); without services the first port of each
/// workload that has one. What the first Ingress leads to becomes the default entrance. The workloads must
/// have been lowered. Throws Refusal.
void lower_network(const std::vector<Document>& documents, Application& application);

}  // namespace grid::lease
