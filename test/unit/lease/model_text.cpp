#include "model_text.hpp"

#include <array>
#include <sstream>

#include "lease/quantity.hpp"

namespace grid::test {
namespace {

using namespace lease;

std::string quoted(const std::string& text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '\n')
            out += "\\n";
        else if (c == '"')
            out += "\\\"";
        else
            out += c;
    }
    return out + '"';
}

std::string words(const std::vector<std::string>& list) {
    std::string out;
    for (const std::string& word : list) out += (out.empty() ? "" : " ") + quoted(word);
    return out;
}

std::string octal(std::uint32_t mode) {
    std::ostringstream out;
    out << "0" << std::oct << mode;
    return out.str();
}

std::string protocol(Protocol p) {
    return p == Protocol::udp ? "/udp" : "";
}

class Writer {
public:
    std::string text() const { return out_.str(); }

    void application(const Application& a) {
        for (const Claim& c : a.claims) line(0, "claim " + claim(c));
        for (const Workload& w : a.workloads) workload(w);
        for (const Service& s : a.services) service(s);
        for (const EntrancePoint& e : a.entrances) {
            std::string hosts;
            for (const std::string& host : e.hosts) hosts += " host " + host;
            line(0, "entrance " + e.name + " -> " + e.workload + ":" + std::to_string(e.port) + hosts);
        }
    }

private:
    void line(int depth, const std::string& text) {
        out_ << std::string(static_cast<std::size_t>(depth) * 2, ' ') << text << "\n";
    }

    static std::string claim(const Claim& c) {
        return c.name + " " + format_mebibytes(c.size_mib) +
               (c.storage_class.empty() ? "" : " class " + c.storage_class);
    }

    void workload(const Workload& w) {
        static constexpr std::array kKinds = {"deployment", "pod", "stateful set", "job", "cron job"};
        static constexpr std::array kRestarts = {"", " restart on failure", " restart never"};
        std::string labels;
        for (const auto& [key, value] : w.labels) labels += " " + key + "=" + value;
        line(0, std::string(kKinds.at(static_cast<std::size_t>(w.kind))) + " " + w.name + " x" +
                    std::to_string(w.replicas) + kRestarts.at(static_cast<std::size_t>(w.restart)) +
                    (w.termination_grace_s == 30 ? "" : " grace " + std::to_string(w.termination_grace_s)) +
                    (w.volume_group ? " volume group " + std::to_string(w.volume_group->value) : ""));
        if (!labels.empty()) line(1, "labels" + labels);
        if (w.kind == WorkloadKind::deployment || w.kind == WorkloadKind::stateful_set) rollout(w);
        if (w.kind == WorkloadKind::job || w.kind == WorkloadKind::cron_job) completion(w);
        for (const Claim& c : w.claim_templates) line(1, "claim template " + claim(c));
        for (const ScratchVolume& v : w.scratch)
            line(1, "scratch " + v.name + (v.in_memory ? " in memory" : "") +
                        (v.size_mib == 0 ? "" : " at most " + format_mebibytes(v.size_mib)));
        for (const RegistryLogin& l : w.registry_logins)
            line(1, "login " + l.registry + " " + quoted(l.user) + " " + quoted(l.password));
        for (const Container& c : w.init_containers) container("init", c);
        for (const Container& c : w.containers) container("container", c);
    }

    void rollout(const Workload& w) {
        const Rollout& r = w.rollout;
        std::string text = r.recreate ? "recreate"
                                      : "surge " + std::to_string(r.max_surge) +
                                            (r.surge_bought ? " (bought)" : "") + ", unavailable " +
                                            std::to_string(r.max_unavailable);
        if (r.min_ready_s != 0) text += ", ready for " + std::to_string(r.min_ready_s) + " s";
        if (r.progress_s != 600) text += ", progress in " + std::to_string(r.progress_s) + " s";
        if (r.parallel) text += ", parallel";
        if (!w.governing_service.empty()) text += ", named by " + w.governing_service;
        line(1, "rollout " + text);
    }

    void completion(const Workload& w) {
        const Completion& c = w.completion;
        std::string text =
            "completions " + std::to_string(c.completions) + ", backoff " + std::to_string(c.backoff_limit);
        if (c.deadline) text += ", deadline " + std::to_string(c.deadline->count) + " s";
        if (c.keep_ended) text += ", kept " + std::to_string(c.keep_ended->count) + " s";
        line(1, text);
        if (w.kind != WorkloadKind::cron_job) return;
        static constexpr std::array kPolicies = {"allow", "forbid", "replace"};
        const Schedule& s = w.schedule;
        text = "schedule " + quoted(s.cron) + " " + kPolicies.at(static_cast<std::size_t>(s.concurrency)) +
               ", runs at once " + std::to_string(s.runs_at_once) + ", keep " +
               std::to_string(s.keep_succeeded) + "+" + std::to_string(s.keep_failed);
        if (s.suspended) text += ", suspended";
        if (s.starting_deadline)
            text += ", start within " + std::to_string(s.starting_deadline->count) + " s";
        line(1, text);
    }

    void container(const std::string& role, const Container& c) {
        line(1, role + " " + c.name + " " + c.image + (c.pull_always ? "" : " (not pulled)"));
        line(2, "cpu " + format_millicores(c.cpu_milli) + ", memory " + format_mebibytes(c.memory_mib) +
                    ", storage " + format_mebibytes(c.storage_mib) +
                    (c.gpus == 0 ? "" : ", GPUs " + std::to_string(c.gpus)));
        std::string user;
        if (c.run_as_user) user += " " + std::to_string(c.run_as_user->value);
        if (c.run_as_group) user += ":" + std::to_string(c.run_as_group->value);
        if (!user.empty() || c.run_as_non_root)
            line(2, "user" + user + (c.run_as_non_root ? " not root" : ""));
        if (c.read_only_root) line(2, "root read-only");
        if (c.capabilities != stock_capabilities()) {
            std::string names;
            for (const std::string& name : c.capabilities) names += " " + name;
            line(2, "capabilities" + (names.empty() ? std::string(" none") : names));
        }
        if (!c.command.empty()) line(2, "command " + words(c.command));
        if (!c.arguments.empty()) line(2, "arguments " + words(c.arguments));
        if (!c.working_directory.empty()) line(2, "in " + c.working_directory);
        if (c.late_expansion) line(2, "expanded by the driver");
        for (const EnvironmentVariable& v : c.environment) variable(v);
        for (const Port& p : c.ports)
            line(2, "port " + std::to_string(p.number) + protocol(p.protocol) +
                        (p.name.empty() ? "" : " " + p.name));
        mounts(c);
        probe("readiness", c.readiness);
        probe("liveness", c.liveness);
        probe("startup", c.startup);
        hook("post start", c.post_start);
        hook("pre stop", c.pre_stop);
    }

    void variable(const EnvironmentVariable& v) {
        static constexpr std::array kSources = {"", "<pod name>", "<pod namespace>", "<pod address>"};
        const bool text = v.source == EnvironmentVariable::Source::text;
        line(2, "env " + v.name + "=" +
                    (text ? quoted(v.value) : kSources.at(static_cast<std::size_t>(v.source))) +
                    (v.secret ? " secret" : ""));
    }

    void mounts(const Container& c) {
        for (const FileMount& m : c.files) {
            line(2, "files " + m.directory + (m.single ? " (one file)" : "") + " mode " + octal(m.mode) +
                        (m.secret ? " secret" : ""));
            for (const auto& [path, content] : m.files) {
                const auto mode = m.modes.find(path);
                line(3, path + (mode == m.modes.end() ? "" : " mode " + octal(mode->second)) + " " +
                            quoted(content));
            }
        }
        const auto mount = [&](const std::string& kind, const std::string& name, const auto& m) {
            line(2, "mount " + kind + " " + name + (m.sub_path.empty() ? "" : "/" + m.sub_path) + " at " +
                        m.directory + (m.read_only ? " read-only" : ""));
        };
        for (const ScratchMount& m : c.scratch) mount("scratch", m.volume, m);
        for (const ClaimMount& m : c.claims) mount("claim", m.claim, m);
    }

    static std::string headers(const std::vector<HttpHeader>& list) {
        std::string out;
        for (const HttpHeader& h : list) out += " " + h.name + ": " + h.value;
        return out;
    }

    void probe(const std::string& name, const std::optional<Probe>& p) {
        if (!p) return;
        std::string text = p->kind == Probe::Kind::exec ? "exec " + words(p->command)
                           : p->kind == Probe::Kind::tcp_socket
                               ? "tcp " + std::to_string(p->port)
                               : "http " + std::to_string(p->port) + p->path + headers(p->headers);
        line(2, name + " " + text + " after " + std::to_string(p->initial_delay_s) + " s every " +
                    std::to_string(p->period_s) + " s within " + std::to_string(p->timeout_s) + " s, " +
                    std::to_string(p->failure_threshold) + " failures, " +
                    std::to_string(p->success_threshold) + " successes");
    }

    void hook(const std::string& name, const std::optional<Hook>& h) {
        if (!h) return;
        line(2, name + " " +
                    (h->kind == Hook::Kind::exec
                         ? "exec " + words(h->command)
                         : "http " + std::to_string(h->port) + h->path + headers(h->headers)));
    }

    void service(const Service& s) {
        std::string text = "service " + s.name + " -> " + s.workload + (s.headless ? " headless" : "") +
                           (s.also_unready ? " also unready" : "");
        for (const ServicePort& p : s.ports)
            text += " " + (p.name.empty() ? std::string() : p.name + "=") + std::to_string(p.port) + ":" +
                    std::to_string(p.target_port) + protocol(p.protocol);
        line(0, text);
    }

    std::ostringstream out_;
};

}  // namespace

std::string model_text(const Application& application) {
    Writer writer;
    writer.application(application);
    return writer.text();
}

}  // namespace grid::test
