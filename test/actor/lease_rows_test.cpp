// Rows that earlier gateways wrote are read, and their leases live on.
#include <catch2/catch.hpp>

#include "actor/gateway.hpp"
#include "actors/rows.hpp"

using namespace grid;
using namespace grid::test;
using namespace grid::messages;

namespace {

/// Rows as the first gateways wrote them.
struct FirstLease {
    actors::LeaseRow row;
};
struct FirstApp {
    actors::AppRow row;
    std::string previous_manifest;
    bool previous_is_public = false;
};
/// As the second did.
struct SecondVersion {
    actors::AppVersion version;
};
struct SecondApp {
    actors::AppRow row;
};
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, FirstLease& x) {
    auto& r = x.row;
    return f(r.lease_key, r.order, r.user, r.state, r.resources, r.ends_at, r.ended_at, r.torn_down,
             r.settled);
}
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, FirstApp& x) {
    auto& r = x.row;
    return f(r.name, r.state, r.version.manifest, r.version.manifest_hash, r.version.is_public, r.deployed_at,
             r.idempotency_key, x.previous_manifest, x.previous_is_public);
}
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, SecondVersion& x) {
    auto& v = x.version;
    return f(v.manifest, v.manifest_hash, v.is_public, v.share, v.revision, v.replicas, v.stopped);
}
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, SecondApp& x) {
    auto& r = x.row;
    SecondVersion version{r.version}, previous{r.previous};
    return f(r.name, r.state, version, r.replaces, previous, r.deployed_at, r.idempotency_key, r.change_key,
             r.failing);
}

const chain::Address kProvider = account(1);
const chain::Address kUser = account(2);

/// A lease with an application, and what its node left behind.
struct Left {
    Left() {
        chain.node = kProvider;
        chain.register_provider(kProvider);
        chain.fund(kUser);
        order = chain.create_order(kUser, kProvider, {4 * 3600});
        World world(disk, chain);
        Gateway gateway(world, cluster);
        key = gateway.accept(order, kUser).value().lease_key;
        gateway.deploy(world.ask<LeaseInfo>(gateway.leases, find_atom_v, key).value(), manifest()).value();
    }
    void write(const store::Bytes& lease_row, const store::Bytes& app_row) {
        store::Batch batch;
        batch.put(disk.environment().table("leases").value(), key.bytes, lease_row);
        store::Bytes app_key(key.bytes.begin(), key.bytes.end());
        for (const char c : std::string("web")) app_key.push_back(static_cast<std::uint8_t>(c));
        batch.put(disk.environment().table("apps").value(), app_key, app_row);
        rows().submit(std::move(batch), [](Result<void> done) { CHECK(done.has_value()); });
    }
    actors::LeaseRows rows() { return actors::LeaseRows::open(disk.storage()).value(); }
    actors::StoredLease stored() { return rows().load(key).value().value(); }
    void lives_on() {
        World world(disk, chain);
        Gateway gateway(world, cluster);
        const auto lease = gateway.accept(order, kUser).value();
        gateway.live(5);
        CHECK(lease.lease_key == key);
        CHECK(gateway.state(lease) == LeaseState::ready);
        CHECK(gateway.change(lease, ChangeRequest::Verb::restart).value().state == AppState::ready);
        CHECK(cluster.applications.back().revision == 1);
        CHECK(cluster.running.size() == 1);
    }

    Disk disk;
    Chain chain;
    Cluster cluster;
    chain::OrderId order;
    Hash key;
};

}  // namespace

TEST_CASE("rows of the first gateways are read, and the lease lives on") {
    Left left;
    const auto stored = left.stored();
    left.write(actors::encode_row(1, FirstLease{stored.row}),
               actors::encode_row(1, FirstApp{stored.apps.at(0), "", false}));
    left.lives_on();
}

TEST_CASE("rows without what was asked are read, and the lease lives on") {
    Left left;
    const auto stored = left.stored();
    const auto lease_row = left.disk.rows("leases").begin()->second;
    left.write(lease_row, actors::encode_row(2, SecondApp{stored.apps.at(0)}));
    left.lives_on();
}

TEST_CASE("a row of a later gateway is refused, and nothing is done with its lease") {
    Left left;
    const auto stored = left.stored();
    const auto lease_row = left.disk.rows("leases").begin()->second;
    left.write(lease_row, actors::encode_row(9, SecondApp{stored.apps.at(0)}));
    CHECK(left.rows().load().error().code == "data_damaged");
    World world(left.disk, left.chain);
    Gateway gateway(world, left.cluster);
    gateway.live(5);
    CHECK(left.cluster.running.size() == 1);
}
