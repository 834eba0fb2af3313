#include "adapters/kubernetes/credentials.hpp"

namespace grid::adapters::kubernetes {

namespace {

constexpr std::chrono::seconds kFilesLife{60};
constexpr std::chrono::seconds kEarly{30};  // a plugin's answer is renewed so long before it expires
constexpr std::chrono::seconds kPluginLimit{60};
constexpr std::chrono::seconds kPluginRest{10};  // whatever is refused: many calls may be at once

}  // namespace

Credentials::Credentials(Access access, Clock clock, const Stop* stop)
    : access_(std::move(access)), clock_(std::move(clock)), stop_(stop) {}

Result<Identity> Credentials::current() {
    const std::lock_guard lock(mutex_);
    if (identity_.generation == 0 || clock_() >= good_until_)
        if (auto done = load(); !done) return tl::unexpected(done.error());
    return identity_;
}

Result<Identity> Credentials::renew(std::uint64_t refused_generation) {
    const std::lock_guard lock(mutex_);
    if (identity_.generation != refused_generation) return identity_;
    read_source();
    if (auto done = load(); !done) return tl::unexpected(done.error());
    return identity_;
}

/// Tools that rotate inline credentials write the kubeconfig anew. Another server needs a restart of ours.
void Credentials::read_source() {
    if (access_.source.empty() || access_.source == kInCluster) return;
    auto now = read_kubeconfig(access_.source, access_.context);
    if (now && now->url() == access_.url() && now->server_name == access_.server_name)
        access_ = std::move(*now);
}

Result<PluginAnswer> Credentials::ask_plugin() {
    const auto now = clock_();
    const bool rests = now >= plugin_asked_ && now - plugin_asked_ < kPluginRest;
    if (!rests) {
        plugin_said_ = run_plugin(*access_.exec, access_, kPluginLimit, stop_);
        plugin_asked_ = clock_();
    }
    return plugin_said_;
}

Result<void> Credentials::load() {
    Identity fresh;
    fresh.bearer = access_.token;
    auto authorities = load_pem(access_.authorities);
    if (!authorities) return tl::unexpected(authorities.error());
    fresh.authorities = std::move(*authorities);
    auto certificate = load_pem(access_.certificate);
    if (!certificate) return tl::unexpected(certificate.error());
    fresh.certificate = std::move(*certificate);
    auto key = load_pem(access_.key);
    if (!key) return tl::unexpected(key.error());
    fresh.key = std::move(*key);
    if (!access_.token_file.empty()) {
        auto token = load_token(access_.token_file);
        if (!token) return tl::unexpected(token.error());
        fresh.bearer = std::move(*token);
    }
    auto until = clock_() + kFilesLife;
    if (access_.exec) {
        auto said = ask_plugin();
        if (!said) return tl::unexpected(said.error());
        if (!said->token.empty()) fresh.bearer = std::move(said->token);
        if (!said->certificate.empty()) {
            fresh.certificate = std::move(said->certificate);
            fresh.key = std::move(said->key);
        }
        // Without an expiry it is good until it is refused. One that has passed (clocks differ) is tried.
        until = said->expires_at == 0
                    ? std::chrono::system_clock::time_point::max()
                    : std::max(std::chrono::system_clock::from_time_t(said->expires_at) - kEarly,
                               plugin_asked_ + kPluginRest);
    }
    const bool same = identity_.generation != 0 && fresh.bearer == identity_.bearer &&
                      fresh.certificate == identity_.certificate && fresh.key == identity_.key &&
                      fresh.authorities == identity_.authorities;
    fresh.generation = identity_.generation + (same ? 0 : 1);
    identity_ = std::move(fresh);
    good_until_ = until;
    return {};
}

}  // namespace grid::adapters::kubernetes
