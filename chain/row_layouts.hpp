#pragma once

#include "chain/row_codec.hpp"
#include "chain/state.hpp"

/// The layouts of the state's keys and larger rows. Only for State.
namespace grid::chain::rows {

Bytes key_of(const Address& a);
Bytes key_of(const Hash& h);
Bytes key_of(OrderId id);
Bytes key_of(const AddressPair& p);
Bytes key_of(const SaltOfProvider& s);
SaltOfProvider salt_of(RowReader& in);
AddressPair pair_of(RowReader& in);

Bytes write(const ChainParameters& p);
ChainParameters read_parameters(RowReader& in);

/// `index`: its place among all that ever registered.
Bytes write(const Provider& p, std::uint32_t index);
Provider read_provider(RowReader& in, std::uint32_t& index);

Bytes write(const Order& o);
Order read_order(RowReader& in, OrderId id);
OrderHead read_head(RowReader& in);

}  // namespace grid::chain::rows
