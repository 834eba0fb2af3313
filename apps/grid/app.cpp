#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <sstream>

#include "apps/grid/app.hpp"
#include "apps/grid/lease_access.hpp"
#include "apps/grid/manifest_file.hpp"

namespace grid::cli {

AppDeployment read_deployment(const std::string& source) {
    AppDeployment deployment;
    if (source.starts_with("http://") || source.starts_with("https://")) {
        deployment.url = source;
        return deployment;
    }
    constexpr std::size_t kMaxManifest = 1u << 20;
    std::ostringstream content;
    if (source == "-") {
        content << std::cin.rdbuf();
    } else {
        std::ifstream in(source, std::ios::binary);
        if (!in || !(content << in.rdbuf()))
            throw Failure("manifest_unreadable", source + " cannot be read or is empty");
    }
    deployment.manifest = content.str();
    if (deployment.manifest.size() > kMaxManifest)
        throw Failure("manifest_unreadable", source + " has more than 1 MiB; manifests are smaller");
    return deployment;
}

Record record_of(const DeployedApp& app) {
    return Record()
        .text("app", app.name)
        .text("state", app.state)
        .text("url", app.url)
        .text("path_url", app.path_url)
        .text("reason", app.reason);
}

std::shared_ptr<Target> add_target(CLI::App& command, bool app_too) {
    auto target = std::make_shared<Target>();
    command.add_option("--order", target->order, "The order that it runs under")
        ->envname("GRID_ORDER")
        ->required()
        ->check(CLI::Validator(
            [](std::string& text) {
                const bool digits =
                    !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
                return digits && text.find_first_not_of('0') != std::string::npos
                           ? std::string()
                           : "expected the number of an order, as grid rent printed it, got " + text;
            },
            "NUMBER"));
    if (app_too) command.add_option("app", target->app, "Name of the application")->capture_default_str();
    return target;
}

namespace {

void add_deploy(CLI::App* group, Context& context) {
    auto* deploy = group->add_subcommand("deploy", "Deploy or update an application under an order");
    auto target = add_target(*deploy, false);
    auto source = std::make_shared<std::string>();
    auto sha256 = std::make_shared<std::string>();
    auto is_public = std::make_shared<bool>(false);
    deploy->add_option("manifest", *source, "Kubernetes YAML: a file, - or a URL")->required();
    deploy->add_option("--name", target->app, "What to call it")->capture_default_str();
    deploy->add_option("--sha256", *sha256, "Of what the URL must answer");
    deploy->add_flag("--public", *is_public, "Everybody may visit it; otherwise you alone");
    deploy->callback([&context, target, source, sha256, is_public] {
        auto deployment = read_deployment(*source);
        deployment.app = target->app;
        deployment.sha256 = *sha256;
        deployment.is_public = *is_public;
        auto gateway = open_lease(context, {target->order});
        context.show(record_of(gateway.deploy(deployment)));
    });
}

void add_update(CLI::App* group, Context& context) {
    auto* update = group->add_subcommand("update",
                                         "Deploy another version of an application: the old one runs until "
                                         "the new one is ready, and stays when "
                                         "that fails");
    auto target = add_target(*update);
    auto source = std::make_shared<std::string>();
    auto sha256 = std::make_shared<std::string>();
    auto is_public = std::make_shared<bool>(false);
    auto is_private = std::make_shared<bool>(false);
    update->get_option("app")->required();
    update->add_option("manifest", *source, "Kubernetes YAML: a file, - or a URL")->required();
    update->add_option("--sha256", *sha256, "Of what the URL must answer");
    auto* open_to_all =
        update->add_flag("--public", *is_public, "Everybody may visit it from now on; default: as before");
    update->add_flag("--private", *is_private, "You alone may visit it from now on")->excludes(open_to_all);
    update->callback([&context, target, source, sha256, is_public, is_private] {
        auto deployment = read_deployment(*source);
        deployment.app = target->app;
        deployment.sha256 = *sha256;
        auto gateway = open_lease(context, {target->order});
        const auto before = gateway.look(target->app, "status");  // refuses one that is not there
        const bool was_public = before.HasMember("public") && before["public"].IsTrue();
        deployment.is_public = *is_public || (was_public && !*is_private);
        context.show(record_of(gateway.deploy(deployment)));
    });
}

}  // namespace

void add_app_commands(CLI::App& program, Context& context) {
    auto* group = program.add_subcommand("app", "Applications under your orders");
    group->require_subcommand(1);
    add_deploy(group, context);
    add_update(group, context);

    auto* list = group->add_subcommand("ls", "Applications of an order");
    auto listed = add_target(*list, false);
    list->callback([&context, listed] {
        std::vector<Record> records;
        for (const auto& app : open_lease(context, {listed->order}).apps()) records.push_back(record_of(app));
        context.show(records);
    });

    auto* open = group->add_subcommand("open", "A URL that opens a private application in a browser, once");
    auto opened = add_target(*open);
    open->callback([&context, opened] {
        context.show(Record().text("url", open_lease(context, {opened->order}).open(opened->app)));
    });

    auto* remove = group->add_subcommand("rm", "Remove an application; the order runs on");
    auto removed = add_target(*remove);
    remove->callback([&context, removed] {
        open_lease(context, {removed->order}).remove(removed->app);
        context.show(Record().text("app", removed->app).text("state", "removed"));
    });
    add_app_life_commands(*group, context);
}

}  // namespace grid::cli
