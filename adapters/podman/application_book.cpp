#include "adapters/podman/application_book.hpp"

#include <unistd.h>

#include <caf/binary_deserializer.hpp>
#include <caf/binary_serializer.hpp>
#include <filesystem>

#include "adapters/whole_file.hpp"
#include "messages/inspect.hpp"

namespace grid::adapters::podman {

namespace fs = std::filesystem;

std::string ApplicationBook::path_of(const Key& key) const {
    return directory_ + "/" + key.first + "/" + key.second + "/application";
}

void ApplicationBook::load() {
    std::error_code e;
    const std::lock_guard lock(mutex_);
    entries_.clear();
    for (const auto& lease : fs::directory_iterator(directory_, e)) {
        std::error_code inner;
        for (const auto& app : fs::directory_iterator(lease.path(), inner)) {
            const Key key{lease.path().filename(), app.path().filename()};
            const auto bytes = read_whole(path_of(key));
            lease::Application application;
            caf::binary_deserializer source(nullptr, bytes.data(), bytes.size());
            if (!bytes.empty() && !source(application))
                entries_[key] = std::make_shared<lease::Application>(std::move(application));
        }
    }
}

ApplicationBook::Entry ApplicationBook::of(const std::string& lease, const std::string& app) const {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find({lease, app});
    return found == entries_.end() ? nullptr : found->second;
}

Result<void> ApplicationBook::keep(const std::string& lease, const std::string& app,
                                   const lease::Application& application) {
    caf::binary_serializer::container_type bytes;
    caf::binary_serializer sink(nullptr, bytes);
    auto copy = std::make_shared<lease::Application>(application);
    if (auto e = sink(*copy)) return fail("podman_error", "the application cannot be written down");
    if (auto ok = write_whole(path_of({lease, app}),
                              std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
        !ok)
        return ok;
    const std::lock_guard lock(mutex_);
    entries_[{lease, app}] = std::move(copy);
    return {};
}

void ApplicationBook::forget(const std::string& lease, const std::string& app) {
    const std::lock_guard lock(mutex_);
    std::erase_if(entries_, [&](const auto& entry) {
        if (entry.first.first != lease || (!app.empty() && entry.first.second != app)) return false;
        ::unlink(path_of(entry.first).c_str());
        return true;
    });
}

std::vector<std::pair<ApplicationBook::Key, ApplicationBook::Entry>> ApplicationBook::all() const {
    const std::lock_guard lock(mutex_);
    return {entries_.begin(), entries_.end()};
}

}  // namespace grid::adapters::podman
