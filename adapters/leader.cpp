#include "adapters/leader.hpp"

#include <rapidjson/document.h>

namespace grid::adapters {
namespace {

using namespace std::chrono_literals;

/// One answer of the feed is 8 MiB and a block more.
constexpr std::size_t kMaxAnswer = chain::kMaxStreamedBlock + (std::size_t{16} << 20);
constexpr auto kPatience = 20s;

/// A member of a JSON object as text; empty when there is none.
std::string member(const rapidjson::Value& object, const char* name) {
    if (!object.IsObject() || !object.HasMember(name) || !object[name].IsString()) return {};
    return object[name].GetString();
}

}  // namespace

Result<Leader> Leader::at(const std::string& url) {
    const auto parsed = runtime::ServerUrl::parse(url, {"http", "https"});
    if (!parsed || parsed->target() != "/")
        return fail("bad_url", "expected http(s)://HOST[:PORT], got \"" + url + "\"");
    Leader leader;
    leader.url_ = url;
    leader.server_ = *parsed;
    return leader;
}

Result<runtime::HttpResponse> Leader::ask(runtime::HttpRequest request,
                                          std::chrono::milliseconds patience) const {
    auto server = server_.server();
    if (!server) return fail("leader_unreachable", url_ + ": " + server.error().message);
    request.headers.emplace_back("Host", server_.authority);
    auto answer = runtime::HttpClient(std::move(*server))
                      .request(request, std::chrono::steady_clock::now() + patience, kMaxAnswer);
    if (!answer) return fail("leader_unreachable", url_ + ": " + answer.error().message);
    return answer;
}

Result<Leader::Batch> Leader::blocks(std::uint64_t from, const std::optional<chain::Hash>& parent,
                                     std::chrono::milliseconds wait) const {
    runtime::HttpRequest request;
    request.target = "/chain/blocks?from=" + std::to_string(from) +
                     (parent ? "&parent=" + parent->hex() : "") + "&wait_ms=" + std::to_string(wait.count());
    const auto answer = ask(std::move(request), wait + kPatience);
    if (!answer) return tl::unexpected<Error>(answer.error());
    if (answer->status != 200) {
        rapidjson::Document problem;
        problem.Parse<rapidjson::kParseIterativeFlag>(answer->body.data(), answer->body.size());
        const std::string code = problem.HasParseError() ? "" : member(problem, "code");
        const std::string detail = problem.HasParseError() ? "" : member(problem, "detail");
        if (answer->status == 409 && (code == "other_branch" || code == "ahead")) return fail(code, detail);
        return fail("leader_unreachable", url_ + " answers " + std::to_string(answer->status) + " " + detail);
    }
    chain::StreamReader reader(
        chain::ByteView(reinterpret_cast<const std::uint8_t*>(answer->body.data()), answer->body.size()));
    Batch batch;
    const auto head = reader.head();
    const auto broken = [](const Error& error) {
        return fail(error.code == "stream_cut" ? "leader_unreachable" : error.code, error.message);
    };
    if (!head) return broken(head.error());
    batch.head = *head;
    if (head->first != from)
        return fail("bad_stream", "expected blocks from " + std::to_string(from) + " on, came from " +
                                      std::to_string(head->first));
    for (;;) {
        auto block = reader.next();
        if (!block) return broken(block.error());
        if (!*block) break;
        batch.blocks.push_back(std::move(*block));
    }
    batch.newest = reader.end();
    return batch;
}

Result<chain::Hash> Leader::send(chain::ByteView raw) const {
    runtime::HttpRequest request{"POST", "/rpc", {{"Content-Type", "application/json"}}, {}};
    request.body = R"({"jsonrpc":"2.0","id":1,"method":"eth_sendRawTransaction","params":[")" +
                   chain::to_hex(raw) + "\"]}";
    const auto answer = ask(std::move(request), kPatience);
    if (!answer) return tl::unexpected<Error>(answer.error());
    rapidjson::Document reply;
    reply.Parse<rapidjson::kParseIterativeFlag>(answer->body.data(), answer->body.size());
    if (reply.HasParseError() || !reply.IsObject())
        return fail("leader_unreachable", url_ + " answers " + std::to_string(answer->status));
    if (const auto hash = chain::Hash::parse(member(reply, "result"))) return *hash;
    if (!reply.HasMember("error")) return fail("leader_unreachable", url_ + " gives no answer");
    const auto& error = reply["error"];
    std::string reason;
    if (error.IsObject() && error.HasMember("data")) reason = member(error["data"], "reason");
    return fail(reason.empty() ? "refused_by_leader" : reason, member(error, "message"));
}

}  // namespace grid::adapters
