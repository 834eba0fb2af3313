#include "adapters/podman/events.hpp"

#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>

#include "adapters/podman/answers.hpp"
#include "adapters/podman/plan.hpp"
#include "adapters/whole_file.hpp"

namespace grid::adapters::podman {

namespace fs = std::filesystem;
using messages::AppEvent;

namespace {

constexpr std::size_t kMaxMessage = 512;
constexpr std::size_t kMaxLines = 2 * messages::kMaxAppEvents;  // of a file, before it is written anew

/// One line of a file: {"t":1700000000,"w":0,"o":"Pod/web-0","r":"Started","m":"...","n":1}
std::string line_of(const AppEvent& event) {
    rapidjson::StringBuffer buffer;
    rapidjson::Writer<rapidjson::StringBuffer> json(buffer);
    const auto text = [&](const char* name, const std::string& value) {
        json.Key(name);
        json.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
    };
    json.StartObject();
    json.Key("t");
    json.Uint64(event.time.seconds);
    json.Key("w");
    json.Uint(event.kind == AppEvent::Kind::warning);
    text("o", event.object);
    text("r", event.reason);
    text("m", event.message);
    json.Key("n");
    json.Uint(event.count);
    json.EndObject();
    return std::string(buffer.GetString(), buffer.GetSize()) + "\n";
}

/// Null for a line that a kill of ours cut.
std::optional<AppEvent> read_line(const std::string& line) {
    rapidjson::Document value;
    value.Parse(line.data(), line.size());
    if (value.HasParseError() || !value.IsObject()) return std::nullopt;
    AppEvent event;
    event.time.seconds = static_cast<std::uint64_t>(number_of(value, "t"));
    event.kind = number_of(value, "w") > 0 ? AppEvent::Kind::warning : AppEvent::Kind::normal;
    event.object = text_of(value, "o");
    event.reason = text_of(value, "r");
    event.message = text_of(value, "m");
    event.count = static_cast<std::uint32_t>(number_of(value, "n"));
    return event;
}

}  // namespace

std::string pod_name(const ContainerRow& row) {
    return row.label(label::kWorkload) + "-" + row.label(label::kReplica);
}

std::string source_of(const ContainerRow& row) {
    return pod_name(row) + "/" + row.label(label::kContainer);
}

void EventBook::Journal::add(AppEvent event) {
    if (!events.empty()) {
        auto& last = events.back();
        if (last.object == event.object && last.reason == event.reason && last.message == event.message) {
            last.time = event.time;
            last.count += event.count;
            return;
        }
    }
    events.push_back(std::move(event));
    if (events.size() > messages::kMaxAppEvents) events.pop_front();
}

std::string EventBook::path_of(const Key& key) const {
    return directory_ + "/" + key.first + "/" + key.second + "/events";
}

void EventBook::load() {
    const std::lock_guard lock(mutex_);
    journals_.clear();
    std::error_code e;
    for (const auto& lease : fs::directory_iterator(directory_, e)) {
        std::error_code inner;
        for (const auto& app : fs::directory_iterator(lease.path(), inner)) {
            const Key key{lease.path().filename(), app.path().filename()};
            auto& journal = journals_[key];
            std::ifstream in(path_of(key), std::ios::binary);
            for (std::string line; std::getline(in, line); ++journal.lines)
                if (auto event = read_line(line)) journal.add(std::move(*event));
            // After a cut line nothing may be added to it.
            if (journal.lines > 0) journal.lines = kMaxLines;
        }
    }
}

void EventBook::begin(const std::string& lease, const std::string& app) {
    const std::lock_guard lock(mutex_);
    journals_.try_emplace({lease, app});
}

void EventBook::write(const Key& key, Journal& journal, const AppEvent& last) const {
    const auto path = path_of(key);
    if (journal.lines > 0 && journal.lines < kMaxLines) {
        std::ofstream out(path, std::ios::binary | std::ios::app);
        out << line_of(last);
        ++journal.lines;
        return;
    }
    std::string text;
    for (const auto& event : journal.events) text += line_of(event);
    if (write_whole(path, text)) journal.lines = journal.events.size();
}

void EventBook::note(const std::string& lease, const std::string& app, Kind kind, const std::string& object,
                     const std::string& reason, const std::string& message) {
    const AppEvent event{now_(), kind, object, reason, message.substr(0, kMaxMessage), 1};
    const std::lock_guard lock(mutex_);
    const auto journal = journals_.find({lease, app});
    if (journal == journals_.end()) return;
    journal->second.add(event);
    write(journal->first, journal->second, event);
}

void EventBook::note(const ContainerRow& row, Kind kind, const std::string& reason,
                     const std::string& message) {
    note(row.label(label::kLease), row.label(label::kApp), kind, "Pod/" + pod_name(row), reason, message);
}

std::vector<AppEvent> EventBook::of(const std::string& lease, const std::string& app) const {
    const std::lock_guard lock(mutex_);
    const auto found = journals_.find({lease, app});
    if (found == journals_.end()) return {};
    return {found->second.events.begin(), found->second.events.end()};
}

void EventBook::forget(const std::string& lease, const std::string& app) {
    const std::lock_guard lock(mutex_);
    std::erase_if(journals_, [&](const auto& entry) {
        if (entry.first.first != lease || (!app.empty() && entry.first.second != app)) return false;
        ::unlink(path_of(entry.first).c_str());
        return true;
    });
}

}  // namespace grid::adapters::podman
