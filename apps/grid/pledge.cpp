#include <CLI/CLI.hpp>

#include "apps/grid/context.hpp"
#include "apps/grid/terms.hpp"
#include "chain/calls.hpp"
#include "chain/council_calls.hpp"

namespace grid::cli {

namespace calls = chain::calls;

namespace {

Record record_of(const chain::Address& provider, const chain::tuples::PositionView& p) {
    chain::Timestamp next;
    for (const auto& entry : p.position.unbonding)
        if (next.seconds == 0 || entry.release_at < next) next = entry.release_at;
    return Record()
        .text("account", p.account.checksummed())
        .text("provider", provider.checksummed())
        .amount("pledged", p.pledged, "credits")
        .amount("unbonding", p.unbonding, "credits")
        .amount("earned", p.earned, "credits")
        .text("next_release", describe(next));
}

Record position_of(const ChainClient& chain, const chain::Address& account, const chain::Address& provider) {
    return record_of(provider, need(calls::decode_position(chain.call(
                                   chain.contracts().pledge, calls::pledge::position(account, provider)))));
}

void show_pledges(const Context& context, const chain::Address& account) {
    const auto chain = context.chain();
    const auto pools =
        need(calls::decode_addresses(chain.call(chain.contracts().pledge, calls::pledge::pools_of(account))));
    std::vector<Record> records;
    for (const auto& provider : pools) records.push_back(position_of(chain, account, provider));
    context.show(records);
}

/// A command that names a provider, acts on the caller's position there, and shows it.
CLI::App* add_act(CLI::App* group, Context& context, const char* name, const char* help, bool with_amount,
                  std::function<chain::Bytes(const chain::Amount&, const chain::Address&)> calldata) {
    auto* command = group->add_subcommand(name, help);
    auto provider = std::make_shared<std::string>();
    auto amount = std::make_shared<std::string>("0");
    command->add_option("provider", *provider, "Address, key name or dev:N")->required();
    if (with_amount) command->add_option("amount", *amount, "In whole credits, like 12.5")->required();
    command->callback([&context, provider, amount, calldata = std::move(calldata)] {
        const auto chain = context.chain();
        const auto key = context.open_key();
        const auto to = context.account(*provider);
        chain.transact(key, chain.contracts().pledge, calldata(parse_tokens(*amount), to));
        context.show(position_of(chain, key.address(), to));
    });
    return command;
}

const char* name_of(chain::ProposalStatus status) {
    static constexpr const char* kNames[] = {"none", "open", "executed", "cancelled"};
    return kNames[std::min<std::size_t>(static_cast<std::size_t>(status), 3)];
}

Record record_of(const chain::tuples::ProposalView& p) {
    return Record()
        .number("id", p.proposal.id)
        .text("status", name_of(p.proposal.status))
        .text("proposer", p.proposal.proposer.checksummed())
        .text("target", p.proposal.target.checksummed())
        .text("data", chain::to_hex(p.proposal.data))
        .number("approvals", p.approvals)
        .number("vetoes", p.vetoes)
        .text("ready", describe(p.proposal.ready_at))
        .text("expires", describe(p.expires_at));
}

Record proposal_of(const ChainClient& chain, std::uint64_t id) {
    return record_of(
        need(calls::decode_proposal(chain.call(chain.contracts().council, calls::council::proposal(id)))));
}

void add_vote(CLI::App* group, Context& context, const char* name, const char* help,
              chain::Bytes (*calldata)(std::uint64_t)) {
    auto* command = group->add_subcommand(name, help);
    auto id = std::make_shared<std::uint64_t>(0);
    command->add_option("id", *id, "The proposal's number")->required();
    command->callback([&context, id, calldata] {
        const auto chain = context.chain();
        chain.transact(context.open_key(), chain.contracts().council, calldata(*id));
        context.show(proposal_of(chain, *id));
    });
}

/// A contract of the protocol by its name, or any address.
chain::Address target_of(const Context& context, const chain::ContractAddresses& contracts,
                         const std::string& name) {
    if (name == "token") return contracts.token;
    if (name == "credit") return contracts.credit;
    if (name == "registry") return contracts.registry;
    if (name == "market") return contracts.market;
    if (name == "council") return contracts.council;
    if (name == "pledge") return contracts.pledge;
    return context.account(name);
}

void show_council(const Context& context) {
    const auto chain = context.chain();
    const auto ask = [&](const chain::Bytes& data) { return chain.call(chain.contracts().council, data); };
    std::string members;
    for (const auto& member : need(calls::decode_addresses(ask(calls::council::members()))))
        members += (members.empty() ? "" : " ") + member.checksummed();
    context.show(Record()
                     .text("members", members)
                     .number("threshold", need(calls::decode_u64(ask(calls::council::threshold()))))
                     .number("delay_seconds", need(calls::decode_u64(ask(calls::council::delay()))))
                     .number("proposals", need(calls::decode_u64(ask(calls::council::count())))));
}

}  // namespace

void add_pledge_commands(CLI::App& program, Context& context) {
    auto* group =
        program.add_subcommand("pledge", "Stand behind a provider with credits, and share its profit");
    group->require_subcommand(1);
    add_act(group, context, "add", "Pledge credits; they earn from the next epoch on", true,
            [](const auto& amount, const auto& to) { return calls::pledge::pledge(amount, to); });
    add_act(group, context, "remove", "Start to unbond; what unbonds earns nothing", true,
            [](const auto& amount, const auto& to) { return calls::pledge::unpledge(amount, to); });
    add_act(group, context, "claim", "Take the profit", false,
            [](const auto&, const auto& to) { return calls::pledge::claim(to); });
    add_act(group, context, "withdraw", "Take what has unbonded", false,
            [](const auto&, const auto& to) { return calls::pledge::withdraw_unbonded(to); });
    auto* show = group->add_subcommand("show", "What an account has pledged");
    auto account = std::make_shared<std::string>();
    show->add_option("account", *account, "Address, key name or dev:N; default: --key");
    show->callback([&context, account] { show_pledges(context, context.account(*account)); });
}

void add_council_commands(CLI::App& program, Context& context) {
    auto* group = program.add_subcommand("council", "Decide with others: proposals, votes, execution");
    group->require_subcommand(1);
    auto* propose = group->add_subcommand("propose", "Propose a call, and approve it");
    auto target = std::make_shared<std::string>();
    auto data = std::make_shared<std::string>();
    propose->add_option("target", *target, "token, credit, registry, market, council, pledge or its address")
        ->required();
    propose->add_option("data", *data, "Calldata in hexadecimal, as `cast calldata` prints it")->required();
    propose->callback([&context, target, data] {
        const auto chain = context.chain();
        const auto& contracts = chain.contracts();
        const auto calldata = need(chain::from_hex(*data));
        chain.transact(context.open_key(), contracts.council,
                       calls::council::propose(target_of(context, contracts, *target), calldata));
        const auto count = need(calls::decode_u64(chain.call(contracts.council, calls::council::count())));
        context.show(proposal_of(chain, count));
    });
    add_vote(group, context, "approve", "Approve a proposal", calls::council::approve);
    add_vote(group, context, "veto", "Object to a proposal", calls::council::veto);
    add_vote(group, context, "execute", "Run what was approved and has waited", calls::council::execute);
    auto* show = group->add_subcommand("show", "The council, or one proposal");
    auto id = std::make_shared<std::uint64_t>(0);
    show->add_option("id", *id, "A proposal's number");
    show->callback([&context, id] {
        if (*id == 0) return show_council(context);
        context.show(proposal_of(context.chain(), *id));
    });
}

}  // namespace grid::cli
