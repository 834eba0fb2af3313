#include "lease/route_table.hpp"

#include <catch2/catch.hpp>
#include <thread>

using namespace grid::lease;

namespace {

const std::string kLease = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

Route route(std::string app, std::string lease = kLease) {
    Route r;
    r.app = std::move(app);
    r.lease_key = std::move(lease);
    r.state = RouteState::ready;
    return r;
}

}  // namespace

TEST_CASE("an application is found by its label and by its path") {
    RouteTable table;
    table.add(route("web"));
    CHECK(application_label("web", "0x" + kLease) == "web--0123456789abcdef0123");
    REQUIRE(table.by_label("web--0123456789abcdef0123"));
    CHECK(table.by_label("web--0123456789abcdef0123")->app == "web");
    CHECK(table.by_path("0123456789abcdef0123", "web"));
    CHECK(table.by_path(kLease, "web"));
    CHECK_FALSE(table.by_path("0123456789abcdef0123ffff", "web"));
    CHECK_FALSE(table.by_path("0123456789abcdef", "web"));
    CHECK_FALSE(table.by_path(kLease, "api"));
    CHECK_FALSE(table.by_label("web--0123"));
    CHECK_FALSE(table.by_label(""));
}

TEST_CASE("the longest app name still makes a DNS label") {
    CHECK(application_label(std::string(32, 'a'), kLease).size() <= 63);
}

TEST_CASE("a route ends at its time or when it is said so") {
    Route r = route("web");
    CHECK_FALSE(r.ended(1'000'000'000));
    r.ends_at = 1'000'000'000;
    CHECK_FALSE(r.ended(999'999'999));
    CHECK(r.ended(1'000'000'000));
    r.ends_at = 0;
    r.state = RouteState::ended;
    CHECK(r.ended(0));
}

TEST_CASE("a reader sees what was published last and reloads only then") {
    RoutePublisher publisher;
    RouteReader reader(publisher);
    CHECK(reader.current().size() == 0);
    const auto before = reader.generation();
    CHECK(&reader.current() == &reader.current());
    CHECK(reader.generation() == before);

    auto table = std::make_shared<RouteTable>();
    table->add(route("web"));
    publisher.publish(table);
    CHECK(&reader.current() == table.get());
    CHECK(reader.generation() > before);

    publisher.publish(nullptr);
    CHECK(reader.current().size() == 0);
}

TEST_CASE("a route that a reader holds outlives its table") {
    RoutePublisher publisher;
    auto table = std::make_shared<RouteTable>();
    table->add(route("web"));
    publisher.publish(std::move(table));
    RouteReader reader(publisher);
    const auto held = reader.current().by_label("web--0123456789abcdef0123");
    publisher.publish(std::make_shared<RouteTable>());
    CHECK_FALSE(reader.current().by_label("web--0123456789abcdef0123"));
    CHECK(held->app == "web");
}

TEST_CASE("traffic of a lease goes on counting over tables") {
    RoutePublisher publisher;
    Route r = route("web");
    r.traffic = publisher.traffic("0x" + kLease);
    r.traffic->requests += 3;
    auto table = std::make_shared<RouteTable>();
    table->add(r);
    publisher.publish(std::move(table));
    CHECK(publisher.traffic(kLease)->requests == 3);
    CHECK(publisher.traffic(kLease) == publisher.traffic(kLease));
}

TEST_CASE("readers on other threads never see a torn table") {
    RoutePublisher publisher;
    std::atomic<bool> stop{false};
    std::atomic<bool> torn{false};
    std::atomic<std::uint64_t> reads{0};
    std::thread thread([&] {
        RouteReader reader(publisher);
        while (!stop) {
            const RouteTable& table = reader.current();
            // Each table holds as many routes as its first one says.
            const auto first = table.by_label("app0--0123456789abcdef0123");
            if (first && table.size() != first->epoch) torn = true;
            ++reads;
        }
    });
    for (std::uint64_t n = 1; n <= 300 || reads < 1000; ++n) {
        auto table = std::make_shared<RouteTable>();
        const std::uint64_t size = 1 + n % 7;
        for (std::uint64_t i = 0; i < size; ++i) {
            Route r = route("app" + std::to_string(i));
            r.epoch = size;
            table->add(r);
        }
        publisher.publish(std::move(table));
    }
    stop = true;
    thread.join();
    CHECK_FALSE(torn);
}
