// grid app status, events, logs, exec, restart, scale, stop, start.
#include <unistd.h>

#include <CLI/CLI.hpp>

#include "apps/grid/app.hpp"
#include "apps/grid/exec.hpp"
#include "apps/grid/lease_access.hpp"

namespace grid::cli {

namespace {

void show_status(const Context& context, const Target& target) {
    auto gateway = open_lease(context, {target.order});
    const auto status = gateway.look(target.app, "status");
    std::string workloads;
    for (const auto& workload : status["workloads"].GetArray())
        workloads += (workloads.empty() ? "" : ", ") + text_of(workload, "name") + " x " +
                     std::to_string(number_of(workload, "replicas"));
    Record whole;
    whole.text("app", text_of(status, "name"))
        .text("state", text_of(status, "state"))
        .text("reason", text_or_empty(status, "reason"))
        .text("url", text_of(status, "url"))
        .text("workloads", workloads)
        .number("restarts_asked", number_of(status, "revision"));
    std::vector<Record> pods;
    for (const auto& pod : status["pods"].GetArray())
        pods.push_back(Record()
                           .text("pod", text_of(pod, "name"))
                           .boolean("ready", pod["ready"].IsTrue())
                           .number("restarts", number_of(pod, "restarts"))
                           .text("started_at", text_or_empty(pod, "started_at"))
                           .text("image", text_of(pod, "image"))
                           .text("reason", text_or_empty(pod, "reason")));
    if (context.output == OutputFormat::json) {
        whole.list("pods", pods);
        return context.show(whole);
    }
    context.show(whole);
    if (!pods.empty()) std::printf("\n");
    if (!pods.empty()) context.show(pods);
}

void show_events(const Context& context, const Target& target) {
    const auto answer = open_lease(context, {target.order}).look(target.app, "events");
    std::vector<Record> events;
    for (const auto& event : answer["events"].GetArray())
        events.push_back(Record()
                             .text("time", text_of(event, "time"))
                             .text("kind", text_of(event, "kind"))
                             .text("object", text_of(event, "object"))
                             .text("reason", text_of(event, "reason"))
                             .number("count", number_of(event, "count"))
                             .text("message", text_of(event, "message")));
    context.show(events);
}

void show_logs(const Context& context, const Target& target, GatewayClient::LogOptions options) {
    const chain::OrderId id{target.order};
    const auto order = context.chain().order(id);
    if (order.live()) return open_lease(context, id).logs(target.app, options);
    options.ended = id;
    options.follow = false;
    open_gateway(context, id).logs(target.app, options);
}

void add_logs(CLI::App& group, Context& context) {
    auto* logs =
        group.add_subcommand("logs", "What an application printed; for a while also after the order");
    auto target = add_target(*logs);
    auto options = std::make_shared<GatewayClient::LogOptions>();
    logs->add_flag("-f,--follow", options->follow, "Go on as it prints more");
    logs->add_flag("--previous", options->previous,
                   "What was printed in the run before the last restart or crash");
    logs->add_option("--tail", options->tail, "Lines from the end")
        ->capture_default_str()
        ->check(CLI::NonNegativeNumber);
    logs->add_option("--workload", options->workload, "Of one Deployment or the like; default: all");
    logs->callback([&context, target, options] { show_logs(context, *target, *options); });
}

void add_exec(CLI::App& group, Context& context) {
    auto* exec = group.add_subcommand(
        "exec",
        "Run a command in a container: grid app exec --order 7 web -- ls -l. Without a command: a shell. "
        "The exit code is the command's.");
    auto target = add_target(*exec);
    auto options = std::make_shared<ExecOptions>();
    auto no_tty = std::make_shared<bool>(false);
    exec->add_option("command", options->command, "Behind --: the program and its arguments; default: sh");
    exec->add_option("--pod", options->pod, "Default: the first that is ready");
    exec->add_option("--container", options->container, "Default: the pod's first");
    exec->add_flag("-T,--no-tty", *no_tty, "No terminal, also when this is one");
    exec->add_flag("--no-stdin", options->no_input, "The command gets no input");
    exec->callback([&context, target, options, no_tty] {
        if (options->command.empty()) options->command = {"sh"};
        options->tty = !*no_tty && !options->no_input && ::isatty(STDIN_FILENO) && ::isatty(STDOUT_FILENO);
        auto gateway = open_lease(context, {target->order});
        context.exit_code = run_exec(gateway, target->app, *options);
    });
}

}  // namespace

void add_app_life_commands(CLI::App& group, Context& context) {
    auto* status = group.add_subcommand("status", "How an application is, pod by pod");
    auto looked_at = add_target(*status);
    status->callback([&context, looked_at] { show_status(context, *looked_at); });

    auto* events = group.add_subcommand("events", "What happened to it: starts, crashes, probes, updates");
    auto happened = add_target(*events);
    events->callback([&context, happened] { show_events(context, *happened); });

    add_logs(group, context);
    add_exec(group, context);

    const auto add_verb = [&](const std::string& verb, const char* help) {
        auto* command = group.add_subcommand(verb, help);
        auto target = add_target(*command);
        command->callback([&context, target, verb] {
            context.show(record_of(open_lease(context, {target->order}).change(target->app, verb)));
        });
    };
    add_verb("restart", "New pods for old, without an interruption where the workload allows it");
    add_verb("stop", "Run no pods; the name, files and volumes stay, and the order runs on");
    add_verb("start", "As many pods as before the stop");

    auto* scale = group.add_subcommand("scale", "So many pods of a workload, within what the order bought");
    auto scaled = add_target(*scale);
    auto replicas = std::make_shared<unsigned>(1);
    auto workload = std::make_shared<std::string>();
    scale->get_option("app")->required();
    scale->add_option("replicas", *replicas, "How many")->required()->check(CLI::Range(0, 1000));
    scale->add_option("--workload", *workload, "Which one; may be left out when there is one");
    scale->callback([&context, scaled, replicas, workload] {
        std::string body = "{\"replicas\":" + std::to_string(*replicas);
        if (!workload->empty()) body += ",\"workload\":" + json_text(*workload);
        context.show(
            record_of(open_lease(context, {scaled->order}).change(scaled->app, "scale", body + "}")));
    });
}

}  // namespace grid::cli
