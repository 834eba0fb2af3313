#pragma once

#include <optional>
#include <vector>

#include "messages/data.hpp"
#include "runtime/projection.hpp"

namespace grid::actors {

/// A lease as it is stored.
struct LeaseRow {
    chain::Hash lease_key;
    chain::OrderId order;
    chain::Address user;
    messages::LeaseState state = messages::LeaseState::verifying;
    chain::Resources resources;
    chain::Timestamp ends_at;
    chain::Timestamp ended_at;  ///< when it was gone
    bool torn_down = false;     ///< nothing of it runs in the cluster any more
    bool settled = false;       ///< the chain says that the order has ended
    friend bool operator==(const LeaseRow&, const LeaseRow&) = default;
};

/// An application of a lease as it is stored: written before the cluster hears of it.
struct AppRow {
    std::string name;
    messages::AppState state = messages::AppState::deploying;
    std::string manifest;
    chain::Hash manifest_hash;
    bool is_public = false;
    chain::Timestamp deployed_at;
    std::string idempotency_key;
    std::string previous_manifest;  ///< not empty while an update runs: what to return to when it fails
    bool previous_is_public = false;
    friend bool operator==(const AppRow&, const AppRow&) = default;
};

struct StoredLease {
    LeaseRow row;
    std::vector<AppRow> apps;
};

/// The tables "leases" (lease key -> LeaseRow) and "apps" (lease key, name -> AppRow).
class LeaseRows {
public:
    static Result<LeaseRows> open(runtime::Storage storage);

    Result<std::vector<StoredLease>> load() const;
    /// None when there is no such lease.
    Result<std::optional<StoredLease>> load(const chain::Hash& lease_key) const;

    void put(store::Batch& batch, const LeaseRow& row) const;
    void put(store::Batch& batch, const chain::Hash& lease_key, const AppRow& app) const;
    void erase(store::Batch& batch, const chain::Hash& lease_key) const;
    void erase(store::Batch& batch, const chain::Hash& lease_key, const std::string& app) const;
    void submit(store::Batch batch, store::Writer::Done done) const {
        storage_.submit(std::move(batch), std::move(done));
    }

private:
    LeaseRows(runtime::Storage storage, store::Table leases, store::Table apps);
    Result<std::vector<StoredLease>> read(store::ByteView prefix) const;

    runtime::Storage storage_;
    store::Table leases_;
    store::Table apps_;
};

}  // namespace grid::actors
