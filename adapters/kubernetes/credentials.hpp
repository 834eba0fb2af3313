#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>

#include "adapters/kubernetes/kubeconfig.hpp"
#include "adapters/kubernetes/stop.hpp"

namespace grid::adapters::kubernetes {

/// Who we are to the API server, for one request.
struct Identity {
    std::string bearer;            ///< token; secret
    std::string certificate;       ///< PEM; empty: none
    std::string key;               ///< PEM; secret
    std::string authorities;       ///< PEM; empty: the system's
    std::uint64_t generation = 0;  ///< changes with any of the above
};

/// What a plugin printed.
struct PluginAnswer {
    std::string token;
    std::string certificate;
    std::string key;
    std::int64_t expires_at = 0;  ///< seconds since 1970; 0: until it is refused
};

/// Runs a credential plugin, for `limit` at most, and until stopped. Code plugin_failed tells what it said on
/// standard error.
Result<PluginAnswer> run_plugin(const ExecPlugin& plugin, const Access& access,
                                std::chrono::milliseconds limit, const Stop* stop = nullptr);

/// Keeps an Access's credentials fresh: token files are read again every minute (a service account's token is
/// replaced hourly), a plugin is asked again before what it said expires, but never twice within ten seconds,
/// and the kubeconfig itself when a server refuses what stood in it. Any number of threads may use one.
class Credentials {
public:
    using Clock = std::function<std::chrono::system_clock::time_point()>;
    /// `stop` ends a plugin under way, and outlives this.
    explicit Credentials(Access access, Clock clock = std::chrono::system_clock::now,
                         const Stop* stop = nullptr);

    /// Codes: bad_kubeconfig (a file), plugin_failed.
    Result<Identity> current();
    /// After the server refused an identity: all is read anew, unless somebody else did since.
    Result<Identity> renew(std::uint64_t refused_generation);

private:
    Result<void> load();
    void read_source();
    Result<PluginAnswer> ask_plugin();

    Access access_;
    const Clock clock_;
    const Stop* stop_;
    std::mutex mutex_;
    Identity identity_;
    std::chrono::system_clock::time_point good_until_{};
    Result<PluginAnswer> plugin_said_ = PluginAnswer{};
    std::chrono::system_clock::time_point plugin_asked_{};
};

}  // namespace grid::adapters::kubernetes
