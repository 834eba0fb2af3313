#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "adapters/kubernetes/credentials.hpp"
#include "adapters/kubernetes/json.hpp"
#include "adapters/kubernetes/stop.hpp"
#include "adapters/kubernetes/transport.hpp"

namespace grid::adapters::kubernetes {

/// The owner of the fields that we set by server-side apply.
inline constexpr char kFieldManager[] = "grid-gateway";

/// A kind of object as the server has it.
struct Resource {
    std::string group_version;  ///< "v1", "apps/v1"
    std::string plural;         ///< "pods"
    std::string kind;           ///< "Pod"
    bool namespaced = true;

    /// "/api/v1/namespaces/NS/pods/NAME/log"; without a name the collection, without a namespace all of them.
    std::string path(const std::string& name_space, const std::string& name = {},
                     const std::string& subresource = {}) const;
    friend bool operator==(const Resource&, const Resource&) = default;
};

namespace core {
inline const Resource kNamespaces{"v1", "namespaces", "Namespace", false};
inline const Resource kNodes{"v1", "nodes", "Node", false};
inline const Resource kPods{"v1", "pods", "Pod", true};
inline const Resource kServices{"v1", "services", "Service", true};
inline const Resource kEndpoints{"v1", "endpoints", "Endpoints", true};
inline const Resource kSecrets{"v1", "secrets", "Secret", true};
inline const Resource kConfigMaps{"v1", "configmaps", "ConfigMap", true};
inline const Resource kEvents{"v1", "events", "Event", true};
inline const Resource kServiceAccounts{"v1", "serviceaccounts", "ServiceAccount", true};
inline const Resource kResourceQuotas{"v1", "resourcequotas", "ResourceQuota", true};
inline const Resource kLimitRanges{"v1", "limitranges", "LimitRange", true};
inline const Resource kClaims{"v1", "persistentvolumeclaims", "PersistentVolumeClaim", true};
}  // namespace core

using Query = std::vector<std::pair<std::string, std::string>>;

/// All objects of a collection at one moment.
struct ObjectList {
    std::vector<json::value> items;
    std::string resource_version;
};

/// What a watch tells of an object.
struct WatchEvent {
    enum class Type : std::uint8_t { added, modified, deleted, bookmark };
    Type type = Type::bookmark;
    json::value object;
};

struct ApiLimits {
    std::chrono::milliseconds request{30'000};       ///< one call with all its repetitions
    unsigned attempts = 5;                           ///< of a call that the server puts off
    std::chrono::milliseconds first_wait{200};       ///< between two, when the server names no time; doubles
    std::chrono::milliseconds longest_wait{30'000};  ///< a Retry-After is cut to this
    std::size_t body = 32u << 20;
    std::size_t page = 500;                          ///< objects of one answer to a list
    std::size_t pages = 10'000;                      ///< of one list; a server that never ends it is an error
    std::size_t objects = 100'000;                   ///< that list() gathers
    std::size_t event = 4u << 20;                    ///< of a watch
    std::chrono::milliseconds log_silence{300'000};  ///< a log that says nothing for so long is let go
};

/// The calls of the Kubernetes API. Blocks; any number of threads may use one.
/// Error codes by the server's answer: unauthorized (401, after the credentials were read anew and tried once
/// more), forbidden and denied (403: we may not, or the object may not be), not_found (404), conflict and
/// already_exists (409), gone (410), invalid (422), too_many_requests (429), server_error (5xx), bad_request
/// (other 4xx), with the server's words; 429 and 5xx after they were tried again as Retry-After says. Without
/// an answer: unreachable, timeout, tls_failed, bad_reply, too_large, stopped, bad_kubeconfig, plugin_failed.
class Api {
public:
    /// `stop` ends all calls under way and outlives this.
    Api(const Access& access, ApiLimits limits, Stop& stop);

    Result<json::value> get(const std::string& path, const Query& query = {});
    Result<json::value> get(const Resource& resource, const std::string& name_space, const std::string& name);
    /// Takes the objects of one page; `first`: of the first page, also when all begins anew.
    using TakePage = std::function<void(json::array&& objects, bool first)>;
    /// A collection page by page, so that only one is in memory; again from the start when the continuation
    /// was too old (410). Answers the resource version of all of it.
    Result<std::string> read_pages(const Resource& resource, const std::string& name_space,
                                   const Query& query, const TakePage& take);
    /// All pages at once. Code `too_large` when there are too many objects.
    Result<ObjectList> list(const Resource& resource, const std::string& name_space, const Query& query = {});
    /// Server-side apply: apiVersion, kind and metadata.name are taken from the object. Answers the object as
    /// it is now. Fields that others own are taken from them.
    Result<json::value> apply(const Resource& resource, const std::string& name_space,
                              const json::object& object);
    Result<json::value> create(const std::string& path, const json::object& object);
    /// JSON merge patch (RFC 7386).
    Result<json::value> merge(const std::string& path, const json::object& patch);
    /// Begins deletion; true when the object is still there (finalizers, graceful end). One that is not there
    /// is fine. Only the object with that uid, when one is given (else: conflict).
    Result<bool> remove(const Resource& resource, const std::string& name_space, const std::string& name,
                        const std::string& propagation = "Background", const std::string& uid = {});

    /// One watch, until the server ends it (success), the sink says false, or it breaks. Code `gone` when
    /// history does not reach back to the version. A line that was cut short is not told; go on from the last
    /// version seen. The server ends it after `length`; silence of twice that breaks it.
    Result<void> watch(const Resource& resource, const std::string& name_space, const Query& query,
                       const std::string& resource_version, std::chrono::seconds length,
                       const std::function<bool(WatchEvent&&)>& sink, Stop* stop);

    /// A container's log as it is, and with `follow` as it comes. Code `timeout` after a long silence: the
    /// connection may be dead, or the kubelet may have lost the file at a rotation.
    Result<void> log(const std::string& name_space, const std::string& pod, const Query& query,
                     const std::function<bool(std::string_view)>& sink, Stop* stop);

    const Access& access() const { return access_; }
    Credentials& credentials() { return credentials_; }
    Stop& stop() { return stop_; }

private:
    using Perform = std::function<Result<HttpResponse>(const Identity&, Deadline)>;
    Result<HttpResponse> attempt(const Perform& perform, Deadline deadline, Stop& stop);
    Result<json::value> call(HttpRequest request);

    const Access access_;
    const ApiLimits limits_;
    Stop& stop_;
    Credentials credentials_;
    Transport transport_;
};

/// "?a=b&c=d" with everything encoded; empty when there is nothing.
std::string query_text(const Query& query);

/// The code for a status that is no success, and the server's words.
Error error_of(const HttpResponse& response);

}  // namespace grid::adapters::kubernetes
