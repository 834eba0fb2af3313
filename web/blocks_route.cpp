#include "web/blocks_route.hpp"

#include <atomic>

namespace grid::web {
namespace {

constexpr std::uint64_t kMaxWaitMs = 30'000;

void answer(const std::shared_ptr<LocalReply>& reply, Headers headers, const Result<chain::Bytes>& blocks) {
    if (blocks) {
        headers.emplace_back("Content-Type", "application/octet-stream");
        headers.emplace_back("Cache-Control", "no-store");
        return reply->send(200, std::move(headers), std::string(blocks->begin(), blocks->end()));
    }
    const Error& error = blocks.error();
    Problem problem{error.code == "other_branch" || error.code == "ahead" ? 409u : 503u,
                    error.code,
                    error.message,
                    {},
                    {}};
    if (problem.status == 503) problem.headers.emplace_back("Retry-After", "5");
    ApiReply refusal = to_reply(problem);
    refusal.headers.insert(refusal.headers.end(), headers.begin(), headers.end());
    reply->send(refusal.status, std::move(refusal.headers), std::move(refusal.body));
}

}  // namespace

ApiRoute blocks_route(BlocksPort port) {
    auto handler = [port = std::move(port)](Call& call) -> Task<ApiReply> {
        BlocksQuestion question;
        question.from = call.query.integer_or("from", 0);
        question.parent = call.query.hash("parent");
        question.wait = std::chrono::milliseconds(call.query.integer_or("wait_ms", 0, 0, kMaxWaitMs));
        call.query.done();
        if (!port) refuse(503, "unavailable", "this node gives no blocks");
        port(question, [reply = call.reply, headers = call.common](const Result<chain::Bytes>& blocks) {
            answer(reply, headers, blocks);
        });
        ApiReply later;
        later.status = 0;
        co_return later;
    };
    return {"GET", "/chain/blocks", "getBlocks", Access::open(), 0, 1, std::move(handler)};
}

}  // namespace grid::web
