#include "chain/calls.hpp"

#include "chain/contracts/signatures.hpp"
#include "chain/contracts/tuples.hpp"
#include "chain/council.hpp"
#include "chain/typed_data.hpp"

namespace grid::chain::calls {

namespace {

using abi::Encoder;

Bytes plain(std::string_view signature) {
    return Encoder{}.take(abi::selector(signature));
}

Bytes with(std::string_view signature, const Encoder& arguments) {
    return arguments.take(abi::selector(signature));
}

Bytes id_call(std::string_view signature, OrderId id) {
    return with(signature, Encoder{}.uint(id.value));
}

Bytes account_amount(std::string_view signature, const Address& account, const Amount& amount) {
    return with(signature, Encoder{}.address(account).uint(amount));
}

Bytes account_page(std::string_view signature, const Address& account, std::uint64_t offset,
                   std::uint64_t limit) {
    return with(signature, Encoder{}.address(account).uint(offset).uint(limit));
}

Bytes ids_call(std::string_view signature, const std::vector<OrderId>& ids) {
    Encoder elements;
    for (const OrderId id : ids) elements.uint(id.value);
    return with(signature, Encoder{}.dynamic(tuples::array(ids.size(), elements)));
}

}  // namespace

namespace {

Encoder& put_permit(Encoder& out, const token::PermitTerms& terms, const Signature& signature) {
    return out.uint(terms.value)
        .uint(terms.deadline)
        .uint(27u + signature.parity)
        .hash(signature.r)
        .hash(signature.s);
}

}  // namespace

namespace token {
Bytes name() {
    return plain("name()");
}
Bytes symbol() {
    return plain("symbol()");
}
Bytes decimals() {
    return plain("decimals()");
}
Bytes total_supply() {
    return plain("totalSupply()");
}
Bytes cap() {
    return plain("cap()");
}
Bytes minter() {
    return plain("minter()");
}
Bytes balance_of(const Address& account) {
    return with("balanceOf(address)", Encoder{}.address(account));
}
Bytes allowance(const Address& owner, const Address& spender) {
    return with("allowance(address,address)", Encoder{}.address(owner).address(spender));
}
Bytes transfer(const Address& to, const Amount& amount) {
    return account_amount("transfer(address,uint256)", to, amount);
}
Bytes approve(const Address& spender, const Amount& amount) {
    return account_amount("approve(address,uint256)", spender, amount);
}
Bytes transfer_from(const Address& from, const Address& to, const Amount& amount) {
    return with("transferFrom(address,address,uint256)", Encoder{}.address(from).address(to).uint(amount));
}
Bytes mint(const Address& to, const Amount& amount) {
    return account_amount("mint(address,uint256)", to, amount);
}
Bytes burn(const Amount& amount) {
    return with("burn(uint256)", Encoder{}.uint(amount));
}
Bytes nonces(const Address& owner) {
    return with("nonces(address)", Encoder{}.address(owner));
}
Bytes domain_separator() {
    return plain("DOMAIN_SEPARATOR()");
}
Bytes eip712_domain() {
    return plain("eip712Domain()");
}
Bytes faucet(const Amount& amount) {
    return with("faucet(uint256)", Encoder{}.uint(amount));
}
Hash permit_digest(const PermitTerms& terms, std::uint64_t chain_id, const Address& token) {
    const eip712::Domain domain{"GRID", "1", Amount{chain_id}, token};
    const auto hash =
        eip712::StructHash(
            "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)")
            .address(terms.owner)
            .address(terms.spender)
            .uint(terms.value)
            .uint(terms.nonce)
            .uint(terms.deadline)
            .finish();
    return eip712::digest(domain.separator(), hash);
}
Bytes permit(const PermitTerms& terms, const Signature& signature) {
    Encoder arguments;
    arguments.address(terms.owner).address(terms.spender);
    return with("permit(address,address,uint256,uint256,uint8,bytes32,bytes32)",
                put_permit(arguments, terms, signature));
}
}  // namespace token

namespace credit {
Bytes name() {
    return plain("name()");
}
Bytes symbol() {
    return plain("symbol()");
}
Bytes decimals() {
    return plain("decimals()");
}
Bytes total_supply() {
    return plain("totalSupply()");
}
Bytes token() {
    return plain("token()");
}
Bytes is_protocol(const Address& account) {
    return with("isProtocol(address)", Encoder{}.address(account));
}
Bytes balance_of(const Address& account) {
    return with("balanceOf(address)", Encoder{}.address(account));
}
Bytes purchase(const Amount& amount) {
    return with("purchase(uint256)", Encoder{}.uint(amount));
}
Bytes purchase_with_permit(const token::PermitTerms& terms, const Signature& signature) {
    Encoder arguments;
    return with("purchaseWithPermit(uint256,uint256,uint8,bytes32,bytes32)",
                put_permit(arguments, terms, signature));
}
Bytes pending(const Address& from) {
    return with("pending(address)", Encoder{}.address(from));
}
Bytes claim_transfer(const Address& from) {
    return with("claimTransfer(address)", Encoder{}.address(from));
}
Bytes note_transfer(const Address& from, const Amount& amount) {
    return account_amount("noteTransfer(address,uint256)", from, amount);
}
Bytes purchase_for(const token::PermitTerms& terms, const Signature& signature) {
    Encoder arguments;
    arguments.address(terms.owner);
    return with("purchaseFor(address,uint256,uint256,uint8,bytes32,bytes32)",
                put_permit(arguments, terms, signature));
}
Bytes burn(const Amount& amount) {
    return with("burn(uint256)", Encoder{}.uint(amount));
}
Bytes issue(const Amount& amount) {
    return with("issue(uint256)", Encoder{}.uint(amount));
}
Bytes redeem(const Amount& amount) {
    return with("redeem(uint256)", Encoder{}.uint(amount));
}
Bytes escrow(const Address& from, const Amount& amount) {
    return account_amount("escrow(address,uint256)", from, amount);
}
Bytes release(const Address& to, const Amount& amount) {
    return account_amount("release(address,uint256)", to, amount);
}
}  // namespace credit

namespace registry {
Bytes set(const Provider& info) {
    return with("set(" GRID_ABI_INFO ")", Encoder{}.dynamic(tuples::info(info)));
}
Bytes deregister() {
    return plain("deregister()");
}
Bytes update(const Address& provider, const Resources& amounts, bool reserve, const Hash& ref) {
    Encoder out;
    out.address(provider);
    tuples::put(out, tuples::Delta{amounts, reserve});
    return with("update(address," GRID_ABI_DELTA ",bytes32)", out.hash(ref));
}
Bytes get(const Address& provider) {
    return with("get(address)", Encoder{}.address(provider));
}
Bytes count() {
    return plain("count()");
}
Bytes list(std::uint64_t offset, std::uint64_t limit) {
    return with("list(uint256,uint256)", Encoder{}.uint(offset).uint(limit));
}
}  // namespace registry

namespace market {
Bytes create_order(const Address& provider, const Resources& resources, const Prices& prices,
                   Seconds duration, Seconds min_probation) {
    Encoder out;
    out.address(provider);
    tuples::put(out, resources);
    tuples::put(out, prices);
    out.uint(duration.count).uint(min_probation.count);
    return with("createOrder(address," GRID_ABI_RESOURCES "," GRID_ABI_PRICES ",uint64,uint64)", out);
}
Bytes create_order_with_quote(const Quote& quote, ByteView signature) {
    Encoder out;
    tuples::put(out, quote);
    return with("createOrderWithQuote(" GRID_ABI_QUOTE ",bytes)", out.bytes(signature));
}
Bytes replace_order(const Quote& quote, ByteView signature) {
    Encoder out;
    tuples::put(out, quote);
    return with("replaceOrder(" GRID_ABI_QUOTE ",bytes)", out.bytes(signature));
}
Bytes suspend(OrderId id) {
    return id_call("suspend(uint64)", id);
}
Bytes resume(OrderId id) {
    return id_call("resume(uint64)", id);
}
Bytes extend_order(OrderId id, Seconds by) {
    return with("extendOrder(uint64,uint64)", Encoder{}.uint(id.value).uint(by.count));
}
Bytes report_unserved(OrderId id) {
    return id_call("reportUnserved(uint64)", id);
}
Bytes cancel_quote(const Hash& salt) {
    return with("cancelQuote(bytes32)", Encoder{}.hash(salt));
}
Bytes bump_quote_epoch() {
    return plain("bumpQuoteEpoch()");
}
Bytes check_permission(const Address& user, const Address& provider, const Amount& deposit,
                       Seconds min_probation) {
    return with("checkPermission(address,address,uint256,uint64)",
                Encoder{}.address(user).address(provider).uint(deposit).uint(min_probation.count));
}
Bytes create_order_with_permit(const Address& provider, const Resources& resources, const Prices& prices,
                               Seconds duration, Seconds min_probation, const token::PermitTerms& terms,
                               const Signature& permit) {
    Encoder out;
    out.address(provider);
    tuples::put(out, resources);
    tuples::put(out, prices);
    out.uint(duration.count).uint(min_probation.count);
    return with("createOrderWithPermit(address," GRID_ABI_RESOURCES "," GRID_ABI_PRICES
                ",uint64,uint64," GRID_ABI_PERMIT ")",
                put_permit(out, terms, permit));
}
Bytes create_order_with_quote_and_permit(const Quote& quote, ByteView signature,
                                         const token::PermitTerms& terms, const Signature& permit) {
    Encoder out;
    tuples::put(out, quote);
    out.bytes(signature);
    return with("createOrderWithQuoteAndPermit(" GRID_ABI_QUOTE ",bytes," GRID_ABI_PERMIT ")",
                put_permit(out, terms, permit));
}
Bytes extend_order_with_permit(OrderId id, Seconds by, const token::PermitTerms& terms,
                               const Signature& permit) {
    Encoder out;
    out.uint(id.value).uint(by.count);
    return with("extendOrderWithPermit(uint64,uint64," GRID_ABI_PERMIT ")", put_permit(out, terms, permit));
}
Bytes set_parameter(std::string_view name, const Amount& value) {
    return with("setParameter(bytes32,uint256)", Encoder{}.hash(name_word(name)).uint(value));
}
Bytes activate_order(OrderId id) {
    return id_call("activateOrder(uint64)", id);
}
Bytes cancel_order(OrderId id) {
    return id_call("cancelOrder(uint64)", id);
}
Bytes settle(OrderId id) {
    return id_call("settle(uint64)", id);
}
Bytes settle_many(const std::vector<OrderId>& ids) {
    return ids_call("settleMany(uint64[])", ids);
}
Bytes get_many(const std::vector<OrderId>& ids) {
    return ids_call("getMany(uint64[])", ids);
}
Bytes orders_ending_before(Timestamp t, OrderId from, std::uint64_t limit) {
    return with("ordersEndingBefore(uint64,uint64,uint256)",
                Encoder{}.uint(t.seconds).uint(from.value).uint(limit));
}
Bytes quote_cancelled(const Address& provider, const Hash& salt) {
    return with("quoteCancelled(address,bytes32)", Encoder{}.address(provider).hash(salt));
}
Bytes quote_epoch(const Address& provider) {
    return with("quoteEpoch(address)", Encoder{}.address(provider));
}
Bytes withdraw(OrderId id, const Amount& amount) {
    return with("withdraw(uint64,uint256)", Encoder{}.uint(id.value).uint(amount));
}
Bytes get(OrderId id) {
    return id_call("get(uint64)", id);
}
Bytes current(const Address& user, const Address& provider) {
    return with("current(address,address)", Encoder{}.address(user).address(provider));
}
Bytes count() {
    return plain("count()");
}
Bytes earned_at(OrderId id, Timestamp t) {
    return with("earnedAt(uint64,uint64)", Encoder{}.uint(id.value).uint(t.seconds));
}
Bytes orders_of_user(const Address& user, std::uint64_t offset, std::uint64_t limit) {
    return account_page("ordersOfUser(address,uint256,uint256)", user, offset, limit);
}
Bytes orders_of_provider(const Address& provider, std::uint64_t offset, std::uint64_t limit) {
    return account_page("ordersOfProvider(address,uint256,uint256)", provider, offset, limit);
}
Bytes quote_used(const Hash& digest) {
    return with("quoteUsed(bytes32)", Encoder{}.hash(digest));
}
Bytes parameters() {
    return plain("parameters()");
}
}  // namespace market

}  // namespace grid::chain::calls
