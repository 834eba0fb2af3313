#pragma once

#include <rapidcheck.h>

#include <cstdlib>
#include <iostream>
#include <string>

namespace grid::test {

/// Runs a property over as many random cases as the environment's GRID_PROPERTY_RUNS says, or `runs`. The
/// seed is printed; RC_PARAMS="seed=..." repeats a run.
template <class Testable>
bool holds(const std::string& property, int runs, Testable&& testable) {
    rc::detail::TestParams params = rc::detail::configuration().testParams;
    params.maxSuccess = runs;
    if (const char* wanted = std::getenv("GRID_PROPERTY_RUNS")) params.maxSuccess = std::atoi(wanted);
    std::cerr << "- " << property << ": " << params.maxSuccess << " cases, seed " << params.seed << std::endl;
    rc::detail::TestMetadata metadata;
    metadata.id = metadata.description = property;
    const auto result = rc::detail::checkTestable(std::forward<Testable>(testable), metadata, params);
    rc::detail::printResultMessage(result, std::cerr);
    std::cerr << std::endl;
    return result.template is<rc::detail::SuccessResult>();
}

}  // namespace grid::test
