/// Garbage: what no living lease needs any more.
#include <algorithm>
#include <filesystem>
#include <set>

#include "adapters/podman/driver.hpp"

namespace grid::adapters::podman {

namespace fs = std::filesystem;
using std::chrono::steady_clock;

namespace {

bool is_lease_text(const std::string& text) {
    return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

bool of_the_provider(const ImageRow& image) {
    return std::any_of(image.names.begin(), image.names.end(),
                       [](const auto& name) { return name.rfind("localhost/", 0) == 0; });
}

}  // namespace

Result<std::vector<std::string>> Driver::collect(const std::vector<messages::Hash>& living) {
    const std::lock_guard lock(collect_mutex_);
    std::set<std::string> kept;
    for (const auto& lease : living) kept.insert(lease_text(lease));
    const auto rows = api_.containers(labels());
    if (!rows) return tl::unexpected(rows.error());
    for (const auto& row : *rows) kept.insert(row.label(label::kLease));

    std::set<std::string> dead;
    std::error_code e;
    for (const auto& place : {layout_.apps, layout_.kept})
        for (const auto& entry : fs::directory_iterator(place, e))
            if (const auto name = entry.path().filename().string(); is_lease_text(name) && !kept.count(name))
                dead.insert(name);
    const auto networks = api_.networks(labels().front());
    if (!networks) return tl::unexpected(networks.error());
    for (const auto& network : *networks) {
        const auto lease = network.labels.find(label::kLease);
        if (lease != network.labels.end() && !kept.count(lease->second)) dead.insert(lease->second);
    }
    const auto volumes = volumes_.of();
    if (!volumes) return tl::unexpected(volumes.error());
    for (const auto& volume : *volumes)
        if (const auto& lease = volume.label(label::kLease); !kept.count(lease)) dead.insert(lease);
    std::vector<std::string> gone;
    for (const auto& lease : dead) {
        // A deployment may have begun since the list was read.
        const auto held = gate(lease);
        const std::unique_lock still(held->mutex, std::try_to_lock);
        if (!still) continue;
        const auto now = api_.containers(labels(lease));
        if (!now || !now->empty()) continue;
        if (auto done = networks_.remove(lease); !done) return tl::unexpected(done.error());
        applications_.forget(lease, {});
        if (auto done = volumes_.remove_all(lease); !done) return tl::unexpected(done.error());
        if (auto done = release_mounts(mounts_directory(lease, {})); !done)
            return tl::unexpected(done.error());
        fs::remove_all(app_directory(lease, {}), e);
        forget_kept(lease, {});
        gone.push_back("network and files of lease 0x" + lease);
    }
    if (!layout_.own_service) return gone;

    const auto images = api_.images();
    if (!images) return tl::unexpected(images.error());
    const auto now = steady_clock::now();
    std::set<std::string> present;
    for (const auto& image : *images) {
        present.insert(image.id);
        auto& used = image_used_.emplace(image.id, now).first->second;
        if (image.used) used = now;
        if (image.used || of_the_provider(image) || now - used < config_.image_grace) continue;
        if (auto done = api_.remove_image(image.id); !done) {
            if (done.error().code == "cluster_unavailable") return tl::unexpected(done.error());
            continue;  // used since, or the base of another
        }
        gone.push_back("image " + (image.names.empty() ? image.id.substr(0, 12) : image.names.front()));
    }
    std::erase_if(image_used_, [&](const auto& entry) { return !present.count(entry.first); });
    return gone;
}

}  // namespace grid::adapters::podman
