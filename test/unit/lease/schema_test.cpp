#include "lease/schema.hpp"

#include <catch2/catch.hpp>

#include "lease/image_name.hpp"
#include "lease/manifest_schema.hpp"
#include "lease/names.hpp"
#include "lease/rfc3339.hpp"
#include "lease/standard_base64.hpp"
#include "lease/variables.hpp"

using namespace grid;

namespace {

/// Every object's fields have names of their own, and every list an element: a slip in a table would open or
/// close a door.
void check_table(const lease::Shape& shape, int depth) {
    REQUIRE(depth < 20);
    for (std::size_t i = 0; i < shape.fields.size(); ++i) {
        REQUIRE(shape.fields[i].shape != nullptr);
        for (std::size_t k = i + 1; k < shape.fields.size(); ++k)
            REQUIRE(shape.fields[i].name != shape.fields[k].name);
        check_table(*shape.fields[i].shape, depth + 1);
    }
    if (shape.kind == lease::Shape::Kind::list) {
        REQUIRE(shape.element != nullptr);
        REQUIRE(shape.most > 0);
        check_table(*shape.element, depth + 1);
    }
    if (shape.kind == lease::Shape::Kind::integer) REQUIRE(shape.least <= shape.most);
    if (shape.valid != nullptr && shape.kind == lease::Shape::Kind::string)
        REQUIRE_FALSE(shape.expected.empty());
}

lease::YamlNode plain(const char* text) {
    lease::YamlNode node;
    node.kind = lease::YamlNode::Kind::scalar;
    node.text = text;
    return node;
}

}  // namespace

TEST_CASE("the tables of the manifest are sound") {
    REQUIRE(lease::manifest_kinds().size() == 10);
    for (const auto& row : lease::manifest_kinds()) check_table(*row.shape, 0);
}

TEST_CASE("plain scalars that are no strings to Kubernetes are known") {
    for (const char* text : {"true", "False", "yes", "NO", "on", "off"})
        CHECK(lease::other_type(text) == "boolean");
    for (const char* text : {"1", "-1", "+1", "1.5", ".5", "1.", "1e3", "1E-3", "0x1f", "0o17", "0b1",
                             "1_000", ".inf", "-.inf", ".nan"})
        CHECK(lease::other_type(text) == "number");
    for (const char* text : {"", "a", "1.2.3", "1a", "v1", "2026-01-01", "10.0.0.1", "e3", "1e", "-", ".",
                             "_1", "0xg", "truely", "128Mi"})
        CHECK_FALSE(lease::other_type(text));
}

TEST_CASE("whole numbers are read as YAML 1.1 and 1.2 write them") {
    CHECK(lease::whole_number(plain("420")) == 420);
    CHECK(lease::whole_number(plain("0644")) == 420);
    CHECK(lease::whole_number(plain("0o644")) == 420);
    CHECK(lease::whole_number(plain("0x1f")) == 31);
    CHECK(lease::whole_number(plain("-3")) == -3);
    CHECK(lease::whole_number(plain("0")) == 0);
    for (const char* text :
         {"", "-", "1.0", "089", "0x", "9223372036854775808", "99999999999999999999", "1e3", " 1", "--1"})
        CHECK_FALSE(lease::whole_number(plain(text)));
    auto quoted = plain("3");
    quoted.quoted = true;
    CHECK_FALSE(lease::whole_number(quoted));
}

TEST_CASE("places are written as paths") {
    const lease::Place root("Pod/web"), spec(root, "spec"), list(spec, "containers"),
        first(list, std::size_t{0});
    CHECK(root.text() == "Pod/web");
    CHECK(spec.text() == "Pod/web: spec");
    CHECK(lease::Place(first, "image").text() == "Pod/web: spec.containers[0].image");
}

TEST_CASE("variables expand as Kubernetes documents it") {
    // k8s.io/kubernetes/third_party/forked/golang/expansion/expand_test.go
    const std::map<std::string, std::string> values = {
        {"VAR_A", "A"}, {"VAR_B", "B"}, {"VAR_C", "C"}, {"VAR_REF", "$(VAR_A)"}, {"VAR_EMPTY", ""}};
    const std::pair<const char*, const char*> rows[] = {
        {"$(VAR_A)", "A"},
        {"___$(VAR_B)___", "___B___"},
        {"___$(VAR_C)", "___C"},
        {"$(VAR_A)-$(VAR_A)", "A-A"},
        {"$(VAR_A)-1", "A-1"},
        {"$(VAR_A)_$(VAR_B)_$(VAR_C)", "A_B_C"},
        {"$$(VAR_B)_$(VAR_A)", "$(VAR_B)_A"},
        {"$$$(VAR_A)", "$A"},
        {"$$$$(VAR_A)", "$$(VAR_A)"},
        {"f000-$$VAR_A", "f000-$VAR_A"},
        {"foo\\$(VAR_C)bar", "foo\\Cbar"},
        {"foo\\\\$(VAR_C)bar", "foo\\\\Cbar"},
        {"foo$(VAR_EMPTY)bar", "foobar"},
        {"foo$(VAR_Awhoops!", "foo$(VAR_Awhoops!"},
        {"f00__(VAR_A)__", "f00__(VAR_A)__"},
        {"$?_boo_$!", "$?_boo_$!"},
        {"$VAR_A", "$VAR_A"},
        {"$(VAR_DNE)", "$(VAR_DNE)"},
        {"$$$$$$(BIG_MONEY)", "$$$(BIG_MONEY)"},
        {"$$$$$$$(VAR_A)", "$$$A"},
        {"$(VAR_REF)", "$(VAR_A)"},
        {"$VAR_A)", "$VAR_A)"},
        {"${VAR_A}", "${VAR_A}"},
        {"$(VAR_B)_______$(A", "B_______$(A"},
        {"$(VAR_C)_______$(", "C_______$("},
        {"$(VAR_A)foobarzab$", "Afoobarzab$"},
        {"foobarzab$(VAR_A", "foobarzab$(VAR_A"},
        {"foo-\\$(VAR_A", "foo-\\$(VAR_A"},
        {"$", "$"},
        {"", ""},
    };
    for (const auto& [text, expected] : rows) {
        INFO(text);
        CHECK(lease::expand_variables(text, values, 1000) == expected);
    }
    CHECK(lease::expand_variables("$(VAR_A)$(VAR_A)$(VAR_A)$(VAR_A)", values, 2).size() == 3);
}

TEST_CASE("image names are those of registries") {
    const std::string digest = "@sha256:" + std::string(64, 'a');
    for (const std::string& image :
         {std::string("nginx"), std::string("nginx:1.27-alpine"), std::string("library/nginx"),
          std::string("ghcr.io/owner/name:v1"), std::string("registry.example.org:5000/a/b_c/d-e"),
          "nginx" + digest, "quay.io/a/b:1" + digest, std::string("localhost/grid/sample:dev"),
          std::string("a__b")}) {
        INFO(image);
        CHECK(lease::parse_image(image));
    }
    CHECK(lease::parse_image("localhost/x")->local);
    CHECK_FALSE(lease::parse_image("docker.io/localhost/x")->local);
    const auto full = lease::parse_image("GHCR.io:443/a/b:v1" + digest);
    REQUIRE(full);
    CHECK(full->registry == "ghcr.io:443");
    CHECK(full->repository == "a/b");
    CHECK(full->tag == "v1");
    CHECK("@" + full->digest == digest);
    CHECK(lease::parse_image("nginx")->registry == "docker.io");
    CHECK(lease::parse_image("nginx")->repository == "library/nginx");
    CHECK(lease::parse_image("index.docker.io/nginx")->repository == "library/nginx");
    CHECK(lease::parse_image("index.docker.io/nginx")->registry == "docker.io");
    for (const std::string& image : {std::string(""),
                                     std::string("Nginx"),
                                     std::string("nginx:"),
                                     std::string("nginx: x"),
                                     std::string("nginx@sha256:abc"),
                                     std::string("nginx@md5:abc"),
                                     std::string("/etc/passwd"),
                                     std::string("docker-archive:/etc/passwd"),
                                     std::string("docker://nginx"),
                                     std::string("dir:/"),
                                     std::string("oci:/x:y"),
                                     std::string("a//b"),
                                     std::string("a/../b"),
                                     std::string("../b"),
                                     std::string("a/b/"),
                                     std::string("-a"),
                                     std::string("nginx\n"),
                                     std::string("nginx latest"),
                                     std::string("ghcr.io:/x"),
                                     std::string("ghcr.io:999999/x"),
                                     std::string("[::1]:5000/x"),
                                     std::string(600, 'a')}) {
        INFO(image);
        const auto source = lease::parse_image(image);
        REQUIRE_FALSE(source);
        CHECK(source.error().code == "bad_manifest");
    }
    for (const char* image :
         {"127.0.0.1:5000/x", "10.0.0.1/x", "169.254.169.254/latest/x", "0x7f.1/x", "2130706433:80/x",
          "localhost:5000/x", "foo.localhost/x", "registry:5000/x", "LOCALHOST/x", "127.1./x"}) {
        INFO(image);
        const auto source = lease::parse_image(image);
        REQUIRE_FALSE(source);
        CHECK(source.error().code == "policy");
    }
}

TEST_CASE("sources of images are registries or parts of them") {
    for (const char* source : {"docker.io", "docker.io/library", "ghcr.io", "registry.example.org:5000/a/b"})
        CHECK(lease::check_image_source(source));
    for (const char* source : {"", "nginx", "ghcr.io/", "GHCR.io", "index.docker.io", "https://ghcr.io", "*",
                               "localhost", "10.0.0.1", "ghcr.io/a:b", "ghcr.io/a/.."}) {
        INFO(source);
        const auto bad = lease::check_image_source(source);
        REQUIRE_FALSE(bad);
        CHECK(bad.error().code == "bad_source");
    }
}

TEST_CASE("names are those of Kubernetes") {
    CHECK(lease::dns_label("a-1"));
    CHECK(lease::dns_label("1a"));
    CHECK(lease::dns_label(std::string(63, 'a')));
    for (const auto& bad : {std::string(), std::string("-a"), std::string("a-"), std::string("A"),
                            std::string("a.b"), std::string("a_b"), std::string(64, 'a')})
        CHECK_FALSE(lease::dns_label(bad));
    CHECK_FALSE(lease::dns_1035_label("1a"));
    CHECK(lease::dns_subdomain("a.b-c.1"));
    CHECK_FALSE(lease::dns_subdomain("a..b"));
    CHECK_FALSE(lease::dns_subdomain("a."));
    CHECK(lease::port_name("http-8080"));
    for (const char* bad : {"", "8080", "http--x", "-http", "a-very-long-port-name", "Http"})
        CHECK_FALSE(lease::port_name(bad));
    CHECK(lease::label_key("app.kubernetes.io/name"));
    CHECK(lease::label_key("app"));
    for (const char* bad : {"", "/a", "a/", "a/b/c", "a b", "grid.lease", "grid/lease", "A_b-"})
        CHECK_FALSE(lease::label_key(bad));
    CHECK(lease::label_value(""));
    CHECK_FALSE(lease::label_value("a b"));
    for (const char* bad : {"", ".", "..", "a/b", "../a", "a b"}) CHECK_FALSE(lease::config_key(bad));
    CHECK(lease::config_key("nginx.conf"));
    for (const char* bad : {"", "a", "/a/../b", "/..", "/a:b", "/./a", "/a\nb"})
        CHECK_FALSE(lease::absolute_path(bad));
    CHECK(lease::absolute_path("/"));
    CHECK(lease::absolute_path("/a//b/..c/"));
}

TEST_CASE("base64 of Secrets is the standard one") {
    CHECK(lease::decode_standard_base64("aGVsbG8=") == "hello");
    CHECK(lease::decode_standard_base64("aGVs\nbG8=\n") == "hello");
    CHECK(lease::decode_standard_base64("+/8=") == "\xfb\xff");
    CHECK(lease::decode_standard_base64("") == "");
    for (const char* bad : {"aGVsbG8", "aGVsbG8==", "=", "====", "a", "-_8=", "aGVsbG9=", "aG=sbG8=", "a b="})
        CHECK_FALSE(lease::decode_standard_base64(bad));
}

TEST_CASE("times are those of RFC 3339") {
    CHECK(lease::format_rfc3339({0}) == "1970-01-01T00:00:00Z");
    CHECK(lease::format_rfc3339({951782400}) == "2000-02-29T00:00:00Z");
    CHECK(lease::format_rfc3339({~0ull}) == "9999-12-31T23:59:59Z");
    CHECK(lease::parse_rfc3339("2000-02-29T00:00:00Z") == chain::Timestamp{951782400});
    CHECK(lease::parse_rfc3339("2000-02-29t01:30:00.999+01:30") == chain::Timestamp{951782400});
    CHECK(lease::parse_rfc3339("2000-02-28T23:00:00-01:00") == chain::Timestamp{951782400});
    for (const char* bad :
         {"", "2000-02-30T00:00:00Z", "2001-02-29T00:00:00Z", "2000-13-01T00:00:00Z", "2000-01-01T24:00:00Z",
          "2000-01-01T00:60:00Z", "2000-01-01T00:00:60Z", "2000-01-01T00:00:00", "2000-01-01 00:00:00Z",
          "2000-01-01T00:00:00.Z", "2000-01-01T00:00:00Zx", "2000-01-01T00:00:00+24:00",
          "1969-12-31T23:59:59Z", "1970-01-01T00:00:00+00:01", "-2000-01-01T00:00:00Z"}) {
        INFO(bad);
        CHECK_FALSE(lease::parse_rfc3339(bad));
    }
}
