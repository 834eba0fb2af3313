#include "adapters/leader.hpp"

#include <netdb.h>
#include <rapidjson/document.h>

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <memory>

namespace grid::adapters {
namespace {

using namespace std::chrono_literals;

/// One answer of the feed is 8 MiB and a block more.
constexpr std::size_t kMaxAnswer = chain::kMaxStreamedBlock + (std::size_t{16} << 20);
constexpr auto kPatience = 20s;

Result<std::string> resolve(const std::string& host, std::uint16_t port) {
    if (host == "localhost" || host.ends_with(".localhost")) return "127.0.0.1";
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const auto service = std::to_string(port);
    if (getaddrinfo(host.c_str(), service.c_str(), &hints, &found) != 0 || found == nullptr)
        return fail("leader_unreachable", "the name " + host + " cannot be resolved");
    const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned(found, freeaddrinfo);
    char text[NI_MAXHOST];
    if (getnameinfo(found->ai_addr, found->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST) != 0)
        return fail("leader_unreachable", "the address of " + host + " cannot be read");
    return text;
}

/// A member of a JSON object as text; empty when there is none.
std::string member(const rapidjson::Value& object, const char* name) {
    if (!object.IsObject() || !object.HasMember(name) || !object[name].IsString()) return {};
    return object[name].GetString();
}

}  // namespace

Result<Leader> Leader::at(const std::string& url) {
    const auto parsed = boost::urls::parse_uri(url);
    if (!parsed || (parsed->scheme() != "http" && parsed->scheme() != "https") || parsed->host().empty() ||
        parsed->has_userinfo() || (!parsed->path().empty() && parsed->path() != "/") || parsed->has_query())
        return fail("bad_url", "expected http(s)://HOST[:PORT], got \"" + url + "\"");
    Leader leader;
    leader.url_ = url;
    leader.tls_ = parsed->scheme() == "https";
    leader.host_ =
        parsed->host_name().empty() ? std::string(parsed->host_address()) : std::string(parsed->host_name());
    leader.port_ =
        parsed->has_port() ? parsed->port_number() : static_cast<std::uint16_t>(leader.tls_ ? 443 : 80);
    leader.authority_ = std::string(parsed->encoded_host_and_port());
    return leader;
}

/// The name is resolved each time: the leader may have moved.
Result<runtime::HttpResponse> Leader::ask(runtime::HttpRequest request,
                                          std::chrono::milliseconds patience) const {
    const auto address = resolve(host_, port_);
    if (!address) return tl::unexpected<Error>(address.error());
    runtime::HttpServer server = runtime::TcpSocket{*address, port_};
    if (tls_) server = runtime::TlsSocket{*address, port_, host_, {}};
    request.headers.emplace_back("Host", authority_);
    auto answer = runtime::HttpClient(std::move(server))
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
        problem.Parse(answer->body.data(), answer->body.size());
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
    reply.Parse(answer->body.data(), answer->body.size());
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
