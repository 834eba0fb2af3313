#include "apps/grid/http.hpp"

#include "apps/grid/failure.hpp"

namespace grid::cli {

Endpoint::Endpoint(const std::string& url) : url_(url) {
    const auto parsed = runtime::ServerUrl::parse(url, {"http", "https"});
    if (!parsed) throw Failure("bad_url", "expected http(s)://HOST[:PORT][/PATH], got " + url);
    place_ = *parsed;
    if (place_.path.ends_with('/')) place_.path.pop_back();
    auto server = place_.server();
    if (!server) throw Failure(server.error().code, server.error().message);
    server_ = std::move(*server);
}

runtime::HttpResponse Endpoint::request(const std::string& method, const std::string& path,
                                        runtime::HttpHeaders headers, std::string body,
                                        std::chrono::milliseconds timeout) const {
    headers.emplace_back("Host", place_.authority);
    runtime::HttpRequest request{method, place_.path + path, std::move(headers), std::move(body)};
    if (request.target.empty()) request.target.push_back('/');
    auto answer =
        runtime::HttpClient(server_).request(request, std::chrono::steady_clock::now() + timeout, 64u << 20);
    if (!answer) throw Failure(answer.error().code, url_ + ": " + answer.error().message);
    return std::move(*answer);
}

runtime::HttpResponse Endpoint::stream(const std::string& path, runtime::HttpHeaders headers,
                                       const runtime::HttpSink& sink) const {
    headers.emplace_back("Host", place_.authority);
    const runtime::HttpRequest request{"GET", place_.path + path, std::move(headers), {}};
    auto answer = runtime::HttpClient(server_).stream(request, runtime::HttpDeadline::max(), sink);
    if (!answer) throw Failure(answer.error().code, url_ + ": " + answer.error().message);
    return std::move(*answer);
}

}  // namespace grid::cli
