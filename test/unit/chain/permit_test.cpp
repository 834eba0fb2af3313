// EIP-2612 and EIP-5267 of GridToken, and what Credit does with permits.

#include "unit/chain/world.hpp"

using namespace grid::chain;
using namespace grid::chain::test;
using calls::token::PermitTerms;
namespace token = grid::chain::calls::token;
namespace credit = grid::chain::calls::credit;

namespace {

/// Made with viem 2.57.1 (hashTypedData, signTypedData) for the token 0x4743...0001.
struct Vector {
    std::uint8_t owner_key;
    const char* spender;
    const char* value;
    const char* nonce;
    const char* deadline;
    std::uint64_t chain_id;
    const char* digest;
    const char* signature;
};
constexpr Vector kVectors[] = {
    {1, "0x4743000000000000000000000000000000000002", "1", "0", "1700000600", 4743,
     "0x4ee51040379db4b18eebe206048120620240f64864f02b3244ffad44835ae5cc",
     "0x88236e0b5f2ff71e6138609e511da992c0f1ad113902f59f06a75838fad7720c53b0d5f9ebef4a381a5ea6402e98d19d0d61"
     "5ecd631530a3691a1420503590cc1c"},
    {2, "0x4743000000000000000000000000000000000002", "1000000000000000000", "7",
     "115792089237316195423570985008687907853269984665640564039457584007913129639935", 4743,
     "0x235f7cc1379d76d712cc5a5d7eecf4d11dcb88b7b246dc10a9bf6fc9958bdd82",
     "0xb630e09b188cf64c9bc644b311bbb953a7bf9c383e067fa84fc337774c47f9a03c8b4ae93dec6895faa30a59976f08bc9624"
     "c793ba0aaf900bcaaaa644c80ea61b"},
    {3, "0x1111111111111111111111111111111111111111",
     "115792089237316195423570985008687907853269984665640564039457584007913129639935", "1", "0", 1,
     "0xea6177a4fdbb2ace5603599e8c33af4f823300095c067c83943bfacefbd549bf",
     "0xdd29ad603fe073f3cd533e6eabd0417acd44c71c7503ad0fe4cd8c398ddc68a24e72a6600c8294b37661b91fd5bebb9023dc"
     "ca021672459e0cf63059c56bebd91c"},
    {200, "0x0000000000000000000000000000000000000000", "0", "18446744073709551615", "18446744073709551616",
     4743, "0x7ca004dd5fbd8bcd64c40ba9613273f5e2d48ac462840924a58f996ee733a477",
     "0x355559b62ce7573df545a9ac00e28da151677b2a8ec360fd393313df924c1c7c223fb196738c95bbff8800738c00684a2187"
     "3330f2c19b0dfab96b28ea3522451b"},
    {77, "0x1111111111111111111111111111111111111111", "123456789", "12345", "1893456000", 31337,
     "0x1bbbce7c635d35ad298680b4abbf7c06ce6280c7886c77d1fdc4ce3da2d18e4f",
     "0x131de3a495c40b5f1e91150b11cb36a4932e224fee660a25afde450493235f9745433c9370631938a16b7f5b91cc2be3e749"
     "ca1e4c6b1075759e55987350573e1b"},
};

struct PermitWorld : World {
    PermitTerms terms(const Amount& value = Amount{50}) const {
        return {user, other, value, Amount{0}, Amount{block.time.seconds + 100}};
    }
    /// For Credit to take.
    PermitTerms to_credit(const Amount& value = Amount{50}) const {
        PermitTerms t = terms(value);
        t.spender = contracts.credit;
        return t;
    }
    Signature sign(const PermitTerms& t, const PrivateKey& by) const {
        return by.sign(token::permit_digest(t, block.chain_id, contracts.token));
    }
    Signature sign(const PermitTerms& t) const { return sign(t, user_key); }
    Bytes permit(const PermitTerms& t) const { return token::permit(t, sign(t)); }
    std::uint64_t nonce(const Address& owner) {
        return *calls::decode_u64(ok(stranger, contracts.token, token::nonces(owner)).output);
    }
    std::string invalid_signer(const Address& signer) const {
        return "ERC2612InvalidSigner(signer=" + signer.checksummed() + ", owner=" + user.checksummed() + ")";
    }
};

/// The same signature with s in the upper half: n - s, the other parity.
Signature malleated(Signature s) {
    static const Amount kOrder =
        Amount::from_word(*Hash::parse("0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"));
    s.s = (kOrder - Amount::from_word(s.s)).word();
    s.parity ^= 1;
    return s;
}

}  // namespace

TEST_CASE("permit digests and signatures are those that viem makes", "[permit]") {
    for (const Vector& v : kVectors) {
        INFO(v.digest);
        const PrivateKey owner = key(v.owner_key);
        const PermitTerms terms{owner.address(), *Address::parse(v.spender), *Amount::parse(v.value),
                                *Amount::parse(v.nonce), *Amount::parse(v.deadline)};
        const Hash digest = token::permit_digest(terms, v.chain_id, embedded_addresses().token);
        CHECK(digest.hex() == v.digest);
        CHECK(to_hex(owner.sign(digest).rsv()) == v.signature);
    }
}

TEST_CASE("the domain is told as EIP-5267 wants it, and its hash is what wallets compute", "[permit]") {
    World w;
    const auto output = w.ok(w.user, w.contracts.token, token::eip712_domain()).output;
    abi::Decoder in(output);
    CHECK(in.word().hex() == "0x0f00000000000000000000000000000000000000000000000000000000000000");
    CHECK(in.text() == "GRID");
    CHECK(in.text() == "1");
    CHECK(in.u64() == kEmbeddedChainId);
    CHECK(in.address() == w.contracts.token);
    CHECK(in.word().is_zero());
    std::size_t length = 1;
    in.array(length, 10);
    CHECK(length == 0);
    CHECK_FALSE(in.bad());
    CHECK(to_hex(w.ok(w.user, w.contracts.token, token::domain_separator()).output) ==
          "0x6fff04cc5d897c0e3af315354f16c9a71656cddf360905cae77da7001916354f");
}

TEST_CASE("a permit approves, by whoever brings it, and once", "[permit]") {
    PermitWorld w;
    const PermitTerms terms = w.terms();
    const auto events = events_of(w.ok(w.stranger, w.contracts.token, w.permit(terms)));
    CHECK(events == std::vector<Event>{TokenApproval{w.user, w.other, Amount{50}}});
    CHECK(w.state.allowance(w.user, w.other) == Amount{50});
    CHECK(w.nonce(w.user) == 1);
    CHECK(w.nonce(w.other) == 0);
    // The nonce has moved: the same bytes now recover somebody else.
    CHECK(revert_name(w.call(w.stranger, w.contracts.token, w.permit(terms)).output) ==
          "ERC2612InvalidSigner");
    PermitTerms next = w.terms(Amount{7});
    next.nonce = Amount{1};
    w.ok(w.stranger, w.contracts.token, w.permit(next));
    CHECK(w.state.allowance(w.user, w.other) == Amount{7});
}

TEST_CASE("a permit is in time while t <= deadline", "[permit]") {
    PermitWorld w;
    PermitTerms terms = w.terms();
    terms.deadline = Amount{w.block.time.seconds};
    const std::size_t before = w.state.checkpoint();
    w.ok(w.stranger, w.contracts.token, w.permit(terms));
    w.state.rollback(before);
    w.wait(1);
    CHECK(w.refused(w.stranger, w.contracts.token, w.permit(terms)) ==
          "ERC2612ExpiredSignature(deadline=" + terms.deadline.decimal() + ")");
}

TEST_CASE("what the owner did not sign permits nothing", "[permit]") {
    PermitWorld w;
    const PermitTerms terms = w.terms();
    CHECK(w.refused(w.stranger, w.contracts.token, token::permit(terms, w.sign(terms, w.operator_key))) ==
          w.invalid_signer(w.operator_key.address()));
    CHECK(w.refused(w.stranger, w.contracts.token, token::permit(terms, malleated(w.sign(terms)))) ==
          w.invalid_signer({}));
    Signature odd = w.sign(terms);
    odd.parity = 2;  // v = 29
    CHECK(w.refused(w.stranger, w.contracts.token, token::permit(terms, odd)) == w.invalid_signer({}));
    CHECK(w.refused(w.stranger, w.contracts.token, token::permit(terms, Signature{})) ==
          w.invalid_signer({}));
    // Nobody owns the zero address.
    PermitTerms nobody = terms;
    nobody.owner = {};
    CHECK(w.refused(w.stranger, w.contracts.token, token::permit(nobody, Signature{})) ==
          "ERC2612InvalidSigner(signer=" + Address{}.checksummed() + ", owner=" + Address{}.checksummed() +
              ")");
    // Another chain, another token, another value.
    PermitTerms more = terms;
    more.value = Amount{51};
    for (const Signature& foreign :
         {w.user_key.sign(token::permit_digest(terms, 1, w.contracts.token)),
          w.user_key.sign(token::permit_digest(terms, w.block.chain_id, w.contracts.credit)), w.sign(more)})
        CHECK(revert_name(w.call(w.stranger, w.contracts.token, token::permit(terms, foreign)).output) ==
              "ERC2612InvalidSigner");
    PermitTerms for_nobody = terms;
    for_nobody.spender = {};
    CHECK(w.refused(w.stranger, w.contracts.token, w.permit(for_nobody)) ==
          "ERC20InvalidSpender(spender=" + Address{}.checksummed() + ")");
    CHECK(w.nonce(w.user) == 0);
}

TEST_CASE("a v that is no uint8 is malformed", "[permit]") {
    PermitWorld w;
    Bytes data = w.permit(w.terms());
    data[4 + 4 * 32 + 30] = 1;  // v = 256 + 27
    CHECK(w.refused(w.stranger, w.contracts.token, data) == "empty");
}

TEST_CASE("credits are bought with a permit in one call", "[permit]") {
    PermitWorld w;
    const PermitTerms terms = w.to_credit();
    const auto events =
        events_of(w.ok(w.user, w.contracts.credit, credit::purchase_with_permit(terms, w.sign(terms))));
    CHECK(events == std::vector<Event>{TokenApproval{w.user, w.contracts.credit, Amount{50}},
                                       TokenApproval{w.user, w.contracts.credit, Amount{0}},
                                       TokenTransfer{w.user, w.contracts.credit, Amount{50}},
                                       CreditTransfer{{}, w.user, Amount{50}},
                                       CreditPurchased{w.user, Amount{50}}});
    CHECK(w.credits(w.user) == Amount{50});
    CHECK(w.nonce(w.user) == 1);
}

TEST_CASE("a permit that somebody used before is ignored when the allowance is there", "[permit]") {
    PermitWorld w;
    const PermitTerms terms = w.to_credit();
    w.ok(w.stranger, w.contracts.token, w.permit(terms));
    const Bytes purchase = credit::purchase_with_permit(terms, w.sign(terms));
    w.ok(w.user, w.contracts.credit, purchase);
    CHECK(w.credits(w.user) == Amount{50});
    // Used up: now the permit's own fault is what the caller hears.
    CHECK(revert_name(w.call(w.user, w.contracts.credit, purchase).output) == "ERC2612InvalidSigner");
}

TEST_CASE("the guards of a purchase with a permit stand in their order", "[permit]") {
    PermitWorld w;
    PermitTerms terms = w.to_credit(Amount{0});
    terms.deadline = Amount{0};
    CHECK(w.refused(w.user, w.contracts.credit, credit::purchase_with_permit(terms, {})) == "ZeroAmount()");
    terms.value = Amount{1};
    CHECK(w.refused(w.user, w.contracts.credit, credit::purchase_with_permit(terms, {})) ==
          "ERC2612ExpiredSignature(deadline=0)");
    terms = w.to_credit(Amount{1'000} * kToken + Amount{1});
    CHECK(revert_name(w.call(w.user, w.contracts.credit, credit::purchase_with_permit(terms, w.sign(terms)))
                          .output) == "ERC20InsufficientBalance");
    CHECK(w.nonce(w.user) == 0);
    // Somebody else's permit buys nothing for the caller.
    terms = w.to_credit();
    CHECK(revert_name(w.call(w.other, w.contracts.credit, credit::purchase_with_permit(terms, w.sign(terms)))
                          .output) == "ERC2612InvalidSigner");
}

TEST_CASE("only the protocol buys for others", "[permit]") {
    PermitWorld w;
    const PermitTerms terms = w.to_credit();
    const Bytes data = credit::purchase_for(terms, w.sign(terms));
    CHECK(w.refused(w.user, w.contracts.credit, data) == "NotProtocol(caller=" + w.user.checksummed() + ")");
    w.ok(w.contracts.market, w.contracts.credit, data);
    CHECK(w.credits(w.user) == Amount{50});
}
