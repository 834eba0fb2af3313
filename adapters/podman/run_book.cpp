#include "adapters/podman/run_book.hpp"

#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "adapters/podman/answers.hpp"
#include "adapters/whole_file.hpp"

namespace grid::adapters::podman {

Run* RunBook::find(const std::string& workload, const std::string& version, const std::string& run) {
    for (auto& one : runs)
        if (one.workload == workload && one.version == version && one.run == run) return &one;
    return nullptr;
}

RunBook read_runs(const std::string& path) {
    const auto text = read_whole(path);
    rapidjson::Document document;
    document.Parse(text.data(), text.size());
    RunBook book;
    if (document.HasParseError() || !document.IsObject()) return book;
    const auto number = [](const rapidjson::Value& value, const char* name) {
        return static_cast<std::uint64_t>(number_of(value, name));
    };
    if (document.HasMember("runs") && document["runs"].IsArray())
        for (const auto& value : document["runs"].GetArray()) {
            if (!value.IsObject() || number(value, "state") > 2) continue;
            Run run;
            run.workload = text_of(value, "workload");
            run.version = text_of(value, "version");
            run.run = text_of(value, "run");
            run.state = static_cast<Run::State>(number(value, "state"));
            run.started = number(value, "started");
            run.ended = number(value, "ended");
            run.failed_starts = static_cast<std::uint32_t>(number(value, "failed_starts"));
            run.last_failure = number(value, "last_failure");
            run.reason = text_of(value, "reason");
            run.cleared = number(value, "cleared") > 0;
            run.succeeded = static_cast<std::uint32_t>(number(value, "succeeded"));
            run.failed = static_cast<std::uint32_t>(number(value, "failed"));
            run.next = number(value, "next");
            if (value.HasMember("going") && value["going"].IsArray())
                for (const auto& replica : value["going"].GetArray())
                    if (replica.IsString()) run.going.emplace_back(replica.GetString());
            book.runs.push_back(std::move(run));
        }
    if (document.HasMember("last_minute") && document["last_minute"].IsObject())
        for (const auto& m : document["last_minute"].GetObject())
            if (m.value.IsUint64()) book.last_minute[m.name.GetString()] = m.value.GetUint64();
    return book;
}

Result<void> write_runs(const std::string& path, const RunBook& book) {
    rapidjson::StringBuffer buffer;
    rapidjson::Writer<rapidjson::StringBuffer> json(buffer);
    json.StartObject();
    json.Key("runs");
    json.StartArray();
    for (const auto& run : book.runs) {
        json.StartObject();
        const std::pair<const char*, const std::string*> texts[] = {{"workload", &run.workload},
                                                                    {"version", &run.version},
                                                                    {"run", &run.run},
                                                                    {"reason", &run.reason}};
        for (const auto& [name, value] : texts) {
            json.Key(name);
            json.String(value->c_str(), static_cast<rapidjson::SizeType>(value->size()));
        }
        const std::pair<const char*, std::uint64_t> numbers[] = {
            {"state", static_cast<std::uint64_t>(run.state)},
            {"started", run.started},
            {"ended", run.ended},
            {"failed_starts", run.failed_starts},
            {"last_failure", run.last_failure},
            {"cleared", run.cleared ? 1u : 0u},
            {"succeeded", run.succeeded},
            {"failed", run.failed},
            {"next", run.next}};
        for (const auto& [name, value] : numbers) {
            json.Key(name);
            json.Uint64(value);
        }
        json.Key("going");
        json.StartArray();
        for (const auto& replica : run.going) json.String(replica.c_str());
        json.EndArray();
        json.EndObject();
    }
    json.EndArray();
    json.Key("last_minute");
    json.StartObject();
    for (const auto& [name, minute] : book.last_minute) {
        json.Key(name.c_str());
        json.Uint64(minute);
    }
    json.EndObject();
    json.EndObject();
    return write_whole(path, {buffer.GetString(), buffer.GetSize()});
}

}  // namespace grid::adapters::podman
