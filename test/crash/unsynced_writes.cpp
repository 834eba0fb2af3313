#include "crash/unsynced_writes.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <stdexcept>
#include <vector>

namespace grid::test {
namespace {

enum Kind : std::uint64_t { kWrite = 1, kSynced = 2, kDurable = 3 };

struct Record {
    std::uint64_t kind, inode, sequence, offset, length, old_size, old_length, path_length;
};

struct Write {
    Record record{};
    std::string path;
    std::vector<char> old;
};

struct FileWrites {
    std::vector<Write> writes;
    std::uint64_t synced = 0;  ///< up to this sequence
    std::set<std::uint64_t> durable;
};

/// Without a last record that the end of the process cut short: its write never began.
std::map<std::uint64_t, FileWrites> read_journal(const std::string& journal) {
    std::ifstream in(journal, std::ios::binary);
    std::map<std::uint64_t, FileWrites> files;
    Write write;
    while (in.read(reinterpret_cast<char*>(&write.record), sizeof(Record))) {
        const Record& record = write.record;
        write.path.resize(record.path_length);
        write.old.resize(record.old_length);
        in.read(write.path.data(), static_cast<std::streamsize>(record.path_length));
        in.read(write.old.data(), static_cast<std::streamsize>(record.old_length));
        if (!in) break;
        FileWrites& file = files[record.inode];
        if (record.kind == kWrite)
            file.writes.push_back(std::move(write));
        else if (record.kind == kSynced)
            file.synced = std::max(file.synced, record.sequence);
        else if (record.kind == kDurable)
            file.durable.insert(record.sequence);
        else
            throw std::runtime_error("the shim's journal cannot be read");
        write = {};
    }
    return files;
}

/// Bytes of a file that later writes own.
class Ranges {
public:
    void add(std::uint64_t from, std::uint64_t to) {
        if (from < to) ranges_.emplace_back(from, to);
    }
    bool holds(std::uint64_t at) const {
        return std::any_of(ranges_.begin(), ranges_.end(),
                           [at](const auto& range) { return at >= range.first && at < range.second; });
    }
    /// The parts of a range that nobody owns.
    std::vector<std::pair<std::uint64_t, std::uint64_t>> free(std::uint64_t from, std::uint64_t to) const {
        std::vector<std::uint64_t> cuts{from, to};
        for (const auto& [a, b] : ranges_)
            for (const std::uint64_t cut : {a, b})
                if (cut > from && cut < to) cuts.push_back(cut);
        std::sort(cuts.begin(), cuts.end());
        std::vector<std::pair<std::uint64_t, std::uint64_t>> parts;
        for (std::size_t i = 0; i + 1 < cuts.size(); ++i)
            if (cuts[i] < cuts[i + 1] && !holds(cuts[i])) parts.emplace_back(cuts[i], cuts[i + 1]);
        return parts;
    }

private:
    std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges_;
};

std::uint64_t take_back(const FileWrites& file, std::mt19937_64* some) {
    const auto lasts = [&](const Write& write) {
        const std::uint64_t sequence = write.record.sequence;
        return sequence <= file.synced || file.durable.contains(sequence) ||
               (some != nullptr && (*some)() % 2 == 0);
    };
    std::uint64_t lost = 0;
    // What was synced is under everything that was not: only the writes after it count.
    const auto first = std::find_if(file.writes.begin(), file.writes.end(),
                                    [&](const Write& write) { return write.record.sequence > file.synced; });
    if (first == file.writes.end()) return 0;
    const int target = ::open(file.writes.back().path.c_str(), O_RDWR | O_CLOEXEC);
    struct stat attributes {};
    // Renamed or removed since: names are not part of this.
    if (target < 0 && errno == ENOENT) return 0;
    if (target < 0 || ::fstat(target, &attributes) != 0)
        throw std::runtime_error("cannot open " + file.writes.back().path);
    auto size = static_cast<std::uint64_t>(attributes.st_size);
    std::uint64_t needed = 0;
    Ranges owned;
    for (auto write = file.writes.rbegin(); write != std::make_reverse_iterator(first); ++write) {
        const Record& record = write->record;
        const std::uint64_t end = record.offset + record.length;
        if (lasts(*write)) {
            owned.add(record.offset, end);
            needed = std::max(needed, end);
            continue;
        }
        ++lost;
        for (const auto& [from, to] : owned.free(record.offset, record.offset + record.old_length))
            if (::pwrite(target, write->old.data() + (from - record.offset), to - from,
                         static_cast<off_t>(from)) != static_cast<ssize_t>(to - from))
                throw std::runtime_error("cannot take back a write to " + write->path);
        if (end > record.old_size || record.old_length + record.offset == record.old_size)
            size = std::max(record.old_size, needed);
    }
    const bool cut = ::ftruncate(target, static_cast<off_t>(size)) == 0;
    ::close(target);
    if (!cut) throw std::runtime_error("cannot take back the size of " + file.writes.back().path);
    return lost;
}

}  // namespace

LostWrites lose_unsynced_writes(const std::string& journal, std::mt19937_64* some) {
    LostWrites result;
    for (const auto& [inode, file] : read_journal(journal)) {
        result.writes += file.writes.size();
        result.lost += take_back(file, some);
    }
    std::filesystem::remove(journal);
    return result;
}

}  // namespace grid::test
