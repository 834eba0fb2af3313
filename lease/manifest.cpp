#include "lease/manifest.hpp"

#include "lease/demand.hpp"
#include "lease/lower_environment.hpp"
#include "lease/lower_network.hpp"
#include "lease/lower_workload.hpp"

namespace grid::lease {
namespace {

/// Bytes of text in the lowered model: several times what a manifest can hold.
constexpr std::size_t kTextBudget = 8 * 1024 * 1024;

std::vector<DemandingWorkload> lower_workloads(const std::vector<Document>& documents,
                                               const ManifestContext& manifest) {
    std::vector<DemandingWorkload> workloads;
    std::uint64_t pods = 0;
    for (const Document& document : documents) {
        if (!document.workload) continue;
        workloads.push_back(lower_workload(document, manifest));
        pods += pods_at_once(workloads.back().workload);
        if (pods > manifest.limits.pods)
            refuse("too_large", Place(document.label),
                   "asked for " + std::to_string(pods) + " pods so far, at most " +
                       std::to_string(manifest.limits.pods) + " are allowed");
    }
    return workloads;
}

/// The claims of a manifest, in the order of its documents.
std::vector<Claim> claims_of(const std::vector<Document>& documents, const ConfigObjects& objects) {
    std::vector<Claim> claims;
    for (const Document& document : documents)
        if (document.kind == "PersistentVolumeClaim") claims.push_back(objects.claims.at(document.name));
    return claims;
}

/// What claims take; saturates at 2^64 - 1.
std::uint64_t size_of(const std::vector<Claim>& claims) {
    std::uint64_t sum = 0;
    for (const Claim& claim : claims)
        sum = claim.size_mib > UINT64_MAX - sum ? UINT64_MAX : sum + claim.size_mib;
    return sum;
}

Result<Application> lower(const std::vector<YamlNode>& nodes, const ManifestLimits& limits) {
    const std::vector<Document> documents = identify_all(nodes);
    const ConfigObjects objects = collect_config(documents, limits.storage_classes);
    TextBudget budget(kTextBudget, limits.files);
    std::vector<DemandingWorkload> workloads = lower_workloads(documents, {objects, limits, budget});
    if (workloads.empty())
        return fail(
            "bad_manifest",
            "the manifest has nothing to run: expected a Deployment, StatefulSet, Job, CronJob or Pod");
    Application application;
    application.claims = claims_of(documents, objects);
    if (auto shared = share_resources(workloads, size_of(application.claims), limits); !shared)
        return tl::unexpected(shared.error());
    for (DemandingWorkload& lowered : workloads) {
        Workload& workload = lowered.workload;
        for (std::size_t i = 0; i < workload.containers.size(); ++i)
            settle_references(workload.containers[i], lowered.references[i]);
        for (std::size_t i = 0; i < workload.init_containers.size(); ++i)
            settle_references(workload.init_containers[i], lowered.init_references[i]);
        application.workloads.push_back(std::move(workload));
    }
    lower_network(documents, application);
    return application;
}

}  // namespace

Result<Application> lower_manifest(std::string_view yaml, const ManifestLimits& limits) {
    const auto nodes = parse_yaml(yaml, limits.text);
    if (!nodes) return tl::unexpected(nodes.error());
    try {
        return lower(*nodes, limits);
    } catch (Refusal& refusal) {
        return tl::unexpected(std::move(refusal.error));
    } catch (const std::exception& problem) {
        return fail("bad_manifest", std::string("the manifest cannot be read: ") + problem.what());
    }
}

}  // namespace grid::lease
