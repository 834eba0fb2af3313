// Signed createOrder transactions a second through the ledger's whole pipeline: recovered, executed,
// committed with a sync, answered; against the crypto limit of the same machine in the same run (recoveries a
// second, all cores at once), and, when the arguments name them, against anvil's orders and transfers a
// second. The latency is measured a second time at half the rate that was reached, with transactions at their
// times whether or not earlier ones are answered. Every order must succeed: receipts, state and a restart are
// checked.
#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <span>

#include "bench/demand.hpp"
#include "bench/ledger_threads.hpp"
#include "bench/ledger_workload.hpp"
#include "chain/recover_each.hpp"

namespace {

using namespace grid;
using namespace grid::bench;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kWindow = 4096;        ///< transactions in flight
constexpr std::size_t kPaced = kOrders / 4;  ///< the last orders are sent at half the rate of the others

double seconds_since(Clock::time_point begin) {
    return std::chrono::duration<double>(Clock::now() - begin).count();
}

/// Processor time of this process so far, in seconds.
double cpu_seconds() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// Sends transactions with a bounded window and waits for all answers.
class Client {
public:
    Client(Ledger& ledger, std::size_t window) : ledger_(ledger), window_(window) {}

    /// As fast as the window lets it.
    std::vector<double> send(std::span<const Bytes> raws) { return send(raws, 0); }

    /// `per_second` of them, at their times; the latency counts from there, also when the client is late.
    std::vector<double> send(std::span<const Bytes> raws, double per_second) {
        std::vector<double> latencies(raws.size());
        const auto start = Clock::now();
        for (std::size_t i = 0; i < raws.size(); ++i) {
            auto begin = Clock::now();
            if (per_second > 0) {
                begin = start + std::chrono::duration_cast<Clock::duration>(
                                    std::chrono::duration<double>(static_cast<double>(i) / per_second));
                std::this_thread::sleep_until(begin);
            }
            {
                std::unique_lock lock(mutex_);
                wake_.wait(lock, [&] { return per_second > 0 || in_flight_ < window_; });
                ++in_flight_;
            }
            ledger_.submit(raws[i], [this, &latency = latencies[i], begin](const Result<Submission>& result) {
                latency = seconds_since(begin);
                if (!result) stop(result.error().code + ": " + result.error().message);
                if (!result->block) stop("a transaction waits behind a nonce gap");
                if (!result->block->block.receipts[result->index].success) stop("a transaction was reverted");
                std::lock_guard lock(mutex_);
                // Refilled in halves, so that the client does not wake for each answer.
                if (--in_flight_ == window_ / 2 || in_flight_ == 0) wake_.notify_one();
            });
        }
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [this] { return in_flight_ == 0; });
        return latencies;
    }

private:
    Ledger& ledger_;
    std::size_t window_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::size_t in_flight_ = 0;
};

/// Recoveries a second on all cores, `together` at a time by `recover`.
double recoveries(const Workload& workload, std::size_t together,
                  const std::function<void(std::span<const SignedDigest>)>& recover) {
    std::vector<SignedDigest> items;
    for (std::size_t i = 0; i < 4096; ++i) {
        const auto decoded = demand(SignedTransaction::decode(workload.orders[i]), "decode");
        items.push_back({decoded.signing_hash(), decoded.signature});
    }
    std::atomic<std::uint64_t> total{0};
    const auto begin = Clock::now();
    on_all_cores([&](unsigned core, unsigned) {
        std::uint64_t count = 0;
        for (std::size_t at = core * 1024 % items.size(); seconds_since(begin) < 2.0; count += together) {
            recover(std::span(items).subspan(at, together));
            at = (at + together) % items.size();
        }
        total += count;
    });
    return static_cast<double>(total) / seconds_since(begin);
}

/// What libsecp256k1 does on all cores.
double crypto_limit(const Workload& workload) {
    return recoveries(workload, 1, [](std::span<const SignedDigest> one) {
        if (!recover(one[0].digest, one[0].signature)) stop("recover");
    });
}

/// What the ledger's own recovery of many at a time does on all cores.
double lanes_limit(const Workload& workload) {
    return recoveries(workload, 32, [](std::span<const SignedDigest> some) {
        std::vector<grid::Result<Address>> signers(some.size(), grid::fail("none", "not answered"));
        recover_each(some, signers);
        for (const auto& signer : signers)
            if (!signer) stop("recover in lanes");
    });
}

}  // namespace

int main(int argc, char** argv) {
    const double anvil = argc > 1 ? std::atof(argv[1]) : 0;
    const double anvil_transfers = argc > 2 ? std::atof(argv[2]) : 0;
    std::printf("signing %zu orders of %zu users at %zu providers\n", kOrders, kUsers, kProviders);
    const Workload workload = make_workload();
    double limit = crypto_limit(workload);
    const Directory directory;
    const Genesis genesis = make_genesis(workload);

    double elapsed = 0;
    double cpu = 0;
    std::vector<double> latencies;
    std::vector<double> paced;
    WriteSet rows;
    std::uint64_t blocks = 0;
    {
        Threads threads;
        LedgerOptions options{.directory = directory.path,
                              .genesis = genesis,
                              .executor = [&](auto task) { threads.run(std::move(task)); },
                              .background = [&](auto task) { threads.run_behind(std::move(task)); },
                              .wake = [&] { threads.wake(); }};
        const auto ledger = demand(Ledger::open(std::move(options)), "open");
        threads.start(*ledger, [] { return Timestamp{static_cast<std::uint64_t>(std::time(nullptr))}; });
        Client client(*ledger, kWindow);
        client.send(workload.preparation);
        const std::uint64_t before = ledger->head()->block.header.number;
        const double cpu_before = cpu_seconds();
        const auto begin = Clock::now();
        const std::span<const Bytes> orders = workload.orders;
        latencies = client.send(orders.first(kOrders - kPaced));
        elapsed = seconds_since(begin);
        cpu = cpu_seconds() - cpu_before;
        blocks = ledger->head()->block.header.number - before;
        paced = client.send(orders.last(kPaced), static_cast<double>(kOrders - kPaced) / elapsed / 2);
        check_state(*ledger, workload);
        rows = ledger->rows();
        threads.stop_producer();
    }
    const auto begin = Clock::now();
    const auto again = demand(Ledger::open({.directory = directory.path,
                                            .genesis = genesis,
                                            .executor = [](auto task) { task(); },
                                            .wake = [] {}}),
                              "open again");
    const double restart = seconds_since(begin);
    if (again->rows() != rows) stop("the state after a restart differs");

    // Before and after: on a machine that others use too, the better one counts against us.
    limit = std::max(limit, crypto_limit(workload));
    const double lanes = lanes_limit(workload);

    const auto quantile_ms = [](std::vector<double>& values, std::size_t percent) {
        std::sort(values.begin(), values.end());
        return values[values.size() * percent / 100] * 1e3;
    };
    constexpr double kFull = kOrders - kPaced;
    const double rate = kFull / elapsed;
    const double p50 = quantile_ms(paced, 50);
    const double p99 = quantile_ms(paced, 99);
    std::printf("%-34s %12.0f /s\n", "createOrder, durable", rate);
    const unsigned cores = std::thread::hardware_concurrency();
    std::printf("%-34s %12.0f /s on %u cores\n", "limit: recoveries by libsecp256k1", limit, cores);
    std::printf("%-34s %12.0f /s on %u cores\n", "recoveries in lanes", lanes, cores);
    std::printf("%-34s %12.1f us, of which recovery %.1f us\n", "processor time a transaction",
                cpu / kFull * 1e6, cores / lanes * 1e6);
    if (anvil > 0) std::printf("%-34s %12.0f /s\n", "anvil, createOrder of a reference", anvil);
    if (anvil_transfers > 0)
        std::printf("%-34s %12.0f /s, %.2f times\n", "anvil, token transfers", anvil_transfers,
                    rate / anvil_transfers);
    std::printf("%-34s %12.2f ms p50, %.2f ms p99 with %zu in flight\n", "latency at full load",
                quantile_ms(latencies, 50), quantile_ms(latencies, 99), kWindow);
    std::printf("%-34s %12.2f ms p50, %.2f ms p99 at %.0f /s\n", "latency at half load", p50, p99, rate / 2);
    std::printf("%-34s %12.1f transactions\n", "mean block", kFull / static_cast<double>(blocks));
    std::printf("%-34s %12.2f s\n", "restart with this state", restart);
    std::printf(
        "{\"bench\":\"ledger\",\"tx_per_s\":%.0f,\"limit_per_s\":%.0f,\"lanes_per_s\":%.0f,\"ratio_to_"
        "limit\":%.3f,"
        "\"p50_ms\":%.2f,\"p99_ms\":%.2f",
        rate, limit, lanes, rate / limit, p50, p99);
    if (anvil > 0) std::printf(",\"anvil_tx_per_s\":%.0f,\"ratio_to_anvil\":%.2f", anvil, rate / anvil);
    std::printf("}\n");
}
