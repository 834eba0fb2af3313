#pragma once

#include <caf/all.hpp>

#include "messages/data.hpp"

/// How CAF reads and writes our data: one line per type, in the namespace of the type.

#define GRID_INSPECT(Type, ...)                                      \
    template <class Inspector>                                       \
    typename Inspector::result_type inspect(Inspector& f, Type& x) { \
        return f(caf::meta::type_name(#Type), __VA_ARGS__);          \
    }
// An optional travels as a flag and, where there is one, the value. Found by the namespace of T.
#define GRID_INSPECT_OPTIONAL                                                    \
    template <class Inspector, class T>                                          \
    typename Inspector::result_type inspect(Inspector& f, std::optional<T>& x) { \
        bool present = x.has_value();                                            \
        T value = present ? *x : T{};                                            \
        auto load = [&]() -> caf::error {                                        \
            x = present ? std::optional<T>(std::move(value)) : std::nullopt;     \
            return caf::none;                                                    \
        };                                                                       \
        return f(present, value, caf::meta::load_callback(load));                \
    }

namespace grid::chain {
GRID_INSPECT_OPTIONAL
GRID_INSPECT(Hash, x.bytes)
GRID_INSPECT(Address, x.bytes)
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, Amount& x) {
    Hash word = x.word();
    auto load = [&]() -> caf::error {
        x = Amount::from_word(word);
        return caf::none;
    };
    return f(caf::meta::type_name("Amount"), word, caf::meta::load_callback(load));
}
GRID_INSPECT(Seconds, x.count)
GRID_INSPECT(Timestamp, x.seconds)
GRID_INSPECT(OrderId, x.value)
GRID_INSPECT(Resources, x.cpu_milli, x.memory_mib, x.storage_mib, x.gpus)
GRID_INSPECT(Prices, x.cpu_milli, x.memory_mib, x.storage_mib, x.gpus)
GRID_INSPECT(Order, x.id, x.user, x.provider, x.resources, x.prices, x.deposit, x.accrued, x.paid_provider,
             x.paid_user, x.paid_fee, x.user_check, x.provider_check, x.renewable, x.unserved_reported,
             x.was_suspended, x.created_at, x.activated_at, x.activate_height, x.settled_at, x.settle_height,
             x.probation, x.duration, x.suspended, x.suspended_since, x.activation_deadline, x.replaces,
             x.fee_bp, x.profit, x.profit_minted, x.profit_bp, x.status)
GRID_INSPECT(Provider, x.address, x.host, x.port, x.prices, x.minimum_prices, x.total, x.available,
             x.attributes, x.probation, x.probation_pledge, x.renewable, x.accepts_offers, x.operator_key,
             x.status)
GRID_INSPECT(Quote, x.provider, x.user, x.resources, x.prices, x.duration, x.probation, x.renewable,
             x.valid_until, x.replaces, x.epoch, x.salt)
GRID_INSPECT(Log, x.address, x.topics, x.data)
GRID_INSPECT(Receipt, x.transaction_hash, x.success, x.gas_used, x.logs, x.output)
GRID_INSPECT(BlockLog, x.transaction_hash, x.index, x.log)
GRID_INSPECT(BlockUpdate, x.number, x.hash, x.parent, x.time, x.logs)
GRID_INSPECT(ContractAddresses, x.token, x.credit, x.registry, x.market, x.council, x.pledge, x.multicall)
}  // namespace grid::chain

namespace grid::lease {
GRID_INSPECT_OPTIONAL
GRID_INSPECT(UserId, x.value)
GRID_INSPECT(EnvironmentVariable, x.name, x.value, x.source, x.secret)
GRID_INSPECT(FileMount, x.directory, x.files, x.mode, x.modes, x.single, x.secret)
GRID_INSPECT(ScratchMount, x.volume, x.directory, x.read_only, x.sub_path)
GRID_INSPECT(ClaimMount, x.claim, x.directory, x.read_only, x.sub_path)
GRID_INSPECT(Port, x.name, x.number, x.protocol)
GRID_INSPECT(HttpHeader, x.name, x.value)
GRID_INSPECT(Probe, x.kind, x.path, x.port, x.command, x.initial_delay_s, x.period_s, x.timeout_s,
             x.failure_threshold, x.success_threshold, x.headers)
GRID_INSPECT(Hook, x.kind, x.command, x.path, x.port, x.headers)
GRID_INSPECT(Container, x.name, x.image, x.command, x.arguments, x.environment, x.late_expansion,
             x.working_directory, x.ports, x.cpu_milli, x.memory_mib, x.storage_mib, x.gpus, x.files,
             x.scratch, x.claims, x.readiness, x.liveness, x.startup, x.post_start, x.pre_stop, x.run_as_user,
             x.run_as_group, x.run_as_non_root, x.read_only_root, x.capabilities, x.pull_always)
GRID_INSPECT(ScratchVolume, x.name, x.size_mib, x.in_memory)
GRID_INSPECT(Claim, x.name, x.size_mib, x.storage_class)
GRID_INSPECT(Rollout, x.recreate, x.max_surge, x.max_unavailable, x.surge_bought, x.min_ready_s, x.progress_s,
             x.parallel)
GRID_INSPECT(Completion, x.completions, x.backoff_limit, x.deadline, x.keep_ended)
GRID_INSPECT(Schedule, x.cron, x.concurrency, x.runs_at_once, x.suspended, x.starting_deadline,
             x.keep_succeeded, x.keep_failed)
GRID_INSPECT(RegistryLogin, x.registry, x.user, x.password)
GRID_INSPECT(Workload, x.kind, x.name, x.replicas, x.labels, x.init_containers, x.containers, x.restart,
             x.termination_grace_s, x.scratch, x.volume_group, x.registry_logins, x.overhead_cpu_milli,
             x.overhead_memory_mib, x.rollout, x.claim_templates, x.governing_service, x.completion,
             x.schedule)
GRID_INSPECT(ServicePort, x.name, x.port, x.target_port, x.protocol)
GRID_INSPECT(Service, x.name, x.workload, x.ports, x.headless, x.also_unready)
GRID_INSPECT(EntrancePoint, x.name, x.workload, x.port, x.hosts)
GRID_INSPECT(Application, x.workloads, x.services, x.entrances, x.claims, x.revision)
}  // namespace grid::lease

namespace grid::messages {
GRID_INSPECT(Head, x.number, x.hash, x.time, x.pending_time)
GRID_INSPECT(ChainInfo, x.chain_id, x.contracts, x.development)
GRID_INSPECT(MinedReceipt, x.receipt, x.block_number, x.block_hash, x.block_time)
GRID_INSPECT(BlockBatch, x.blocks)
GRID_INSPECT(ProviderRow, x.provider, x.registered_height, x.revised_height)
GRID_INSPECT(ProviderQuery, x.free, x.max_hourly, x.active_only, x.cursor, x.limit)
GRID_INSPECT(ProviderPage, x.rows, x.next_cursor)
GRID_INSPECT(OrderRow, x.order, x.lease_key, x.created_height, x.created_block, x.created_transaction)
GRID_INSPECT(OrderQuery, x.user, x.provider, x.status, x.cursor, x.limit, x.at_least_block)
GRID_INSPECT(OrderPage, x.rows, x.next_cursor)
GRID_INSPECT(OrderChanged, x.row, x.height, x.time)
GRID_INSPECT(Terms, x.user, x.resources, x.prices, x.duration, x.replaces)
GRID_INSPECT(Estimate, x.acceptable, x.reason, x.prices, x.hourly_rate, x.deposit, x.probation)
GRID_INSPECT(SignedQuote, x.quote, x.signature, x.deposit)
GRID_INSPECT(Challenge, x.nonce, x.issued_at, x.expires_at, x.siwe_message, x.login_typed_data)
GRID_INSPECT(LoginProof, x.form, x.user, x.message, x.nonce, x.issued_at, x.expires_at, x.signature)
GRID_INSPECT(Session, x.token, x.user, x.lease_key, x.expires_at)
GRID_INSPECT(Endpoint, x.entrance, x.address, x.port)
GRID_INSPECT(AppInfo, x.name, x.state, x.reason, x.url, x.path_url, x.is_public, x.deployed_at,
             x.manifest_hash)
GRID_INSPECT(LeaseInfo, x.lease_key, x.order, x.user, x.state, x.resources, x.ends_at, x.apps,
             x.suspended_since)
GRID_INSPECT(DeployRequest, x.lease_key, x.user, x.app, x.source, x.manifest, x.sha256, x.is_public,
             x.idempotency_key)
GRID_INSPECT(WorkloadScale, x.name, x.replicas)
GRID_INSPECT(ChangeRequest, x.lease_key, x.user, x.app, x.verb, x.workload, x.replicas, x.idempotency_key)
GRID_INSPECT(PodStatus, x.workload, x.name, x.ready, x.restarts, x.reason, x.image, x.started)
GRID_INSPECT(AppStatus, x.health, x.reason, x.endpoints, x.pods, x.drifted)
GRID_INSPECT(AppDetail, x.app, x.revision, x.workloads, x.pods)
GRID_INSPECT(AppEvent, x.time, x.kind, x.object, x.reason, x.message, x.count)
GRID_INSPECT(ExecRequest, x.lease_key, x.app, x.pod, x.container, x.command, x.tty, x.columns, x.rows)
GRID_INSPECT(ExecChunk, x.kind, x.bytes, x.exit_code, x.error_code, x.error_message)
GRID_INSPECT(RunningApp, x.lease_key, x.app)
GRID_INSPECT(Inventory, x.total, x.used)
GRID_INSPECT(Capability, x.name, x.enforced, x.detail)
GRID_INSPECT(LogRequest, x.lease_key, x.app, x.workload, x.follow, x.tail, x.previous)
GRID_INSPECT(LogChunk, x.source, x.text, x.end)
}  // namespace grid::messages

#undef GRID_INSPECT
#undef GRID_INSPECT_OPTIONAL
