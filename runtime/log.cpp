#include "runtime/log.hpp"

#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>

#include <vector>

namespace grid::runtime {

Result<void> start_log(const std::string& level, const std::string& file) {
    const auto parsed = spdlog::level::from_str(level);
    if (parsed == spdlog::level::off && level != "off")
        return fail(
            "bad_config",
            "log level: expected trace, debug, info, warning, error, critical or off, got \"" + level + "\"");
    try {
        std::vector<spdlog::sink_ptr> sinks{std::make_shared<spdlog::sinks::stderr_color_sink_mt>()};
        if (!file.empty())
            sinks.push_back(std::make_shared<spdlog::sinks::rotating_file_sink_mt>(file, 16u << 20, 4));
        auto logger = std::make_shared<spdlog::logger>("grid", sinks.begin(), sinks.end());
        logger->set_level(parsed);
        logger->flush_on(spdlog::level::info);
        logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %^%l%$ %v", spdlog::pattern_time_type::utc);
        spdlog::set_default_logger(std::move(logger));
    } catch (const spdlog::spdlog_ex& e) {
        return fail("log_unwritable", e.what());
    }
    return {};
}

}  // namespace grid::runtime
