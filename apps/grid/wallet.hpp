#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "chain/secp256k1.hpp"

namespace grid::cli {

/// The user's keys: web3 v3 keystores named NAME.json in one directory (0700, files 0600).
/// Everything throws Failure: `no_key`, `bad_name`, `key_exists`, `key_unreadable`, `wrong_password`, ...
class Wallet {
public:
    /// `directory` empty: $GRID_HOME/keys, else ~/.grid/keys. `password_file` empty: asked on the terminal.
    Wallet(std::filesystem::path directory, std::string password_file);

    struct Entry {
        std::string name;
        chain::Address address;
    };
    std::vector<Entry> list() const;
    /// By name or address: what the keystore says of itself, without a password.
    Entry find(const std::string& key) const;
    Entry add(const std::string& name, const chain::PrivateKey& key) const;

    /// Opens a key: NAME, an address, or dev:N for the N-th account of the well-known test mnemonic.
    /// An empty `key` is the only keystore there is.
    chain::PrivateKey open(const std::string& key) const;

private:
    std::filesystem::path path_of(const std::string& name) const;
    std::string password(const std::string& prompt, bool twice) const;

    std::filesystem::path directory_;
    std::string password_file_;
};

}  // namespace grid::cli
