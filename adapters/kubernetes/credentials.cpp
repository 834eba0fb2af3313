#include "adapters/kubernetes/credentials.hpp"

#include <fstream>

namespace grid::adapters::kubernetes {

namespace {

constexpr std::chrono::seconds kFilesLife{60};
constexpr std::chrono::seconds kEarly{30};  // a plugin's answer is renewed so long before it expires
constexpr std::chrono::seconds kPluginLimit{60};

Result<std::string> read_token(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::string token;
    std::getline(in, token);
    while (!token.empty() && (token.back() == '\r' || token.back() == ' ')) token.pop_back();
    if (token.empty() || token.size() > 64 * 1024)
        return fail("bad_kubeconfig", path + ": there is no token in it");
    return token;
}

}  // namespace

Credentials::Credentials(Access access, Clock clock) : access_(std::move(access)), clock_(std::move(clock)) {}

Result<Identity> Credentials::current() {
    const std::lock_guard lock(mutex_);
    if (identity_.generation == 0 || clock_() >= good_until_)
        if (auto done = load(); !done) return tl::unexpected(done.error());
    return identity_;
}

Result<Identity> Credentials::renew(std::uint64_t refused_generation) {
    const std::lock_guard lock(mutex_);
    if (identity_.generation == refused_generation)
        if (auto done = load(); !done) return tl::unexpected(done.error());
    return identity_;
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
        auto token = read_token(access_.token_file);
        if (!token) return tl::unexpected(token.error());
        fresh.bearer = std::move(*token);
    }
    auto until = clock_() + kFilesLife;
    if (access_.exec) {
        auto said = run_plugin(*access_.exec, access_, kPluginLimit);
        if (!said) return tl::unexpected(said.error());
        if (!said->token.empty()) fresh.bearer = std::move(said->token);
        if (!said->certificate.empty()) {
            fresh.certificate = std::move(said->certificate);
            fresh.key = std::move(said->key);
        }
        // Without an expiry it is good until it is refused.
        until = said->expires_at == 0 ? std::chrono::system_clock::time_point::max()
                                      : std::chrono::system_clock::from_time_t(said->expires_at) - kEarly;
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
