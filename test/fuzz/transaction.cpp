#include "chain/transaction.hpp"

#include <algorithm>
#include <array>

#include "chain/keccak.hpp"
#include "chain/rlp.hpp"
#include "fuzz/target.hpp"

namespace grid::fuzz {

namespace {

using namespace grid::chain;

/// The envelope by this test's own words of EIP-155, EIP-2930 and EIP-1559.
Bytes envelope(const SignedTransaction& s) {
    const Transaction& t = s.transaction;
    const bool legacy = t.type == TransactionType::legacy;
    rlp::Encoder out;
    out.begin_list();
    if (!legacy) out.integer(t.chain_id);
    out.integer(t.nonce);
    if (t.type == TransactionType::dynamic_fee) out.integer(t.max_priority_fee);
    out.integer(t.max_fee).integer(t.gas_limit);
    out.bytes(t.to ? t.to->view() : ByteView{}).integer(t.value).bytes(t.data);
    if (legacy) {
        out.integer(Amount{t.chain_id} + Amount{t.chain_id} + Amount{35u + s.signature.parity});
    } else {
        out.begin_list();
        for (const AccessListEntry& entry : t.access_list) {
            out.begin_list().address(entry.address).begin_list();
            for (const Hash& key : entry.storage_keys) out.hash(key);
            out.end_list().end_list();
        }
        out.end_list().integer(Amount{s.signature.parity});
    }
    out.integer(Amount::from_word(s.signature.r)).integer(Amount::from_word(s.signature.s)).end_list();
    Bytes payload = out.take();
    if (!legacy) payload.insert(payload.begin(), static_cast<std::uint8_t>(t.type));
    return payload;
}

/// Half of the group's order (SEC 2, secp256k1).
const Amount& half_order() {
    static const Amount value =
        Amount::from_word(*Hash::parse("0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0"));
    return value;
}

void check_signed(ByteView input, const SignedTransaction& s) {
    require(std::equal(s.raw.begin(), s.raw.end(), input.begin(), input.end()), "the envelope is kept");
    const Bytes again = envelope(s);
    require(std::equal(again.begin(), again.end(), input.begin(), input.end()),
            "what decodes is canonical: encoding it gives the same bytes");
    require(Amount::from_word(s.signature.s) <= half_order(), "s is in the lower half (EIP-2)");
    require(s.signature.parity <= 1, "a parity is 0 or 1");
    if (!thorough(input)) return;
    require(s.hash == keccak256(input), "the hash is that of the envelope");
    const auto sender = s.sender();
    require(sender || sender.error().code == "bad_signature", "a sender is recovered or refused by name");
    static const PrivateKey key =
        *derive_from_mnemonic("test test test test test test test test test test test junk", 0);
    const SignedTransaction mine = sign(s.transaction, key);
    const auto read = SignedTransaction::decode(mine.raw);
    require(read && read->transaction == s.transaction && read->signature == mine.signature,
            "what is signed anew is read back");
    require(read->sender() == Result<Address>(key.address()), "the signer is recovered");
}

}  // namespace

void transaction(ByteView input) {
    const auto decoded = SignedTransaction::decode(Bytes(input.begin(), input.end()));
    if (decoded) return check_signed(input, *decoded);
    static constexpr std::array<std::string_view, 3> kCodes{"bad_transaction", "bad_rlp", "bad_signature"};
    require(std::find(kCodes.begin(), kCodes.end(), decoded.error().code) != kCodes.end() &&
                !decoded.error().message.empty(),
            "an error has its name", decoded.error().code);
}

}  // namespace grid::fuzz
