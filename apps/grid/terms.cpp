#include "apps/grid/terms.hpp"

#include <CLI/CLI.hpp>

#include "apps/grid/failure.hpp"
#include "chain/settlement.hpp"
#include "lease/quantity.hpp"
#include "lease/rfc3339.hpp"

namespace grid::cli {

using chain::Amount;

namespace {

/// Prices are told per core and per GiB, and kept per millicore and per MiB.
Amount per_unit(const std::string& text, std::uint64_t units, const Amount& otherwise) {
    if (text.empty()) return otherwise;
    return need(Amount::parse_units(text)) / Amount{units};
}

constexpr std::uint64_t kMilli = 1000;
constexpr std::uint64_t kMebi = 1024;

}  // namespace

std::shared_ptr<ResourceOptions> ResourceOptions::add(CLI::App& command) {
    auto options = std::make_shared<ResourceOptions>();
    command.add_option("--cpu", options->cpu, "Cores, like 2 or 500m")->capture_default_str();
    command.add_option("--memory", options->memory, "Like 256Mi or 2Gi")->capture_default_str();
    command.add_option("--storage", options->storage, "Like 1Gi")->capture_default_str();
    command.add_option("--gpus", options->gpus, "Devices")
        ->capture_default_str()
        ->check(CLI::NonNegativeNumber);
    return options;
}

chain::Resources ResourceOptions::read() const {
    return {need(lease::parse_millicores(cpu)), need(lease::parse_mebibytes(memory)),
            need(lease::parse_mebibytes(storage)), gpus};
}

std::shared_ptr<PriceOptions> PriceOptions::add(CLI::App& command, const std::string& prefix) {
    auto options = std::make_shared<PriceOptions>();
    command.add_option("--" + prefix + "-cpu", options->cpu, "Tokens per core and hour");
    command.add_option("--" + prefix + "-memory", options->memory, "Tokens per GiB and hour");
    command.add_option("--" + prefix + "-storage", options->storage, "Tokens per GiB and hour");
    command.add_option("--" + prefix + "-gpu", options->gpu, "Tokens per device and hour");
    return options;
}

chain::Prices PriceOptions::read(const chain::Prices& otherwise) const {
    return {per_unit(cpu, kMilli, otherwise.cpu_milli), per_unit(memory, kMebi, otherwise.memory_mib),
            per_unit(storage, kMebi, otherwise.storage_mib), per_unit(gpu, 1, otherwise.gpus)};
}

std::string describe(const chain::Resources& r) {
    auto text = lease::format_millicores(r.cpu_milli) + " cpu, " + lease::format_mebibytes(r.memory_mib) +
                " memory, " + lease::format_mebibytes(r.storage_mib) + " storage";
    if (r.gpus > 0) text += ", " + std::to_string(r.gpus) + " gpu";
    return text;
}

std::string describe(const chain::Prices& p) {
    return (p.cpu_milli * Amount{kMilli}).units() + " a core, " + (p.memory_mib * Amount{kMebi}).units() +
           " a GiB, " + (p.storage_mib * Amount{kMebi}).units() + " a GiB stored, " + p.gpus.units() +
           " a gpu, per hour";
}

std::string describe(chain::Timestamp time) {
    if (time == chain::settlement::kUnknownEnd) return "unknown";
    return time.seconds == 0 ? "-" : lease::format_rfc3339(time);
}

Record record_of(const chain::Provider& p) {
    return Record()
        .text("provider", p.address.checksummed())
        .text("gateway", p.host + ":" + std::to_string(p.port))
        .text("status", p.status == chain::ProviderStatus::active ? "active" : "deregistered")
        .text("available", describe(p.available))
        .text("total", describe(p.total))
        .text("prices", describe(p.prices))
        .boolean("accepts_offers", p.accepts_offers)
        .number("probation_s", p.probation.count)
        .text("operator", p.operator_key.is_zero() ? "-" : p.operator_key.checksummed());
}

Record record_of(const chain::Order& o, chain::Timestamp now) {
    const auto activated = o.activated_at.seconds != 0;
    return Record()
        .number("order", o.id.value)
        .text("status", std::string(chain::name_of(o.status)))
        .text("user", o.user.checksummed())
        .text("provider", o.provider.checksummed())
        .text("resources", describe(o.resources))
        .number("duration_s", o.duration.count)
        .amount("deposit", o.deposit)
        .amount("earned_now", chain::settlement::earned_at(o, now))
        .amount("paid_provider", o.paid_provider)
        .amount("paid_user", o.paid_user)
        .text("created_at", describe(o.created_at))
        .text("starts_at", activated ? describe(chain::settlement::starts_at(o, now)) : "-")
        .text("ends_at", activated ? describe(chain::settlement::announced_end(o)) : "-")
        .text("suspended_since", describe(o.suspended_since))
        .boolean("renewable", o.renewable)
        .number("replaces", o.replaces.value)
        .amount("paid_fee", o.paid_fee);
}

}  // namespace grid::cli
