/// What a container has printed, and commands inside it.
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <deque>

#include "adapters/podman/answers.hpp"
#include "adapters/podman/api.hpp"

namespace grid::adapters::podman {

using rapidjson::Document;
using runtime::HttpDeadline;
using runtime::HttpRequest;
using runtime::percent_encode;
using std::chrono::steady_clock;

namespace {
constexpr std::size_t kMaxFrame = 1u << 20;
}  // namespace

Result<std::string> PodmanApi::last_lines(const std::string& id, unsigned lines) const {
    std::string text;
    const auto done = follow(
        id, false, lines, 0,
        [&](std::string_view piece) {
            text.append(piece);
            return text.size() < 64 * 1024;
        },
        nullptr);
    if (!done) return tl::unexpected(done.error());
    return text;
}

Result<void> PodmanApi::follow(const std::string& id, bool follow, unsigned tail, std::int64_t since,
                               const std::function<bool(std::string_view)>& sink,
                               runtime::HttpStop* stop) const {
    HttpRequest request;
    request.target = std::string(kBase) + "/containers/" + percent_encode(id) +
                     "/logs?stdout=true&stderr=true" + (follow ? "&follow=true" : "");
    request.target += since > 0 ? "&since=" + std::to_string(since) : "&tail=" + std::to_string(tail);
    FrameReader frames;
    const auto response = client_.stream(
        request, follow ? HttpDeadline::max() : steady_clock::now() + std::chrono::seconds(10),
        [&](std::string_view bytes) { return frames.feed(bytes, sink); }, stop);
    if (!response) return response.error().code == "stopped" ? Result<void>() : transport(response.error());
    if (response->status >= 400) return refused(*response);
    return {};
}

Result<void> PodmanApi::log_between(const std::string& id, std::int64_t since, std::int64_t until,
                                    unsigned tail, const std::function<bool(std::string_view)>& sink) const {
    HttpRequest request;
    request.target =
        std::string(kBase) + "/containers/" + percent_encode(id) + "/logs?stdout=true&stderr=true";
    if (since > 0) request.target += "&since=" + percent_encode(time_text(since));
    if (until > 0) request.target += "&until=" + percent_encode(time_text(until));
    // With a tail podman would cut first and look at the time afterwards.
    std::deque<std::string> lines;
    FrameReader frames;
    const auto keep = [&](std::string_view text) {
        lines.emplace_back(text);
        if (lines.size() > tail) lines.pop_front();
        return true;
    };
    const auto response = client_.stream(
        request, steady_clock::now() + std::chrono::seconds(10),
        [&](std::string_view bytes) { return frames.feed(bytes, keep); }, nullptr);
    if (!response) return transport(response.error());
    if (response->status >= 400) return refused(*response);
    for (const auto& line : lines)
        if (!sink(line)) break;
    return {};
}

Result<int> PodmanApi::execute(const std::string& id, const std::vector<std::string>& command,
                               milliseconds limit) const {
    const auto made = prepare_exec(id, command, {"AttachStdout"});
    if (!made) return tl::unexpected(made.error());
    const auto ran = call("POST", "/exec/" + percent_encode(*made) + "/start", "{\"Detach\":false}", limit);
    if (!ran) return tl::unexpected(ran.error());
    const auto state = exec_state(*made);
    if (!state) return tl::unexpected(state.error());
    return state->exit_code;
}

Result<std::string> PodmanApi::create_exec(const std::string& id, const std::vector<std::string>& command,
                                           bool tty) const {
    std::vector<const char*> flags{"AttachStdin", "AttachStdout", "AttachStderr"};
    if (tty) flags.push_back("Tty");
    return prepare_exec(id, command, flags);
}

Result<std::string> PodmanApi::prepare_exec(const std::string& id, const std::vector<std::string>& command,
                                            const std::vector<const char*>& flags) const {
    rapidjson::StringBuffer buffer;
    rapidjson::Writer<rapidjson::StringBuffer> json(buffer);
    json.StartObject();
    json.Key("Cmd");
    json.StartArray();
    for (const auto& word : command) json.String(word.c_str(), static_cast<rapidjson::SizeType>(word.size()));
    json.EndArray();
    for (const auto* flag : flags) {
        json.Key(flag);
        json.Bool(true);
    }
    json.EndObject();
    const auto created = call("POST", "/containers/" + percent_encode(id) + "/exec", buffer.GetString());
    if (!created) return tl::unexpected(created.error());
    Document document;
    document.Parse(created->body.data(), created->body.size());
    if (document.HasParseError() || !document.IsObject() || text_of(document, "Id").empty())
        return odd("exec");
    return text_of(document, "Id");
}

Result<ExecRow> PodmanApi::exec_state(const std::string& exec) const {
    const auto looked = call("GET", "/exec/" + percent_encode(exec) + "/json");
    if (!looked) return tl::unexpected(looked.error());
    Document result;
    result.Parse(looked->body.data(), looked->body.size());
    if (result.HasParseError() || !result.IsObject() || !result.HasMember("ExitCode")) return odd("exec");
    return ExecRow{result.HasMember("Running") && result["Running"].IsTrue(),
                   static_cast<int>(number_of(result, "ExitCode")),
                   static_cast<int>(number_of(result, "Pid"))};
}

Result<void> PodmanApi::resize_exec(const std::string& exec, unsigned columns, unsigned rows) const {
    const auto response =
        call("POST", "/exec/" + percent_encode(exec) + "/resize?w=" + std::to_string(columns) +
                         "&h=" + std::to_string(rows));
    if (!response) return tl::unexpected(response.error());
    return {};
}

std::string PodmanApi::exec_path(const std::string& exec) {
    return std::string(kBase) + "/exec/" + percent_encode(exec);
}

bool FrameReader::feed(std::string_view bytes, const std::function<bool(std::string_view)>& sink) {
    pending_.append(bytes);
    std::size_t at = 0;
    bool more = true;
    while (more && pending_.size() - at >= 8) {
        const auto byte = [&](std::size_t i) {
            return static_cast<std::size_t>(static_cast<std::uint8_t>(pending_[at + i]));
        };
        const auto length = byte(4) << 24 | byte(5) << 16 | byte(6) << 8 | byte(7);
        if (byte(0) > 2 || length > kMaxFrame) return false;
        if (pending_.size() - at - 8 < length) break;
        more = sink(std::string_view(pending_).substr(at + 8, length));
        at += 8 + length;
    }
    pending_.erase(0, at);
    return more;
}

}  // namespace grid::adapters::podman
