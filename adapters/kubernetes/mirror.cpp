#include "adapters/kubernetes/mirror.hpp"

#include <algorithm>
#include <array>

namespace grid::adapters::kubernetes {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

constexpr milliseconds kFirstPause{100};
constexpr milliseconds kLongestPause{5'000};
constexpr milliseconds kVain{500};

std::string key_of(const json::value& object) {
    return text_at(object, {"metadata", "namespace"}) + "/" + text_at(object, {"metadata", "name"});
}

}  // namespace

bool is_unavailable(const Error& error) {
    constexpr std::array<const char*, 11> kCodes{
        "unreachable",  "timeout",   "tls_failed",        "bad_reply",    "too_large",    "stopped",
        "unauthorized", "forbidden", "too_many_requests", "server_error", "plugin_failed"};
    return error.code == "bad_kubeconfig" ||
           std::find(kCodes.begin(), kCodes.end(), error.code) != kCodes.end();
}

Mirror::Mirror(Api& api, Resource resource, std::string name_space, Query selector)
    : api_(api),
      resource_(std::move(resource)),
      name_space_(std::move(name_space)),
      selector_(std::move(selector)) {}

Result<void> Mirror::refresh() {
    auto list = api_.list(resource_, name_space_, selector_);
    if (!list) return tl::unexpected(list.error());
    objects_.clear();
    for (auto& item : list->items) {
        const auto key = key_of(item);
        objects_[key] = std::move(item);
    }
    version_ = list->resource_version;
    return {};
}

Result<bool> Mirror::follow(Deadline deadline, std::chrono::seconds tick, Stop& stop,
                            const std::function<bool(const Objects&)>& look) {
    const auto left = std::chrono::ceil<std::chrono::seconds>(deadline - steady_clock::now());
    const auto length = std::max(std::min(tick, left), std::chrono::seconds(1));
    bool wanted = true;
    bool late = false;
    const auto outcome = api_.watch(
        resource_, name_space_, selector_, version_, length,
        [&](WatchEvent&& event) {
            if (auto version = text_at(event.object, {"metadata", "resourceVersion"}); !version.empty())
                version_ = std::move(version);
            if (event.type == WatchEvent::Type::bookmark) return true;
            const auto key = key_of(event.object);
            if (event.type == WatchEvent::Type::deleted) {
                objects_.erase(key);
            } else {
                objects_[key] = std::move(event.object);
            }
            wanted = look(objects_);
            late = steady_clock::now() >= deadline;
            return wanted && !late;
        },
        &stop);
    if (!wanted) return false;
    if (!outcome && !late) return tl::unexpected(outcome.error());
    return true;
}

Result<void> Mirror::run(Deadline deadline, std::chrono::seconds tick, Stop& stop,
                         const std::function<bool(const Objects&)>& look) {
    auto pause = kFirstPause;
    std::optional<Error> trouble;
    for (;;) {
        if (stop.stopped()) return fail("stopped", "watching was stopped");
        Result<bool> more = true;
        bool vain = false;  // a watch that was ended in no time, without a word
        if (version_.empty()) {
            if (auto listed = refresh(); !listed)
                more = tl::unexpected(listed.error());
            else
                more = look(objects_);
        } else {
            const auto begun = steady_clock::now();
            const auto before = version_;
            more = follow(deadline, tick, stop, look);
            if (more && *more) more = look(objects_);
            vain = version_ == before && steady_clock::now() - begun < kVain;
            if (more && !vain) pause = kFirstPause;
        }
        if (more && !*more) return {};
        trouble.reset();
        if (!more) {
            const bool gone = more.error().code == "gone";
            if ((!gone && !is_unavailable(more.error())) || more.error().code == "forbidden")
                return tl::unexpected(more.error());
            if (gone) version_.clear();
            trouble = more.error();
        }
        if (steady_clock::now() >= deadline)
            return trouble ? Result<void>(tl::unexpected(*trouble))
                           : Result<void>(fail("timeout", "what was waited for did not come in time"));
        if (trouble || vain) {
            // A watch that was cut resumes from the last version; one that cannot begin must not spin, nor a
            // list whose version is too old at once.
            if (!stop.sleep_about(pause)) return fail("stopped", "watching was stopped");
            pause = std::min(pause * 2, kLongestPause);
        }
    }
}

}  // namespace grid::adapters::kubernetes
