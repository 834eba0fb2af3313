// Conformance of cluster drivers: what containers reach outside their lease. See cluster_conformance.hpp.
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "test/integration/cluster_conformance.hpp"

using namespace grid;
using namespace grid::test;

namespace {

int run(const std::string& command) {
    return std::system((command + " >/dev/null 2>&1").c_str());
}

/// Another machine behind this one: a network namespace with a web server at these addresses, which this
/// machine reaches, and which would answer whoever gets through to it.
class OtherMachine {
public:
    explicit OtherMachine(const std::vector<std::string>& addresses) {
        char directory[] = "/tmp/grid-other-XXXXXX";
        REQUIRE(::mkdtemp(directory));
        directory_ = directory;
        std::ofstream(directory_ + "/index.html") << "reached\n";
        REQUIRE(run("ip netns add " + name_) == 0);
        REQUIRE(run("ip link add " + link_ + " type veth peer name other netns " + name_) == 0);
        REQUIRE(run("ip addr add 172.31.254.1/30 dev " + link_) == 0);
        REQUIRE(run("ip link set " + link_ + " up") == 0);
        REQUIRE(run(inside("ip addr add 172.31.254.2/30 dev other")) == 0);
        REQUIRE(run(inside("ip link set other up")) == 0);
        REQUIRE(run(inside("ip link set lo up")) == 0);
        REQUIRE(run(inside("ip route add default via 172.31.254.1")) == 0);
        for (const auto& address : addresses) {
            REQUIRE(run(inside("ip addr add " + address + "/32 dev lo")) == 0);
            REQUIRE(run("ip route add " + address + "/32 via 172.31.254.2 dev " + link_) == 0);
        }
        REQUIRE(run(inside("busybox httpd -p 80 -h " + directory_)) == 0);
    }
    ~OtherMachine() {
        run("ip netns pids " + name_ + " | xargs -r kill");
        run("ip link del " + link_);
        run("ip netns del " + name_);
        run("rm -rf " + directory_);
    }
    OtherMachine(const OtherMachine&) = delete;

private:
    std::string inside(const std::string& command) const { return "ip netns exec " + name_ + " " + command; }
    const std::string name_ = "grid-other-" + std::to_string(::getpid());
    const std::string link_ = "go" + std::to_string(::getpid());
    std::string directory_;
};

/// The driver sells egress as long as this lives.
class EgressSold {
public:
    EgressSold() { set(true); }
    ~EgressSold() { set(false); }
    EgressSold(const EgressSold&) = delete;

private:
    static void set(bool sold) {
        auto& cluster = cluster_under_test();
        cluster.stop();
        cluster.egress_sold = sold;
        cluster.begin();
    }
};

// Which nobody on this machine needs while this test runs: of a network that is not announced to the world, a
// link-local one beside the metadata services', carriers', and private ones.
constexpr char kPublic[] = "25.255.255.2";
const std::vector<std::string> kNotPublic{"169.254.77.2", "100.127.255.2", "172.31.255.2", "192.168.255.2",
                                          "198.18.255.2"};

std::string fetch(const Tenant& tenant, const std::string& address) {
    return tenant.shell("busybox timeout 2 wget -q -O - http://" + address + "/ 2>/dev/null");
}

}  // namespace

TEST_CASE("cluster: from inside a container host, private and metadata addresses do not answer",
          "[cluster]") {
    const Tenant tenant, neighbour("other");
    if (not_shown(tenant.cluster, "egress")) return;
    neighbour.run(web(script(serving("private"))));
    tenant.run(web(script(serving("mine"))));
    const auto other = neighbour.status().endpoints.at(0);
    const auto reached = tenant.shell(
        "gate=$(ip -4 addr show eth0 | grep inet | { read a b c; echo ${b%.*}.1; }); "
        "for to in $gate 169.254.169.254 10.0.0.1 172.16.0.1 192.168.0.1 100.64.0.1; do "
        "for port in 22 80 443 8080; do nc -w 1 $to $port </dev/null 2>/dev/null && echo REACHED $to; done; "
        "done; "
        "busybox timeout 3 wget -q -O - http://" +
        other.address + ":8080/ 2>/dev/null; echo end");
    CHECK(reached == "end\n");
}

TEST_CASE("cluster: public addresses are reached where that is sold, and no others", "[cluster]") {
    if (not_shown(cluster_under_test(), "egress")) return;
    auto addresses = kNotPublic;
    addresses.push_back(kPublic);
    const OtherMachine other(addresses);
    // They do answer.
    for (const auto& address : addresses) {
        INFO(address);
        CHECK(cluster_under_test().ask({"", address, 80}, "/") == "reached\n");
    }
    {
        const Tenant tenant("unsold");
        tenant.run(web(script(serving("mine"))));
        CHECK(fetch(tenant, kPublic).empty());
        for (const auto& address : kNotPublic) CHECK(fetch(tenant, address).empty());
    }
    const EgressSold sold;
    const Tenant tenant("sold");
    tenant.run(web(script(serving("mine"))));
    CHECK(fetch(tenant, kPublic) == "reached\n");
    for (const auto& address : kNotPublic) {
        INFO(address);
        CHECK(fetch(tenant, address).empty());
    }
}
