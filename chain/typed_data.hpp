#pragma once

#include <string_view>

#include "chain/address.hpp"
#include "chain/amount.hpp"

/// EIP-712: hashing of typed structured data.
namespace grid::chain::eip712 {

/// EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)
struct Domain {
    std::string name;
    std::string version;
    Amount chain_id;
    Address verifying_contract;
    Hash separator() const;
};

/// Builds hashStruct word by word, in the order of the type string:
/// `StructHash("Login(string gateway,address user)").text(g).address(u).finish()`.
class StructHash {
public:
    explicit StructHash(std::string_view type);
    StructHash& word(const Hash& v);
    StructHash& address(const Address& v) { return word(v.word()); }
    StructHash& uint(const Amount& v) { return word(v.word()); }
    StructHash& boolean(bool v) { return uint(Amount{v ? 1u : 0u}); }
    StructHash& text(std::string_view v);
    StructHash& bytes(ByteView v);
    Hash finish() const;

private:
    Bytes words_;
};

/// keccak256(0x19 0x01 || separator || struct hash): what is signed.
Hash digest(const Hash& domain_separator, const Hash& struct_hash);

/// The digest of an eth_signTypedData_v4 JSON document {types, primaryType, domain, message}.
/// Code `bad_typed_data` names the field.
Result<Hash> digest_of_json(std::string_view json);

}  // namespace grid::chain::eip712
