#pragma once

#include <optional>
#include <string>

#include "adapters/kubernetes.hpp"
#include "adapters/kubernetes/json.hpp"
#include "lease/key_ring.hpp"

namespace grid::adapters::kubernetes {

namespace label {
inline constexpr char kGateway[] = "grid.gateway";
inline constexpr char kLease[] = "grid.lease";  ///< the first 40 digits: a label has room for 63
inline constexpr char kApp[] = "grid.app";
inline constexpr char kWorkload[] = "grid.workload";
inline constexpr char kTemplate[] = "grid.template";  ///< digest of a pod's description
inline constexpr char kRecord[] = "grid.record";      ///< on the ConfigMap that describes an application
}  // namespace label

namespace annotation {
inline constexpr char kLeaseKey[] = "grid.lease-key";  ///< 64 hex digits
inline constexpr char kProof[] = "grid.proof";
inline constexpr char kRevision[] = "grid.revision";
}  // namespace annotation

/// Which namespaces are this gateway's. Labels can be forged by whoever may make namespaces; a namespace is
/// ours only when it carries an HMAC of its name, our id and the lease under a key that never leaves this
/// gateway. Without that it is never listed, used or removed.
class Ownership {
public:
    /// Reads the key, or makes it. Codes: bad_config, bad_key_file.
    static Result<Ownership> open(const KubernetesConfig& config);

    /// "PREFIX-GATEWAY-DIGITS", at most 63 characters.
    std::string namespace_of(const messages::Hash& lease) const;
    /// Labels that every object of a lease bears.
    json::object labels(const messages::Hash& lease) const;
    /// metadata.annotations of the lease's namespace.
    json::object annotations(const messages::Hash& lease) const;
    /// The lease that a namespace object is of, when it proves to be ours.
    std::optional<messages::Hash> lease_of(const json::value& name_space) const;
    /// "grid.gateway=ID"
    std::string selector() const;

private:
    Ownership(const KubernetesConfig& config, lease::KeyRing keys);
    std::string proof(const messages::Hash& lease, const lease::KeyRing::Key& key) const;

    std::string gateway_;
    std::string prefix_;
    lease::KeyRing keys_;
};

/// 64 hex digits.
std::string lease_digits(const messages::Hash& lease);
/// The first digits of a text's Keccak-256.
std::string digest(const std::string& text, std::size_t digits);

}  // namespace grid::adapters::kubernetes
