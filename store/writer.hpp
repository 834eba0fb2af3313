#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "store/batch.hpp"

namespace grid::store {

/// The one writer thread of an environment: commits whatever waits in one synced transaction, in the order of
/// submission, and answers afterwards.
class Writer {
public:
    explicit Writer(Environment& environment);
    /// Commits what waits, then stops.
    ~Writer();
    Writer(const Writer&) = delete;

    /// Runs on the writer's thread when the batch is durable, or with the error that kept it from it
    /// (`disk_full`, `beyond_finality`, `bad_key`, ...): then nothing of the batch has been applied. Must not
    /// block; an actor sends itself a message here. A patient batch is not refused by a full disk: it waits
    /// for space, in its order among the patient ones.
    using Done = std::function<void(Result<void>)>;
    void submit(Batch batch, Done done);

    /// Submits and waits.
    Result<void> commit(Batch batch);

private:
    struct Waiting {
        Batch batch;
        Done done;
    };
    void run();
    void commit_all(std::vector<Waiting>& group);

    Environment& environment_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::vector<Waiting> queue_;
    std::vector<Waiting> held_;  ///< patient ones that found the disk full; of the writer's thread
    bool stopped_ = false;       ///< nothing is held any more; of the writer's thread
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace grid::store
