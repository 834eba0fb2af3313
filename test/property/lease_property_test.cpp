#include <rapidcheck.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "lease/base64url.hpp"
#include "lease/demand.hpp"
#include "lease/handoff.hpp"
#include "lease/lease_key.hpp"
#include "lease/login.hpp"
#include "lease/manifest.hpp"
#include "lease/nonce_book.hpp"
#include "lease/quantity.hpp"
#include "lease/rfc3339.hpp"
#include "lease/route_table.hpp"
#include "lease/session_token.hpp"
#include "lease/siwe.hpp"
#include "lease/yaml.hpp"

using namespace grid;

// RapidCheck takes an asserted expression apart and evaluates both sides of || and &&: such stand in a pair
// of parentheses of their own.

namespace {

rc::Gen<std::vector<std::uint8_t>> bytes(std::size_t most) {
    return rc::gen::mapcat(rc::gen::inRange<std::size_t>(0, most + 1), [](std::size_t size) {
        return rc::gen::container<std::vector<std::uint8_t>>(size, rc::gen::arbitrary<std::uint8_t>());
    });
}

rc::Gen<std::string> text(std::size_t most) {
    return rc::gen::map(bytes(most),
                        [](const std::vector<std::uint8_t>& b) { return std::string(b.begin(), b.end()); });
}

chain::Hash any_hash() {
    chain::Hash h;
    for (auto& b : h.bytes) b = *rc::gen::arbitrary<std::uint8_t>();
    return h;
}

chain::Address any_address() {
    chain::Address a;
    for (auto& b : a.bytes) b = *rc::gen::arbitrary<std::uint8_t>();
    return a;
}

const lease::SessionTokens& tokens() {
    static const lease::SessionTokens made(chain::Hash{}, lease::KeyRing::generate({1000}));
    return made;
}

const char* const kManifest =
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {k: v, F: g}\n---\n"
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 2\n"
    "  selector: {matchLabels: &l {app: web}}\n  template:\n    metadata: {labels: *l}\n    spec:\n"
    "      initContainers: [{name: i, image: busybox, command: [sh, -c, 'echo $(F)']}]\n"
    "      containers:\n      - name: web\n        image: nginx:1.27\n        envFrom: [{configMapRef: "
    "{name: c}}]\n"
    "        ports: [{name: http, containerPort: 80}]\n        resources: {limits: {cpu: 500m, memory: "
    "128Mi}}\n"
    "        volumeMounts: [{name: v, mountPath: /v}]\n        readinessProbe: {httpGet: {port: http}}\n"
    "      volumes: [{name: v, configMap: {name: c, items: [{key: k, path: p}]}}]\n---\n"
    "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {app: web}, ports: [{port: 80, "
    "targetPort: http}]}\n";

lease::ManifestLimits limits() {
    lease::ManifestLimits l;
    l.bought = {2000, 1024, 1024, 0};
    return l;
}

/// A relative path that stays where it begins.
bool inside(const std::string& path) {
    return !path.starts_with('/') && ("/" + path + "/").find("/../") == std::string::npos;
}

/// The manifests that the unit tests lower, each within what it needs.
std::vector<std::string> published_manifests() {
    std::vector<std::string> texts;
    for (const auto& entry :
         std::filesystem::directory_iterator(GRID_SOURCE_DIR "/test/unit/lease/manifests")) {
        if (entry.path().extension() != ".yaml") continue;
        std::ifstream file(entry.path(), std::ios::binary);
        texts.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    }
    return texts;
}

/// What must hold for every application that is let through.
void check_application(const lease::Application& application, const lease::ManifestLimits& l) {
    chain::Resources used;
    std::uint64_t pods = 0;
    RC_ASSERT(!application.workloads.empty());
    for (const auto& workload : application.workloads) {
        chain::Resources sum, greatest_init;
        RC_ASSERT(!workload.containers.empty());
        for (const auto& c : workload.containers) {
            sum.cpu_milli += c.cpu_milli;
            sum.memory_mib += c.memory_mib;
            sum.storage_mib += c.storage_mib;
        }
        for (const auto& c : workload.init_containers) {
            greatest_init.cpu_milli = std::max(greatest_init.cpu_milli, c.cpu_milli);
            greatest_init.memory_mib = std::max(greatest_init.memory_mib, c.memory_mib);
            greatest_init.storage_mib = std::max(greatest_init.storage_mib, c.storage_mib);
        }
        used.cpu_milli += workload.replicas * std::max(sum.cpu_milli, greatest_init.cpu_milli);
        used.memory_mib += workload.replicas * std::max(sum.memory_mib, greatest_init.memory_mib);
        used.storage_mib += workload.replicas * std::max(sum.storage_mib, greatest_init.storage_mib);
        pods += workload.replicas;
        for (const auto& c : workload.containers) {
            if (workload.replicas > 0) RC_ASSERT((c.cpu_milli > 0 && c.memory_mib > 0));
            for (const auto& mount : c.files) {
                RC_ASSERT((mount.directory.starts_with('/') && mount.mode <= 0777u));
                for (const auto& [name, content] : mount.files) RC_ASSERT(inside(name));
            }
            for (const auto& mount : c.scratch) RC_ASSERT((mount.sub_path.empty() || inside(mount.sub_path)));
            for (const auto& mount : c.claims) RC_ASSERT((mount.sub_path.empty() || inside(mount.sub_path)));
            for (const auto& name : c.capabilities) RC_ASSERT((name != "ALL" && name != "SYS_ADMIN"));
            RC_ASSERT((c.image.find("localhost/") != 0 || l.images.allow_local));
        }
    }
    RC_ASSERT(used.cpu_milli <= l.bought.cpu_milli);
    RC_ASSERT(used.memory_mib <= l.bought.memory_mib);
    RC_ASSERT(used.storage_mib <= l.bought.storage_mib);
    RC_ASSERT(pods <= l.pods);
    // The same with persistent volumes, surge and the runs of cron jobs.
    const auto demand = lease::demand_of(application);
    RC_ASSERT((demand.cpu_milli >= used.cpu_milli && demand.cpu_milli <= l.bought.cpu_milli));
    RC_ASSERT((demand.memory_mib >= used.memory_mib && demand.memory_mib <= l.bought.memory_mib));
    RC_ASSERT((demand.storage_mib >= used.storage_mib && demand.storage_mib <= l.bought.storage_mib));
    RC_ASSERT(demand.gpus <= l.bought.gpus);
}

}  // namespace

TEST_CASE("property: quantities round trip and never come out below what is written") {
    REQUIRE(rc::check("millicores", [](std::uint64_t value) {
        RC_ASSERT(lease::parse_millicores(lease::format_millicores(value)) == value);
    }));
    REQUIRE(rc::check("mebibytes", [] {
        const auto value = *rc::gen::inRange<std::uint64_t>(0, 1ull << 44);
        RC_ASSERT(lease::parse_mebibytes(lease::format_mebibytes(value)) == value);
    }));
    REQUIRE(rc::check("notations agree", [] {
        const auto value = *rc::gen::inRange<std::uint64_t>(0, 1'000'000'000);
        const std::string n = std::to_string(value);
        RC_ASSERT(lease::parse_bytes(n + "k") == value * 1000);
        RC_ASSERT(lease::parse_bytes(n + "e3") == value * 1000);
        RC_ASSERT(lease::parse_bytes(n + "Ki") == value * 1024);
        RC_ASSERT(lease::parse_bytes(n + "m") == (value + 999) / 1000);
        RC_ASSERT(lease::parse_bytes(n + "000m") == value);
        RC_ASSERT(lease::parse_bytes("0." + n + "E").has_value());
        RC_ASSERT(lease::parse_mebibytes(n) == (value + 1048575) / 1048576);
        RC_ASSERT(lease::parse_millicores(n) == value * 1000);
    }));
    REQUIRE(rc::check("any text is a number or an error", [] {
        const auto digits =
            *rc::gen::container<std::string>(rc::gen::elementOf(std::string("0123456789.eEmkKMGTiunP+-")));
        for (const auto& result : {lease::parse_bytes(digits), lease::parse_millicores(digits),
                                   lease::parse_mebibytes(digits), lease::parse_count(digits)})
            RC_ASSERT((result || result.error().code == "bad_quantity"));
    }));
}

TEST_CASE("property: base64url is canonical") {
    REQUIRE(rc::check("round trip", [] {
        const auto plain = *bytes(300);
        const std::string encoded = lease::base64url(plain);
        std::vector<std::uint8_t> out(300);
        out.resize(lease::decode_base64url(encoded, out));
        RC_ASSERT(out == plain);
    }));
    REQUIRE(rc::check("one text for each byte string", [] {
        const auto encoded = *text(40);
        std::vector<std::uint8_t> out(40);
        out.resize(lease::decode_base64url(encoded, out));
        RC_ASSERT((out.empty() || lease::base64url(out) == encoded));
    }));
}

TEST_CASE("property: tokens say what was put in, and no other bit pattern verifies") {
    REQUIRE(rc::check("round trip", [] {
        lease::Claims put;
        put.user = any_address();
        put.lease_key = any_hash();
        put.epoch = *rc::gen::arbitrary<std::uint64_t>();
        put.expires_at = {*rc::gen::inRange<std::uint64_t>(2, ~0ull)};
        put.access_ends_at = {*rc::gen::arbitrary<std::uint64_t>()};
        put.scopes = lease::Scopes{*rc::gen::arbitrary<std::uint32_t>()};
        put.audience =
            *rc::gen::element(lease::Audience::api, lease::Audience::app_host, lease::Audience::handoff);
        put.app = *text(32);
        const auto got = tokens().check(tokens().issue(put), {1}, {});
        RC_ASSERT(got.has_value());
        put.id = got->id;
        RC_ASSERT(*got == put);
    }));
    REQUIRE(rc::check("a flipped bit never verifies", [] {
        lease::Claims put;
        put.expires_at = {~0ull};
        put.app = std::string(*rc::gen::inRange(0, 33), 'a');
        std::string token = tokens().issue(put);
        const auto at = *rc::gen::inRange<std::size_t>(0, token.size());
        token[at] = static_cast<char>(token[at] ^ (1 << *rc::gen::inRange(0, 8)));
        RC_ASSERT(!tokens().check(token, {1}, {}));
    }));
    REQUIRE(rc::check("random text never verifies", [] {
        RC_ASSERT(!tokens().check(*text(300), {1}, {}));
        RC_ASSERT(!tokens().check(lease::base64url(*bytes(183)), {1}, {}));
    }));
}

TEST_CASE("property: the label of an application's host is one that DNS takes") {
    REQUIRE(rc::check([] {
        const auto app = *rc::gen::container<std::string>(rc::gen::elementOf(std::string("abcxn01-")));
        if (!lease::valid_app_name(app)) return;
        const auto label = lease::application_label(app, any_hash().hex());
        RC_ASSERT(label.size() <= 63u);
        RC_ASSERT((label.front() != '-' && label.back() != '-' && !label.starts_with("xn--")));
    }));
}

TEST_CASE("property: times round trip") {
    REQUIRE(rc::check([] {
        const chain::Timestamp time{*rc::gen::inRange<std::uint64_t>(0, 253'402'300'800)};
        RC_ASSERT(lease::parse_rfc3339(lease::format_rfc3339(time)) == time);
    }));
}

TEST_CASE("property: login messages read back, and broken ones are refused") {
    REQUIRE(rc::check([] {
        lease::GatewayIdentity gateway{"gateway.example.org", "https://gateway.example.org", any_address(),
                                       4743, any_address()};
        const lease::LoginTerms terms{any_address(),
                                      "Nonce0123456789",
                                      {*rc::gen::inRange<std::uint64_t>(1, 4'000'000'000)},
                                      {4'000'000'001}};
        std::string message = lease::siwe_message(gateway, terms);
        const auto parsed = lease::parse_siwe(message);
        RC_ASSERT(parsed.has_value());
        RC_ASSERT((parsed->address == terms.user && parsed->issued_at == terms.issued_at));
        RC_ASSERT(lease::format_siwe(*parsed) == message);
        // A changed byte is refused, or changes what is read (or one of the letters that RFC 3339 takes in
        // either case).
        const auto at = *rc::gen::inRange<std::size_t>(0, message.size());
        const char before = message[at];
        message[at] = static_cast<char>(*rc::gen::arbitrary<std::uint8_t>());
        const auto changed = lease::parse_siwe(message);
        if (changed && message[at] != before)
            RC_ASSERT(
                (!(*changed == *parsed) || std::string_view("TtZz").find(before) != std::string_view::npos));
    }));
}

TEST_CASE("property: nonces are good once in any order") {
    REQUIRE(rc::check([] {
        lease::NonceBook book({chain::Seconds{100}, 4, 16});
        std::map<std::string, std::uint64_t> alive;  // nonce -> end
        std::uint64_t now = 1000;
        const auto steps = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 40));
        for (const int step : steps) {
            if (step < 20) {
                const auto issued = book.issue(std::string(1, static_cast<char>('a' + step % 5)), {now});
                // Who asks for many loses the oldest, never the newest.
                for (const auto& nonce : issued.gone) RC_ASSERT(alive.erase(nonce) == 1u);
                RC_ASSERT(alive.emplace(issued.row.nonce, now + 100).second);
            } else if (step < 35) {
                if (alive.empty()) continue;
                const auto chosen = std::next(alive.begin(), step % static_cast<int>(alive.size()));
                RC_ASSERT(book.spend(chosen->first, {now}).has_value() == (now < chosen->second));
                RC_ASSERT(!book.spend(chosen->first, {now}));
                if (now < chosen->second) alive.erase(chosen);
            } else {
                now += static_cast<std::uint64_t>(step);
            }
            RC_ASSERT(book.size() <= 16u);
        }
    }));
}

TEST_CASE("property: random bytes and mutated manifests are answered, never more than was bought") {
    REQUIRE(rc::check("bytes", [] {
        const auto random = *text(200);
        (void)lease::parse_yaml(random);
        const auto application = lease::lower_manifest(random, limits());
        RC_ASSERT(!application);
    }));
    REQUIRE(rc::check("characters of YAML", [] {
        const auto random = *rc::gen::container<std::string>(
            rc::gen::elementOf(std::string("ab:-[]{}&*!|>'\"%@`#,? \n\n  \t~0.<")));
        const auto documents = lease::parse_yaml(random);
        RC_ASSERT((documents || documents.error().code == "bad_manifest"));
        RC_ASSERT(!lease::lower_manifest(random, limits()));
    }));
    auto originals = published_manifests();
    REQUIRE(originals.size() >= 25);
    originals.insert(originals.end(), 10, kManifest);
    REQUIRE(rc::check("mutations", [&] {
        std::string manifest = *rc::gen::elementOf(originals);
        const auto changes = *rc::gen::inRange(0, 4);
        for (int i = 0; i < changes; ++i) {
            const auto at = *rc::gen::inRange<std::size_t>(0, manifest.size());
            switch (*rc::gen::inRange(0, 4)) {
                case 0:
                    manifest[at] = static_cast<char>(*rc::gen::arbitrary<std::uint8_t>());
                    break;
                case 1:
                    manifest.erase(at, *rc::gen::inRange<std::size_t>(1, 40));
                    break;
                case 2:
                    manifest.insert(at,
                                    manifest.substr(*rc::gen::inRange<std::size_t>(0, manifest.size()), 30));
                    break;
                default:
                    manifest[at] = *rc::gen::elementOf(std::string("0123456789 \n:-{}[]&*'\""));
                    break;
            }
        }
        lease::ManifestLimits l;
        l.bought = {4000, 8192, 16384, 0};
        const auto application = lease::lower_manifest(manifest, l);
        if (application) return check_application(*application, l);
        RC_ASSERT(changes > 0);
        RC_ASSERT((application.error().code == "bad_manifest" || application.error().code == "policy" ||
                   application.error().code == "too_large"));
        RC_ASSERT(!application.error().message.empty());
    }));
}

TEST_CASE("property: shares use what was bought and no more") {
    REQUIRE(rc::check([] {
        lease::ManifestLimits l;
        l.bought = {*rc::gen::inRange<std::uint64_t>(1, 100'000),
                    *rc::gen::inRange<std::uint64_t>(4, 100'000),
                    *rc::gen::inRange<std::uint64_t>(0, 100'000), 0};
        std::string yaml;
        const auto workloads = *rc::gen::inRange(1, 5);
        for (int w = 0; w < workloads; ++w) {
            const std::string n = "w" + std::to_string(w);
            yaml += "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: " + n +
                    "}\nspec:\n  replicas: " + std::to_string(*rc::gen::inRange(0, 5)) +
                    "\n  selector: {matchLabels: {a: " + n +
                    "}}\n  template:\n    metadata: {labels: {a: " + n + "}}\n    spec:\n";
            for (const char* list : {"initContainers", "containers"}) {
                const auto count = *rc::gen::inRange(list[0] == 'i' ? 0 : 1, 4);
                if (count > 0) yaml += std::string("      ") + list + ":\n";
                for (int c = 0; c < count; ++c) {
                    yaml += std::string("      - {name: ") + list[0] + std::to_string(c) + ", image: a";
                    if (*rc::gen::arbitrary<bool>())
                        yaml += ", resources: {limits: {cpu: " + std::to_string(*rc::gen::inRange(1, 5000)) +
                                "m, memory: " + std::to_string(*rc::gen::inRange(1, 5000)) + "Mi}}";
                    yaml += "}\n";
                }
            }
        }
        const auto application = lease::lower_manifest(yaml, l);
        RC_CLASSIFY(application.has_value(), "accepted");
        if (application) return check_application(*application, l);
        RC_ASSERT(application.error().code == "too_large");
    }));
}
