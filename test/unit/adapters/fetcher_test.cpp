#include "adapters/fetcher.hpp"

#include <catch2/catch.hpp>
#include <deque>
#include <map>

#include "messages/error.hpp"
#include "support/scripted_server.hpp"

using namespace grid;
using namespace grid::adapters;
using namespace grid::runtime;

namespace {

/// A resolver and a network that tell what they were asked for.
struct World {
    std::map<std::string, std::deque<std::vector<std::string>>> names;  ///< the last answer stays
    std::deque<Result<HttpResponse>> answers;
    std::vector<std::string> resolved;
    std::vector<std::string> connected;  ///< "tls address port host"
    std::vector<HttpRequest> requests;
    FetchPolicy policy;

    Fetcher fetcher() {
        return Fetcher(
            policy,
            [this](const std::string& name, HttpDeadline) -> Result<std::vector<IpAddress>> {
                resolved.push_back(name);
                auto& queue = names[name];
                if (queue.empty()) return fail("unresolved", "no such name");
                std::vector<IpAddress> out;
                for (const auto& text : queue.front()) out.push_back(IpAddress::parse(text).value());
                if (queue.size() > 1) queue.pop_front();
                return out;
            },
            [this](const HttpServer& server, const HttpRequest& request, HttpDeadline, std::size_t) {
                if (const auto* tls = std::get_if<TlsSocket>(&server))
                    connected.push_back("tls " + tls->address + " " + std::to_string(tls->port) + " " +
                                        tls->server_name);
                else if (const auto* tcp = std::get_if<TcpSocket>(&server))
                    connected.push_back("tcp " + tcp->address + " " + std::to_string(tcp->port));
                requests.push_back(request);
                if (answers.empty()) return Result<HttpResponse>(HttpResponse{200, {}, "kind: Pod"});
                auto answer = answers.front();
                answers.pop_front();
                return answer;
            });
    }
};

HttpResponse redirect(std::string location, unsigned status = 302) {
    return HttpResponse{status, {{"Location", std::move(location)}}, ""};
}

std::string code_of(const Result<std::string>& result) {
    return result ? "ok" : result.error().code;
}

}  // namespace

TEST_CASE("a document is fetched from the address that was checked, under its own name", "[fetcher]") {
    World world;
    world.names["example.com"] = {{"93.184.216.34"}};
    CHECK(world.fetcher().fetch("https://Example.com/a/b.yaml?x=1#part", "").value() == "kind: Pod");
    REQUIRE(world.connected == std::vector<std::string>{"tls 93.184.216.34 443 example.com"});
    CHECK(world.requests.at(0).target == "/a/b.yaml?x=1");
    CHECK(world.requests.at(0).headers.at(0) == std::pair<std::string, std::string>{"Host", "example.com"});
}

TEST_CASE("URLs that are refused before anything is asked", "[fetcher]") {
    const std::pair<const char*, const char*> rows[] = {
        {"", "bad_url"},
        {"manifest.yaml", "bad_url"},
        {"ftp://example.com/x", "bad_url"},
        {"file:///etc/passwd", "bad_url"},
        {"http:///x", "bad_url"},
        {"http://user@example.com/", "bad_url"},
        {"http://user:secret@example.com/", "bad_url"},
        {"http://example.com:0/", "bad_url"},
        {"http://example.com:99999/", "bad_url"},
        {"http://exa mple.com/", "bad_url"},
        {"http://a%00b.com/", "bad_url"},
        {"http://127.0.0.1/", "forbidden_address"},
        {"http://127.1/", "forbidden_address"},
        {"http://2130706433/", "forbidden_address"},
        {"http://0x7f000001/", "forbidden_address"},
        {"http://0177.0.0.1/", "forbidden_address"},
        {"http://%31%32%37.0.0.1/", "forbidden_address"},
        {"http://169.254.169.254/latest/meta-data/", "forbidden_address"},
        {"http://100.64.0.1/", "forbidden_address"},
        {"http://10.1.2.3/", "forbidden_address"},
        {"http://[::1]/", "forbidden_address"},
        {"http://[::ffff:10.0.0.1]/", "forbidden_address"},
        {"http://[64:ff9b::a00:1]/", "forbidden_address"},
        {"http://[2002:a00:1::]/", "forbidden_address"},
        {"http://[fd00::1]/", "forbidden_address"},
    };
    for (const auto& [url, code] : rows) {
        INFO(url);
        World world;
        CHECK(code_of(world.fetcher().fetch(url, "")) == code);
        CHECK(world.connected.empty());
        CHECK(world.resolved.empty());
    }
    World world;
    CHECK(code_of(world.fetcher().fetch("http://example.com/" + std::string(3000, 'a'), "")) == "bad_url");
}

TEST_CASE("a name that leads inside is refused, also when only one of its addresses does", "[fetcher]") {
    for (const char* bad :
         {"10.0.0.1", "127.0.0.1", "169.254.169.254", "::ffff:10.0.0.1", "fd00::1", "100.100.1.1"}) {
        INFO(bad);
        World world;
        world.names["evil.example"] = {{"93.184.216.34", bad}};
        CHECK(code_of(world.fetcher().fetch("http://evil.example/", "")) == "forbidden_address");
        CHECK(world.connected.empty());
    }
}

TEST_CASE("rebinding gains nothing: one answer of the resolver is checked and used", "[fetcher]") {
    World world;
    world.names["rebind.example"] = {{"93.184.216.34"}, {"127.0.0.1"}};
    CHECK(world.fetcher().fetch("http://rebind.example/", ""));
    CHECK(world.resolved.size() == 1);
    CHECK(world.connected == std::vector<std::string>{"tcp 93.184.216.34 80"});

    // A redirect to the same name asks again, and the new answer is checked again.
    World again;
    again.names["rebind.example"] = {{"93.184.216.34"}, {"127.0.0.1"}};
    again.answers = {redirect("http://rebind.example/second")};
    CHECK(code_of(again.fetcher().fetch("http://rebind.example/", "")) == "forbidden_address");
    CHECK(again.connected.size() == 1);
}

TEST_CASE("every redirect is checked like a first URL", "[fetcher]") {
    const std::pair<const char*, const char*> rows[] = {
        {"https://169.254.169.254/latest", "forbidden_address"},
        {"//127.0.0.1/x", "forbidden_address"},
        {"https://2130706433/", "forbidden_address"},
        {"https://inside.example/", "forbidden_address"},
        {"http://user:pw@good.example/", "bad_url"},
        {"file:///etc/passwd", "bad_url"},
        {"gopher://good.example/", "bad_url"},
        {"http://good.example/ok", "bad_url"},  // from https down to http
        {"https://good.example/ok", "ok"},
        {"/other/path", "ok"},
        {"other", "ok"},
    };
    for (const auto& [location, code] : rows) {
        INFO(location);
        World world;
        world.names["good.example"] = {{"93.184.216.34"}};
        world.names["inside.example"] = {{"192.168.1.1"}};
        world.answers = {redirect(location)};
        CHECK(code_of(world.fetcher().fetch("https://good.example/a/b", "")) == code);
    }
}

TEST_CASE("three redirects are followed, a fourth is not", "[fetcher]") {
    World world;
    world.names["a.example"] = {{"93.184.216.34"}};
    world.answers = {redirect("/1", 301), redirect("/2", 307), redirect("/3", 308)};
    CHECK(world.fetcher().fetch("http://a.example/", ""));
    CHECK(world.requests.back().target == "/3");
    world.answers = {redirect("/1"), redirect("/2"), redirect("/3"), redirect("/4")};
    CHECK(code_of(world.fetcher().fetch("http://a.example/", "")) == "bad_status");
}

TEST_CASE("statuses, sizes and digests are held to", "[fetcher]") {
    World world;
    world.names["a.example"] = {{"93.184.216.34"}};
    for (unsigned status : {201u, 204u, 304u, 404u, 500u}) {
        world.answers = {HttpResponse{status, {}, "x"}};
        CHECK(code_of(world.fetcher().fetch("http://a.example/", "")) == "bad_status");
    }
    world.answers = {fail("too_large", "more than allowed")};
    CHECK(code_of(world.fetcher().fetch("http://a.example/", "")) == "too_large");
    // sha256 of "abc", FIPS 180-2.
    const std::string digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    world.answers = {HttpResponse{200, {}, "abc"}, HttpResponse{200, {}, "abd"},
                     HttpResponse{200, {}, "abc"}};
    CHECK(world.fetcher().fetch("http://a.example/", digest).value() == "abc");
    CHECK(code_of(world.fetcher().fetch("http://a.example/", digest)) == "wrong_sha256");
    CHECK(code_of(world.fetcher().fetch("http://a.example/", "abc")) == "wrong_sha256");
}

TEST_CASE("the next address is tried when one does not answer", "[fetcher]") {
    World world;
    world.names["a.example"] = {{"93.184.216.34", "93.184.216.35"}};
    world.answers = {fail("unreachable", "refused"), HttpResponse{200, {}, "second"}};
    CHECK(world.fetcher().fetch("http://a.example/", "").value() == "second");
    CHECK(world.connected.size() == 2);
    CHECK(code_of(world.fetcher().fetch("http://nowhere.example/", "")) == "unreachable");
}

TEST_CASE("the actor fetches over real connections, streams under the cap, and obeys the operator's list",
          "[fetcher]") {
    caf::actor_system_config config;
    messages::add_message_types(config);
    caf::actor_system system(config);
    test::ScriptedServer server([](const std::string& request, int connection) {
        const bool big = request.rfind("GET /big ", 0) == 0;
        const bool away = request.rfind("GET /away ", 0) == 0;
        if (away)
            test::ScriptedServer::send(
                connection, "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.2/\r\nContent-Length: 0\r\n\r\n");
        else
            test::ScriptedServer::send(connection, "HTTP/1.1 200 OK\r\n\r\n" +
                                                       (big ? std::string((1 << 20) + 1, 'x') : "kind: Pod"));
    });
    const std::string base = "http://127.0.0.1:" + std::to_string(server.port());
    FetchPolicy open;
    open.allowed_networks = {IpNetwork::parse("127.0.0.1/32").value()};
    const auto allowed = spawn_fetcher(system, open);
    const auto strict = spawn_fetcher(system, {});
    caf::scoped_actor self(system);
    const auto fetch = [&](const messages::fetcher_actor& fetcher, const std::string& url) {
        std::string outcome;
        self->request(fetcher, std::chrono::seconds(20), messages::fetch_atom_v, url, std::string())
            .receive([&](const std::string& body) { outcome = "ok:" + body; },
                     [&](const caf::error& e) { outcome = messages::from_caf(e).code; });
        return outcome;
    };
    CHECK(fetch(allowed, base + "/x") == "ok:kind: Pod");
    CHECK(fetch(allowed, base + "/big") == "too_large");
    CHECK(fetch(allowed, base + "/away") == "forbidden_address");
    CHECK(fetch(strict, base + "/x") == "forbidden_address");
    self->send_exit(allowed, caf::exit_reason::user_shutdown);
    self->send_exit(strict, caf::exit_reason::user_shutdown);
}
