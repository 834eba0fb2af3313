#pragma once

#include <chrono>

#include "apps/grid/cluster_view.hpp"
#include "apps/grid/rent.hpp"

namespace grid::cli {

/// A rented sample that has answered.
struct RentedSample {
    RentResult rented;
    std::chrono::milliseconds until_first_200;  ///< from the start of renting
};

/// Rents the sample application and asks for its page through the gateway until it answers 200.
RentedSample rent_sample(const Context& context, const chain::PrivateKey& key, const std::string& manifest,
                         bool is_public);

/// The main job from end to end: rent, visit, be served, cancel, look who was paid what, see the container
/// gone and the URL answer 410. Prints each step and, last, one JSON object. Throws Failure when anything is
/// off.
void do_main_job_once(const Context& context, const chain::PrivateKey& key, const std::string& manifest,
                      const ClusterView& cluster);

}  // namespace grid::cli
