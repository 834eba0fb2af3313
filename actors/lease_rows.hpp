#pragma once

#include <map>
#include <optional>
#include <string>
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
    chain::Timestamp ended_at;      ///< when it was gone
    bool torn_down = false;         ///< nothing of it runs in the cluster any more
    bool settled = false;           ///< the chain says that the order has ended
    chain::Timestamp outage_since;  ///< since then the cluster has not said how what served is; 0: it does
    bool resized = false;           ///< the applications do not fit the order's new resources yet
    bool suspends = false;          ///< the order is suspended by this gateway, or about to be
    friend bool operator==(const LeaseRow&, const LeaseRow&) = default;
};

/// What a user wants of an application: the manifest, and what was asked of it since.
struct AppVersion {
    std::string manifest;
    chain::Hash manifest_hash;
    bool is_public = false;
    chain::Resources share;  ///< what was left of the order for it: the manifest's defaults follow from it
    std::uint64_t revision = 0;                     ///< one more for every restart
    std::map<std::string, std::uint32_t> replicas;  ///< by workload, in place of the manifest's
    bool stopped = false;                           ///< no replicas at all
    friend bool operator==(const AppVersion&, const AppVersion&) = default;
};

/// An application of a lease as it is stored: written before the cluster hears of it.
struct AppRow {
    std::string name;
    messages::AppState state = messages::AppState::deploying;
    AppVersion version;
    bool replaces = false;  ///< an update is under way, and returns to `previous` when it fails
    AppVersion previous;
    chain::Timestamp deployed_at;
    std::string idempotency_key;  ///< of the last deployment
    std::string change_key;       ///< the same of the last change
    bool failing = false;         ///< by its own fault, when it was last seen
    chain::Hash asked;            ///< what the last deployment asked for: its key is for nothing else
    chain::Hash change_asked;     ///< the same of the last change
    friend bool operator==(const AppRow&, const AppRow&) = default;
};

/// The end of what an application printed, kept for its owner when the order is over.
struct KeptLog {
    chain::Timestamp kept_at;
    std::string text;
    friend bool operator==(const KeptLog&, const KeptLog&) = default;
};

struct StoredLease {
    LeaseRow row;
    std::vector<AppRow> apps;
};

/// The tables "leases" (lease key -> LeaseRow), "apps" and "kept_logs" (lease key, name -> AppRow, KeptLog).
class LeaseRows {
public:
    static Result<LeaseRows> open(runtime::Storage storage);

    Result<std::vector<StoredLease>> load() const;
    /// None when there is no such lease.
    Result<std::optional<StoredLease>> load(const chain::Hash& lease_key) const;

    void put(store::Batch& batch, const LeaseRow& row) const;
    void put(store::Batch& batch, const chain::Hash& lease_key, const AppRow& app) const;
    void put(store::Batch& batch, const chain::Hash& lease_key, const std::string& app,
             const KeptLog& log) const;
    Result<std::optional<KeptLog>> kept_log(const chain::Hash& lease_key, const std::string& app) const;
    void erase(store::Batch& batch, const chain::Hash& lease_key) const;
    /// With its kept log.
    void erase(store::Batch& batch, const chain::Hash& lease_key, const std::string& app) const;
    void submit(store::Batch batch, store::Writer::Done done) const {
        storage_.submit(std::move(batch), std::move(done));
    }

private:
    LeaseRows(runtime::Storage storage, store::Table leases, store::Table apps, store::Table logs);
    Result<std::vector<StoredLease>> read(store::ByteView prefix) const;

    runtime::Storage storage_;
    store::Table leases_;
    store::Table apps_;
    store::Table logs_;
};

}  // namespace grid::actors
