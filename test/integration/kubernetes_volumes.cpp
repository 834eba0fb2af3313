#include "test/integration/kubernetes_volumes.hpp"

#include <catch2/catch.hpp>
#include <filesystem>

namespace grid::test {

namespace fs = std::filesystem;
namespace k8s = adapters::kubernetes;
namespace json = adapters::kubernetes::json;

namespace {

const k8s::Resource kVolumes{"v1", "persistentvolumes", "PersistentVolume", false};
const k8s::Resource kClasses{"storage.k8s.io/v1", "storageclasses", "StorageClass", false};

}  // namespace

LocalVolumes::LocalVolumes(k8s::Api& api, std::string directory)
    : api_(api), directory_(std::move(directory)) {
    const auto nodes = api_.list(k8s::core::kNodes, "");
    REQUIRE(nodes);
    REQUIRE(nodes->items.size() == 1);
    host_ = k8s::text_at(nodes->items[0], {"metadata", "labels", "kubernetes.io/hostname"});
    REQUIRE(api_.apply(kClasses, "",
                       {{"apiVersion", kClasses.group_version},
                        {"kind", kClasses.kind},
                        {"metadata", json::object{{"name", kStorageClass}}},
                        {"provisioner", "kubernetes.io/no-provisioner"}}));
    thread_ = std::jthread([this](const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            serve_claims();
            take_away();
            std::this_thread::sleep_for(std::chrono::milliseconds(100));
        }
    });
}

LocalVolumes::~LocalVolumes() {
    thread_.request_stop();
    thread_.join();
    take_away();
}

void LocalVolumes::serve_claims() {
    const auto claims = api_.list(k8s::core::kClaims, "");
    if (!claims) return;
    for (const auto& claim : claims->items) {
        if (k8s::text_at(claim, {"status", "phase"}) != "Pending" ||
            k8s::text_at(claim, {"spec", "storageClassName"}) != kStorageClass)
            continue;
        const auto name = "grid-" + k8s::text_at(claim, {"metadata", "uid"});
        const auto path = directory_ + "/" + name;
        fs::create_directories(path);
        const json::object here{
            {"key", "kubernetes.io/hostname"}, {"operator", "In"}, {"values", json::array{host_}}};
        const json::array terms{json::object{{"matchExpressions", json::array{here}}}};
        (void)api_.create(  // once more when the claim is still seen without it
            kVolumes.path(""),
            {{"apiVersion", kVolumes.group_version},
             {"kind", kVolumes.kind},
             {"metadata", json::object{{"name", name}}},
             {"spec",
              json::object{
                  {"capacity", json::object{{"storage", k8s::text_at(claim, {"spec", "resources", "requests",
                                                                             "storage"})}}},
                  {"accessModes", json::array{"ReadWriteOnce"}},
                  {"storageClassName", kStorageClass},
                  {"persistentVolumeReclaimPolicy", "Retain"},
                  {"claimRef", json::object{{"apiVersion", "v1"},
                                            {"kind", "PersistentVolumeClaim"},
                                            {"namespace", k8s::text_at(claim, {"metadata", "namespace"})},
                                            {"name", k8s::text_at(claim, {"metadata", "name"})},
                                            {"uid", k8s::text_at(claim, {"metadata", "uid"})}}},
                  {"local", json::object{{"path", path}}},
                  {"nodeAffinity",
                   json::object{{"required", json::object{{"nodeSelectorTerms", terms}}}}}}}});
    }
}

void LocalVolumes::take_away() {
    const auto volumes = api_.list(kVolumes, "");
    if (!volumes) return;
    for (const auto& volume : volumes->items) {
        if (k8s::text_at(volume, {"status", "phase"}) != "Released" ||
            k8s::text_at(volume, {"spec", "storageClassName"}) != kStorageClass)
            continue;
        (void)api_.remove(kVolumes, "", k8s::text_at(volume, {"metadata", "name"}));
        std::error_code none;
        fs::remove_all(k8s::text_at(volume, {"spec", "local", "path"}), none);
    }
}

}  // namespace grid::test
