#include <algorithm>

#include "fuzz/target.hpp"
#include "lease/cron_schedule.hpp"
#include "lease/docker_config.hpp"
#include "lease/image_name.hpp"
#include "lease/quantity.hpp"
#include "lease/rfc3339.hpp"

namespace grid::fuzz {

namespace {

using namespace grid::lease;

template <class T>
bool refused(const Result<T>& result, const char* code) {
    if (result) return false;
    require(result.error().code == code && !result.error().message.empty(),
            "a refusal has its code and words", result.error().code);
    return true;
}

void quantities(std::string_view text) {
    const auto milli = parse_millicores(text);
    const auto bytes = parse_bytes(text);
    const auto mebibytes = parse_mebibytes(text);
    const auto count = parse_count(text);
    if (!refused(milli, "bad_quantity"))
        require(parse_millicores(format_millicores(*milli)) == milli, "millicores are written as read");
    if (!refused(mebibytes, "bad_quantity"))
        require(parse_mebibytes(format_mebibytes(*mebibytes)) == mebibytes, "mebibytes are written as read");
    if (!refused(count, "bad_quantity")) require(bytes == count, "a whole number is the same rounded up");
    if (refused(bytes, "bad_quantity")) return;
    // All are of one number x: bytes = ceil(x), mebibytes = ceil(x / 2^20), millicores = ceil(1000 x).
    require(mebibytes == *bytes / (1 << 20) + (*bytes % (1 << 20) != 0), "mebibytes are bytes rounded up");
    if (milli) require(*milli / 1000 + (*milli % 1000 != 0) == *bytes, "millicores are of the same number");
}

void image(std::string_view text) {
    const auto name = parse_image(text);
    if (!name) {
        require(name.error().code == "bad_manifest" || name.error().code == "policy", "a refusal has a code");
        return;
    }
    const std::string full = (name->local ? "localhost" : name->registry) + "/" + name->repository;
    const std::string whole =
        full + (name->tag.empty() ? "" : ":" + name->tag) + (name->digest.empty() ? "" : "@" + name->digest);
    require(std::none_of(whole.begin(), whole.end(),
                         [](unsigned char c) { return c <= 0x20 || c >= 0x7f || c == '\\' || c == '%'; }),
            "a name has no character that a URL or a shell minds", whole);
    require(("/" + full + "/").find("/../") == std::string::npos && full.find("//") == std::string::npos,
            "a name leads nowhere else", full);
    require(name->local == name->registry.empty(), "an image is local or of a registry");
    require(name->local || name->registry.find('.') != std::string::npos, "a registry is no short name",
            name->registry);
    require(name->registry.substr(0, name->registry.find(':')) != "localhost",
            "a registry is not this machine");
    if (whole.size() <= 512) {
        const auto again = parse_image(whole);
        require(again && again->registry == name->registry && again->repository == name->repository &&
                    again->tag == name->tag && again->digest == name->digest && again->local == name->local,
                "a name written in full is the same", whole);
    }
    require(check_image(*name, {}).has_value() != name->local, "local images need to be allowed");
    ImageRules only;
    only.sources = {"ghcr.io/owner"};
    require(
        check_image(*name, only).has_value() == full.starts_with("ghcr.io/owner/") || full == "ghcr.io/owner",
        "a source stands for what is under it", full);
}

void image_source(std::string_view text) {
    if (text.find('@') != std::string_view::npos || text.size() > 400) return;
    if (refused(check_image_source(text), "bad_source")) return;
    const auto under = parse_image(std::string(text) + "/x");
    ImageRules rules;
    rules.sources = {std::string(text)};
    require(under && check_image(*under, rules), "what is under a source is allowed by it");
}

void schedule(std::string_view text) {
    const auto cron = CronSchedule::parse(text);
    if (refused(cron, "bad_schedule")) return;
    constexpr std::uint64_t kNow = 1'700'000'017;
    constexpr std::uint64_t kFiveYears = 5ull * 366 * 86'400;
    const auto next = cron->next_after({kNow});
    if (!next) return;
    require(next->seconds > kNow && next->seconds % 60 == 0, "a run is at a full minute to come");
    require(next->seconds - kNow <= kFiveYears + 86'400, "a run is within five years");
    require(cron->next_after({next->seconds - 1}) == next, "the same run from just before it");
    const auto after = cron->next_after(*next);
    require(!after || after->seconds > next->seconds, "runs follow each other");
}

void time(std::string_view text) {
    const auto read = parse_rfc3339(text);
    if (refused(read, "bad_time")) return;
    require(parse_rfc3339(format_rfc3339(*read)) == read, "a time is written as read");
}

void logins(std::string_view text) {
    const auto read = read_docker_config(text);
    if (refused(read, "bad_manifest")) return;
    require(!read->empty() && read->size() <= 16, "some logins, not too many");
    for (const RegistryLogin& login : *read) {
        require(!login.registry.empty() && !login.user.empty() && !login.password.empty(),
                "a login is whole");
        require(login.registry.find_first_of("/@ \r\n") == std::string::npos, "a registry is a host",
                login.registry);
    }
}

}  // namespace

void notation(chain::ByteView input) {
    const std::string_view text(reinterpret_cast<const char*>(input.data()), input.size());
    quantities(text);
    image(text);
    image_source(text);
    schedule(text);
    time(text);
    logins(text);
}

}  // namespace grid::fuzz
