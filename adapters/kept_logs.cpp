#include "adapters/kept_logs.hpp"

#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "adapters/whole_file.hpp"
#include "lease/rfc3339.hpp"

namespace grid::adapters {

namespace fs = std::filesystem;

namespace {

void member(rapidjson::Writer<rapidjson::StringBuffer>& json, const char* name, const std::string& value) {
    json.Key(name);
    json.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
}

std::string member(const rapidjson::Value& object, const char* name) {
    const auto i = object.FindMember(name);
    if (i == object.MemberEnd() || !i->value.IsString()) return {};
    return {i->value.GetString(), i->value.GetStringLength()};
}

}  // namespace

std::string KeptLogs::path_of(const std::string& lease, const std::string& app) const {
    return directory_ + "/" + lease + "/" + app + "/lines";
}

/// What is still to be kept.
std::vector<KeptLog> KeptLogs::read(const std::string& path) const {
    const auto bytes = read_whole(path);
    rapidjson::Document document;
    document.Parse(bytes.data(), bytes.size());
    std::vector<KeptLog> out;
    if (document.HasParseError() || !document.IsArray()) return out;
    const auto now = now_().seconds;
    const auto life = static_cast<std::uint64_t>(std::chrono::seconds(limits_.life).count());
    for (const auto& value : document.GetArray()) {
        if (!value.IsObject() || !value.HasMember("ended") || !value["ended"].IsUint64()) continue;
        KeptLog log{member(value, "workload"),
                    member(value, "source"),
                    {value["ended"].GetUint64()},
                    member(value, "text")};
        if (log.ended.seconds + life >= now) out.push_back(std::move(log));
    }
    return out;
}

void KeptLogs::keep(const std::string& lease, const std::string& app, KeptLog log) {
    LogEnd end(limits_.container_bytes);
    end.add(log.text);
    log.text = end.take();
    if (log.text.empty()) return;
    const std::lock_guard lock(mutex_);
    const auto path = path_of(lease, app);
    auto logs = read(path);
    logs.push_back(std::move(log));
    std::stable_sort(logs.begin(), logs.end(),
                     [](const auto& a, const auto& b) { return a.ended < b.ended; });
    std::size_t bytes = 0, kept = 0;
    for (auto i = logs.rbegin(); i != logs.rend() && kept < limits_.app_containers; ++i, ++kept)
        if ((bytes += i->text.size()) > limits_.app_bytes) break;
    logs.erase(logs.begin(), logs.end() - static_cast<std::ptrdiff_t>(kept));
    rapidjson::StringBuffer buffer;
    rapidjson::Writer<rapidjson::StringBuffer> json(buffer);
    json.StartArray();
    for (const auto& one : logs) {
        json.StartObject();
        member(json, "workload", one.workload);
        member(json, "source", one.source);
        json.Key("ended");
        json.Uint64(one.ended.seconds);
        member(json, "text", one.text);
        json.EndObject();
    }
    json.EndArray();
    (void)write_whole(path, {buffer.GetString(), buffer.GetSize()});
}

std::vector<KeptLog> KeptLogs::of(const std::string& lease, const std::string& app,
                                  const std::string& workload) const {
    const std::lock_guard lock(mutex_);
    auto logs = read(path_of(lease, app));
    if (!workload.empty()) std::erase_if(logs, [&](const auto& log) { return log.workload != workload; });
    return logs;
}

bool KeptLogs::print(const messages::LogRequest& request,
                     const std::function<bool(const std::string&, const std::string&)>& sink) const {
    const auto logs = of(request.lease_key.hex().substr(2), request.app, request.workload);
    for (const auto& log : logs) {
        std::string text = "==> " + log.source + ", ended " + lease::format_rfc3339(log.ended) + " <==\n";
        text += last_lines_of(log.text, request.tail);
        if (!text.ends_with('\n')) text += '\n';
        if (!sink(log.source, text)) return false;
    }
    return logs.empty() || sink("", "==> running <==\n");
}

void KeptLogs::forget(const std::string& lease, const std::string& app) {
    const std::lock_guard lock(mutex_);
    const auto all = directory_ + "/" + lease;
    std::vector<std::string> apps{app};
    std::error_code e;
    if (app.empty()) {
        apps.clear();
        for (const auto& one : fs::directory_iterator(all, e)) apps.push_back(one.path().filename());
    }
    for (const auto& one : apps) {
        ::unlink(path_of(lease, one).c_str());
        ::rmdir((all + "/" + one).c_str());  // unless something else stands there
    }
    ::rmdir(all.c_str());
}

void LogEnd::add(std::string_view text) {
    text_.append(text);
    if (text_.size() <= 2 * bytes_) return;
    text_.erase(0, text_.size() - bytes_);
    cut_ = true;
}

std::string LogEnd::take() {
    if (text_.size() > bytes_) {
        text_.erase(0, text_.size() - bytes_);
        cut_ = true;
    }
    // A line without its beginning is left out, unless it is all that there is.
    if (const auto line = text_.find('\n'); cut_ && line != std::string::npos && line + 1 < text_.size())
        text_.erase(0, line + 1);
    return std::move(text_);
}

std::string_view last_lines_of(std::string_view text, std::uint32_t lines) {
    if (lines == 0) return {};
    auto at = text.size();
    if (at > 0 && text.back() == '\n') --at;
    for (; at > 0; --at)
        if (text[at - 1] == '\n' && --lines == 0) break;
    return text.substr(at);
}

}  // namespace grid::adapters
