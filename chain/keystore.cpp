#include "chain/keystore.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <bit>
#include <limits>
#include <memory>
#include <stdexcept>

#include "chain/keccak.hpp"

namespace grid::chain::keystore {
namespace {

using rapidjson::Value;

constexpr std::size_t kMaxJson = 64 << 10;
constexpr std::uint64_t kMaxMemory = std::uint64_t{1} << 30;
constexpr std::uint64_t kMaxWork = std::uint64_t{1} << 25;  // n * r * p: 16 times the default
constexpr std::uint64_t kMaxIterations = 10'000'000;        // of PBKDF2; files in the wild have 262,144
constexpr std::size_t kMaxSalt = 256;
constexpr std::size_t kKeySize = 32;

/// 32 derived bytes: the cipher's key and the MAC's key; wiped at the end.
struct DerivedKey {
    std::array<std::uint8_t, kKeySize> bytes{};
    DerivedKey() = default;
    DerivedKey(const DerivedKey&) = default;
    DerivedKey& operator=(const DerivedKey&) = default;
    ~DerivedKey() { OPENSSL_cleanse(bytes.data(), bytes.size()); }
    ByteView cipher_key() const { return ByteView(bytes).first(16); }
    ByteView mac_key() const { return ByteView(bytes).last(16); }
};

bool in_range(const ScryptParameters& s) {
    return s.n >= 2 && s.n <= (1u << 20) && std::has_single_bit(s.n) && s.r >= 1 && s.r <= 32 && s.p >= 1 &&
           s.p <= 16 && 128 * s.n * s.r <= kMaxMemory && s.n * s.r * s.p <= kMaxWork;
}

DerivedKey derive(std::string_view password, ByteView salt, const ScryptParameters& s) {
    DerivedKey key;
    // OpenSSL refuses above 32 MiB unless it is told; blocks of n + 2 vectors and p of them are held.
    const std::uint64_t memory = 128 * std::uint64_t{s.r} * (s.n + s.p + 3) + (1 << 16);
    if (EVP_PBE_scrypt(password.data(), password.size(), salt.data(), salt.size(), s.n, s.r, s.p, memory,
                       key.bytes.data(), key.bytes.size()) != 1)
        throw std::runtime_error("scrypt failed");
    return key;
}

DerivedKey derive(std::string_view password, ByteView salt, int iterations) {
    DerivedKey key;
    if (PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), salt.data(),
                          static_cast<int>(salt.size()), iterations, EVP_sha256(),
                          static_cast<int>(key.bytes.size()), key.bytes.data()) != 1)
        throw std::runtime_error("PBKDF2 failed");
    return key;
}

/// AES-128 in counter mode: encrypts and decrypts alike.
std::array<std::uint8_t, 32> apply_cipher(const DerivedKey& key, ByteView iv, ByteView input) {
    const std::unique_ptr<EVP_CIPHER_CTX, void (*)(EVP_CIPHER_CTX*)> cipher(EVP_CIPHER_CTX_new(),
                                                                            EVP_CIPHER_CTX_free);
    std::array<std::uint8_t, 32> output{};
    int length = 0;
    if (!cipher ||
        EVP_EncryptInit_ex(cipher.get(), EVP_aes_128_ctr(), nullptr, key.cipher_key().data(), iv.data()) !=
            1 ||
        EVP_EncryptUpdate(cipher.get(), output.data(), &length, input.data(),
                          static_cast<int>(input.size())) != 1)
        throw std::runtime_error("AES-128-CTR failed");
    return output;
}

Hash mac_of(const DerivedKey& key, ByteView ciphertext) {
    return keccak256({key.mac_key(), ciphertext});
}

template <std::size_t N>
std::array<std::uint8_t, N> random_bytes() {
    std::array<std::uint8_t, N> bytes;
    if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1)
        throw std::runtime_error("the random generator of the operating system does not answer");
    return bytes;
}

std::string digits(ByteView bytes) {
    return to_hex(bytes).substr(2);
}

/// A random UUID, version 4 (RFC 4122).
std::string new_id() {
    auto bytes = random_bytes<16>();
    bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0f) | 0x40);
    bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3f) | 0x80);
    std::string text = digits(bytes);
    for (const std::size_t position : {8u, 13u, 18u, 23u}) text.insert(position, 1, '-');
    return text;
}

/// Leaves the walk through a document; turned into a Result at the border of this file.
struct Refused {
    std::string message;
};

/// A JSON object whose fields are required, under the name that errors call it by.
class Section {
public:
    Section(const Value& value, std::string name) : value_(value), name_(std::move(name)) {
        if (!value.IsObject()) refuse("", "expected an object");
    }

    const Value* find(const char* field) const {
        const auto it = value_.FindMember(field);
        return it == value_.MemberEnd() ? nullptr : &it->value;
    }

    /// A section by either name: files of ethers and Parity write "Crypto".
    Section section(const char* field, const char* other = nullptr) const {
        const Value* found = find(field);
        if (found == nullptr && other != nullptr) found = find(other);
        if (found == nullptr) refuse(field, "is missing");
        return {*found, path(field)};
    }

    std::string text(const char* field) const {
        const Value* found = find(field);
        if (found == nullptr || !found->IsString()) refuse(field, "expected text");
        return {found->GetString(), found->GetStringLength()};
    }

    void expect(const char* field, std::string_view wanted) const {
        const std::string came = text(field);
        if (came != wanted) refuse(field, "expected " + std::string(wanted) + ", came " + came.substr(0, 40));
    }

    std::uint64_t number(const char* field, std::uint64_t min, std::uint64_t max) const {
        const Value* found = find(field);
        if (found == nullptr || !found->IsUint64()) refuse(field, "expected a whole number");
        const std::uint64_t value = found->GetUint64();
        if (value < min || value > max)
            refuse(field, "expected " + std::to_string(min) + " .. " + std::to_string(max) + ", came " +
                              std::to_string(value));
        return value;
    }

    /// Hexadecimal digits, with or without 0x.
    Bytes bytes(const char* field, std::size_t min, std::size_t max) const {
        const std::string written = text(field);
        auto result = from_hex(written.starts_with("0x") ? written : "0x" + written);
        if (!result) refuse(field, result.error().message);
        if (result->size() < min || result->size() > max)
            refuse(field, "expected " + std::to_string(min) + " .. " + std::to_string(max) + " bytes, came " +
                              std::to_string(result->size()));
        return *std::move(result);
    }

    [[noreturn]] void refuse(const char* field, const std::string& why) const {
        throw Refused{path(field) + ": " + why};
    }

private:
    std::string path(const char* field) const {
        return name_.empty() || *field == '\0' ? name_ + field : name_ + "." + field;
    }

    const Value& value_;
    std::string name_;
};

DerivedKey derive(const Section& crypto, std::string_view password) {
    const Section parameters = crypto.section("kdfparams");
    parameters.number("dklen", kKeySize, kKeySize);
    const Bytes salt = parameters.bytes("salt", 1, kMaxSalt);
    const std::string kdf = crypto.text("kdf");
    if (kdf == "scrypt") {
        constexpr std::uint64_t kMax = std::numeric_limits<std::uint32_t>::max();
        const ScryptParameters scrypt{parameters.number("n", 2, kMax),
                                      static_cast<std::uint32_t>(parameters.number("r", 1, 32)),
                                      static_cast<std::uint32_t>(parameters.number("p", 1, 16))};
        if (!in_range(scrypt))
            parameters.refuse(
                "n",
                "expected a power of two up to 2^20 that with r and p takes at most 1 GiB and 16 "
                "times the usual work");
        return derive(password, salt, scrypt);
    }
    if (kdf == "pbkdf2") {
        parameters.expect("prf", "hmac-sha256");
        return derive(password, salt, static_cast<int>(parameters.number("c", 1, kMaxIterations)));
    }
    crypto.refuse("kdf", "expected scrypt or pbkdf2, came " + kdf.substr(0, 40));
}

Result<PrivateKey> open(const Section& file, std::string_view password) {
    file.number("version", 3, 3);
    const Section crypto = file.section("crypto", "Crypto");
    crypto.expect("cipher", "aes-128-ctr");
    const Bytes iv = crypto.section("cipherparams").bytes("iv", 16, 16);
    const Bytes ciphertext = crypto.bytes("ciphertext", kKeySize, kKeySize);
    const Bytes mac = crypto.bytes("mac", 32, 32);
    const DerivedKey derived = derive(crypto, password);
    if (!equal_constant_time(mac_of(derived, ciphertext).view(), mac))
        return fail("wrong_password", "the password is wrong, or the file was changed");

    auto secret = apply_cipher(derived, iv, ciphertext);
    const auto key = PrivateKey::from_bytes(secret);
    OPENSSL_cleanse(secret.data(), secret.size());
    if (!key) crypto.refuse("ciphertext", key.error().message);
    if (file.find("address") != nullptr && to_hex(file.bytes("address", 20, 20)) != key->address().hex())
        file.refuse("address", "the key is that of " + key->address().checksummed());
    return *key;
}

}  // namespace

std::string encrypt(const PrivateKey& key, std::string_view password, ScryptParameters parameters) {
    if (!in_range(parameters)) throw std::invalid_argument("scrypt parameters out of range");
    const auto salt = random_bytes<32>();
    const auto iv = random_bytes<16>();
    const DerivedKey derived = derive(password, salt, parameters);
    const auto ciphertext = apply_cipher(derived, iv, key.secret());

    rapidjson::StringBuffer buffer;
    rapidjson::Writer<rapidjson::StringBuffer> out(buffer);
    const auto text = [&out](const char* name, const std::string& value) {
        out.Key(name);
        out.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
    };
    const auto number = [&out](const char* name, std::uint64_t value) {
        out.Key(name);
        out.Uint64(value);
    };
    out.StartObject();
    number("version", 3);
    text("id", new_id());
    text("address", digits(key.address().view()));
    out.Key("crypto");
    out.StartObject();
    text("ciphertext", digits(ciphertext));
    out.Key("cipherparams");
    out.StartObject();
    text("iv", digits(iv));
    out.EndObject();
    text("cipher", "aes-128-ctr");
    text("kdf", "scrypt");
    out.Key("kdfparams");
    out.StartObject();
    number("dklen", kKeySize);
    text("salt", digits(salt));
    number("n", parameters.n);
    number("r", parameters.r);
    number("p", parameters.p);
    out.EndObject();
    text("mac", digits(mac_of(derived, ciphertext).view()));
    out.EndObject();
    out.EndObject();
    return buffer.GetString();
}

Result<PrivateKey> decrypt(std::string_view json, std::string_view password) try {
    if (json.size() > kMaxJson) return fail("bad_keystore", "expected at most 64 KiB");
    if (password.size() > kMaxJson) return fail("wrong_password", "expected a password of at most 64 KiB");
    rapidjson::Document document;
    document.Parse<rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag>(json.data(),
                                                                                           json.size());
    if (document.HasParseError())
        return fail("bad_keystore", "no JSON: error at byte " + std::to_string(document.GetErrorOffset()));
    if (!document.IsObject()) return fail("bad_keystore", "expected a JSON object");
    return open(Section(document, ""), password);
} catch (const Refused& refused) {
    return fail("bad_keystore", refused.message);
}

}  // namespace grid::chain::keystore
