#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "chain/block.hpp"
#include "chain/contracts.hpp"
#include "chain/market.hpp"
#include "lease/workload.hpp"

/// What actors say to each other: plain data. Inspectors are in inspect.hpp, handles in one header per actor.
namespace grid::messages {

using chain::Address;
using chain::Amount;
using chain::Bytes;
using chain::Hash;
using chain::OrderId;
using chain::Resources;
using chain::Seconds;
using chain::Timestamp;

// ---- chain ----

/// The newest block, and the time that a block made now would bear.
struct Head {
    std::uint64_t number = 0;
    Hash hash;
    Timestamp time;
    Timestamp pending_time;
    friend bool operator==(const Head&, const Head&) = default;
};

/// Which chain this is: constant while a node runs.
struct ChainInfo {
    std::uint64_t chain_id = 0;
    chain::ContractAddresses contracts;
    bool development = false;
    friend bool operator==(const ChainInfo&, const ChainInfo&) = default;
};

/// A receipt and where it was mined.
struct MinedReceipt {
    chain::Receipt receipt;
    std::uint64_t block_number = 0;
    Hash block_hash;
    Timestamp block_time;
    friend bool operator==(const MinedReceipt&, const MinedReceipt&) = default;
};

/// Blocks in order without a gap, for a subscriber.
struct BlockBatch {
    std::vector<chain::BlockUpdate> blocks;
};

// ---- registry, orders ----

/// A provider as the projection knows it.
struct ProviderRow {
    chain::Provider provider;
    std::uint64_t registered_height = 0;
    std::uint64_t revised_height = 0;
    friend bool operator==(const ProviderRow&, const ProviderRow&) = default;
};

/// Which providers, in the order of registration, by pages.
struct ProviderQuery {
    Resources free;                    ///< at least this much available
    std::optional<Amount> max_hourly;  ///< R of `free` at the provider's prices, at most
    bool active_only = true;
    std::string cursor;        ///< empty: from the start
    std::uint32_t limit = 50;  ///< 1..200
    friend bool operator==(const ProviderQuery&, const ProviderQuery&) = default;
};

/// Some of those that were asked for.
struct ProviderPage {
    std::vector<ProviderRow> rows;
    std::string next_cursor;  ///< empty: no more
    friend bool operator==(const ProviderPage&, const ProviderPage&) = default;
};

/// An order as the projection knows it. `order.accrued` is as of its last settlement.
struct OrderRow {
    chain::Order order;
    Hash lease_key;  ///< names the lease: see lease/lease_key.hpp
    std::uint64_t created_height = 0;
    Hash created_block;
    Hash created_transaction;
    friend bool operator==(const OrderRow&, const OrderRow&) = default;
};

/// Which orders, by pages.
struct OrderQuery {
    std::optional<Address> user;
    std::optional<Address> provider;
    chain::OrderStatus status = chain::OrderStatus::none;  ///< none: any
    std::string cursor;
    std::uint32_t limit = 50;          ///< 1..200
    std::uint64_t at_least_block = 0;  ///< answer only when the projection has applied this block
    friend bool operator==(const OrderQuery&, const OrderQuery&) = default;
};

/// Some of those that were asked for.
struct OrderPage {
    std::vector<OrderRow> rows;
    std::string next_cursor;
    friend bool operator==(const OrderPage&, const OrderPage&) = default;
};

/// Sent to subscribers of the order projection, after the change is durable. When blocks were taken back, the
/// rows that these had changed come as they are now, without a time; one whose creation was taken back has
/// the status `none`.
struct OrderChanged {
    OrderRow row;
    std::uint64_t height = 0;
    Timestamp time;
    friend bool operator==(const OrderChanged&, const OrderChanged&) = default;
};

// ---- quotes ----

/// What a user asks a provider for.
struct Terms {
    Address user;  ///< zero in an unsigned estimate
    Resources resources;
    std::optional<chain::Prices> prices;  ///< none: the provider's own
    Seconds duration;
    OrderId replaces;
    friend bool operator==(const Terms&, const Terms&) = default;
};

/// What a provider would say to terms, without a promise.
struct Estimate {
    bool acceptable = false;
    std::string reason;  ///< why not
    chain::Prices prices;
    Amount hourly_rate;
    Amount deposit;
    Seconds probation;
    friend bool operator==(const Estimate&, const Estimate&) = default;
};

/// A provider's promise (EIP-712), and what its order would deposit.
struct SignedQuote {
    chain::Quote quote;
    Bytes signature;  ///< 65 bytes r, s, v
    Amount deposit;
    friend bool operator==(const SignedQuote&, const SignedQuote&) = default;
};

// ---- identity ----

/// What a user signs to log in: one of two texts.
struct Challenge {
    std::string nonce;
    Timestamp issued_at;
    Timestamp expires_at;
    std::string siwe_message;      ///< EIP-4361 text, ready for personal_sign
    std::string login_typed_data;  ///< EIP-712 JSON document, ready for eth_signTypedData_v4
    friend bool operator==(const Challenge&, const Challenge&) = default;
};

/// Proof of identity in one of two forms.
struct LoginProof {
    enum class Form : std::uint8_t { siwe, login };
    Form form = Form::login;
    Address user;
    std::string message;   ///< siwe: the signed text
    std::string nonce;     ///< login
    Timestamp issued_at;   ///< login
    Timestamp expires_at;  ///< login
    Bytes signature;
    friend bool operator==(const LoginProof&, const LoginProof&) = default;
};

/// What a login gives.
struct Session {
    std::string token;  ///< for the cookie or Authorization: Bearer; secret
    Address user;
    Hash lease_key;  ///< zero before an order is accepted
    Timestamp expires_at;
    friend bool operator==(const Session&, const Session&) = default;
};

// ---- leases ----

/// From the acceptance of an order to its end.
enum class LeaseState : std::uint8_t { verifying, authorised, deploying, ready, degraded, ending, gone };
/// `stopped`: by its user, all replicas are 0.
enum class AppState : std::uint8_t { deploying, starting, ready, failed, unknown, removed, stopped };

/// Where a ready pod answers, for the gateway.
struct Endpoint {
    std::string entrance;  ///< name of the entrance point
    std::string address;   ///< IP
    std::uint16_t port = 0;
    friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

/// An application of a lease, for its user.
struct AppInfo {
    std::string name;
    AppState state = AppState::deploying;
    std::string reason;    ///< in words, when not ready
    std::string url;       ///< the default entrance
    std::string path_url;  ///< the path form, for tools
    bool is_public = false;
    Timestamp deployed_at;
    Hash manifest_hash;
    friend bool operator==(const AppInfo&, const AppInfo&) = default;
};

/// How many pods of a workload are wanted.
struct WorkloadScale {
    std::string name;
    std::uint32_t replicas = 0;
    friend bool operator==(const WorkloadScale&, const WorkloadScale&) = default;
};

/// A lease and its applications, for its user.
struct LeaseInfo {
    Hash lease_key;
    OrderId order;
    Address user;
    LeaseState state = LeaseState::verifying;
    Resources resources;
    Timestamp ends_at;  ///< settlement::kUnknownEnd: not known while the order is suspended
    std::vector<AppInfo> apps;
    Timestamp suspended_since{};  ///< by the provider; 0: it is not
    friend bool operator==(const LeaseInfo&, const LeaseInfo&) = default;
};

/// A manifest for a lease.
struct DeployRequest {
    enum class Source : std::uint8_t { inline_yaml, url, template_id };
    Hash lease_key;
    Address user;
    std::string app;  ///< [a-z][a-z0-9-]{0,31}; empty: "app"
    Source source = Source::inline_yaml;
    std::string manifest;  ///< the YAML, the URL or the template's id
    std::string sha256;    ///< hex, optional: of what the URL must answer
    bool is_public = false;
    std::string idempotency_key;
    friend bool operator==(const DeployRequest&, const DeployRequest&) = default;
};

/// What its user asks of an application that was deployed.
struct ChangeRequest {
    enum class Verb : std::uint8_t {
        restart,  ///< new pods for old, one version after the other
        scale,    ///< `workload` (empty: the only one) to `replicas`, within what was bought
        stop,     ///< no pods; files, volumes and name stay
        start,    ///< as many as before the stop
    };
    Hash lease_key;
    Address user;
    std::string app;
    Verb verb = Verb::restart;
    std::string workload;
    std::uint32_t replicas = 0;
    std::string idempotency_key;
    friend bool operator==(const ChangeRequest&, const ChangeRequest&) = default;
};

// ---- cluster ----

/// Three-valued on purpose: unknown is not failed, and nothing is torn down on it.
enum class Health : std::uint8_t { starting, ready, failed, unknown, absent };

/// One pod of an application, for people.
struct PodStatus {
    std::string workload;
    std::string name;  ///< "web-0"; names the pod in ExecRequest
    bool ready = false;
    std::uint32_t restarts = 0;  ///< of its containers together
    std::string reason;          ///< in words, when not ready; at most 512 bytes
    std::string image;           ///< of its first container
    Timestamp started;           ///< 0: not yet
    friend bool operator==(const PodStatus&, const PodStatus&) = default;
};

/// So many pods are told one by one; health and endpoints count all.
inline constexpr std::size_t kMaxPodStatuses = 64;

/// An application as its cluster sees it.
struct AppStatus {
    Health health = Health::unknown;
    std::string reason;
    std::vector<Endpoint> endpoints;  ///< every ready pod of every entrance
    std::vector<PodStatus> pods{};    ///< by name; at most kMaxPodStatuses
    /// What runs is not what was applied (pods are missing or foreign), and nothing is under way that would
    /// mend it: applying does.
    bool drifted = false;
    friend bool operator==(const AppStatus&, const AppStatus&) = default;
};

/// An application in detail, by its pods.
struct AppDetail {
    AppInfo app;
    std::uint64_t revision = 0;  ///< restarts that its user asked for
    std::vector<WorkloadScale> workloads;
    std::vector<PodStatus> pods;
    friend bool operator==(const AppDetail&, const AppDetail&) = default;
};

/// Something that happened to an application, as the cluster saw it.
struct AppEvent {
    enum class Kind : std::uint8_t { normal, warning };
    Timestamp time;  ///< when it came to pass last
    Kind kind = Kind::normal;
    std::string object;       ///< "Pod/web-0", "Application/web"
    std::string reason;       ///< one word for programs: Started, Killing, BackOff
    std::string message;      ///< for people; at most 512 bytes
    std::uint32_t count = 1;  ///< so often in a row
    friend bool operator==(const AppEvent&, const AppEvent&) = default;
};

/// Of one application; older ones are forgotten.
inline constexpr std::size_t kMaxAppEvents = 200;

/// A command to run in a container.
struct ExecRequest {
    Hash lease_key;
    std::string app;
    std::string pod;                   ///< PodStatus::name; empty: the first that is ready
    std::string container;             ///< empty: the pod's first
    std::vector<std::string> command;  ///< at least one word; no shell is put around it
    bool tty = false;                  ///< a terminal of `columns` x `rows`: everything comes as `out`
    std::uint16_t columns = 80;
    std::uint16_t rows = 24;
    friend bool operator==(const ExecRequest&, const ExecRequest&) = default;
};

/// What a command says to its sink. `end` comes last, once.
struct ExecChunk {
    enum class Kind : std::uint8_t { out, err, end };
    Kind kind = Kind::out;
    std::string bytes;       ///< out, err: at most 64 KiB
    int exit_code = 0;       ///< end without an error
    std::string error_code;  ///< end: empty when the command ended by itself
    std::string error_message;
    friend bool operator==(const ExecChunk&, const ExecChunk&) = default;
};

/// An application that a driver runs for this gateway.
struct RunningApp {
    Hash lease_key;
    std::string app;  ///< empty: the lease has something here (a namespace, a network), but no application
    friend bool operator==(const RunningApp&, const RunningApp&) = default;
};

/// What a cluster sells, and what of it runs.
struct Inventory {
    Resources total;
    Resources used;
    friend bool operator==(const Inventory&, const Inventory&) = default;
};

/// What the cluster can enforce, found out at start.
struct Capability {
    std::string name;  ///< e.g. "memory_limit", "user_namespace", "egress_rules"
    bool enforced = false;
    std::string detail;
    friend bool operator==(const Capability&, const Capability&) = default;
};

/// Which lines of an application's log.
struct LogRequest {
    Hash lease_key;
    std::string app;
    std::string workload;  ///< empty: all
    bool follow = false;
    std::uint32_t tail = 100;  ///< lines from the end
    bool previous = false;     ///< of each container's run before its last restart; does not follow
    friend bool operator==(const LogRequest&, const LogRequest&) = default;
};

/// A piece of log for a sink. `end` comes last, once.
struct LogChunk {
    std::string source;  ///< container name
    std::string text;
    bool end = false;
    friend bool operator==(const LogChunk&, const LogChunk&) = default;
};

}  // namespace grid::messages
