#include "chain/calls.hpp"

#include "chain/contracts/signatures.hpp"
#include "chain/contracts/tuples.hpp"
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

/// Reads return data with `read(decoder)`.
template <class Read>
auto decode(ByteView output, const char* expected, Read read)
    -> Result<decltype(read(std::declval<abi::Decoder&>()))> {
    abi::Decoder in(output);
    auto value = read(in);
    if (in.bad())
        return fail("bad_result", std::string("expected ") + expected + " as return data, came " +
                                      std::to_string(output.size()) + " bytes that are not one");
    return value;
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
    Encoder elements;
    for (const OrderId id : ids) elements.uint(id.value);
    return with("settleMany(uint64[])", Encoder{}.dynamic(tuples::array(ids.size(), elements)));
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

Result<Amount> decode_amount(ByteView output) {
    return decode(output, "an amount", [](abi::Decoder& in) { return in.uint(); });
}

Result<std::uint64_t> decode_u64(ByteView output) {
    return decode(output, "a number below 2^64", [](abi::Decoder& in) { return in.u64(); });
}

Result<bool> decode_boolean(ByteView output) {
    return decode(output, "a boolean", [](abi::Decoder& in) { return in.boolean(); });
}

Result<std::string> decode_text(ByteView output) {
    return decode(output, "a text", [](abi::Decoder& in) { return in.text(); });
}

Result<Address> decode_address(ByteView output) {
    return decode(output, "an address", [](abi::Decoder& in) { return in.address(); });
}

Result<OrderId> decode_order_id(ByteView output) {
    return decode(output, "an order id", [](abi::Decoder& in) { return OrderId{in.u64()}; });
}

Result<std::vector<OrderId>> decode_order_ids(ByteView output) {
    abi::Decoder in(output);
    std::size_t length = 0;
    abi::Decoder elements = in.array(length, 1u << 20);
    std::vector<OrderId> ids(length);
    for (OrderId& id : ids) id = {elements.u64()};
    if (in.bad() || elements.bad()) return fail("bad_result", "expected a list of order ids as return data");
    return ids;
}

Result<Order> decode_order(ByteView output) {
    auto order = decode(output, "an order", tuples::order);
    if (order && order->status > OrderStatus::completed)
        return fail("bad_result", "expected an order's status of 0 to 4, came " +
                                      std::to_string(static_cast<int>(order->status)));
    return order;
}

namespace {

Result<Provider> read_provider(abi::Decoder& in) {
    abi::Decoder body = in.dynamic();
    Provider provider = tuples::provider(body);
    if (in.bad() || body.bad() || provider.status > ProviderStatus::deregistered)
        return fail("bad_result", "expected a provider's entry as return data");
    return provider;
}

}  // namespace

Result<Provider> decode_provider(ByteView output) {
    abi::Decoder in(output);
    return read_provider(in);
}

Result<std::vector<Provider>> decode_providers(ByteView output) {
    abi::Decoder in(output);
    std::size_t length = 0;
    abi::Decoder elements = in.array(length, 1u << 20);
    if (in.bad()) return fail("bad_result", "expected a list of providers as return data");
    std::vector<Provider> providers;
    providers.reserve(length);
    for (std::size_t i = 0; i < length; ++i) {
        auto provider = read_provider(elements);
        if (!provider) return tl::unexpected(provider.error());
        providers.push_back(std::move(*provider));
    }
    return providers;
}

Result<MarketParameters> decode_parameters(ByteView output) {
    return decode(output, "the market's parameters", tuples::parameters);
}

}  // namespace grid::chain::calls
