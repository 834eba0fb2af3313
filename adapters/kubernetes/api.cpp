#include "adapters/kubernetes/api.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>

namespace grid::adapters::kubernetes {

using runtime::percent_encode;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

constexpr char kJson[] = "application/json";

/// Retry-After in seconds, of the head or of the Status object; none when it is neither.
std::optional<std::chrono::seconds> retry_after(const HttpResponse& response) {
    const auto header = response.header("Retry-After");
    std::uint32_t seconds = 0;
    const auto [end, problem] = std::from_chars(header.data(), header.data() + header.size(), seconds);
    if (problem == std::errc{} && !header.empty() && end == header.data() + header.size())
        return std::chrono::seconds{seconds};
    if (const auto body = parse_json(response.body))
        if (const auto n = number_at(*body, {"details", "retryAfterSeconds"}); n > 0)
            return std::chrono::seconds{std::min<std::int64_t>(n, 3600)};
    return std::nullopt;
}

/// The code of a 403. Who may not act here is told apart from an object that admission does not let in, and
/// from what is only not known yet: controllers and caches come after a moment.
const char* forbidden_code(const std::string& words) {
    for (const char* soon :
         {"because it is being terminated", "status unknown for quota", "error looking up service account"})
        if (words.find(soon) != std::string::npos) return "conflict";
    const bool ours =
        words.find("User \"") != std::string::npos && words.find(" cannot ") != std::string::npos;
    return !ours && words.find("is forbidden: ") != std::string::npos ? "denied" : "forbidden";
}

bool put_off(unsigned status, bool has_time) {
    return status == 429 || status == 503 || status == 502 || status == 504 || (status == 500 && has_time);
}

std::string with_query(const std::string& path, const Query& query) {
    return path + query_text(query);
}

}  // namespace

std::string query_text(const Query& query) {
    std::string text;
    for (const auto& [name, value] : query)
        text += (text.empty() ? "?" : "&") + percent_encode(name) + "=" + percent_encode(value);
    return text;
}

std::string Resource::path(const std::string& name_space, const std::string& name,
                           const std::string& subresource) const {
    std::string text = group_version.find('/') == std::string::npos ? "/api/" : "/apis/";
    text += group_version;
    if (namespaced && !name_space.empty()) text += "/namespaces/" + percent_encode(name_space);
    text += "/" + plural;
    if (!name.empty()) text += "/" + percent_encode(name);
    if (!subresource.empty()) text += "/" + subresource;
    return text;
}

Error error_of(const HttpResponse& response) {
    std::string words, reason;
    if (const auto body = parse_json(response.body)) {
        words = text_at(*body, {"message"});
        reason = text_at(*body, {"reason"});
    }
    if (words.empty()) words = response.body;
    words = "the API server answered " + std::to_string(response.status) +
            (words.empty() ? "" : ": " + tamed(words, 1024));
    switch (response.status) {
        case 401:
            return {"unauthorized", words};
        case 403:
            return {forbidden_code(words), words};
        case 404:
            return {"not_found", words};
        case 409:
            return {reason == "AlreadyExists" ? "already_exists" : "conflict", words};
        case 410:
            return {"gone", words};
        case 422:
            return {"invalid", words};
        case 429:
            return {"too_many_requests", words};
        default:
            // Some versions tell of an object of the wrong shape with a 500.
            if (response.status == 500 && words.find("typed patch object") != std::string::npos)
                return {"invalid", words};
            return {response.status >= 500 ? "server_error" : "bad_request", words};
    }
}

Api::Api(const Access& access, ApiLimits limits, Stop& stop)
    : access_(access),
      limits_(limits),
      stop_(stop),
      credentials_(access, std::chrono::system_clock::now, &stop),
      transport_(access) {}

/// Repeats what the server puts off, and once what it refuses for stale credentials.
Result<HttpResponse> Api::attempt(const Perform& perform, Deadline deadline, Stop& stop) {
    auto who = credentials_.current();
    auto wait = limits_.first_wait;
    bool renewed = false;
    for (unsigned tries = 1;; ++tries) {
        if (!who) return tl::unexpected(who.error());
        auto answer = perform(*who, deadline);
        if (!answer) return answer;
        if (answer->status / 100 == 2 || answer->status == 101) return answer;
        if (answer->status == 401 && !renewed) {
            renewed = true;
            who = credentials_.renew(who->generation);
            continue;
        }
        const auto named = retry_after(*answer);
        if (!put_off(answer->status, named.has_value()) || tries >= limits_.attempts) return answer;
        const auto pause = std::min(named ? milliseconds(*named) : wait, limits_.longest_wait);
        wait *= 2;
        if (steady_clock::now() + pause >= deadline) return answer;
        if (!(named ? stop.sleep(pause) : stop.sleep_about(pause)))
            return fail("stopped", "the exchange was stopped");
    }
}

Result<json::value> Api::call(HttpRequest request) {
    const auto answer = attempt(
        [&](const Identity& who, Deadline deadline) {
            return transport_.request(who, request, deadline, limits_.body, &stop_);
        },
        steady_clock::now() + limits_.request, stop_);
    if (!answer) return tl::unexpected(answer.error());
    if (answer->status / 100 != 2) return tl::unexpected(error_of(*answer));
    return parse_json(answer->body);
}

Result<json::value> Api::get(const std::string& path, const Query& query) {
    return call({"GET", with_query(path, query), {}, {}});
}

Result<json::value> Api::get(const Resource& resource, const std::string& name_space,
                             const std::string& name) {
    return get(resource.path(name_space, name));
}

Result<std::string> Api::read_pages(const Resource& resource, const std::string& name_space,
                                    const Query& query, const TakePage& take) {
    std::string next;
    int expired = 0;
    for (std::size_t count = 1; count <= limits_.pages; ++count) {
        Query page = query;
        page.emplace_back("limit", std::to_string(limits_.page));
        if (!next.empty()) page.emplace_back("continue", next);
        auto answer = get(resource.path(name_space), page);
        if (!answer) {
            if (answer.error().code != "gone" || next.empty() || ++expired > 3)
                return tl::unexpected(answer.error());
            next.clear();
            continue;
        }
        auto* whole = answer->if_object();
        auto* items = whole == nullptr ? nullptr : whole->if_contains("items");
        if (items == nullptr || (!items->is_array() && !items->is_null()))
            return fail("bad_reply", "the reply to a list has no items");
        auto objects = items->is_array() ? std::move(items->get_array()) : json::array{};
        for (const auto& object : objects)
            if (!object.is_object()) return fail("bad_reply", "a list holds something that is no object");
        auto version = text_at(*answer, {"metadata", "resourceVersion"});
        if (version.empty()) return fail("bad_reply", "the reply to a list has no resourceVersion");
        take(std::move(objects), next.empty());
        next = text_at(*answer, {"metadata", "continue"});
        if (next.empty()) return version;
    }
    return fail("too_large", "the list of " + resource.plural + " does not end");
}

Result<ObjectList> Api::list(const Resource& resource, const std::string& name_space, const Query& query) {
    ObjectList list;
    bool too_many = false;
    auto version = read_pages(resource, name_space, query, [&](json::array&& objects, bool first) {
        if (first) list.items.clear();
        too_many = (too_many && !first) || list.items.size() + objects.size() > limits_.objects;
        if (!too_many) std::move(objects.begin(), objects.end(), std::back_inserter(list.items));
    });
    if (!version) return tl::unexpected(version.error());
    if (too_many)
        return fail("too_large",
                    "there are more than " + std::to_string(limits_.objects) + " " + resource.plural);
    list.resource_version = std::move(*version);
    return list;
}

Result<json::value> Api::apply(const Resource& resource, const std::string& name_space,
                               const json::object& object) {
    const json::value whole(object);
    const HttpRequest request{"PATCH",
                              with_query(resource.path(name_space, text_at(whole, {"metadata", "name"})),
                                         {{"fieldManager", kFieldManager}, {"force", "true"}}),
                              {{"Content-Type", "application/apply-patch+yaml"}},  // JSON is YAML
                              json::serialize(object)};
    for (int tries = 1;; ++tries) {
        auto answer = call(request);
        // Others may change the object in the same moment; an apply depends on no version.
        if (answer || answer.error().code != "conflict" || tries >= 5) return answer;
        if (!stop_.sleep_about(limits_.first_wait)) return answer;
    }
}

Result<json::value> Api::create(const std::string& path, const json::object& object) {
    return call({"POST",
                 with_query(path, {{"fieldManager", kFieldManager}}),
                 {{"Content-Type", kJson}},
                 json::serialize(object)});
}

Result<json::value> Api::merge(const std::string& path, const json::object& patch) {
    return call({"PATCH",
                 with_query(path, {{"fieldManager", kFieldManager}}),
                 {{"Content-Type", "application/merge-patch+json"}},
                 json::serialize(patch)});
}

Result<bool> Api::remove(const Resource& resource, const std::string& name_space, const std::string& name,
                         const std::string& propagation, const std::string& uid) {
    json::object options{{"apiVersion", "v1"}, {"kind", "DeleteOptions"}, {"propagationPolicy", propagation}};
    if (!uid.empty()) options["preconditions"] = json::object{{"uid", uid}};
    const auto answer = call(
        {"DELETE", resource.path(name_space, name), {{"Content-Type", kJson}}, json::serialize(options)});
    if (!answer) {
        if (answer.error().code == "not_found") return false;
        return tl::unexpected(answer.error());
    }
    // A Status tells that it is gone; the object itself, that its end has begun.
    return text_at(*answer, {"kind"}) != "Status";
}

Result<void> Api::log(const std::string& name_space, const std::string& pod, const Query& query,
                      const std::function<bool(std::string_view)>& sink, Stop* stop) {
    const HttpRequest request{
        "GET", with_query(core::kPods.path(name_space, pod, "log"), query), {{"Accept", "*/*"}}, {}};
    const auto answer = attempt(
        [&](const Identity& who, Deadline deadline) {
            return transport_.stream(who, request, deadline, limits_.log_silence, sink, stop ? stop : &stop_);
        },
        steady_clock::now() + limits_.request, stop ? *stop : stop_);
    if (!answer) return tl::unexpected(answer.error());
    if (answer->status / 100 != 2) return tl::unexpected(error_of(*answer));
    return {};
}

Result<void> Api::watch(const Resource& resource, const std::string& name_space, const Query& query,
                        const std::string& resource_version, std::chrono::seconds length,
                        const std::function<bool(WatchEvent&&)>& sink, Stop* stop) {
    Query whole = query;
    whole.insert(whole.end(), {{"watch", "true"},
                               {"resourceVersion", resource_version},
                               {"allowWatchBookmarks", "true"},
                               {"timeoutSeconds", std::to_string(length.count())}});
    std::string pending;
    Result<void> outcome;
    const auto one = [&](std::string_view line) {
        auto event = parse_json(line);
        if (!event) {
            outcome = tl::unexpected(event.error());
            return false;
        }
        const auto type = text_at(*event, {"type"});
        if (type == "ERROR") {
            HttpResponse as_answer;
            as_answer.status = static_cast<unsigned>(number_at(*event, {"object", "code"}, 500));
            if (const auto* object = find(*event, {"object"})) as_answer.body = json::serialize(*object);
            outcome = tl::unexpected(error_of(as_answer));
            return false;
        }
        WatchEvent told;
        if (type == "ADDED") {
            told.type = WatchEvent::Type::added;
        } else if (type == "MODIFIED") {
            told.type = WatchEvent::Type::modified;
        } else if (type == "DELETED") {
            told.type = WatchEvent::Type::deleted;
        } else if (type != "BOOKMARK") {
            return true;  // of a later version of the API
        }
        auto* object = event->if_object();
        auto* body = object == nullptr ? nullptr : object->if_contains("object");
        if (body == nullptr) return true;
        told.object = std::move(*body);
        return sink(std::move(told));
    };
    const auto pieces = [&](std::string_view piece) {
        pending.append(piece);
        std::size_t begin = 0;
        for (auto end = pending.find('\n'); end != std::string::npos; end = pending.find('\n', begin)) {
            const auto line = std::string_view(pending).substr(begin, end - begin);
            if (!line.empty() && !one(line)) return false;
            begin = end + 1;
        }
        pending.erase(0, begin);
        if (pending.size() <= limits_.event) return true;
        outcome = fail("too_large", "an event of a watch is larger than allowed");
        return false;
    };
    const HttpRequest request{"GET", with_query(resource.path(name_space), whole), {}, {}};
    const auto answer = attempt(
        [&](const Identity& who, Deadline deadline) {
            return transport_.stream(who, request, deadline, length * 2 + std::chrono::seconds(1), pieces,
                                     stop ? stop : &stop_);
        },
        steady_clock::now() + limits_.request, stop ? *stop : stop_);
    if (!outcome) return outcome;
    if (!answer) return tl::unexpected(answer.error());
    if (answer->status / 100 != 2) return tl::unexpected(error_of(*answer));
    return {};
}

}  // namespace grid::adapters::kubernetes
