#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "store/bytes.hpp"
#include "store/result.hpp"

struct MDB_env;
struct MDB_txn;

namespace grid::store {

/// A table of an environment: rows of bytes, ordered by key. Keys have 1 to 511 bytes. A cheap handle, valid
/// as long as its environment.
class Table {
public:
    const std::string& name() const noexcept { return *name_; }

private:
    friend class Environment;
    friend class ReadTransaction;
    friend class WriteTransaction;
    Table(unsigned handle, const std::string* name) : handle_(handle), name_(name) {}
    unsigned handle_;
    const std::string* name_;
};

/// One consistent view of all tables. Exists only inside Environment::read or write; what it returns points
/// into the map and dies with it. Its functions may throw; Environment::read and write turn that into their
/// result, so callers need not catch.
class ReadTransaction {
public:
    std::optional<ByteView> get(const Table& table, ByteView key) const;
    /// Sees the rows with from <= key < to in order, until it answers false.
    using Visitor = std::function<bool(ByteView key, ByteView value)>;
    /// An empty `from` is the beginning, an empty `to` the end.
    void scan(const Table& table, ByteView from, ByteView to, const Visitor& visit) const;
    /// The same rows, last one first.
    void scan_backwards(const Table& table, ByteView from, ByteView to, const Visitor& visit) const;
    /// Rows whose key begins with `prefix`.
    void scan_prefix(const Table& table, ByteView prefix, const Visitor& visit) const;
    std::uint64_t count(const Table& table) const;
    ReadTransaction(const ReadTransaction&) = delete;

protected:
    friend class Environment;
    explicit ReadTransaction(MDB_txn* transaction) : transaction_(transaction) {}
    MDB_txn* transaction_;
};

/// The one write transaction of an environment.
class WriteTransaction : public ReadTransaction {
public:
    void put(const Table& table, ByteView key, ByteView value);
    /// For a key behind all others: packs pages full and skips the search.
    void append(const Table& table, ByteView key, ByteView value);
    /// True when there was such a row.
    bool erase(const Table& table, ByteView key);
    /// Removes every row.
    void clear(const Table& table);

private:
    friend class Environment;
    using ReadTransaction::ReadTransaction;
};

struct EnvironmentOptions {
    /// Version of the meaning of all rows; another one on disk is refused (`schema_mismatch`).
    std::uint32_t schema_version = 1;
    /// The first size of the sparse map; it doubles when it is full.
    std::size_t map_size = std::size_t{64} << 30;
    /// Only reads, also beside the process that has the environment open: takes no lock of the directory and
    /// makes no tables. Writes are refused.
    bool read_only = false;
};

/// An LMDB environment in a directory of its own: atomic, durable transactions over tables of bytes.
/// A read or write lasts as long as the call: no transaction outlives it, so actors may move between threads.
/// Thread-safe; writes exclude each other, reads do not wait for them. A body must not call read or write
/// again.
class Environment {
public:
    /// Codes: `data_directory_in_use`, `data_directory`, `data_damaged`, `schema_mismatch`, `disk_full`,
    /// `store_failed`.
    static Result<std::unique_ptr<Environment>> open(const std::string& directory,
                                                     EnvironmentOptions options = {});
    ~Environment();
    Environment(const Environment&) = delete;

    /// Opens the table, or makes it (code `data_damaged` when it is missing and may not be made). Open all
    /// tables at the start, before threads use the environment.
    Result<Table> table(std::string_view name);
    /// A table that is open already, by its name.
    std::optional<Table> find(std::string_view name) const;

    Result<void> read(const std::function<void(const ReadTransaction&)>& body) const;
    /// Commits and syncs when the body succeeds; nothing has changed when the result is an error.
    /// The body runs again when the map had to grow or a write was cut short.
    Result<void> write(const std::function<Result<void>(WriteTransaction&)>& body);

    /// A copy of one value.
    Result<std::optional<Bytes>> get(const Table& table, ByteView key) const;

private:
    struct Parts;
    explicit Environment(std::unique_ptr<Parts> parts);
    std::unique_ptr<Parts> parts_;
};

}  // namespace grid::store
