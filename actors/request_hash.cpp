#include "actors/request_hash.hpp"

#include "chain/keccak.hpp"

namespace grid::actors {

using namespace messages;

namespace {

/// Every part with its length before it, so that no two requests are the same text.
chain::Hash hash_of_parts(std::initializer_list<std::string_view> parts) {
    std::string text;
    for (const auto part : parts) text += std::to_string(part.size()) + ":" + std::string(part);
    return chain::keccak256(chain::as_bytes(text));
}

}  // namespace

chain::Hash hash_of(const DeployRequest& request) {
    return hash_of_parts({request.app, std::to_string(static_cast<int>(request.source)), request.manifest,
                          request.sha256, request.is_public ? "public" : "private"});
}

chain::Hash hash_of(const ChangeRequest& request) {
    return hash_of_parts({request.app, std::to_string(static_cast<int>(request.verb)), request.workload,
                          std::to_string(request.replicas)});
}

Error key_reused() {
    return {"idempotency_key_reused", "this Idempotency-Key was used for another request"};
}

}  // namespace grid::actors
