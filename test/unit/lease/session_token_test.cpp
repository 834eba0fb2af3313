#include "lease/session_token.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

#include "lease/base64url.hpp"

using namespace grid;
using lease::Audience;
using lease::Scope;

namespace {

chain::Hash hash(std::uint8_t n) {
    chain::Hash h;
    h.bytes.fill(n);
    return h;
}

lease::Claims claims() {
    lease::Claims c;
    c.user.bytes.fill(0x11);
    c.lease_key = hash(0x22);
    c.epoch = 3;
    c.expires_at = {2000};
    c.scopes = lease::Scopes::all();
    return c;
}

std::string code(const Result<lease::Claims>& result) {
    return result ? "ok" : result.error().code;
}

}  // namespace

TEST_CASE("a token says what was put into it") {
    const lease::SessionTokens tokens(hash(1), lease::KeyRing::generate({1000}));
    auto put = claims();
    put.audience = Audience::app_host;
    put.app = std::string(32, 'a');
    put.scopes = Scope::proxy;
    put.access_ends_at = {1234};
    const std::string token = tokens.issue(put);
    CHECK(token.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") ==
          std::string::npos);
    const auto got = tokens.check(token, {1999}, {});
    REQUIRE(got);
    put.id = got->id;
    CHECK(*got == put);
    CHECK_FALSE(got->scopes.has(Scope::exec));
    CHECK(tokens.issue(put) != token);  // every token has its own id
}

TEST_CASE("tokens die by expiry, by logout and at other gateways") {
    const auto ring = lease::KeyRing::generate({1000});
    const lease::SessionTokens tokens(hash(1), ring), same_key_elsewhere(hash(2), ring);
    const lease::SessionTokens other(hash(1), lease::KeyRing::generate({1000}));
    const std::string token = tokens.issue(claims());
    lease::RevocationEpochs epochs;
    CHECK(code(tokens.check(token, {1999}, epochs)) == "ok");
    CHECK(code(tokens.check(token, {2000}, epochs)) == "expired_token");
    CHECK(code(same_key_elsewhere.check(token, {1999}, epochs)) == "foreign_token");
    CHECK(code(other.check(token, {1999}, epochs)) == "bad_token");
    epochs.set(claims().user, 3);
    CHECK(code(tokens.check(token, {1999}, epochs)) == "ok");
    epochs.set(claims().user, 4);
    CHECK(code(tokens.check(token, {1999}, epochs)) == "revoked_token");
}

TEST_CASE("a rotation logs nobody out until the overlap is over") {
    auto ring = lease::KeyRing::generate({1000});
    auto put = claims();
    put.expires_at = {9000};
    const std::string old = lease::SessionTokens(hash(1), ring).issue(put);
    ring.rotate({1500}, {500});
    const lease::SessionTokens rotated(hash(1), ring);
    CHECK(code(rotated.check(old, {1999}, {})) == "ok");
    CHECK(code(rotated.check(old, {2000}, {})) == "bad_token");
    CHECK(code(rotated.check(rotated.issue(put), {8999}, {})) == "ok");
}

TEST_CASE("no changed character, cut or addition verifies") {
    const lease::SessionTokens tokens(hash(1), lease::KeyRing::generate({1000}));
    for (const char* app : {"", "a", "ab"}) {  // the three ways in which base64 can end
        auto put = claims();
        put.app = app;
        const std::string token = tokens.issue(put);
        REQUIRE(tokens.check(token, {1000}, {}));
        for (std::size_t i = 0; i < token.size(); ++i) {
            for (const char c : std::string_view("AB_-9z=.")) {
                std::string changed = token;
                if (changed[i] == c) continue;
                changed[i] = c;
                REQUIRE_FALSE(tokens.check(changed, {1000}, {}));
            }
            REQUIRE_FALSE(tokens.check(token.substr(0, i), {1000}, {}));
        }
        for (const char* tail : {"A", "AA", "AAA", "AAAA", "=", "\n"})
            CHECK_FALSE(tokens.check(token + tail, {1000}, {}));
        // all other last characters: the unused bits must be zero too
        for (int c = 0; c < 256; ++c) {
            std::string changed = token;
            if (changed.back() == static_cast<char>(c)) continue;
            changed.back() = static_cast<char>(c);
            REQUIRE_FALSE(tokens.check(changed, {1000}, {}));
        }
    }
    CHECK(code(tokens.check("", {1000}, {})) == "bad_token");
    CHECK(code(tokens.check(std::string(10'000, 'A'), {1000}, {})) == "bad_token");
}

TEST_CASE("threads check with keys of their own contexts, whatever the order of the keys") {
    std::vector<lease::SessionTokens> many;
    std::vector<std::string> issued;
    for (int i = 0; i < 9; ++i) {  // more keys than a thread keeps contexts for
        many.emplace_back(hash(1), lease::KeyRing::generate({1000}));
        issued.push_back(many.back().issue(claims()));
    }
    std::atomic<int> wrong{0};
    const auto work = [&] {
        for (int round = 0; round < 50; ++round)
            for (std::size_t i = 0; i < many.size(); ++i)
                for (std::size_t j = 0; j < issued.size(); ++j)
                    if (many[i].check(issued[j], {1000}, {}).has_value() != (i == j)) ++wrong;
    };
    std::thread a(work), b(work);
    a.join();
    b.join();
    CHECK(wrong == 0);
}

TEST_CASE("base64url follows RFC 4648 without padding") {
    const std::pair<const char*, const char*> rows[] = {
        {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},
        {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xfb\xff", "-_8"}};
    for (const auto& [plain, text] : rows) {
        CHECK(lease::base64url(chain::as_bytes(plain)) == text);
        std::array<std::uint8_t, 16> out;
        const auto size = lease::decode_base64url(text, out);
        CHECK(std::string(out.begin(), out.begin() + static_cast<long>(size)) == plain);
    }
    std::array<std::uint8_t, 4> out;
    for (const char* bad : {"Z", "Zh", "Zm9", "Zg==", "Z g", "+/8", "Zm9vYmFy"})
        CHECK(lease::decode_base64url(bad, out) == 0);
}
