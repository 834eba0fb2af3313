#pragma once

#include <functional>
#include <string>

#include "apps/grid/chain_client.hpp"
#include "apps/grid/http.hpp"
#include "apps/grid/session_store.hpp"
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

/// Who asks a gateway, how they sign, and where their sessions are kept.
struct GatewayUser {
    chain::Address address;
    std::function<chain::PrivateKey()> key;  ///< asks for a password perhaps: called to log in, not before
    SessionStore sessions{std::filesystem::path{}};

    static GatewayUser with(const chain::PrivateKey& key, SessionStore sessions) {
        return {key.address(), [key] { return key; }, std::move(sessions)};
    }
};

/// A provider's gateway, asked with a session of a wallet: with one that was kept, else by logging in. Throws
/// Failure with the codes of its problem documents.
class GatewayClient {
public:
    /// `provider`: who the gateway must be of; a login for anybody else is not signed. `order`: the session
    /// is of its lease; 0: the user's.
    GatewayClient(const std::string& url, ChainClient chain, GatewayUser user, const chain::Address& provider,
                  chain::OrderId order = {});

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
        bool previous = false;  ///< what was printed in the run before the last restart
        unsigned tail = 100;
        std::string workload;     ///< empty: all
        chain::OrderId ended{0};  ///< of an order that is over, by its number
    };
    /// Writes log text to standard output until the end, or for ever with `follow`.
    void logs(const std::string& app, const LogOptions& options);
    const Endpoint& endpoint() const noexcept { return endpoint_; }
    /// The session's token, for requests to applications.
    const std::string& token() const noexcept { return token_; }
    /// The same, when it is good: for what cannot be tried again.
    const std::string& good_token();

private:
    void begin();
    void log_in();
    void take(const rapidjson::Value& session);
    SessionName name() const { return {endpoint_.url(), chain_.contracts().market, user_.address, order_}; }
    /// Sends it, and once more with a new session when the one that was kept is good no more.
    template <class Send>
    runtime::HttpResponse with_session(const Send& send);
    runtime::HttpResponse send(const std::string& method, const std::string& path,
                               const std::string& body) const;
    rapidjson::Document ask(const std::string& method, const std::string& path, const std::string& body = {});
    rapidjson::Document checked(const runtime::HttpResponse& answer) const;

    Endpoint endpoint_;
    ChainClient chain_;
    GatewayUser user_;
    chain::Address provider_;
    chain::OrderId order_;
    std::string token_;
    bool kept_ = false;  ///< the token is of an earlier call
};

}  // namespace grid::cli
