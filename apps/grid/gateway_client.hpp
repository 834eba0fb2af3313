#pragma once

#include <string>

#include "apps/grid/chain_client.hpp"
#include "chain/secp256k1.hpp"

namespace grid::cli {

struct AppDeployment {
    std::string app;       ///< empty: "app"
    std::string manifest;  ///< YAML
    std::string url;       ///< or where the gateway finds it
    std::string sha256;    ///< of what the URL must answer; may be empty
    bool is_public = false;
};

struct DeployedApp {
    std::string name;
    std::string state;
    std::string reason;
    std::string url;
    std::string path_url;
};

/// A provider's gateway, logged in with a wallet key. Throws Failure with the codes of its problem documents.
class GatewayClient {
public:
    /// `provider`: who the gateway must be of; a login for anybody else is not signed.
    GatewayClient(const std::string& url, ChainClient chain, const chain::PrivateKey& key,
                  const chain::Address& provider);

    /// Greet 0: signed terms at the provider's own prices; `replaces`: of an order that goes on where that
    /// one ends.
    struct QuotedTerms {
        chain::Quote quote;
        chain::Bytes signature;
        chain::Amount deposit;
    };
    QuotedTerms quote(const chain::Resources& resources, chain::Seconds duration,
                      chain::OrderId replaces = {});
    /// Greet 1: the gateway verifies and activates the order; the session is of its lease from now on.
    std::string accept(chain::OrderId order);
    /// Greet 3.
    DeployedApp deploy(const AppDeployment& deployment);
    std::vector<DeployedApp> apps();
    void remove(const std::string& app);
    /// restart, stop, start; scale with {"workload"?, "replicas"}. Answers when it is done.
    DeployedApp change(const std::string& app, const std::string& verb, const std::string& body = {});
    /// What /v1/apps/{app}/<what> answers: status, events.
    rapidjson::Document look(const std::string& app, const std::string& what);
    /// What GET answers at a path of the gateway.
    rapidjson::Document get(const std::string& path) { return ask("GET", path); }
    /// A URL that opens a private application in a browser, once.
    std::string open(const std::string& app);
    struct LogOptions {
        bool follow = false;
        bool previous = false;  ///< what was printed before the last restart
        unsigned tail = 100;
        std::string workload;     ///< empty: all
        chain::OrderId ended{0};  ///< of an order that is over, by its number
    };
    /// Writes log text to standard output until the end, or for ever with `follow`.
    void logs(const std::string& app, const LogOptions& options);
    const Endpoint& endpoint() const noexcept { return endpoint_; }
    /// The session's token, for requests to applications.
    const std::string& token() const noexcept { return token_; }

private:
    void log_in();
    rapidjson::Document ask(const std::string& method, const std::string& path, const std::string& body = {});
    rapidjson::Document checked(const runtime::HttpResponse& answer) const;

    Endpoint endpoint_;
    ChainClient chain_;
    const chain::PrivateKey key_;
    chain::Address provider_;
    std::string token_;
};

}  // namespace grid::cli
