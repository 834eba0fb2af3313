#include "adapters/chain_rpc.hpp"

#include <mutex>
#include <string_view>

namespace grid::adapters {
namespace {

constexpr std::size_t kQuickBody = 4096;

/// Whether a body may be answered at once on the thread of a connection: one request (not a batch) that
/// reads little, or hands a transaction over. Only a guess about time: what it says changes no answer.
bool is_quick(std::string_view body) {
    if (body.size() > kQuickBody || body.starts_with('[')) return false;
    const auto names = [body](std::string_view part) { return body.find(part) != std::string_view::npos; };
    return !names("Logs") && !names("Filter") && !names("Block") && !names("evm_") && !names("feeHistory");
}

}  // namespace

ChainRpc::ChainRpc(EmbeddedChainEngine& engine)
    : engine_(&engine), server_(engine.ledger(), [&engine] { return engine.now(); }) {}

bool ChainRpc::handle(std::string body, Reply reply) {
    return run(std::move(body), std::move(reply),
               [this](std::string text, chain::rpc::RpcServer::Reply answer) {
                   server_.handle(std::move(text), std::move(answer));
               });
}

ChainRpc::Ask ChainRpc::connect(chain::rpc::Push push) {
    return [self = shared_from_this(), session = server_.connect(std::move(push))](std::string body,
                                                                                   Reply reply) {
        return self->run(std::move(body), std::move(reply),
                         [session](std::string text, chain::rpc::RpcServer::Reply answer) {
                             session->handle(std::move(text), std::move(answer));
                         });
    };
}

template <class Handle>
bool ChainRpc::run(std::string body, Reply reply, Handle handle) {
    const std::shared_lock lock(mutex_);
    if (engine_ == nullptr) return false;
    auto answer = [reply = std::move(reply)](chain::rpc::Response response) {
        reply(std::move(response.body));
    };
    if (is_quick(body)) {
        handle(std::move(body), std::move(answer));
        return true;
    }
    // The workers end before the engine, so the task finds it alive.
    engine_->run([self = shared_from_this(), handle, body = std::move(body),
                  answer = std::move(answer)]() mutable { handle(std::move(body), std::move(answer)); });
    return true;
}

void ChainRpc::close() {
    const std::unique_lock lock(mutex_);
    engine_ = nullptr;
}

}  // namespace grid::adapters
