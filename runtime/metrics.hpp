#pragma once

#include <map>
#include <memory>
#include <string>

namespace prometheus {
class Counter;
class Gauge;
class Registry;
}  // namespace prometheus

namespace grid::runtime {

/// The node's counters and gauges, rendered for Prometheus at /metrics. Thread-safe; asking twice for the
/// same name and labels answers the same instrument, which lives as long as the registry.
class Metrics {
public:
    using Labels = std::map<std::string, std::string>;

    Metrics();
    ~Metrics();
    Metrics(const Metrics&) = delete;
    Metrics& operator=(const Metrics&) = delete;

    /// Names end in _total and a unit where there is one: grid_http_requests_total.
    prometheus::Counter& counter(const std::string& name, const std::string& help, const Labels& labels = {});
    prometheus::Gauge& gauge(const std::string& name, const std::string& help, const Labels& labels = {});

    /// Text exposition format 0.0.4.
    std::string render() const;

private:
    std::unique_ptr<prometheus::Registry> registry_;
};

}  // namespace grid::runtime
