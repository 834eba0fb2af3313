#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>

#include "apps/grid/context.hpp"
#include "chain/block_stream.hpp"
#include "store/directory_lock.hpp"

namespace grid::cli {

namespace fs = std::filesystem;

namespace {

struct ChainPlace {
    std::string data;
    std::uint64_t id = 0;
    std::string file;
    std::uint64_t from = 0;
    std::string genesis;
};

/// Where the ledger is in a node's data directory; the ledger's own directory is taken, too.
std::string ledger_of(const std::string& data) {
    if (!fs::exists(fs::path(data) / "chain" / "blocks") && fs::exists(fs::path(data) / "blocks"))
        return data;
    return (fs::path(data) / "chain").string();
}

std::string existing_ledger(const std::string& data) {
    const auto directory = ledger_of(data);
    if (!fs::exists(fs::path(directory) / "blocks"))
        throw Failure("not_found", "there is no chain in " + data + "; name a node's data directory");
    return directory;
}

/// The height now and then, to a person who waits.
void show_height(std::uint64_t height) {
    if (isatty(STDERR_FILENO) != 0)
        std::fprintf(stderr, "\r· block %llu", static_cast<unsigned long long>(height));
}

void verify(const Context& context, const ChainPlace& place) {
    const auto verified = need(chain::verify_chain(existing_ledger(place.data), place.id, show_height));
    const auto& head = *verified.replay.head();
    context.show(Record()
                     .text("verified", "everything agrees")
                     .number("chain_id", verified.replay.chain().chain_id)
                     .boolean("development", verified.replay.chain().development)
                     .number("height", head.block.header.number)
                     .text("hash", head.hash.hex())
                     .text("commitment", head.block.header.state_commitment.hex())
                     .number("transactions", verified.replay.transactions())
                     .number("flushed", verified.flushed));
}

/// A file, or standard input or output as "-".
class Channel {
public:
    Channel(const std::string& name, const char* mode, std::FILE* standard)
        : file_(name == "-" ? standard : std::fopen(name.c_str(), mode)), owned_(name != "-") {
        if (file_ == nullptr)
            throw Failure("file_failed", name + " cannot be opened; check the path and its permissions");
    }
    ~Channel() {
        if (owned_ && file_ != nullptr) std::fclose(file_);
    }
    Channel(const Channel&) = delete;

    bool write(chain::ByteView bytes) {
        return std::fwrite(bytes.data(), 1, bytes.size(), file_) == bytes.size();
    }
    std::size_t read(std::uint8_t* into, std::size_t size) { return std::fread(into, 1, size, file_); }
    bool sync() { return std::fflush(file_) == 0 && (!owned_ || ::fsync(::fileno(file_)) == 0); }

private:
    std::FILE* file_;
    bool owned_;
};

void export_blocks(const Context& context, const ChainPlace& place) {
    const auto directory = existing_ledger(place.data);
    // A file appears whole or not at all.
    const bool to_file = place.file != "-";
    const std::string unfinished = to_file ? place.file + ".part" : place.file;
    chain::Exported exported;
    {
        Channel out(unfinished, "wb", stdout);
        exported = need(chain::export_chain(directory, place.id, place.from,
                                            [&](chain::ByteView piece) { return out.write(piece); }));
        if (!out.sync()) throw Failure("write_failed", unfinished + " cannot be written; is the disk full?");
    }
    if (!to_file) return;
    fs::rename(unfinished, place.file);
    context.show(Record()
                     .text("file", place.file)
                     .number("blocks", exported.blocks)
                     .number("height", exported.newest.newest)
                     .text("hash", exported.newest.hash.hex()));
}

void import_blocks(const Context& context, const ChainPlace& place) {
    chain::Hash genesis;
    if (!place.genesis.empty()) genesis = need(chain::Hash::parse(place.genesis));
    const auto lock = need(store::DirectoryLock::take(place.data));
    Channel in(place.file, "rb", stdin);
    chain::StreamReader stream([&in](std::uint8_t* into, std::size_t size) { return in.read(into, size); });
    const auto imported = need(chain::import_chain(ledger_of(place.data), stream, genesis, show_height));
    context.show(Record()
                     .number("chain_id", imported.head.chain.chain_id)
                     .boolean("development", imported.head.chain.development)
                     .text("genesis", imported.head.genesis.hex())
                     .number("known", imported.known)
                     .number("added", imported.added)
                     .number("height", imported.newest.newest)
                     .text("hash", imported.newest.hash.hex()));
}

}  // namespace

void add_chain_commands(CLI::App& program, Context& context) {
    auto* group = program.add_subcommand(
        "chain", "The chain: deploy to an EVM network, status; a node's files: verify, export, import");
    group->require_subcommand(1);
    const auto place = std::make_shared<ChainPlace>();
    const auto add = [&](const char* name, const char* what) {
        auto* command = group->add_subcommand(name, what);
        command->add_option("--data", place->data, "The node's data directory")->required();
        return command;
    };
    const auto add_id = [&](CLI::App* command) {
        command->add_option("--chain-id", place->id, "The chain's id; default: what its transactions name");
    };

    auto* check = add("verify",
                      "Execute every block again from genesis and compare everything; only reads, also "
                      "beside the running node. Exit code 4: something differs");
    add_id(check);
    check->callback([&context, place] { verify(context, *place); });

    auto* out =
        add("export", "Write the blocks to a file, or to standard output (-); also beside the running node");
    add_id(out);
    out->add_option("file", place->file, "Where to, or -")->required();
    out->add_option("--from", place->from, "The first block; default: 0");
    out->callback([&context, place] { export_blocks(context, *place); });

    auto* in = add("import",
                   "Read blocks from a file, or from standard input (-), executing each; goes on where "
                   "an earlier import ended");
    in->add_option("file", place->file, "Where from, or -")->required();
    in->add_option("--genesis", place->genesis, "Take only the chain whose block 0 has this hash");
    in->callback([&context, place] { import_blocks(context, *place); });

    add_network_commands(*group, context);
}

}  // namespace grid::cli
