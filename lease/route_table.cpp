#include "lease/route_table.hpp"

#include "lease/lease_key.hpp"

namespace grid::lease {

namespace {

std::string_view without_prefix(std::string_view hex) {
    return hex.starts_with("0x") ? hex.substr(2) : hex;
}

}  // namespace

std::string application_label(std::string_view app, std::string_view lease_key_hex) {
    std::string label(app);
    label += "--";
    label += without_prefix(lease_key_hex).substr(0, kLeaseLabelDigits);
    return label;
}

void RouteTable::add(Route route) {
    std::string label = application_label(route.app, route.lease_key);
    add(std::move(label), std::move(route));
}

void RouteTable::add(std::string label, Route route) {
    if (route.lease_key.starts_with("0x")) route.lease_key.erase(0, 2);
    if (!route.traffic) route.traffic = std::make_shared<Traffic>();
    routes_.insert_or_assign(std::move(label), std::make_shared<const Route>(std::move(route)));
}

std::shared_ptr<const Route> RouteTable::by_label(std::string_view label) const {
    const auto it = routes_.find(label);
    return it == routes_.end() ? nullptr : it->second;
}

std::shared_ptr<const Route> RouteTable::by_path(std::string_view lease, std::string_view app) const {
    if (lease.size() < kLeaseLabelDigits) return nullptr;
    auto route = by_label(application_label(app, lease));
    // The short name leads to the route, but whoever wrote more digits must mean the same lease.
    if (route && !std::string_view(route->lease_key).starts_with(lease)) return nullptr;
    return route;
}

RoutePublisher::RoutePublisher() : table_(std::make_shared<const RouteTable>()) {}

void RoutePublisher::publish(std::shared_ptr<const RouteTable> table) {
    if (!table) table = std::make_shared<const RouteTable>();
    {
        const std::lock_guard lock(mutex_);
        table_.swap(table);
        generation_.fetch_add(1, std::memory_order_release);
    }
    // The former table dies here, outside the lock, unless a reader still has it.
}

std::shared_ptr<const RouteTable> RoutePublisher::table() const {
    const std::lock_guard lock(mutex_);
    return table_;
}

std::shared_ptr<Traffic> RoutePublisher::traffic(std::string_view lease_key_hex) {
    const std::lock_guard lock(mutex_);
    auto& slot = traffic_[std::string(without_prefix(lease_key_hex))];
    if (!slot) slot = std::make_shared<Traffic>();
    return slot;
}

const RouteTable& RouteReader::current() {
    if (publisher_.generation() != generation_) {
        const std::lock_guard lock(publisher_.mutex_);
        table_ = publisher_.table_;
        generation_ = publisher_.generation_.load(std::memory_order_relaxed);
    }
    return *table_;
}

}  // namespace grid::lease
