// Seeds of the small languages of manifests.

#include "fuzz/seeds.hpp"

namespace grid::fuzz {

Seeds notation_seeds() {
    const std::string digest = "@sha256:" + std::string(64, 'a');
    const std::map<std::string, std::string> texts = {
        {"cpu-one", "1"},
        {"cpu-milli", "1500m"},
        {"cpu-fraction", "0.25"},
        {"cpu-nano", "100000001n"},
        {"bytes-binary", "128Mi"},
        {"bytes-decimal", "1.5G"},
        {"bytes-exponent", "12e6"},
        {"bytes-negative-exponent", "5000E-3"},
        {"bytes-largest", "18446744073709551615"},
        {"bytes-over", "16Ei"},
        {"bytes-signed", "+1Ki"},
        {"quantity-negative", "-1"},
        {"quantity-dots", "1.2.3"},
        {"quantity-of-many-digits", "0000000000000000000000000000000000000000000000000000000000001"},
        {"image-short", "nginx"},
        {"image-tag", "nginx:1.27-alpine"},
        {"image-registry", "ghcr.io/owner/name:v1"},
        {"image-port", "registry.example.com:5000/team/app/web:latest"},
        {"image-digest", "docker.io/library/nginx:1.27" + digest},
        {"image-old-hub", "index.docker.io/nginx"},
        {"image-local", "localhost/mine:dev"},
        {"image-upper-host", "GHCR.IO/owner/name"},
        {"image-address", "10.0.0.1/x"},
        {"image-address-in-hex", "0x7f.1/x"},
        {"image-this-machine", "registry.localhost/x"},
        {"image-transport", "docker-archive:/etc/passwd"},
        {"image-up", "ghcr.io/a/../b"},
        {"source", "ghcr.io/owner"},
        {"cron-hourly", "@hourly"},
        {"cron-steps", "*/15 0-6/2 1,15 JAN-mar MON-FRI"},
        {"cron-never", "0 0 31 2 *"},
        {"cron-leap", "0 0 29 2 ?"},
        {"cron-either", "5 4 13 * 5"},
        {"cron-zone", "TZ=Europe/Berlin 0 0 * * *"},
        {"time", "2026-11-28T06:00:00Z"},
        {"time-offset", "2026-11-28T06:00:00.123456789+05:30"},
        {"time-last", "9999-12-31T23:59:60Z"},
        {"logins", R"({"auths": {"ghcr.io": {"auth": "dXNlcjpwYXNzd29yZA=="}}})"},
        {"logins-plain",
         R"({"auths": {"https://index.docker.io/v1/": {"username": "u", "password": "p:q"}, "r.example:5000": {"auth": "dTpw"}}})"},
        {"logins-helper", R"({"auths": {"ghcr.io": {}}, "credsStore": "desktop"})"},
    };
    Seeds seeds;
    for (const auto& [name, text] : texts) seeds[name] = {text.begin(), text.end()};
    return seeds;
}

}  // namespace grid::fuzz
