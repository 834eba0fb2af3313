#include "store/environment.hpp"

#include <fcntl.h>
#include <lmdb.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <filesystem>
#include <mutex>
#include <shared_mutex>
#include <utility>

#include "store/directory_lock.hpp"

namespace grid::store {
namespace {

constexpr unsigned kMaxTables = 64;
constexpr unsigned kMaxReaders = 512;
constexpr const char* kMetaTable = "meta";
constexpr std::string_view kVersionKey = "schema_version";

/// An answer of LMDB that is not success. Caught in Environment::read, write and open.
struct Failure {
    int code;
};

void check(int code) {
    if (code != MDB_SUCCESS) throw Failure{code};
}

/// LMDB's own assertions fail on damaged pages and would abort the process; an exception leaves its frames
/// instead. The transaction is then aborted, which LMDB allows at any point.
[[noreturn]] void assertion_failed(MDB_env*, const char*) {
    throw Failure{MDB_CORRUPTED};
}

tl::unexpected<Error> refusal(int code, const std::string& where) {
    switch (code) {
        case ENOSPC:
        case EDQUOT:
            return fail("disk_full", "no space left on the device of " + where);
        case MDB_CORRUPTED:
        case MDB_PAGE_NOTFOUND:
        case MDB_INVALID:
        case MDB_PANIC:
        case MDB_VERSION_MISMATCH:
            return fail("data_damaged",
                        "the data in " + where + " is damaged (" + mdb_strerror(code) + "); restore a copy");
        case MDB_BAD_VALSIZE:
            return fail("bad_key", "a key must have 1 to 511 bytes, in " + where);
        case MDB_MAP_RESIZED:
            return fail("store_failed", "the store in " + where + " has grown meanwhile; try again");
        case MDB_MAP_FULL:
            return fail("disk_full", "the map of " + where + " cannot grow any further");
        default:
            return fail("store_failed", "the store in " + where + " failed: " + mdb_strerror(code));
    }
}

MDB_val value_of(ByteView bytes) {
    return {bytes.size(), const_cast<std::uint8_t*>(bytes.data())};
}

ByteView view_of(const MDB_val& value) {
    return {static_cast<const std::uint8_t*>(value.mv_data), value.mv_size};
}

ByteView view_of(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

bool before(ByteView a, ByteView b) {
    return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end());
}

class Cursor {
public:
    Cursor(MDB_txn* transaction, unsigned table) { check(mdb_cursor_open(transaction, table, &cursor_)); }
    ~Cursor() { mdb_cursor_close(cursor_); }
    Cursor(const Cursor&) = delete;
    bool move(MDB_cursor_op operation) {
        const int code = mdb_cursor_get(cursor_, &key_, &value_, operation);
        if (code == MDB_NOTFOUND) return false;
        check(code);
        return true;
    }
    bool seek(ByteView at_least) {
        key_ = value_of(at_least);
        return move(MDB_SET_RANGE);
    }
    ByteView key() const { return view_of(key_); }
    ByteView value() const { return view_of(value_); }

private:
    MDB_cursor* cursor_ = nullptr;
    MDB_val key_{};
    MDB_val value_{};
};

/// A file that ends before its last page would kill the process with SIGBUS when that page is read. Pages
/// that were never written may lawfully be missing there, so the hole is filled with zeros, which LMDB
/// refuses as damage where a page is really used.
void fill_hole(MDB_env* environment, const std::string& file, bool shared) {
    MDB_envinfo info;
    MDB_stat stat;
    check(mdb_env_info(environment, &info));
    check(mdb_env_stat(environment, &stat));
    struct stat attributes {};
    if (::stat(file.c_str(), &attributes) != 0) throw Failure{errno};
    const auto needed = static_cast<off_t>((info.me_last_pgno + 1) * stat.ms_psize);
    if (attributes.st_size >= needed) return;
    if (!shared) {
        if (::truncate(file.c_str(), needed) != 0) throw Failure{errno};
        return;
    }
    // Another process may be writing: what never shortens the file does it no harm.
    const int data = ::open(file.c_str(), O_WRONLY | O_CLOEXEC);
    const int code = data < 0 ? errno : ::posix_fallocate(data, needed - 1, 1);
    if (data >= 0) ::close(data);
    if (code != 0) throw Failure{code};
}

/// Whether a map of that size can be had. LMDB gives the old one up before it asks, and is lost without any.
bool fits_address_space(std::size_t size) {
    void* const room = ::mmap(nullptr, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return room != MAP_FAILED && ::munmap(room, size) == 0;
}

}  // namespace

std::optional<ByteView> ReadTransaction::get(const Table& table, ByteView key) const {
    MDB_val k = value_of(key);
    MDB_val v{};
    const int code = mdb_get(transaction_, table.handle_, &k, &v);
    if (code == MDB_NOTFOUND) return std::nullopt;
    check(code);
    return view_of(v);
}

void ReadTransaction::scan(const Table& table, ByteView from, ByteView to, const Visitor& visit) const {
    Cursor cursor(transaction_, table.handle_);
    bool more = from.empty() ? cursor.move(MDB_FIRST) : cursor.seek(from);
    while (more && (to.empty() || before(cursor.key(), to)) && visit(cursor.key(), cursor.value()))
        more = cursor.move(MDB_NEXT);
}

void ReadTransaction::scan_backwards(const Table& table, ByteView from, ByteView to,
                                     const Visitor& visit) const {
    Cursor cursor(transaction_, table.handle_);
    bool more = !to.empty() && cursor.seek(to) ? cursor.move(MDB_PREV) : cursor.move(MDB_LAST);
    while (more && !before(cursor.key(), from) && visit(cursor.key(), cursor.value()))
        more = cursor.move(MDB_PREV);
}

void ReadTransaction::scan_prefix(const Table& table, ByteView prefix, const Visitor& visit) const {
    scan(table, prefix, {}, [&](ByteView key, ByteView value) {
        return key.size() >= prefix.size() && std::equal(prefix.begin(), prefix.end(), key.begin()) &&
               visit(key, value);
    });
}

std::uint64_t ReadTransaction::count(const Table& table) const {
    MDB_stat stat;
    check(mdb_stat(transaction_, table.handle_, &stat));
    return stat.ms_entries;
}

void WriteTransaction::put(const Table& table, ByteView key, ByteView value) {
    MDB_val k = value_of(key);
    MDB_val v = value_of(value);
    check(mdb_put(transaction_, table.handle_, &k, &v, 0));
}

void WriteTransaction::append(const Table& table, ByteView key, ByteView value) {
    MDB_val k = value_of(key);
    MDB_val v = value_of(value);
    check(mdb_put(transaction_, table.handle_, &k, &v, MDB_APPEND));
}

bool WriteTransaction::erase(const Table& table, ByteView key) {
    MDB_val k = value_of(key);
    const int code = mdb_del(transaction_, table.handle_, &k, nullptr);
    if (code == MDB_NOTFOUND) return false;
    check(code);
    return true;
}

void WriteTransaction::clear(const Table& table) {
    check(mdb_drop(transaction_, table.handle_, 0));
}

struct Environment::Parts {
    ~Parts() {
        if (environment != nullptr) mdb_env_close(environment);
    }
    std::optional<DirectoryLock> lock;  ///< none: it only reads
    std::string directory;
    MDB_env* environment = nullptr;
    std::size_t map_size = 0;
    std::mutex write_mutex;  ///< one writer
    mutable std::mutex
        tables_mutex;  ///< over the list of tables; taken last, so that a write may look one up
    mutable std::shared_mutex map_mutex;  ///< shared by every transaction, exclusive to grow the map
    mutable std::mutex gate;  ///< before map_mutex: who wants to grow holds it, and readers queue behind
    std::deque<std::string> names;  ///< stable addresses for Table::name
    std::deque<Table> tables;
};

Environment::Environment(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Environment::~Environment() = default;

Result<std::unique_ptr<Environment>> Environment::open(const std::string& directory,
                                                       EnvironmentOptions options) {
    auto parts = std::make_unique<Parts>();
    if (options.read_only) {
        if (::access((directory + "/data.mdb").c_str(), R_OK) != 0)
            return fail("data_directory", "there is no store in " + directory + " that can be read");
    } else {
        auto lock = DirectoryLock::take(directory);
        if (!lock) return tl::unexpected<Error>(lock.error());
        parts->lock.emplace(std::move(*lock));
    }
    parts->directory = directory;
    parts->map_size = options.map_size;
    try {
        check(mdb_env_create(&parts->environment));
        check(mdb_env_set_assert(parts->environment, &assertion_failed));
        check(mdb_env_set_mapsize(parts->environment, options.map_size));
        check(mdb_env_set_maxdbs(parts->environment, kMaxTables));
        check(mdb_env_set_maxreaders(parts->environment, kMaxReaders));
        check(mdb_env_open(parts->environment, directory.c_str(),
                           options.read_only ? MDB_NOTLS | MDB_RDONLY : MDB_NOTLS, 0600));
        MDB_envinfo info;
        check(mdb_env_info(parts->environment, &info));
        parts->map_size = info.me_mapsize;
        fill_hole(parts->environment, directory + "/data.mdb", options.read_only);
        int dead = 0;
        check(mdb_reader_check(parts->environment, &dead));
    } catch (const Failure& failure) {
        return refusal(failure.code, directory);
    }
    std::unique_ptr<Environment> opened(new Environment(std::move(parts)));
    const auto meta = opened->table(kMetaTable);
    if (!meta) return tl::unexpected<Error>(meta.error());
    const auto version = opened->get(*meta, view_of(kVersionKey));
    if (!version) return tl::unexpected<Error>(version.error());
    const auto expected = number_key(options.schema_version);
    if (!*version && options.read_only) {
        return fail("data_damaged", "the store in " + directory + " was never finished; nothing is in it");
    } else if (!*version) {
        const auto written = opened->write([&](WriteTransaction& transaction) -> Result<void> {
            transaction.put(*meta, view_of(kVersionKey), expected);
            return {};
        });
        if (!written) return tl::unexpected<Error>(written.error());
    } else if (number_of(**version) != options.schema_version) {
        return fail("schema_mismatch", "the data in " + directory + " has schema version " +
                                           std::to_string(number_of(**version)) + ", this program needs " +
                                           std::to_string(options.schema_version));
    }
    return opened;
}

Result<Table> Environment::table(std::string_view name) {
    if (const auto known = find(name)) return *known;
    unsigned handle = 0;
    const std::string text(name);
    try {
        std::lock_guard lock(parts_->write_mutex);
        MDB_txn* transaction = nullptr;
        const bool reads = !parts_->lock;
        check(mdb_txn_begin(parts_->environment, nullptr, reads ? MDB_RDONLY : 0, &transaction));
        const int code = mdb_dbi_open(transaction, text.c_str(), reads ? 0 : MDB_CREATE, &handle);
        if (code != MDB_SUCCESS) {
            mdb_txn_abort(transaction);
            if (code == MDB_NOTFOUND)
                return fail("data_damaged", "the store in " + parts_->directory + " has no table " + text);
            throw Failure{code};
        }
        check(mdb_txn_commit(transaction));
        std::lock_guard list(parts_->tables_mutex);
        parts_->names.push_back(text);
        parts_->tables.push_back(Table(handle, &parts_->names.back()));
        return parts_->tables.back();
    } catch (const Failure& failure) {
        return refusal(failure.code, parts_->directory);
    }
}

std::optional<Table> Environment::find(std::string_view name) const {
    std::lock_guard lock(parts_->tables_mutex);
    for (const Table& table : parts_->tables)
        if (table.name() == name) return table;
    return std::nullopt;
}

Result<void> Environment::read(const std::function<void(const ReadTransaction&)>& body) const {
    std::unique_lock gate(parts_->gate);
    std::shared_lock map(parts_->map_mutex);
    gate.unlock();
    MDB_txn* transaction = nullptr;
    if (const int code = mdb_txn_begin(parts_->environment, nullptr, MDB_RDONLY, &transaction))
        return refusal(code, parts_->directory);
    const std::unique_ptr<MDB_txn, decltype(&mdb_txn_abort)> guard(transaction, &mdb_txn_abort);
    try {
        body(ReadTransaction(transaction));
    } catch (const Failure& failure) {
        return refusal(failure.code, parts_->directory);
    }
    return {};
}

Result<void> Environment::write(const std::function<Result<void>(WriteTransaction&)>& body) {
    std::lock_guard lock(parts_->write_mutex);
    bool again = true;
    for (;;) {
        int code = MDB_SUCCESS;
        {
            std::shared_lock map(parts_->map_mutex);
            MDB_txn* transaction = nullptr;
            code = mdb_txn_begin(parts_->environment, nullptr, 0, &transaction);
            if (code != MDB_SUCCESS) return refusal(code, parts_->directory);
            std::unique_ptr<MDB_txn, decltype(&mdb_txn_abort)> guard(transaction, &mdb_txn_abort);
            try {
                WriteTransaction view(transaction);
                if (auto done = body(view); !done) return done;
                code = mdb_txn_commit(guard.release());
                if (code == MDB_SUCCESS) return {};
            } catch (const Failure& failure) {
                code = failure.code;
            }
        }
        // A disk that fills up cuts a write short, which LMDB calls EIO. The second try names the true cause.
        if (code == EIO && std::exchange(again, false)) continue;
        if (code != MDB_MAP_FULL) return refusal(code, parts_->directory);
        std::lock_guard gate(parts_->gate);
        std::unique_lock map(parts_->map_mutex);
        if (!fits_address_space(parts_->map_size * 2) ||
            mdb_env_set_mapsize(parts_->environment, parts_->map_size * 2) != MDB_SUCCESS)
            return refusal(MDB_MAP_FULL, parts_->directory);
        parts_->map_size *= 2;
    }
}

Result<std::optional<Bytes>> Environment::get(const Table& table, ByteView key) const {
    std::optional<Bytes> copy;
    auto done = read([&](const ReadTransaction& transaction) {
        if (const auto found = transaction.get(table, key)) copy.emplace(found->begin(), found->end());
    });
    if (!done) return tl::unexpected<Error>(done.error());
    return copy;
}

}  // namespace grid::store
