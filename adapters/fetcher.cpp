#include "adapters/fetcher.hpp"

#include <netdb.h>
#include <openssl/evp.h>

#include <boost/url/parse.hpp>
#include <boost/url/url.hpp>
#include <future>
#include <memory>
#include <thread>

#include "chain/bytes.hpp"
#include "messages/error.hpp"

namespace grid::adapters {

using runtime::HttpDeadline;
using runtime::HttpRequest;
using runtime::HttpResponse;
using runtime::HttpServer;
using runtime::IpAddress;

namespace {

constexpr unsigned kMaxAtOnce = 16;
constexpr std::size_t kMaxUrl = 2048;

Result<std::vector<IpAddress>> lookup(const std::string& name) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* list = nullptr;
    if (const int rc = ::getaddrinfo(name.c_str(), nullptr, &hints, &list); rc != 0)
        return fail("unresolved", "the name " + name + " has no address: " + ::gai_strerror(rc));
    std::vector<IpAddress> addresses;
    for (const auto* i = list; i; i = i->ai_next) {
        char text[NI_MAXHOST] = {};
        if (::getnameinfo(i->ai_addr, i->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST) != 0)
            continue;
        auto address = IpAddress::parse(text);
        if (!address) {
            ::freeaddrinfo(list);
            return fail("forbidden_address", "the name " + name + " has the odd address " + text);
        }
        addresses.push_back(*address);
    }
    ::freeaddrinfo(list);
    return addresses;
}

/// The system's resolver cannot be interrupted: it runs on a thread that is left behind when it is late.
Result<std::vector<IpAddress>> system_resolver(const std::string& name, HttpDeadline deadline) {
    auto answer = std::make_shared<std::promise<Result<std::vector<IpAddress>>>>();
    auto future = answer->get_future();
    std::thread([answer, name] { answer->set_value(lookup(name)); }).detach();
    if (future.wait_until(deadline) != std::future_status::ready)
        return fail("timeout", "the name " + name + " was not resolved in time");
    return future.get();
}

Result<HttpResponse> real_connection(const HttpServer& server, const HttpRequest& request,
                                     HttpDeadline deadline, std::size_t max_body) {
    return runtime::HttpClient(server).request(request, deadline, max_body);
}

struct Target {
    bool tls = false;
    std::string host;  ///< lower case, without brackets
    std::uint16_t port = 0;
    std::string origin_form;  ///< path and query
};

Result<Target> read_target(const boost::urls::url& url) {
    Target target;
    if (url.scheme() == "https") {
        target.tls = true;
    } else if (url.scheme() != "http") {
        return fail("bad_url", "expected http or https, got \"" + std::string(url.scheme()) + "\"");
    }
    if (url.has_userinfo()) return fail("bad_url", "a URL with a user name or password is refused");
    target.host = url.host();
    if (target.host.size() > 2 && target.host.front() == '[')
        target.host = target.host.substr(1, target.host.size() - 2);
    if (target.host.empty()) return fail("bad_url", "the URL has no host");
    for (char& c : target.host) {
        if (static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7f || c == '/' ||
            c == '@')
            return fail("bad_url", "the host has characters that no host name has");
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    target.port = target.tls ? 443 : 80;
    if (url.has_port() && !url.port().empty()) {
        const std::string digits(url.port());
        const auto number = digits.size() <= 5 ? std::stoul(digits) : 0;  // the parser lets digits pass only
        if (number < 1 || number > 65535) return fail("bad_url", "the port must be 1..65535");
        target.port = static_cast<std::uint16_t>(number);
    }
    const auto path = std::string(url.encoded_path());
    target.origin_form =
        (path.empty() ? "/" : path) + (url.has_query() ? "?" + std::string(url.encoded_query()) : "");
    return target;
}

Result<boost::urls::url> read_url(const std::string& text) {
    if (text.size() > kMaxUrl) return fail("bad_url", "the URL is longer than 2048 characters");
    const auto parsed = boost::urls::parse_uri(text);
    if (!parsed) return fail("bad_url", "not a URL: " + parsed.error().message());
    boost::urls::url url(*parsed);
    url.normalize_scheme();
    return url;
}

Result<boost::urls::url> follow(const boost::urls::url& from, std::string_view location) {
    if (location.size() > kMaxUrl)
        return fail("bad_url", "the redirect's URL is longer than 2048 characters");
    const auto reference = boost::urls::parse_uri_reference({location.data(), location.size()});
    if (!reference) return fail("bad_url", "the redirect leads to something that is no URL");
    boost::urls::url url;
    if (const auto ok = boost::urls::resolve(from, *reference, url); !ok)
        return fail("bad_url", "the redirect cannot be followed: " + ok.error().message());
    url.normalize_scheme();
    return url;
}

bool is_redirect(unsigned status) {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

Result<void> check_digest(const std::string& body, const std::string& expected) {
    if (expected.empty()) return {};
    chain::Bytes digest(32);
    if (EVP_Digest(body.data(), body.size(), digest.data(), nullptr, EVP_sha256(), nullptr) != 1)
        return fail("internal", "SHA-256 failed");
    auto wanted = expected;
    for (char& c : wanted)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (wanted.rfind("0x", 0) != 0) wanted = "0x" + wanted;
    const auto found = chain::to_hex(digest);
    if (found != wanted)
        return fail("wrong_sha256", "expected sha256 " + expected + ", the document has " + found);
    return {};
}

}  // namespace

Fetcher::Fetcher(FetchPolicy policy, Resolver resolver, Connector connector)
    : policy_(std::move(policy)),
      resolver_(std::move(resolver)),
      connector_(std::move(connector)),
      guard_(policy_.allowed_networks) {}

Fetcher::Fetcher(FetchPolicy policy) : Fetcher(std::move(policy), system_resolver, real_connection) {}

Result<std::string> Fetcher::fetch(const std::string& url_text, const std::string& sha256) const {
    const auto deadline = std::chrono::steady_clock::now() + policy_.total;
    auto url = read_url(url_text);
    if (!url) return tl::unexpected(url.error());
    bool was_tls = false;
    for (unsigned hop = 0;; ++hop) {
        const auto target = read_target(*url);
        if (!target) return tl::unexpected(target.error());
        if (was_tls && !target->tls) return fail("bad_url", "a redirect from https to http is refused");
        was_tls = target->tls;

        const auto literal = runtime::literal_address(target->host);
        if (!literal) return tl::unexpected(literal.error());
        std::vector<IpAddress> addresses;
        if (*literal) {
            addresses.push_back(**literal);
        } else {
            auto resolved = resolver_(target->host, deadline);
            if (!resolved)
                return resolved.error().code == "unresolved" ? fail("unreachable", resolved.error().message)
                                                             : tl::unexpected(resolved.error());
            addresses = std::move(*resolved);
        }
        if (auto ok = guard_.check(addresses); !ok)
            return fail(ok.error().code, target->host + ": " + ok.error().message);

        HttpRequest request;
        request.target = target->origin_form;
        const bool bracketed = target->host.find(':') != std::string::npos;
        const std::string host = bracketed ? "[" + target->host + "]" : target->host;
        const bool usual = target->port == (target->tls ? 443 : 80);
        request.headers = {{"Host", usual ? host : host + ":" + std::to_string(target->port)},
                           {"Accept", "application/yaml, text/yaml, text/plain, */*"},
                           {"Accept-Encoding", "identity"}};
        Result<HttpResponse> response = fail("unreachable", "no address answered");
        for (const auto& address : addresses) {
            const HttpServer server = target->tls
                                          ? HttpServer(runtime::TlsSocket{address.text(), target->port,
                                                                          target->host, policy_.ca_file})
                                          : HttpServer(runtime::TcpSocket{address.text(), target->port});
            response = connector_(server, request, deadline, policy_.max_body);
            if (response || response.error().code != "unreachable") break;
        }
        if (!response) return tl::unexpected(response.error());
        if (is_redirect(response->status) && !response->header("Location").empty()) {
            if (hop == policy_.max_redirects)
                return fail("bad_status",
                            "more than " + std::to_string(policy_.max_redirects) + " redirects");
            url = follow(*url, response->header("Location"));
            if (!url) return tl::unexpected(url.error());
            continue;
        }
        if (response->status != 200)
            return fail("bad_status",
                        "expected status 200, the server answered " + std::to_string(response->status));
        if (response->body.size() > policy_.max_body)
            return fail("too_large", "the document is larger than allowed");
        if (auto ok = check_digest(response->body, sha256); !ok) return tl::unexpected(ok.error());
        return std::move(response->body);
    }
}

namespace {

using messages::fetch_atom;

/// Counts what runs; a worker counts itself off when it is done.
struct fetcher_state {
    fetcher_state() : running(std::make_shared<std::atomic<unsigned>>(0)) {}
    std::shared_ptr<const Fetcher> fetcher;
    std::shared_ptr<std::atomic<unsigned>> running;
};

messages::fetcher_actor::behavior_type worker(messages::fetcher_actor::pointer self,
                                              std::shared_ptr<const Fetcher> fetcher,
                                              std::shared_ptr<std::atomic<unsigned>> running) {
    self->attach_functor([running] { --*running; });
    return {[self, fetcher](fetch_atom, const std::string& url,
                            const std::string& sha256) -> caf::result<std::string> {
        self->quit();
        return messages::answer(fetcher->fetch(url, sha256));
    }};
}

messages::fetcher_actor::behavior_type fetcher_front(
    messages::fetcher_actor::stateful_pointer<fetcher_state> self, std::shared_ptr<const Fetcher> fetcher) {
    self->state.fetcher = std::move(fetcher);
    return {
        [self](fetch_atom, const std::string& url, const std::string& sha256) -> caf::result<std::string> {
            auto& state = self->state;
            if (*state.running >= kMaxAtOnce)
                return messages::to_caf({"overloaded", "too many documents are being fetched; try again"});
            ++*state.running;
            const auto job = self->spawn<caf::detached>(worker, state.fetcher, state.running);
            return self->delegate(job, messages::fetch_atom_v, url, sha256);
        }};
}

}  // namespace

messages::fetcher_actor spawn_fetcher(caf::actor_system& system, FetchPolicy policy) {
    return system.spawn(fetcher_front, std::make_shared<const Fetcher>(std::move(policy)));
}

}  // namespace grid::adapters
