#include "actors/lease_board.hpp"

namespace grid::actors {

using messages::LeaseInfo;

std::string route_key(const chain::Hash& lease_key) {
    return lease_key.hex().substr(2);
}

LeaseBoard::LeaseBoard(std::shared_ptr<lease::RoutePublisher> publisher) : publisher_(std::move(publisher)) {}

void LeaseBoard::report(const LeaseInfo& info, std::vector<lease::Route> routes) {
    for (auto& route : routes) route.traffic = publisher_->traffic(route.lease_key);
    const std::lock_guard lock(mutex_);
    entries_[info.lease_key] = {info, std::move(routes)};
    publish();
}

void LeaseBoard::forget(const chain::Hash& lease_key) {
    const std::lock_guard lock(mutex_);
    entries_.erase(lease_key);
    publish();
}

void LeaseBoard::publish() const {
    auto table = std::make_shared<lease::RouteTable>();
    for (const auto& [key, entry] : entries_)
        for (const auto& route : entry.routes) table->add(route);
    publisher_->publish(std::move(table));
}

std::optional<LeaseInfo> LeaseBoard::find(const chain::Hash& lease_key) const {
    const std::lock_guard lock(mutex_);
    auto found = entries_.find(lease_key);
    if (found == entries_.end()) return std::nullopt;
    return found->second.info;
}

std::optional<LeaseInfo> LeaseBoard::find(chain::OrderId order, const chain::Address& user) const {
    const std::lock_guard lock(mutex_);
    std::optional<LeaseInfo> ended;
    for (const auto& [key, entry] : entries_) {
        if (entry.info.order != order || entry.info.user != user) continue;
        if (!over(entry.info.state)) return entry.info;
        ended = entry.info;
    }
    return ended;
}

std::vector<LeaseInfo> LeaseBoard::live(const std::optional<chain::Address>& user) const {
    const std::lock_guard lock(mutex_);
    std::vector<LeaseInfo> infos;
    for (const auto& [key, entry] : entries_)
        if (entry.info.state != messages::LeaseState::gone && (!user || entry.info.user == *user))
            infos.push_back(entry.info);
    return infos;
}

}  // namespace grid::actors
