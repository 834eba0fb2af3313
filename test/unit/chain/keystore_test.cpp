#include "chain/keystore.hpp"

#include <catch2/catch.hpp>
// Under the sanitizers g++ 12 warns of std::regex's own code.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <regex>
#include <stdexcept>

#include "chain/amount.hpp"
#include "unit/chain/vectors.hpp"

using namespace grid::chain;
using namespace grid::chain::test;

namespace {

constexpr keystore::ScryptParameters kCheap{1024, 1, 1};

PrivateKey some_key() {
    return PrivateKey::from_bytes(Amount{0x1234}.word().view()).value();
}

std::string code_of(const std::string& json, std::string_view password = "secret") {
    const auto key = keystore::decrypt(json, password);
    return key ? "accepted" : key.error().code;
}

/// `json` with the first match of `pattern` replaced; the pattern must be there.
std::string replaced(const std::string& json, const std::string& pattern, const std::string& by) {
    const std::regex expression(pattern);
    if (!std::regex_search(json, expression)) throw std::runtime_error("no " + pattern + " in " + json);
    return std::regex_replace(json, expression, by, std::regex_constants::format_first_only);
}

}  // namespace

TEST_CASE("keystore: the files of ethersproject/wallets.json open with their passwords") {
    const auto cases = load_vectors("wallets");
    for (const auto& c : cases.GetArray()) {
        INFO(c["name"].GetString());
        const auto key = keystore::decrypt(text_of(c["json"]), text_of(c["password"]));
        INFO((key ? std::string() : key.error().message));
        REQUIRE(key);
        CHECK(to_hex(key->secret()) == text_of(c["privateKey"]));
        CHECK(key->address().hex() == text_of(c["address"]));
    }
}

TEST_CASE("keystore: what is encrypted opens with its password alone") {
    for (const std::string& password : {std::string("secret"), std::string(), std::string("\0\xff", 2),
                                        std::string("p\xc3\xa4ssw\xc3\xb6rd"), std::string(1000, 'x')}) {
        const std::string json = keystore::encrypt(some_key(), password, kCheap);
        const auto key = keystore::decrypt(json, password);
        REQUIRE(key);
        CHECK(to_hex(key->secret()) == to_hex(some_key().secret()));
        CHECK(code_of(json, password + "x") == "wrong_password");
        CHECK(code_of(json, std::string(100'000, 'x')) == "wrong_password");
        CHECK(json.find(to_hex(some_key().secret()).substr(2)) == std::string::npos);
    }
}

TEST_CASE("keystore: a file written today says version 3, scrypt and a cost of 262144") {
    const std::string json = keystore::encrypt(some_key(), "secret");
    rapidjson::Document document;
    document.Parse(json.data(), json.size());
    REQUIRE(document.IsObject());
    CHECK(document["version"].GetInt() == 3);
    CHECK("0x" + text_of(document["address"]) == some_key().address().hex());
    CHECK(
        std::regex_match(text_of(document["id"]),
                         std::regex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")));
    CHECK(text_of(document["crypto"]["kdf"]) == "scrypt");
    CHECK(document["crypto"]["kdfparams"]["n"].GetInt() == 262'144);
    CHECK(code_of(json) == "accepted");
}

TEST_CASE("keystore: salt, IV and id are new every time") {
    const std::string a = keystore::encrypt(some_key(), "secret", kCheap);
    const std::string b = keystore::encrypt(some_key(), "secret", kCheap);
    for (const char* pattern :
         {R"("salt":"\w+")", R"("iv":"\w+")", R"("id":"[^"]+")", R"("ciphertext":"\w+")"}) {
        std::smatch in_a;
        std::smatch in_b;
        REQUIRE(std::regex_search(a, in_a, std::regex(pattern)));
        REQUIRE(std::regex_search(b, in_b, std::regex(pattern)));
        CHECK(in_a.str() != in_b.str());
    }
}

TEST_CASE("keystore: a changed ciphertext, MAC or salt is noticed, a changed IV by the address") {
    const std::string json = keystore::encrypt(some_key(), "secret", kCheap);
    const std::string zeros(64, '0');
    CHECK(code_of(replaced(json, R"("ciphertext":"\w+")", R"("ciphertext":")" + zeros + '"')) ==
          "wrong_password");
    CHECK(code_of(replaced(json, R"("mac":"\w+")", R"("mac":")" + zeros + '"')) == "wrong_password");
    CHECK(code_of(replaced(json, R"("salt":"\w+")", R"("salt":")" + zeros + '"')) == "wrong_password");
    CHECK(code_of(replaced(json, R"("iv":"\w+")", R"("iv":")" + zeros.substr(32) + '"')) == "bad_keystore");
    CHECK(code_of(replaced(json, R"("address":"\w+")", R"("address":")" + zeros.substr(24) + '"')) ==
          "bad_keystore");
    CHECK(code_of(replaced(json, R"("address":"\w+",)", "")) == "accepted");
    CHECK(code_of(replaced(json, R"("crypto")", R"("Crypto")")) == "accepted");
}

TEST_CASE("keystore: a hostile file cannot demand memory or work without end") {
    const std::string json = keystore::encrypt(some_key(), "secret", kCheap);
    const auto with = [&](const char* name, const std::string& value) {
        return code_of(
            replaced(json, "\"" + std::string(name) + R"(":\d+)", "\"" + std::string(name) + "\":" + value));
    };
    for (const char* n :
         {"0", "1", "3", "1000", "2097152", "4294967296", "9223372036854775808", "18446744073709551615",
          "18446744073709551616", "-2", "1024.0", "\"1024\"", "null", "[]"}) {
        INFO(n);
        CHECK(with("n", n) == "bad_keystore");
    }
    for (const char* value : {"0", "33", "4294967296", "1073741823", "-1", "1e3", "null"}) {
        INFO(value);
        CHECK(with("r", value) == "bad_keystore");
        CHECK(with("p", value) == "bad_keystore");
    }
    for (const char* value : {"0", "16", "31", "33", "64", "4294967295"})
        CHECK(with("dklen", value) == "bad_keystore");
    // Each in its range, together too much: 4 GiB; 64 times the usual work.
    const std::string large = replaced(json, R"("n":\d+)", R"("n":1048576)");
    CHECK(code_of(replaced(large, R"("r":1)", R"("r":32)")) == "bad_keystore");
    CHECK(code_of(replaced(replaced(large, R"("r":1)", R"("r":8)"), R"("p":1)", R"("p":16)")) ==
          "bad_keystore");

    const std::string pbkdf2 =
        replaced(replaced(json, "\"scrypt\"", "\"pbkdf2\""), R"("n":\d+)", R"("prf":"hmac-sha256","c":10)");
    CHECK(code_of(pbkdf2) == "wrong_password");
    for (const char* c : {"0", "10000001", "2147483648", "4294967297", "-1", "1.5"}) {
        INFO(c);
        CHECK(code_of(replaced(pbkdf2, R"("c":10)", R"("c":)" + std::string(c))) == "bad_keystore");
    }
    CHECK(code_of(replaced(pbkdf2, "hmac-sha256", "hmac-sha512")) == "bad_keystore");
}

TEST_CASE("keystore: a file that is malformed is refused and the field named") {
    const std::string json = keystore::encrypt(some_key(), "secret", kCheap);
    for (std::size_t size = 0; size < json.size(); size += 7)
        CHECK(code_of(json.substr(0, size)) == "bad_keystore");
    for (const char* field : {"version", "ciphertext", "cipherparams", "iv", "cipher", "kdf", "kdfparams",
                              "dklen", "salt", "n", "r", "p", "mac", "crypto"}) {
        INFO(field);
        const auto key =
            keystore::decrypt(replaced(json, "\"" + std::string(field) + "\"", "\"other\""), "secret");
        REQUIRE_FALSE(key);
        CHECK(key.error().code == "bad_keystore");
        CHECK(key.error().message.find(field) != std::string::npos);
    }
    CHECK(code_of(replaced(json, R"("version":3)", R"("version":4)")) == "bad_keystore");
    CHECK(code_of(replaced(json, "aes-128-ctr", "aes-128-cbc")) == "bad_keystore");
    CHECK(code_of(replaced(json, "\"scrypt\"", "\"argon2\"")) == "bad_keystore");
    CHECK(code_of(replaced(json, R"("ciphertext":"..)", R"("ciphertext":")")) == "bad_keystore");
    CHECK(code_of(replaced(json, R"("ciphertext":".)", R"("ciphertext":"g)")) == "bad_keystore");
    CHECK(code_of(replaced(json, R"("mac":"..)", R"("mac":")")) == "bad_keystore");
    CHECK(code_of(replaced(json, R"("iv":")", R"("iv":"00)")) == "bad_keystore");
    CHECK(code_of(replaced(json, R"("salt":")", R"("salt":")" + std::string(1000, '0'))) == "bad_keystore");
    CHECK(code_of(std::string(60'000, '[')) == "bad_keystore");
    CHECK(code_of(std::string(100'000, ' ')) == "bad_keystore");
    CHECK(code_of("[]") == "bad_keystore");
    CHECK(code_of("null") == "bad_keystore");
}

TEST_CASE("keystore: parameters out of range are not written") {
    for (const keystore::ScryptParameters& p : {keystore::ScryptParameters{0, 8, 1},
                                                {3, 8, 1},
                                                {1u << 21, 1, 1},
                                                {1024, 0, 1},
                                                {1024, 8, 0},
                                                {1024, 33, 1},
                                                {1024, 1, 17},
                                                {1u << 20, 32, 1}})
        CHECK_THROWS_AS(keystore::encrypt(some_key(), "secret", p), std::invalid_argument);
}
