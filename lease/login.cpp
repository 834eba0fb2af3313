#include "lease/login.hpp"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>

#include "chain/abi.hpp"
#include "chain/keccak.hpp"
#include "chain/personal_message.hpp"
#include "chain/typed_data.hpp"
#include "lease/siwe.hpp"

namespace grid::lease {
namespace {

constexpr std::string_view kLoginType =
    "Login(string gateway,address provider,address user,string nonce,uint64 issuedAt,uint64 expiry)";
constexpr std::string_view kDomainName = "GRID Gateway";
constexpr std::string_view kDomainVersion = "1";

std::string provider_resource(const GatewayIdentity& gateway) {
    return "urn:grid:provider:" + std::to_string(gateway.chain_id) + ":" + gateway.provider.checksummed();
}

Result<void> check_time(const LoginTerms& terms, chain::Timestamp now) {
    if (terms.issued_at > now + kLoginSkew)
        return fail("clock_skew",
                    "the login was issued more than " + std::to_string(kLoginSkew.count) +
                        " seconds ahead of the gateway's time; set the clock and sign in again");
    if (now >= terms.expires_at || terms.expires_at <= terms.issued_at)
        return fail("expired_login", "the login has expired; ask for a new challenge and sign again");
    return {};
}

Result<void> check_signer(const chain::Hash& digest, chain::ByteView signature, const chain::Address& user) {
    const auto parsed = chain::Signature::parse(signature);
    if (!parsed) return fail("bad_signature", parsed.error().message);
    const auto signer = chain::recover(digest, *parsed);
    if (!signer) return fail("bad_signature", signer.error().message);
    if (*signer != user)
        return fail("bad_signature", "the signature is not by " + user.checksummed() +
                                         " over this gateway's login; sign the challenge as it was given");
    return {};
}

Result<void> check_nonce(std::string_view nonce) {
    const auto letter_or_digit = [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    };
    if (nonce.size() < 8 || nonce.size() > 64 || !std::all_of(nonce.begin(), nonce.end(), letter_or_digit))
        return fail("bad_login", "expected a nonce of 8 to 64 letters and digits");
    return {};
}

using Json = rapidjson::Writer<rapidjson::StringBuffer>;

void text(Json& json, std::string_view value) {
    json.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
}

void member(Json& json, const char* name, std::string_view value) {
    json.Key(name);
    text(json, value);
}

using Fields = std::initializer_list<std::pair<const char*, const char*>>;

void type_of(Json& json, const char* name, Fields fields) {
    json.Key(name);
    json.StartArray();
    for (const auto& [field, type] : fields) {
        json.StartObject();
        member(json, "name", field);
        member(json, "type", type);
        json.EndObject();
    }
    json.EndArray();
}

}  // namespace

chain::Hash GatewayIdentity::id() const {
    const chain::Bytes words =
        chain::abi::Encoder{}.uint(chain_id).address(market).address(provider).text(domain).text(uri).take();
    return chain::keccak256(chain::ByteView(words));
}

chain::Hash login_digest(const GatewayIdentity& gateway, const LoginTerms& terms) {
    const chain::eip712::Domain domain{std::string(kDomainName), std::string(kDomainVersion),
                                       chain::Amount{gateway.chain_id}, gateway.market};
    return chain::eip712::digest(domain.separator(), chain::eip712::StructHash(kLoginType)
                                                         .text(gateway.domain)
                                                         .address(gateway.provider)
                                                         .address(terms.user)
                                                         .text(terms.nonce)
                                                         .uint(terms.issued_at.seconds)
                                                         .uint(terms.expires_at.seconds)
                                                         .finish());
}

std::string login_typed_data(const GatewayIdentity& gateway, const LoginTerms& terms) {
    rapidjson::StringBuffer buffer;
    Json json(buffer);
    json.StartObject();
    json.Key("types");
    json.StartObject();
    type_of(json, "EIP712Domain",
            {{"name", "string"},
             {"version", "string"},
             {"chainId", "uint256"},
             {"verifyingContract", "address"}});
    type_of(json, "Login",
            {{"gateway", "string"},
             {"provider", "address"},
             {"user", "address"},
             {"nonce", "string"},
             {"issuedAt", "uint64"},
             {"expiry", "uint64"}});
    json.EndObject();
    member(json, "primaryType", "Login");
    json.Key("domain");
    json.StartObject();
    member(json, "name", kDomainName);
    member(json, "version", kDomainVersion);
    json.Key("chainId");
    json.Uint64(gateway.chain_id);
    member(json, "verifyingContract", gateway.market.checksummed());
    json.EndObject();
    json.Key("message");
    json.StartObject();
    member(json, "gateway", gateway.domain);
    member(json, "provider", gateway.provider.checksummed());
    member(json, "user", terms.user.checksummed());
    member(json, "nonce", terms.nonce);
    json.Key("issuedAt");
    json.Uint64(terms.issued_at.seconds);
    json.Key("expiry");
    json.Uint64(terms.expires_at.seconds);
    json.EndObject();
    json.EndObject();
    return {buffer.GetString(), buffer.GetSize()};
}

std::string siwe_message(const GatewayIdentity& gateway, const LoginTerms& terms) {
    SiweMessage message;
    message.domain = gateway.domain;
    message.address = terms.user;
    message.statement = "Sign in to a GRID gateway. This sends no transaction and costs nothing.";
    message.uri = gateway.uri;
    message.chain_id = gateway.chain_id;
    message.nonce = terms.nonce;
    message.issued_at = terms.issued_at;
    message.expires_at = terms.expires_at;
    message.resources = {provider_resource(gateway)};
    return format_siwe(message);
}

Result<chain::Address> verify_login(const GatewayIdentity& gateway, const LoginTerms& terms,
                                    chain::ByteView signature, chain::Timestamp now) {
    if (auto ok = check_nonce(terms.nonce); !ok) return tl::unexpected(ok.error());
    if (auto ok = check_time(terms, now); !ok) return tl::unexpected(ok.error());
    if (auto ok = check_signer(login_digest(gateway, terms), signature, terms.user); !ok)
        return tl::unexpected(ok.error());
    return terms.user;
}

Result<LoginTerms> verify_siwe(const GatewayIdentity& gateway, std::string_view message,
                               chain::ByteView signature, chain::Timestamp now) {
    auto parsed = parse_siwe(message);
    if (!parsed) return tl::unexpected(parsed.error());
    const auto foreign = [](std::string_view what, std::string_view expected, std::string_view came) {
        return fail("foreign_login", "the message is for another " + std::string(what) + ": expected " +
                                         std::string(expected) + ", came " + std::string(came));
    };
    if (parsed->domain != gateway.domain) return foreign("domain", gateway.domain, parsed->domain);
    if (!parsed->scheme.empty() && !gateway.uri.starts_with(parsed->scheme + "://"))
        return foreign("scheme", gateway.uri, parsed->scheme);
    if (parsed->uri != gateway.uri && !parsed->uri.starts_with(gateway.uri + "/"))
        return foreign("URI", gateway.uri, parsed->uri);
    if (parsed->chain_id != gateway.chain_id)
        return foreign("chain", std::to_string(gateway.chain_id), std::to_string(parsed->chain_id));
    const std::string resource = provider_resource(gateway);
    if (std::find(parsed->resources.begin(), parsed->resources.end(), resource) == parsed->resources.end())
        return fail("foreign_login",
                    "the message does not name this gateway's provider: expected the resource " + resource);
    LoginTerms terms{parsed->address, std::move(parsed->nonce), parsed->issued_at, parsed->expires_at};
    if (auto ok = check_time(terms, now); !ok) return tl::unexpected(ok.error());
    if (parsed->not_before > now + kLoginSkew)
        return fail("clock_skew", "the login is not valid yet (Not Before)");
    if (auto ok = check_signer(chain::personal_message_hash(message), signature, terms.user); !ok)
        return tl::unexpected(ok.error());
    return terms;
}

}  // namespace grid::lease
