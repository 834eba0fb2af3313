#pragma once

#include <caf/all.hpp>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace grid::gridd {

/// Tells when a part of the node ends although nobody asked it to. Parts hold each other's handles, so one of
/// them is not restarted alone: the node ends as a whole, and whoever supervises the process starts it again
/// from its rows (docs/adr/0002). Lease actors are restarted within the node by their parent.
class PartsWatch {
public:
    using Parts = std::vector<std::pair<std::string, caf::actor>>;

    /// `failed` is called once at the most, on a thread of the system, with the part's name and why it ended.
    PartsWatch(caf::actor_system& system, Parts parts, std::function<void(std::string)> failed);
    /// From now on parts may end.
    ~PartsWatch();
    PartsWatch(const PartsWatch&) = delete;
    PartsWatch& operator=(const PartsWatch&) = delete;

private:
    caf::actor watcher_;
};

}  // namespace grid::gridd
