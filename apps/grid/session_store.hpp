#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "chain/market.hpp"

namespace grid::cli {

/// Whose session, and where it is good.
struct SessionName {
    std::string gateway;    ///< its URL
    chain::Address market;  ///< the contract: another market's order of the same number is another order
    chain::Address user;
    chain::OrderId order{};  ///< 0: not of a lease
};

/// Sessions at gateways between two calls of this program, each in a file of its own (0600, in a directory
/// 0700). Whoever can read a file can use the session until it expires or its user logs out, so files that
/// others can read are not used. What cannot be kept or read is no failure: the next call logs in.
class SessionStore {
public:
    /// Empty or "none": nothing is kept.
    explicit SessionStore(std::filesystem::path directory);
    /// $GRID_HOME/sessions, else ~/.grid/sessions; empty when neither is set.
    static std::filesystem::path default_directory();

    /// The token, unless it has expired or is about to.
    std::optional<std::string> find(const SessionName& name) const;
    /// Also removes what has expired.
    void keep(const SessionName& name, const std::string& token, chain::Timestamp expires_at) const;
    void drop(const SessionName& name) const;

private:
    std::filesystem::path path_of(const SessionName& name) const;

    std::filesystem::path directory_;
};

}  // namespace grid::cli
