#include "adapters/podman/network.hpp"

#include <fcntl.h>
#include <poll.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

#include "adapters/podman/plan.hpp"

extern char** environ;

namespace grid::adapters::podman {

namespace {

constexpr unsigned kSubnetAttempts = 16;

constexpr char kSpecial4[] =
    "0.0.0.0/8, 10.0.0.0/8, 100.64.0.0/10, 127.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, 192.0.0.0/24, "
    "192.0.2.0/24, "
    "192.88.99.0/24, 192.168.0.0/16, 198.18.0.0/15, 198.51.100.0/24, 203.0.113.0/24, 224.0.0.0/3";

std::string network_spec(const PodmanConfig& config, const std::string& name, const std::string& bridge,
                         const std::string& lease, const std::string& subnet) {
    rapidjson::StringBuffer buffer;
    rapidjson::Writer<rapidjson::StringBuffer> json(buffer);
    json.StartObject();
    const auto pair = [&](const char* key, const std::string& value) {
        json.Key(key);
        json.String(value.c_str());
    };
    pair("name", name);
    pair("driver", "bridge");
    pair("network_interface", bridge);
    json.Key("internal");
    json.Bool(!config.egress);
    json.Key("dns_enabled");
    json.Bool(true);
    json.Key("subnets");
    json.StartArray();
    json.StartObject();
    pair("subnet", subnet);
    json.EndObject();
    json.EndArray();
    json.Key("labels");
    json.StartObject();
    pair(label::kGateway, config.gateway_id);
    pair(label::kLease, lease);
    json.EndObject();
    json.EndObject();
    return buffer.GetString();
}

}  // namespace

Result<std::string> run_program(const std::vector<std::string>& command, const std::string& input) {
    int in[2], out[2];
    if (::pipe2(in, O_CLOEXEC) != 0) return fail("program_failed", "no pipe");
    if (::pipe2(out, O_CLOEXEC) != 0) {
        ::close(in[0]);
        ::close(in[1]);
        return fail("program_failed", "no pipe");
    }
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, in[0], 0);
    ::posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    ::posix_spawn_file_actions_adddup2(&actions, out[1], 2);
    std::vector<char*> argv;
    for (const auto& word : command) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    pid_t pid = -1;
    const int rc = ::posix_spawnp(&pid, argv[0], &actions, nullptr, argv.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(in[0]);
    ::close(out[1]);
    std::string said;
    if (rc == 0) {
        // The inputs here fit a pipe, so writing first cannot block for ever.
        for (std::size_t sent = 0; sent < input.size();) {
            const auto n = ::write(in[1], input.data() + sent, input.size() - sent);
            if (n <= 0) break;
            sent += static_cast<std::size_t>(n);
        }
    }
    ::close(in[1]);
    if (rc != 0) {
        ::close(out[0]);
        return fail("no_program", command[0] + " cannot be started; is it installed?");
    }
    char buffer[4096];
    for (ssize_t n; (n = ::read(out[0], buffer, sizeof buffer)) > 0;)
        said.append(buffer, static_cast<std::size_t>(n));
    ::close(out[0]);
    int status = 0;
    ::waitpid(pid, &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return fail("program_failed", command[0] + ": " + said);
    return said;
}

Firewall::Firewall(const PodmanConfig& config) : egress_(config.egress) {
    const auto digest = short_digest(config.gateway_id + "\n" + config.data_dir, 5);
    table_ = "grid_" + digest;
    prefix_ = "gr" + digest;
}

Result<void> Firewall::set(const std::set<std::string>& bridges) const {
    std::string lanes;
    for (const auto& bridge : bridges)
        lanes += (lanes.empty() ? "" : ", ") + ("\"" + bridge + "\" . \"" + bridge + "\"");
    const std::string ours = "\"" + prefix_ + "*\"";
    std::string text =
        "add table inet " + table_ + "\ndelete table inet " + table_ + "\ntable inet " + table_ + " {\n";
    text +=
        "set lanes { type ifname . ifname;" + (lanes.empty() ? "" : " elements = { " + lanes + " }") + " }\n";
    // Before others' rules, which may still refuse what is accepted here.
    text +=
        "chain host { type filter hook input priority -10; policy accept;\n"
        "iifname != " +
        ours +
        " accept\n"
        "ct state established,related accept\n"
        "fib daddr type local udp dport 53 accept\n"
        "fib daddr type local tcp dport 53 accept\n"
        "drop\n}\n";
    text +=
        "chain across { type filter hook forward priority -10; policy accept;\n"
        "iifname . oifname @lanes accept\n";
    if (egress_) {
        text += "oifname " + ours +
                " ct state established,related accept\n"
                "iifname " +
                ours + " oifname " + ours +
                " drop\n"
                "iifname " +
                ours + " ip daddr { " + std::string(kSpecial4) +
                " } drop\n"
                "iifname " +
                ours +
                " meta nfproto ipv6 drop\n"
                "oifname " +
                ours + " drop\n";
    } else {
        text += "iifname " + ours + " drop\noifname " + ours + " drop\n";
    }
    text += "}\n}\n";
    auto done = run_program({"nft", "-f", "-"}, text);
    if (!done) return tl::unexpected(done.error());
    return {};
}

Result<void> Firewall::clear() const {
    auto done =
        run_program({"nft", "-f", "-"}, "add table inet " + table_ + "\ndelete table inet " + table_ + "\n");
    if (!done) return tl::unexpected(done.error());
    return {};
}

LeaseNetworks::LeaseNetworks(const PodmanConfig& config, const PodmanApi& api)
    : config_(config), api_(api), firewall_(config) {
    const auto pool = runtime::IpNetwork::parse(config.subnet_pool).value();
    for (int i = 0; i < 4; ++i) pool_base_ = pool_base_ << 8 | pool.base.bytes[static_cast<std::size_t>(i)];
    pool_slots_ = 1u << (24 - pool.prefix);
}

std::string LeaseNetworks::name_of(const std::string& lease) const {
    return "grid-" + config_.gateway_id + "-" + short_digest(lease, 24);
}

std::string LeaseNetworks::subnet(const std::string& lease, unsigned attempt) const {
    const auto digest = short_digest(firewall_.interface_prefix() + lease + std::to_string(attempt), 8);
    const auto slot = static_cast<std::uint32_t>(std::strtoul(digest.c_str(), nullptr, 16)) % pool_slots_;
    const auto base = pool_base_ + (slot << 8);
    return std::to_string(base >> 24) + "." + std::to_string(base >> 16 & 255) + "." +
           std::to_string(base >> 8 & 255) + ".0/24";
}

Result<NetworkRow> LeaseNetworks::ensure(const std::string& lease) {
    const auto name = name_of(lease);
    const std::lock_guard lock(mutex_);
    if (const auto i = known_.find(name); i != known_.end()) return i->second;
    const auto bridge = firewall_.interface_prefix() + short_digest(lease, 8);
    Result<NetworkRow> made = fail("failed_to_start", "no free network");
    for (unsigned attempt = 0; attempt < kSubnetAttempts; ++attempt) {
        made = api_.create_network(network_spec(config_, name, bridge, lease, subnet(lease, attempt)));
        if (made || made.error().code == "cluster_unavailable") break;
        if (made.error().code == "conflict") {
            made = api_.network(name);
            break;
        }
        // The subnet may be taken by somebody else on this machine: another is tried.
        if (made.error().message.find("subnet") == std::string::npos) break;
    }
    if (!made) {
        return made.error().code == "cluster_unavailable"
                   ? made
                   : fail("failed_to_start", "the lease's network cannot be made: " + made.error().message);
    }
    if (made->labels[label::kLease] != lease)
        return fail("failed_to_start", "the network " + name + " is not ours");
    known_[name] = *made;
    apply_firewall();
    return made;
}

Result<void> LeaseNetworks::remove(const std::string& lease) {
    const auto name = name_of(lease);
    const std::lock_guard lock(mutex_);
    if (auto done = api_.remove_network(name); !done) return done;
    if (known_.erase(name)) apply_firewall();
    return {};
}

Result<void> LeaseNetworks::reload() {
    auto rows = api_.networks(std::string(label::kGateway) + "=" + config_.gateway_id);
    if (!rows) return tl::unexpected(rows.error());
    const std::lock_guard lock(mutex_);
    known_.clear();
    for (auto& row : *rows) known_[row.name] = std::move(row);
    apply_firewall();
    return {};
}

void LeaseNetworks::apply_firewall() {
    if (!config_.firewall) {
        problem_ = "switched off by the configuration";
        return;
    }
    std::set<std::string> bridges;
    for (const auto& [name, row] : known_) bridges.insert(row.interface);
    const auto done = firewall_.set(bridges);
    problem_ = done ? "" : done.error().message;
    // With no bridge left there is nothing to guard, and nothing of ours shall stay; that the table can be
    // made is known.
    if (done && bridges.empty()) (void)firewall_.clear();
}

std::string LeaseNetworks::firewall_problem() const {
    const std::lock_guard lock(mutex_);
    return problem_;
}

}  // namespace grid::adapters::podman
