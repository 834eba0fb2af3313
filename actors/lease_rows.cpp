#include "actors/lease_rows.hpp"

#include "actors/rows.hpp"

namespace grid::actors {

namespace {

constexpr std::uint8_t kRowVersion = 1;

store::Bytes app_key(const chain::Hash& lease_key, const std::string& app) {
    store::Bytes key(lease_key.bytes.begin(), lease_key.bytes.end());
    key.insert(key.end(), app.begin(), app.end());
    return key;
}

}  // namespace

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, LeaseRow& x) {
    return f(caf::meta::type_name("LeaseRow"), x.lease_key, x.order, x.user, x.state, x.resources, x.ends_at,
             x.ended_at, x.torn_down, x.settled);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, AppRow& x) {
    return f(caf::meta::type_name("AppRow"), x.name, x.state, x.manifest, x.manifest_hash, x.is_public,
             x.deployed_at, x.idempotency_key, x.previous_manifest, x.previous_is_public);
}

LeaseRows::LeaseRows(runtime::Storage storage, store::Table leases, store::Table apps)
    : storage_(std::move(storage)), leases_(leases), apps_(apps) {}

Result<LeaseRows> LeaseRows::open(runtime::Storage storage) {
    auto leases = storage.environment->table("leases");
    if (!leases) return tl::unexpected(leases.error());
    auto apps = storage.environment->table("apps");
    if (!apps) return tl::unexpected(apps.error());
    return LeaseRows(std::move(storage), *leases, *apps);
}

Result<std::vector<StoredLease>> LeaseRows::read(store::ByteView prefix) const {
    std::vector<StoredLease> leases;
    Result<void> outcome;
    auto read = storage_.environment->read([&](const store::ReadTransaction& rows) {
        rows.scan_prefix(leases_, prefix, [&](store::ByteView, store::ByteView value) {
            auto row = decode_row<LeaseRow>(kRowVersion, value);
            if (row)
                leases.push_back({std::move(*row), {}});
            else
                outcome = tl::unexpected(row.error());
            return row.has_value();
        });
        for (auto& lease : leases) {
            rows.scan_prefix(apps_, lease.row.lease_key.bytes, [&](store::ByteView, store::ByteView value) {
                auto app = decode_row<AppRow>(kRowVersion, value);
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
    batch.put(leases_, row.lease_key.bytes, encode_row(kRowVersion, row));
}

void LeaseRows::put(store::Batch& batch, const chain::Hash& lease_key, const AppRow& app) const {
    batch.put(apps_, app_key(lease_key, app.name), encode_row(kRowVersion, app));
}

void LeaseRows::erase(store::Batch& batch, const chain::Hash& lease_key) const {
    batch.erase(leases_, lease_key.bytes);
}

void LeaseRows::erase(store::Batch& batch, const chain::Hash& lease_key, const std::string& app) const {
    batch.erase(apps_, app_key(lease_key, app));
}

}  // namespace grid::actors
