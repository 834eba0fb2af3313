#include "lease/login.hpp"

#include <catch2/catch.hpp>

#include "chain/keccak.hpp"
#include "chain/personal_message.hpp"
#include "chain/typed_data.hpp"
#include "lease/siwe.hpp"

using namespace grid;
using chain::Timestamp;

namespace {

constexpr Timestamp kNow{1'700'000'000};

chain::PrivateKey key(std::uint8_t n) {
    std::array<std::uint8_t, 32> secret{};
    secret[31] = n;
    return chain::PrivateKey::from_bytes(secret).value();
}

lease::GatewayIdentity gateway() {
    lease::GatewayIdentity g;
    g.domain = "gateway.example.org";
    g.uri = "https://gateway.example.org";
    g.provider = key(2).address();
    g.chain_id = 4743;
    g.market = key(3).address();
    return g;
}

lease::LoginTerms terms() {
    return {key(1).address(), "Nonce0123456789", kNow, kNow + chain::Seconds{300}};
}

chain::Bytes signed_text(const std::string& text, std::uint8_t by = 1) {
    return key(by).sign(chain::personal_message_hash(text)).rsv();
}

template <class T>
std::string code(const Result<T>& result) {
    return result ? "ok" : result.error().code;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
    const auto at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("a typed login by the user's key is accepted, and its document hashes to the same digest") {
    const auto digest = lease::login_digest(gateway(), terms());
    CHECK(chain::eip712::digest_of_json(lease::login_typed_data(gateway(), terms())) == digest);
    const auto user = lease::verify_login(gateway(), terms(), key(1).sign(digest).rsv(), kNow);
    REQUIRE(user);
    CHECK(*user == key(1).address());
}

TEST_CASE("a typed login for another gateway, provider, chain, market, nonce or time is worthless here") {
    const auto signature = key(1).sign(lease::login_digest(gateway(), terms())).rsv();
    std::vector<lease::GatewayIdentity> others(4, gateway());
    others[0].domain = "evil.example.org";
    others[1].provider = key(9).address();
    others[2].chain_id = 1;
    others[3].market = key(9).address();
    for (const auto& other : others)
        CHECK(code(lease::verify_login(other, terms(), signature, kNow)) == "bad_signature");
    auto changed = terms();
    changed.nonce = "Nonce0123456780";
    CHECK(code(lease::verify_login(gateway(), changed, signature, kNow)) == "bad_signature");
    changed = terms();
    changed.expires_at.seconds += 1;
    CHECK(code(lease::verify_login(gateway(), changed, signature, kNow)) == "bad_signature");
    changed = terms();
    changed.user = key(5).address();
    CHECK(code(lease::verify_login(gateway(), changed, signature, kNow)) == "bad_signature");
    CHECK(code(lease::verify_login(gateway(), terms(),
                                   key(5).sign(lease::login_digest(gateway(), terms())).rsv(), kNow)) ==
          "bad_signature");
    CHECK(code(lease::verify_login(gateway(), terms(), chain::Bytes(64), kNow)) == "bad_signature");
    CHECK(code(lease::verify_login(gateway(), terms(), chain::Bytes(65), kNow)) == "bad_signature");
    CHECK(code(lease::verify_login(gateway(), terms(), {}, kNow)) == "bad_signature");
}

TEST_CASE("the time of a login is bounded on both sides") {
    const auto at = [](lease::LoginTerms t, Timestamp now) {
        return code(
            lease::verify_login(gateway(), t, key(1).sign(lease::login_digest(gateway(), t)).rsv(), now));
    };
    CHECK(at(terms(), {kNow.seconds - 60}) == "ok");
    CHECK(at(terms(), {kNow.seconds - 61}) == "clock_skew");
    CHECK(at(terms(), {kNow.seconds + 299}) == "ok");
    CHECK(at(terms(), {kNow.seconds + 300}) == "expired_login");
    auto backwards = terms();
    backwards.expires_at = {kNow.seconds - 1};
    CHECK(at(backwards, {kNow.seconds - 30}) == "expired_login");
    auto nonce = terms();
    nonce.nonce = "short";
    CHECK(at(nonce, kNow) == "bad_login");
    nonce.nonce = "has a space in it";
    CHECK(at(nonce, kNow) == "bad_login");
}

TEST_CASE("the message of EIP-4361 has exactly the standard's text") {
    const std::string address = key(1).address().checksummed();
    CHECK(lease::siwe_message(gateway(), terms()) ==
          "gateway.example.org wants you to sign in with your Ethereum account:\n" + address +
              "\n\n"
              "Sign in to a GRID gateway. This sends no transaction and costs nothing.\n\n"
              "URI: https://gateway.example.org\nVersion: 1\nChain ID: 4743\nNonce: Nonce0123456789\n"
              "Issued At: 2023-11-14T22:13:20Z\nExpiration Time: 2023-11-14T22:18:20Z\nResources:\n"
              "- urn:grid:provider:4743:" +
              key(2).address().checksummed());
}

TEST_CASE("a signed EIP-4361 message is accepted and says what was signed to") {
    const std::string text = lease::siwe_message(gateway(), terms());
    const auto verified = lease::verify_siwe(gateway(), text, signed_text(text), kNow);
    REQUIRE(verified);
    CHECK(*verified == terms());
    CHECK(code(lease::verify_siwe(gateway(), text, signed_text(text, 7), kNow)) == "bad_signature");
    CHECK(code(lease::verify_siwe(gateway(), text + " ", signed_text(text), kNow)) == "bad_login");
}

TEST_CASE("an EIP-4361 message for somebody else, or of another time, is refused though it is signed") {
    const std::string text = lease::siwe_message(gateway(), terms());
    const std::string provider = key(2).address().checksummed();
    struct Row {
        std::string from, to, code;
    };
    const Row rows[] = {
        {"gateway.example.org wants", "evil.example.org wants", "foreign_login"},
        {"gateway.example.org wants", "http://gateway.example.org wants", "foreign_login"},
        {"gateway.example.org wants", "https://gateway.example.org wants", "ok"},
        {"URI: https://gateway.example.org", "URI: https://gateway.example.org.evil.org", "foreign_login"},
        {"URI: https://gateway.example.org", "URI: https://gateway.example.org/login", "ok"},
        {"Chain ID: 4743", "Chain ID: 1", "foreign_login"},
        {"- urn:grid:provider:4743:" + provider, "- urn:grid:provider:1:" + provider, "foreign_login"},
        {"\nResources:\n- urn:grid:provider:4743:" + provider, "", "foreign_login"},
        {"2023-11-14T22:13:20Z", "2023-11-14T22:14:20Z", "ok"},
        {"2023-11-14T22:13:20Z", "2023-11-14T22:14:21Z", "clock_skew"},
        {"2023-11-14T22:13:20Z", "2023-11-14T23:13:20+01:00", "ok"},
        {"2023-11-14T22:13:20Z", "2023-11-14T22:13:20.123Z", "ok"},
        {"2023-11-14T22:18:20Z", "2023-11-14T22:13:20Z", "expired_login"},
        {"2023-11-14T22:18:20Z", "2023-11-14T22:18:20Z\nNot Before: 2023-11-14T22:17:20Z", "clock_skew"},
        {"2023-11-14T22:18:20Z", "2023-11-14T22:18:20Z\nNot Before: 2023-11-14T22:13:20Z\nRequest ID: a-1",
         "ok"},
    };
    for (const Row& row : rows) {
        INFO(row.from << " -> " << row.to);
        const std::string changed = replaced(text, row.from, row.to);
        CHECK(code(lease::verify_siwe(gateway(), changed, signed_text(changed), kNow)) == row.code);
    }
}

TEST_CASE("a message that is not EIP-4361 to the letter is refused with its line") {
    const std::string text = lease::siwe_message(gateway(), terms());
    const std::string address = key(1).address().checksummed();
    const auto user = key(1).address();
    struct Row {
        std::string from, to;
    };
    const Row rows[] = {
        {"wants you", "wants  you"},
        {"gateway.example.org wants", " wants"},
        {"gateway.example.org wants", "gateway.example.org/x wants"},
        {address, user.hex()},
        {address, address.substr(2)},
        {address + "\n\n", address + "\n"},
        {"nothing.\n\n", "nothing.\n"},
        {"nothing.\n\n", "nothing.\r\n\n"},
        {"nothing.", "not\"hing."},
        {"URI: ", "Uri: "},
        {"Version: 1", "Version: 2"},
        {"Version: 1", "Version: 1 "},
        {"Version: 1\n", ""},
        {"Chain ID: 4743", "Chain ID: 0x1"},
        {"Chain ID: 4743", "Chain ID: -1"},
        {"Chain ID: 4743", "Chain ID: 99999999999999999999999"},
        {"Nonce: Nonce0123456789", "Nonce: short"},
        {"Nonce: Nonce0123456789", "Nonce: white space12"},
        {"Nonce: Nonce0123456789\n", ""},
        {"Issued At: 2023-11-14T22:13:20Z", "Issued At: 2023-11-14 22:13:20Z"},
        {"Issued At: 2023-11-14T22:13:20Z", "Issued At: 2023-02-30T22:13:20Z"},
        {"Issued At: 2023-11-14T22:13:20Z", "Issued At: now"},
        {"\nExpiration Time: 2023-11-14T22:18:20Z", ""},
        {"Resources:", "Resource:"},
        {"- urn", "-urn"},
        {"- urn:grid", "- urn grid"},
    };
    for (const Row& row : rows) {
        INFO(row.from << " -> " << row.to);
        const std::string changed = replaced(text, row.from, row.to);
        const auto result = lease::verify_siwe(gateway(), changed, signed_text(changed), kNow);
        REQUIRE_FALSE(result);
        CHECK(result.error().code == "bad_login");
        CHECK(result.error().message.find("line ") != std::string::npos);
    }
    CHECK(code(lease::parse_siwe("")) == "bad_login");
    CHECK(code(lease::parse_siwe(std::string(5000, 'x'))) == "bad_login");
    CHECK(code(lease::parse_siwe(text + "\n")) == "bad_login");
}

TEST_CASE("the example of EIP-4361 reads as written") {
    const auto message = lease::parse_siwe(
        "example.com wants you to sign in with your Ethereum account:\n"
        "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2\n"
        "\n"
        "\n"
        "URI: https://example.com/login\n"
        "Version: 1\n"
        "Chain ID: 1\n"
        "Nonce: 32891756\n"
        "Issued At: 2021-09-30T16:25:24Z\n"
        "Expiration Time: 2021-09-30T17:25:24Z\n"
        "Resources:\n"
        "- ipfs://bafybeiemxf5abjwjbikoz4mc3a3dla6ual3jsgpdr4cjr3oz3evfyavhwq/\n"
        "- https://example.com/my-web2-claim.json");
    REQUIRE(message);
    CHECK(message->domain == "example.com");
    CHECK(message->statement.empty());
    CHECK(message->nonce == "32891756");
    CHECK(message->issued_at == Timestamp{1633019124});
    CHECK(message->resources.size() == 2);
    CHECK(lease::parse_siwe(lease::format_siwe(*message)) == *message);
}
