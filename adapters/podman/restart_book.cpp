#include "adapters/podman/restart_book.hpp"

#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>
#include <unistd.h>

#include <filesystem>
#include <set>

#include "adapters/podman/answers.hpp"
#include "adapters/podman/plan.hpp"
#include "adapters/whole_file.hpp"

namespace grid::adapters::podman {

namespace fs = std::filesystem;

namespace {

std::pair<std::string, std::string> key_of(const ContainerRow& row) {
    return {row.label(label::kLease), row.label(label::kApp)};
}

}  // namespace

std::string RestartBook::path_of(const Key& key) const {
    return directory_ + "/" + key.first + "/" + key.second + "/restarts";
}

void RestartBook::load() {
    const std::lock_guard lock(mutex_);
    apps_.clear();
    std::error_code e;
    for (const auto& lease : fs::directory_iterator(directory_, e)) {
        std::error_code inner;
        for (const auto& app : fs::directory_iterator(lease.path(), inner)) {
            const Key key{lease.path().filename(), app.path().filename()};
            const auto text = read_whole(path_of(key));
            rapidjson::Document document;
            document.Parse(text.data(), text.size());
            if (document.HasParseError() || !document.IsObject()) continue;
            for (const auto& one : document.GetObject())
                if (one.value.IsObject())
                    apps_[key][one.name.GetString()] = {
                        static_cast<std::uint32_t>(number_of(one.value, "restarts")),
                        number_of(one.value, "before"), number_of(one.value, "last")};
        }
    }
}

/// Nothing is left where nothing is to be remembered.
Result<void> RestartBook::write(const Key& key) {
    if (apps_.at(key).empty()) {
        apps_.erase(key);
        const auto path = fs::path(path_of(key));
        ::unlink(path.c_str());
        ::rmdir(path.parent_path().c_str());  // unless something else is remembered
        ::rmdir(path.parent_path().parent_path().c_str());
        return {};
    }
    rapidjson::StringBuffer buffer;
    rapidjson::Writer<rapidjson::StringBuffer> json(buffer);
    json.StartObject();
    for (const auto& [id, entry] : apps_.at(key)) {
        json.Key(id.c_str());
        json.StartObject();
        json.Key("restarts");
        json.Uint(entry.restarts);
        json.Key("before");
        json.Int64(entry.before);
        json.Key("last");
        json.Int64(entry.last);
        json.EndObject();
    }
    json.EndObject();
    return write_whole(path_of(key), {buffer.GetString(), buffer.GetSize()});
}

Result<void> RestartBook::set(const Key& key, const std::string& id, const Entry& entry) {
    if (entry == Entry())
        apps_[key].erase(id);
    else
        apps_[key][id] = entry;
    return write(key);
}

Result<RestartBook::Entry> RestartBook::begin(const ContainerRow& row, bool after_crash, std::int64_t now) {
    const std::lock_guard lock(mutex_);
    const auto key = key_of(row);
    const auto before = apps_[key][row.id];
    auto next = before;
    next.restarts += after_crash;
    next.before = before.last;
    next.last = now;
    if (auto done = set(key, row.id, next); !done) {
        apps_[key][row.id] = before;
        return tl::unexpected(done.error());
    }
    return before;
}

Result<void> RestartBook::put_back(const ContainerRow& row, const Entry& before) {
    const std::lock_guard lock(mutex_);
    return set(key_of(row), row.id, before);
}

RestartBook::Entry RestartBook::of(const std::string& id) const {
    const std::lock_guard lock(mutex_);
    for (const auto& [key, containers] : apps_)
        if (const auto found = containers.find(id); found != containers.end()) return found->second;
    return {};
}

void RestartBook::forget(const ContainerRow& row) {
    const std::lock_guard lock(mutex_);
    const auto key = key_of(row);
    const auto app = apps_.find(key);
    if (app != apps_.end() && app->second.erase(row.id) > 0) (void)write(key);
}

void RestartBook::forget(const std::string& lease, const std::string& app) {
    const std::lock_guard lock(mutex_);
    std::erase_if(apps_, [&](const auto& one) {
        if (one.first.first != lease || (!app.empty() && one.first.second != app)) return false;
        ::unlink(path_of(one.first).c_str());
        return true;
    });
}

void RestartBook::keep_only(const std::vector<ContainerRow>& rows) {
    std::set<std::string> ids;
    for (const auto& row : rows) ids.insert(row.id);
    const std::lock_guard lock(mutex_);
    std::vector<Key> changed;
    for (auto& [key, containers] : apps_)
        if (std::erase_if(containers, [&](const auto& one) { return !ids.contains(one.first); }) > 0)
            changed.push_back(key);
    for (const auto& key : changed) (void)write(key);
}

}  // namespace grid::adapters::podman
