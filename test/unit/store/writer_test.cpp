#include "store/writer.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <future>
#include <map>

#include "store/undo.hpp"
#include "support/temporary_directory.hpp"

using namespace grid;
using namespace grid::store;
using grid::test::TemporaryDirectory;

namespace {

Bytes bytes(std::string_view text) {
    return {text.begin(), text.end()};
}

struct Fixture {
    TemporaryDirectory directory;
    std::unique_ptr<Environment> environment = std::move(*Environment::open(directory / "data"));
    Table rows = *environment->table("rows");
    Table undo = *environment->table("undo");

    std::map<std::string, std::string> content() const {
        std::map<std::string, std::string> result;
        REQUIRE(environment->read([&](const ReadTransaction& t) {
            t.scan(rows, {}, {}, [&](ByteView key, ByteView value) {
                result.emplace(std::string(key.begin(), key.end()), std::string(value.begin(), value.end()));
                return true;
            });
        }));
        return result;
    }

    Batch of_block(std::uint64_t block, std::initializer_list<std::pair<const char*, const char*>> changes,
                   std::uint64_t window = 64) const {
        Batch batch;
        batch.undo = UndoMark{undo, block, window};
        for (const auto& [key, value] : changes) {
            if (value != nullptr)
                batch.put(rows, bytes(key), bytes(value));
            else
                batch.erase(rows, bytes(key));
        }
        return batch;
    }

    Batch back_to(std::uint64_t block) const {
        Batch batch;
        batch.rollback = Rollback{undo, block};
        return batch;
    }
};

}  // namespace

TEST_CASE("what is answered is durable, in the order of submission", "[store]") {
    Fixture f;
    std::vector<int> answered;
    {
        Writer writer(*f.environment);
        for (int i = 0; i < 500; ++i) {
            Batch batch;
            batch.put(f.rows, bytes("key"), bytes(std::to_string(i)));
            writer.submit(std::move(batch), [&answered, i](const Result<void>& result) {
                if (result) answered.push_back(i);
            });
        }
    }
    REQUIRE(answered.size() == 500);
    CHECK(std::is_sorted(answered.begin(), answered.end()));
    CHECK(f.content() == std::map<std::string, std::string>{{"key", "499"}});
}

TEST_CASE("a batch that cannot be applied does not take its neighbours with it", "[store]") {
    Fixture f;
    Writer writer(*f.environment);
    // The first answer holds the writer until the others wait, so that these are one group.
    std::promise<void> release;
    writer.submit({}, [&](const Result<void>&) { release.get_future().wait(); });
    std::promise<Result<void>> good, bad, last;
    Batch batch;
    batch.put(f.rows, bytes("a"), bytes("1"));
    writer.submit(batch, [&](const Result<void>& r) { good.set_value(r); });
    Batch broken;
    broken.put(f.rows, bytes("b"), bytes("1"));
    broken.put(f.rows, Bytes(600, 'x'), bytes("1"));
    writer.submit(broken, [&](const Result<void>& r) { bad.set_value(r); });
    Batch third;
    third.put(f.rows, bytes("c"), bytes("1"));
    writer.submit(third, [&](const Result<void>& r) { last.set_value(r); });
    release.set_value();
    CHECK(good.get_future().get());
    const auto refused = bad.get_future().get();
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == "bad_key");
    CHECK(last.get_future().get());
    CHECK(f.content() == std::map<std::string, std::string>{{"a", "1"}, {"c", "1"}});
}

TEST_CASE("a rollback restores the rows as they were after a block", "[store]") {
    Fixture f;
    Writer writer(*f.environment);
    REQUIRE(writer.commit(f.of_block(1, {{"a", "1"}, {"b", "1"}})));
    const auto after_1 = f.content();
    REQUIRE(writer.commit(f.of_block(2, {{"a", "2"}, {"b", nullptr}, {"c", "2"}})));
    const auto after_2 = f.content();
    REQUIRE(writer.commit(f.of_block(3, {{"a", nullptr}, {"b", "3"}})));
    // A second batch of the same block, which overwrites a row of the first.
    REQUIRE(writer.commit(f.of_block(3, {{"b", "33"}, {"d", "3"}})));
    REQUIRE(f.content() == std::map<std::string, std::string>{{"b", "33"}, {"c", "2"}, {"d", "3"}});

    SECTION("one block back") {
        REQUIRE(writer.commit(f.back_to(2)));
        CHECK(f.content() == after_2);
    }
    SECTION("two blocks back") {
        REQUIRE(writer.commit(f.back_to(1)));
        CHECK(f.content() == after_1);
    }
    SECTION("to where it is") {
        const auto now = f.content();
        REQUIRE(writer.commit(f.back_to(3)));
        CHECK(f.content() == now);
    }
    SECTION("back and another way in one batch") {
        Batch fork = f.of_block(2, {{"a", "fork"}});
        fork.rollback = Rollback{f.undo, 1};
        REQUIRE(writer.commit(fork));
        CHECK(f.content() == std::map<std::string, std::string>{{"a", "fork"}, {"b", "1"}});
        REQUIRE(writer.commit(f.back_to(1)));
        CHECK(f.content() == after_1);
    }
}

TEST_CASE("undo rows are kept for the window and no longer", "[store]") {
    Fixture f;
    Writer writer(*f.environment);
    for (std::uint64_t block = 1; block <= 10; ++block)
        REQUIRE(writer.commit(f.of_block(block, {{"a", std::to_string(block).c_str()}}, 3)));
    const auto refused = writer.commit(f.back_to(6));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == "beyond_finality");
    CHECK(f.content()["a"] == "10");
    REQUIRE(writer.commit(f.back_to(7)));
    CHECK(f.content()["a"] == "7");
}

TEST_CASE("rows that do not come from the chain survive a rollback", "[store]") {
    Fixture f;
    Writer writer(*f.environment);
    REQUIRE(writer.commit(f.of_block(1, {{"chain", "1"}})));
    Batch session;
    session.put(f.rows, bytes("session"), bytes("s"));
    REQUIRE(writer.commit(session));
    REQUIRE(writer.commit(f.back_to(0)));
    CHECK(f.content() == std::map<std::string, std::string>{{"session", "s"}});
}
