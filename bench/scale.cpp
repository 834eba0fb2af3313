// A market of 1,000,000 live orders of 500,000 users at 1,000 providers: memory and disk for each, settling
// the tenth of them that ends in one second, and a restart.
//
// The market is made by the real executor out of whole transactions (token transfer, approve, purchase, two
// createOrder for each user; activateOrder by the providers), in real blocks. Only their signatures are not
// made: the sender is handed to the executor, as the ledger does after recovery. What is measured runs in
// processes of their own: one opens the directory with the real ledger and answers a call about an order
// (restart: from the start of the process until that answer; memory: its resident set after that less the one
// before), then settles by signed settleMany transactions, until the last is durable and answered; it is
// killed, and another one must find every settled order.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>

#include "bench/demand.hpp"
#include "bench/ledger_threads.hpp"
#include "bench/scale_market.hpp"
#include "chain/calls.hpp"

namespace {

using namespace grid;
using namespace grid::bench;
using Clock = std::chrono::steady_clock;

constexpr std::uint64_t kOrders = 1'000'000;
constexpr std::size_t kSettleBatch = 256;  ///< ids in a settleMany

double ms_since(Clock::time_point begin) {
    return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

struct Memory {
    std::uint64_t anonymous = 0;  ///< bytes of the process's own
    std::uint64_t mapped = 0;     ///< bytes of files that are mapped and were touched: page cache
};

Memory resident() {
    std::ifstream status("/proc/self/status");
    Memory memory;
    for (std::string name; status >> name;) {
        std::uint64_t kilobytes = 0;
        if (name == "RssAnon:" && status >> kilobytes) memory.anonymous = kilobytes * 1024;
        if (name == "RssFile:" && status >> kilobytes) memory.mapped = kilobytes * 1024;
    }
    return memory;
}

Order ask(const Ledger& ledger, OrderId id) {
    const Bytes data = calls::market::get(id);
    const CallResult result = ledger.call(ledger.latest(), {{}, embedded_addresses().market, {}, data});
    return demand(calls::decode_order(result.output), "order");
}

std::vector<Bytes> settlements(const Ledger& ledger, const std::vector<OrderId>& ids) {
    const PrivateKey keeper = demand(PrivateKey::from_bytes(Bytes(32, 7)), "key");
    std::vector<Bytes> raws;
    Transaction t;
    t.chain_id = kEmbeddedChainId;
    t.nonce = ledger.nonce(keeper.address(), false);
    t.max_fee = t.max_priority_fee = Amount{1'000'000'000};
    t.gas_limit = 30'000'000;
    t.to = embedded_addresses().market;
    for (std::size_t i = 0; i < ids.size(); i += kSettleBatch, ++t.nonce) {
        t.data = calls::market::settle_many(
            {ids.begin() + static_cast<std::ptrdiff_t>(i),
             ids.begin() + static_cast<std::ptrdiff_t>(std::min(i + kSettleBatch, ids.size()))});
        raws.push_back(sign(t, keeper).raw);
    }
    return raws;
}

std::vector<OrderId> ending(std::uint64_t orders) {
    std::vector<OrderId> ids;
    for (std::uint64_t id = kSettledShare; id <= orders; id += kSettledShare) ids.push_back({id});
    return ids;
}

/// Milliseconds until every transaction is durable and answered.
double settle(Ledger& ledger, const std::vector<Bytes>& raws) {
    std::mutex mutex;
    std::condition_variable wake;
    std::size_t answered = 0;
    const auto begin = Clock::now();
    for (const Bytes& raw : raws)
        ledger.submit(raw, [&](const Result<Submission>& result) {
            if (!result) stop(result.error().code + ": " + result.error().message);
            if (!result->block || !result->block->block.receipts[result->index].success)
                stop("settleMany was not executed");
            std::lock_guard lock(mutex);
            if (++answered == raws.size()) wake.notify_one();
        });
    std::unique_lock lock(mutex);
    wake.wait(lock, [&] { return answered == raws.size(); });
    return ms_since(begin);
}

/// The process that is measured. Says "answered", then what it was told to do; ends by being killed or by
/// itself.
void serve(const std::string& directory, std::uint64_t orders, bool settling) {
    const Memory before = resident();
    Threads threads;
    const auto ledger = demand(Ledger::open({.directory = directory,
                                             .genesis = make_genesis(),
                                             .executor = [&](auto task) { threads.run(std::move(task)); },
                                             .wake = [&] { threads.wake(); }}),
                               "open");
    const std::vector<OrderId> ended = ending(orders);
    const OrderStatus expected = settling ? OrderStatus::running : OrderStatus::completed;
    if (ask(*ledger, ended[ended.size() / 2]).status != expected) stop("an order is not as it should be");
    std::printf("answered\n");
    const Memory after = resident();
    std::printf("memory %llu %llu\n", static_cast<unsigned long long>(after.anonymous - before.anonymous),
                static_cast<unsigned long long>(after.mapped - std::min(before.mapped, after.mapped)));
    if (!settling) {
        for (const OrderId id : ended)
            if (const Order order = ask(*ledger, id);
                order.status != OrderStatus::completed || order.accrued != order.deposit)
                stop("order " + std::to_string(id.value) + " was settled and is not");
        return;
    }
    const std::vector<Bytes> raws = settlements(*ledger, ended);
    const std::uint64_t blocks = ledger->head()->block.header.number;
    threads.start(*ledger, [] { return kBegin + kShort; });
    const double elapsed = settle(*ledger, raws);
    std::printf("settled %f %llu\n", elapsed,
                static_cast<unsigned long long>(ledger->head()->block.header.number - blocks));
    std::fflush(stdout);
    ::pause();  // until the kill
}

/// This program again, in a process of its own.
class Child {
public:
    explicit Child(std::vector<std::string> arguments) {
        int ends[2];
        if (::pipe(ends) != 0) stop("pipe");
        process_ = ::fork();
        if (process_ == 0) {
            ::dup2(ends[1], STDOUT_FILENO);
            ::close(ends[0]);
            std::vector<char*> argv{const_cast<char*>("bench_scale")};
            for (std::string& argument : arguments) argv.push_back(argument.data());
            argv.push_back(nullptr);
            ::execv("/proc/self/exe", argv.data());
            ::_exit(127);
        }
        ::close(ends[1]);
        if (process_ < 0) stop("fork");
        output_ = ::fdopen(ends[0], "r");
    }
    ~Child() { kill(); }
    /// The next line; it must begin so.
    std::string line(const std::string& word) {
        char text[256];
        if (std::fgets(text, sizeof text, output_) == nullptr) stop("the measured process ended early");
        if (std::strncmp(text, word.c_str(), word.size()) != 0) stop(std::string("it said ") + text);
        return text + word.size();
    }
    void finish() {
        int status = 0;
        ::waitpid(std::exchange(process_, -1), &status, 0);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) stop("the measured process failed");
    }
    void kill() {
        if (process_ > 0) {
            ::kill(process_, SIGKILL);
            ::waitpid(std::exchange(process_, -1), nullptr, 0);
        }
    }

private:
    pid_t process_ = -1;
    std::FILE* output_ = nullptr;
};

double per_order(std::uint64_t bytes, std::uint64_t orders) {
    return static_cast<double>(bytes) / static_cast<double>(orders);
}

void measure(std::uint64_t orders) {
    const Directory directory;
    const std::string count = std::to_string(orders);
    std::printf("making %s orders of %llu users at %llu providers\n", count.c_str(),
                static_cast<unsigned long long>(orders / 2), static_cast<unsigned long long>(kProviders));
    std::fflush(stdout);
    auto begin = Clock::now();
    Child({"fill", directory.path, count}).finish();
    std::printf("%-44s %10.1f s\n", "made", ms_since(begin) / 1e3);
    const std::uint64_t disk = std::filesystem::file_size(directory.path + "/state/data.mdb");
    const std::uint64_t history = std::filesystem::file_size(directory.path + "/blocks/data.mdb");

    begin = Clock::now();
    Child first({"serve", directory.path, count});
    first.line("answered");
    const double restart = ms_since(begin);
    unsigned long long anonymous = 0, mapped = 0, blocks = 0;
    if (std::sscanf(first.line("memory").c_str(), "%llu %llu", &anonymous, &mapped) != 2) stop("memory");
    double settling = 0;
    if (std::sscanf(first.line("settled").c_str(), "%lf %llu", &settling, &blocks) != 2) stop("settled");
    first.kill();

    begin = Clock::now();
    Child second({"check", directory.path, count});
    second.line("answered");
    const double after_kill = ms_since(begin);
    second.line("memory");
    second.finish();

    const double settled = static_cast<double>(ending(orders).size());
    std::printf("%-44s %10.0f bytes an order\n", "memory of the process's own", per_order(anonymous, orders));
    std::printf("%-44s %10.0f bytes an order\n", "mapped pages of the state's file (page cache)",
                per_order(mapped, orders));
    std::printf("%-44s %10.0f bytes an order\n", "disk: state and indexes", per_order(disk, orders));
    std::printf("%-44s %10.0f bytes an order\n", "disk: block history", per_order(history, orders));
    std::printf("%-44s %10.0f ms in %llu blocks, %.0f /s\n", "settling those that end in one second",
                settling, blocks, settled / settling * 1e3);
    std::printf("%-44s %10.0f ms\n", "restart to the first answer", restart);
    std::printf("%-44s %10.0f ms\n", "the same after a kill behind the settlement", after_kill);
    std::printf(
        "{\"bench\":\"scale\",\"orders\":%s,\"memory_per_order\":%.0f,\"disk_per_order\":%.0f,"
        "\"settle_100k_ms\":%.0f,\"restart_ms\":%.0f}\n",
        count.c_str(), per_order(anonymous + mapped, orders), per_order(disk, orders),
        settling * 1e5 / settled, restart);
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    if (arguments.size() < 2) {
        const std::uint64_t orders = arguments.empty() ? kOrders : std::stoull(arguments[0]);
        if (orders < 2 * kProviders || orders % 2 != 0)
            stop("expected an even number of at least 2000 orders");
        measure(orders);
        return 0;
    }
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    const std::uint64_t orders = std::stoull(arguments.at(2));
    if (arguments[0] == "fill")
        fill(arguments[1], orders);
    else
        serve(arguments[1], orders, arguments[0] == "serve");
}
