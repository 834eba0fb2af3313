#include "runtime/projection.hpp"

#include <algorithm>
#include <optional>

#include "store/undo.hpp"

namespace grid::runtime {

Storage storage_of(store::Environment& environment, store::Writer& writer) {
    return {&environment, [&writer](store::Batch batch, store::Writer::Done done) {
                writer.submit(std::move(batch), std::move(done));
            }};
}

namespace {

// The last block before a missing one, where there is one.
std::optional<std::uint64_t> before_gap(const std::map<std::uint64_t, BlockHash>& blocks) {
    for (auto at = blocks.begin(); at != blocks.end(); ++at)
        if (auto next = std::next(at); next != blocks.end() && next->first != at->first + 1) return at->first;
    return std::nullopt;
}

}  // namespace

Result<std::unique_ptr<Projection>> Projection::open(Storage storage, const std::string& name, Post post,
                                                     std::function<Result<void>()> reload) {
    auto blocks = storage.environment->table(name + ".blocks");
    if (!blocks) return tl::unexpected(blocks.error());
    auto undo = storage.environment->table(name + ".undo");
    if (!undo) return tl::unexpected(undo.error());
    std::unique_ptr<Projection> made(
        new Projection(std::move(storage), *blocks, *undo, std::move(post), std::move(reload)));
    if (auto read = made->read_blocks(); !read) return tl::unexpected(read.error());
    if (const auto last = before_gap(made->recent_)) {
        auto& environment = *made->storage_.environment;
        auto returned = environment.write([&](store::WriteTransaction& rows) {
            return store::roll_back(rows, environment, {*undo, *last});
        });
        if (returned) returned = made->read_blocks();
        if (!returned) return tl::unexpected(returned.error());
    }
    made->durable_ = made->cursor_.number;
    return made;
}

Projection::Projection(Storage storage, store::Table blocks, store::Table undo, Post post,
                       std::function<Result<void>()> reload)
    : storage_(std::move(storage)),
      blocks_(blocks),
      undo_(undo),
      post_(std::move(post)),
      reload_(std::move(reload)) {}

Result<void> Projection::read_blocks() {
    recent_.clear();
    cursor_ = {};
    return storage_.environment->read([&](const store::ReadTransaction& rows) {
        rows.scan(blocks_, {}, {}, [&](store::ByteView key, store::ByteView value) {
            cursor_.number = store::number_of(key);
            std::copy_n(value.begin(), std::min(value.size(), cursor_.hash.size()), cursor_.hash.begin());
            recent_[cursor_.number] = cursor_.hash;
            return true;
        });
    });
}

void Projection::apply(std::vector<Step> run, Acknowledge acknowledge) {
    waiting_.push_back({std::move(run), std::move(acknowledge)});
    work();
}

Projection::Verdict Projection::judge(const Step& step) const {
    if (recent_.empty()) return Verdict::next;
    const auto number = step.block.number;
    if (auto known = recent_.find(number); known != recent_.end() && known->second == step.block.hash)
        return Verdict::known;
    if (number > cursor_.number + 1) return Verdict::gap;
    auto parent = recent_.find(number - 1);
    // Older than the window: it was applied long ago, or the fork lies beyond what can be taken back.
    if (parent == recent_.end() || parent->second != step.parent) return Verdict::unknown_parent;
    return number == cursor_.number + 1 ? Verdict::next : Verdict::fork;
}

void Projection::work() {
    while (!waiting_.empty() && !rolling_back_) {
        if (broken_) return fail_all(*broken_);
        auto& run = waiting_.front();
        for (const auto& step : run.steps) {
            const auto verdict = judge(step);
            if (verdict == Verdict::known) continue;
            if (verdict == Verdict::next) {
                commit(step);
                continue;
            }
            // The rest of the run waits until memory is what the rows are.
            if (verdict == Verdict::fork) return roll_back(step.block.number - 1);
            const auto came = std::to_string(step.block.number);
            auto refused = std::move(run.acknowledge);
            waiting_.pop_front();  // and with it the step
            if (verdict == Verdict::gap)
                refused(
                    fail("gap", "expected block " + std::to_string(cursor_.number + 1) + ", came " + came));
            else
                refused(fail("unknown_parent", "block " + came + " does not build on a block of the last " +
                                                   std::to_string(kWindow) + "; send from an earlier one"));
            return work();
        }
        auto done = std::move(waiting_.front());
        waiting_.pop_front();
        finish(std::move(done));
    }
}

void Projection::commit(const Step& step) {
    store::Batch batch;
    batch.patient = true;
    batch.undo = store::UndoMark{undo_, step.block.number, kWindow};
    batch.changes = step.changes();
    batch.put(blocks_, store::number_key(step.block.number), step.block.hash);
    recent_[step.block.number] = step.block.hash;
    while (recent_.size() > kWindow) {
        batch.erase(blocks_, store::number_key(recent_.begin()->first));
        recent_.erase(recent_.begin());
    }
    cursor_ = step.block;
    storage_.submit(std::move(batch), [this, post = post_, number = step.block.number](Result<void> result) {
        post([this, number, result = std::move(result)] {
            if (result) {
                durable_ = number;
            } else if (!broken_) {
                broken_ = Error{"projection_failed", result.error().code + ": " + result.error().message};
            }
        });
    });
}

// The writer answers in order of submission: an empty batch behind the last block is answered when all are
// durable.
void Projection::finish(Run run) {
    store::Batch behind;
    behind.patient = true;
    storage_.submit(std::move(behind), [this, post = post_, number = cursor_.number,
                                        acknowledge = std::move(run.acknowledge)](Result<void> result) {
        post([this, number, acknowledge, result = std::move(result)] {
            if (broken_) return acknowledge(tl::unexpected(*broken_));
            if (!result) return acknowledge(tl::unexpected(result.error()));
            acknowledge(number);
        });
    });
}

void Projection::roll_back(std::uint64_t to_block) {
    rolling_back_ = true;
    store::Batch batch;
    batch.patient = true;
    batch.rollback = store::Rollback{undo_, to_block};
    storage_.submit(std::move(batch), [this, post = post_](Result<void> result) {
        post([this, result = std::move(result)] {
            rolling_back_ = false;
            auto ready = result;
            if (ready) ready = read_blocks();
            if (ready) ready = reload_();
            if (ready)
                durable_ = cursor_.number;
            else
                broken_ = Error{"projection_failed", ready.error().code + ": " + ready.error().message};
            work();
        });
    });
}

void Projection::fail_all(const Error& error) {
    auto waiting = std::exchange(waiting_, {});
    for (auto& run : waiting) run.acknowledge(tl::unexpected(error));
}

}  // namespace grid::runtime
