#pragma once

#include <string>

#include "lease/workload.hpp"

namespace grid::test {

/// The model of an application as text, to be compared and read: one line for each thing, what is as by
/// default left out.
std::string model_text(const lease::Application& application);

}  // namespace grid::test
