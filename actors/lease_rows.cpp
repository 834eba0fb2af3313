#include "actors/lease_rows.hpp"

#include "actors/rows.hpp"

namespace grid::actors {

namespace {

constexpr std::uint8_t kLeaseVersion = 2;
constexpr std::uint8_t kAppVersion = 3;
constexpr std::uint8_t kLogVersion = 1;

/// Rows of version 1, as the first gateways wrote them.
struct FirstLeaseRow {
    LeaseRow row;
};
struct FirstAppRow {
    AppRow row;
    std::string previous_manifest;
};
/// Of version 2: without what was asked.
struct SecondAppRow {
    AppRow row;
};

store::Bytes app_key(const chain::Hash& lease_key, const std::string& app) {
    store::Bytes key(lease_key.bytes.begin(), lease_key.bytes.end());
    key.insert(key.end(), app.begin(), app.end());
    return key;
}

}  // namespace

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, LeaseRow& x) {
    return f(caf::meta::type_name("LeaseRow"), x.lease_key, x.order, x.user, x.state, x.resources, x.ends_at,
             x.ended_at, x.torn_down, x.settled, x.outage_since, x.resized, x.suspends);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, AppVersion& x) {
    return f(caf::meta::type_name("AppVersion"), x.manifest, x.manifest_hash, x.is_public, x.share,
             x.revision, x.replicas, x.stopped);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, AppRow& x) {
    return f(caf::meta::type_name("AppRow"), x.name, x.state, x.version, x.replaces, x.previous,
             x.deployed_at, x.idempotency_key, x.change_key, x.failing, x.asked, x.change_asked);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, KeptLog& x) {
    return f(caf::meta::type_name("KeptLog"), x.kept_at, x.text);
}

namespace {

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, FirstLeaseRow& x) {
    auto& r = x.row;
    return f(caf::meta::type_name("LeaseRow"), r.lease_key, r.order, r.user, r.state, r.resources, r.ends_at,
             r.ended_at, r.torn_down, r.settled);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, FirstAppRow& x) {
    auto& r = x.row;
    return f(caf::meta::type_name("AppRow"), r.name, r.state, r.version.manifest, r.version.manifest_hash,
             r.version.is_public, r.deployed_at, r.idempotency_key, x.previous_manifest,
             r.previous.is_public);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, SecondAppRow& x) {
    auto& r = x.row;
    return f(caf::meta::type_name("AppRow"), r.name, r.state, r.version, r.replaces, r.previous,
             r.deployed_at, r.idempotency_key, r.change_key, r.failing);
}

Result<LeaseRow> lease_row(store::ByteView value) {
    if (value.empty() || value[0] != 1) return decode_row<LeaseRow>(kLeaseVersion, value);
    auto first = decode_row<FirstLeaseRow>(1, value);
    if (!first) return tl::unexpected(first.error());
    return std::move(first->row);
}

Result<AppRow> app_row(store::ByteView value) {
    if (!value.empty() && value[0] == 2) {
        auto second = decode_row<SecondAppRow>(2, value);
        if (!second) return tl::unexpected(second.error());
        return std::move(second->row);
    }
    if (value.empty() || value[0] != 1) return decode_row<AppRow>(kAppVersion, value);
    auto first = decode_row<FirstAppRow>(1, value);
    if (!first) return tl::unexpected(first.error());
    first->row.replaces = !first->previous_manifest.empty();
    first->row.previous.manifest = std::move(first->previous_manifest);
    return std::move(first->row);
}

}  // namespace

LeaseRows::LeaseRows(runtime::Storage storage, store::Table leases, store::Table apps, store::Table logs)
    : storage_(std::move(storage)), leases_(leases), apps_(apps), logs_(logs) {}

Result<LeaseRows> LeaseRows::open(runtime::Storage storage) {
    auto leases = storage.environment->table("leases");
    if (!leases) return tl::unexpected(leases.error());
    auto apps = storage.environment->table("apps");
    if (!apps) return tl::unexpected(apps.error());
    auto logs = storage.environment->table("kept_logs");
    if (!logs) return tl::unexpected(logs.error());
    return LeaseRows(std::move(storage), *leases, *apps, *logs);
}

Result<std::vector<StoredLease>> LeaseRows::read(store::ByteView prefix) const {
    std::vector<StoredLease> leases;
    Result<void> outcome;
    auto read = storage_.environment->read([&](const store::ReadTransaction& rows) {
        rows.scan_prefix(leases_, prefix, [&](store::ByteView, store::ByteView value) {
            auto row = lease_row(value);
            if (row)
                leases.push_back({std::move(*row), {}});
            else
                outcome = tl::unexpected(row.error());
            return row.has_value();
        });
        for (auto& lease : leases) {
            rows.scan_prefix(apps_, lease.row.lease_key.bytes, [&](store::ByteView, store::ByteView value) {
                auto app = app_row(value);
                if (app)
                    lease.apps.push_back(std::move(*app));
                else
                    outcome = tl::unexpected(app.error());
                return app.has_value();
            });
        }
    });
    if (!read) return tl::unexpected(read.error());
    if (!outcome) return tl::unexpected(outcome.error());
    return leases;
}

Result<std::vector<StoredLease>> LeaseRows::load() const {
    return read({});
}

Result<std::optional<StoredLease>> LeaseRows::load(const chain::Hash& lease_key) const {
    auto found = read(lease_key.bytes);
    if (!found) return tl::unexpected(found.error());
    if (found->empty()) return std::optional<StoredLease>{};
    return std::optional<StoredLease>{std::move(found->front())};
}

void LeaseRows::put(store::Batch& batch, const LeaseRow& row) const {
    batch.put(leases_, row.lease_key.bytes, encode_row(kLeaseVersion, row));
}

void LeaseRows::put(store::Batch& batch, const chain::Hash& lease_key, const AppRow& app) const {
    batch.put(apps_, app_key(lease_key, app.name), encode_row(kAppVersion, app));
}

void LeaseRows::put(store::Batch& batch, const chain::Hash& lease_key, const std::string& app,
                    const KeptLog& log) const {
    batch.put(logs_, app_key(lease_key, app), encode_row(kLogVersion, log));
}

Result<std::optional<KeptLog>> LeaseRows::kept_log(const chain::Hash& lease_key,
                                                   const std::string& app) const {
    Result<std::optional<KeptLog>> found;
    auto read = storage_.environment->read([&](const store::ReadTransaction& rows) {
        const auto row = rows.get(logs_, app_key(lease_key, app));
        if (!row) return;
        auto log = decode_row<KeptLog>(kLogVersion, *row);
        if (log)
            found = std::optional<KeptLog>(std::move(*log));
        else
            found = tl::unexpected(log.error());
    });
    if (!read) return tl::unexpected(read.error());
    return found;
}

void LeaseRows::erase(store::Batch& batch, const chain::Hash& lease_key) const {
    batch.erase(leases_, lease_key.bytes);
}

void LeaseRows::erase(store::Batch& batch, const chain::Hash& lease_key, const std::string& app) const {
    batch.erase(apps_, app_key(lease_key, app));
    batch.erase(logs_, app_key(lease_key, app));
}

}  // namespace grid::actors
