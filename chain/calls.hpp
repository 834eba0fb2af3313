#pragma once

#include <string>
#include <vector>

#include "chain/contracts.hpp"
#include "chain/market.hpp"
#include "chain/parameters.hpp"
#include "chain/secp256k1.hpp"

/// Calldata for every function of the contracts, and decoders for what their views return. The ABI is
/// chain/abi's.
namespace grid::chain::calls {

namespace token {
Bytes name();
Bytes symbol();
Bytes decimals();
Bytes total_supply();
Bytes cap();
Bytes minter();
Bytes balance_of(const Address& account);
Bytes allowance(const Address& owner, const Address& spender);
Bytes transfer(const Address& to, const Amount& amount);
Bytes approve(const Address& spender, const Amount& amount);
Bytes transfer_from(const Address& from, const Address& to, const Amount& amount);
Bytes mint(const Address& to, const Amount& amount);
Bytes burn(const Amount& amount);
Bytes nonces(const Address& owner);
Bytes domain_separator();
Bytes eip712_domain();
/// Development chains only: tokens for the caller, at most 10,000 GRID a call.
Bytes faucet(const Amount& amount);

/// EIP-2612: what an owner signs so that `spender` may take `value`.
struct PermitTerms {
    Address owner;
    Address spender;
    Amount value;
    Amount nonce;     ///< nonces(owner)
    Amount deadline;  ///< seconds; in time while t <= deadline
};
/// What is signed, under the domain of the token of that chain.
Hash permit_digest(const PermitTerms& terms, std::uint64_t chain_id, const Address& token);
/// `signature` over permit_digest by the owner.
Bytes permit(const PermitTerms& terms, const Signature& signature);
}  // namespace token

namespace credit {
Bytes name();
Bytes symbol();
Bytes decimals();
Bytes total_supply();
Bytes token();
Bytes is_protocol(const Address& account);
Bytes balance_of(const Address& account);
/// Tokens to credits, one to one; the credit contract must have been approved for that many tokens before.
Bytes purchase(const Amount& amount);
/// The same with a permit for the credit contract instead of an approval.
Bytes purchase_with_permit(const token::PermitTerms& terms, const Signature& signature);
/// Tokens that the account sent to the credit contract by hand.
Bytes pending(const Address& from);
/// By anybody: makes them credits of who sent them.
Bytes claim_transfer(const Address& from);
/// Credits to tokens, one to one.
Bytes redeem(const Amount& amount);
/// Protocol contracts only.
Bytes escrow(const Address& from, const Amount& amount);
/// GridToken only.
Bytes note_transfer(const Address& from, const Amount& amount);
/// Protocol contracts only.
Bytes purchase_for(const token::PermitTerms& terms, const Signature& signature);
/// Protocol contracts only.
Bytes burn(const Amount& amount);
/// Pledge only.
Bytes issue(const Amount& amount);
/// Protocol contracts only.
Bytes release(const Address& to, const Amount& amount);
}  // namespace credit

namespace registry {
/// Registers or revises the caller; `address`, `available` and `status` are ignored.
Bytes set(const Provider& info);
Bytes deregister();
/// Protocol contracts only. `reserve`: amounts are taken, else given back.
Bytes update(const Address& provider, const Resources& amounts, bool reserve, const Hash& ref);
Bytes get(const Address& provider);
Bytes count();
/// At most 100 a page.
Bytes list(std::uint64_t offset, std::uint64_t limit);
}  // namespace registry

namespace market {
Bytes create_order(const Address& provider, const Resources& resources, const Prices& prices,
                   Seconds duration, Seconds min_probation);
/// `signature`: r, s, v (65 bytes, v 27 or 28) over quote_digest, by the provider or its operator key.
Bytes create_order_with_quote(const Quote& quote, ByteView signature);
/// Continues the order that the quote replaces: ends it and starts the new one at once.
Bytes replace_order(const Quote& quote, ByteView signature);
/// The same after buying credits with a permit.
Bytes create_order_with_permit(const Address& provider, const Resources& resources, const Prices& prices,
                               Seconds duration, Seconds min_probation, const token::PermitTerms& terms,
                               const Signature& permit);
Bytes create_order_with_quote_and_permit(const Quote& quote, ByteView signature,
                                         const token::PermitTerms& terms, const Signature& permit);
Bytes extend_order_with_permit(OrderId id, Seconds by, const token::PermitTerms& terms,
                               const Signature& permit);
/// By the council. `name`: a field of the ABI's struct Parameters, like "feeBp".
Bytes set_parameter(std::string_view name, const Amount& value);
Bytes activate_order(OrderId id);
/// By the provider or its operator: the clock stops, and goes on.
Bytes suspend(OrderId id);
Bytes resume(OrderId id);
/// By the user of a renewable order.
Bytes extend_order(OrderId id, Seconds by);
/// By the user, in probation.
Bytes report_unserved(OrderId id);
Bytes cancel_order(OrderId id);
Bytes settle(OrderId id);
/// At most 256; ids that cannot be settled are skipped.
Bytes settle_many(const std::vector<OrderId>& ids);
Bytes withdraw(OrderId id, const Amount& amount);
/// By the provider: quotes of that salt are void; quotes of every epoch before the next one are.
Bytes cancel_quote(const Hash& salt);
Bytes bump_quote_epoch();
Bytes check_permission(const Address& user, const Address& provider, const Amount& deposit,
                       Seconds min_probation);
Bytes get(OrderId id);
/// At most 100.
Bytes get_many(const std::vector<OrderId>& ids);
Bytes current(const Address& user, const Address& provider);
Bytes count();
Bytes earned_at(OrderId id, Timestamp t);
/// At most 100 a page.
Bytes orders_of_user(const Address& user, std::uint64_t offset, std::uint64_t limit);
Bytes orders_of_provider(const Address& provider, std::uint64_t offset, std::uint64_t limit);
/// Running orders from that id on that end at t or before; at most 100 a page.
Bytes orders_ending_before(Timestamp t, OrderId from, std::uint64_t limit);
Bytes quote_used(const Hash& digest);
Bytes quote_cancelled(const Address& provider, const Hash& salt);
Bytes quote_epoch(const Address& provider);
Bytes parameters();
}  // namespace market

// Decoders of return data; code `bad_result` when it is not of that form.
Result<Amount> decode_amount(ByteView output);
Result<std::uint64_t> decode_u64(ByteView output);
Result<bool> decode_boolean(ByteView output);
Result<std::string> decode_text(ByteView output);
Result<Address> decode_address(ByteView output);
/// Market.current and the create calls.
Result<OrderId> decode_order_id(ByteView output);
Result<std::vector<OrderId>> decode_order_ids(ByteView output);
/// Market.get; status `none` for an unknown id.
Result<Order> decode_order(ByteView output);
/// Market.getMany.
Result<std::vector<Order>> decode_orders(ByteView output);
/// Market.ordersEndingBefore: the page, and the id to go on from; 0 at the end.
struct EndingOrders {
    std::vector<OrderId> ids;
    OrderId next;
};
Result<EndingOrders> decode_ending_orders(ByteView output);
/// Registry.get; status `none` for an address that never registered.
Result<Provider> decode_provider(ByteView output);
Result<std::vector<Provider>> decode_providers(ByteView output);
Result<MarketParameters> decode_parameters(ByteView output);

}  // namespace grid::chain::calls
