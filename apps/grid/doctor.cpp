// grid provider doctor: what is amiss with a provider, seen from this machine and by its own gateway.
#include <arpa/inet.h>
#include <netdb.h>

#include <CLI/CLI.hpp>
#include <ctime>
#include <memory>

#include "apps/grid/lease_access.hpp"

namespace grid::cli {

namespace {

constexpr std::int64_t kSkew = 60;

class Doctor {
public:
    explicit Doctor(Context& context) : context_(context) {}

    void run(const std::string& provider_name) {
        if (auto chain = look_at_chain()) {
            provider_ = provider_name.empty() ? context_.account("") : context_.account(provider_name);
            registered_ = chain->find_provider(provider_);
            if (!registered_) {
                add("fail", "registration", provider_.checksummed() + " is not registered",
                    "grid provider register, and --provider when this is the operator's key");
            } else {
                look_up_host();
                ask_gateway(*chain);
            }
        }
        context_.show(lines_);
        if (failed_) context_.exit_code = static_cast<int>(Exit::failed);
    }

private:
    void add(const std::string& state, const std::string& check, const std::string& detail,
             const std::string& mend = "") {
        failed_ = failed_ || state == "fail";
        lines_.push_back(
            Record().text("state", state).text("check", check).text("detail", detail).text("mend", mend));
    }

    std::optional<ChainClient> look_at_chain() {
        try {
            auto chain = context_.chain();
            const auto id = chain.chain_id();
            add("ok", "rpc", context_.rpc_url + " answers for chain " + std::to_string(id));
            return chain;
        } catch (const Failure& failure) {
            add("fail", "rpc", failure.error().message, "give the chain's JSON-RPC by --rpc or GRID_RPC");
            return std::nullopt;
        }
    }

    void look_up_host() {
        const auto& host = registered_->host;
        addrinfo hints{};
        hints.ai_socktype = SOCK_STREAM;
        addrinfo* found = nullptr;
        const int outcome = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
        const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned(found, freeaddrinfo);
        if (outcome != 0)
            return add("fail", "dns", "the registered name " + host + " has no address",
                       "make an A or AAAA record for " + host + ", and one for its applications' domain");
        char text[NI_MAXHOST] = "";
        ::getnameinfo(found->ai_addr, found->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST);
        const std::string address = text;
        const bool here = address.starts_with("127.") || address == "::1";
        add(here ? "warn" : "ok", "dns", host + " is " + address,
            here ? "it is this machine for everybody: nobody else can reach it" : "");
    }

    void ask_gateway(const ChainClient& chain) {
        const auto url = gateway_url(context_, *registered_);
        try {
            look_at_clock(Endpoint(url));
            GatewayClient gateway(url, chain, context_.gateway_user(), provider_);
            const auto answer = gateway.get("/v1/provider/checks");
            for (const auto& check : answer["checks"].GetArray())
                add(text_of(check, "state"), text_of(check, "name"), text_of(check, "detail"),
                    text_or_empty(check, "mend"));
        } catch (const Failure& failure) {
            const auto& code = failure.error().code;
            add("fail", "gateway", failure.error().message,
                code == "not_yours" || code == "foreign_login"
                    ? "use the provider's or its operator's key"
                    : "start gridd with the role gateway, and see whether a firewall is between");
        }
    }

    /// By the Date header, which is of the gateway's machine.
    void look_at_clock(const Endpoint& endpoint) {
        const auto answer = endpoint.request("GET", "/v1/health", {}, {});
        add("ok", "gateway", endpoint.url() + " answers");
        std::tm date{};
        const std::string text(answer.header("date"));
        if (::strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &date) == nullptr) return;
        const auto skew = static_cast<std::int64_t>(::timegm(&date)) - std::time(nullptr);
        const auto words = std::to_string(skew < 0 ? -skew : skew) + " s";
        if (skew <= kSkew && skew >= -kSkew)
            add("ok", "clocks", "this machine and the gateway are within " + words);
        else
            add("warn", "clocks", "this machine and the gateway are " + words + " apart",
                "let NTP set both clocks");
        const auto health = parse_json(answer.body, endpoint.url());
        if (health.HasMember("warnings"))
            for (const auto& warning : health["warnings"].GetArray())
                add("warn", "health", warning.GetString(), "see the check that it is about");
    }

    Context& context_;
    chain::Address provider_;
    std::optional<chain::Provider> registered_;
    std::vector<Record> lines_;
    bool failed_ = false;
};

}  // namespace

void add_doctor_command(CLI::App& group, Context& context) {
    auto* doctor = group.add_subcommand(
        "doctor",
        "What is amiss with a provider and how to mend it: chain, clock, key, DNS, prices, stock, cluster. "
        "Exit code 1 when something must be mended.");
    auto provider = std::make_shared<std::string>();
    doctor->add_option("--provider", *provider, "The provider, when --key is its operator's");
    doctor->callback([&context, provider] { Doctor(context).run(*provider); });
}

}  // namespace grid::cli
