#pragma once

#include <rapidjson/document.h>

#include "chain/ledger.hpp"
#include "chain/rpc/outcome.hpp"

namespace grid::chain::rpc {

/// A block as parameters name it.
struct BlockName {
    enum class Tag { number, hash, latest, pending };
    Tag tag = Tag::latest;
    std::uint64_t number = 0;
    Hash hash;
};

/// A message as eth_call and eth_estimateGas take it; owns its data.
struct CallParameters {
    Address from;
    std::optional<Address> to;
    Amount value;
    Bytes data;
    Message message() const { return {from, to, value, data}; }
};

/// Reads a method's parameters by position. Every function throws BadParameters, which names the position or
/// field and what was expected.
class Parameters {
public:
    explicit Parameters(const rapidjson::Value* array) : array_(array) {}
    std::size_t size() const { return array_ == nullptr ? 0 : array_->Size(); }
    /// Refuses more than so many; null and {} count as absent at the end.
    void at_most(std::size_t count) const;
    bool has(std::size_t position) const;

    Address address(std::size_t position) const;
    Hash hash(std::size_t position) const;
    Bytes data(std::size_t position) const;
    std::string string(std::size_t position) const;
    /// A quantity, or a plain JSON number.
    std::uint64_t number(std::size_t position) const;
    bool boolean(std::size_t position, bool absent) const;
    /// Latest when absent. `safe` and `finalized` are the latest block: a block is final when it exists.
    BlockName block(std::size_t position) const;
    /// Must be there.
    BlockName required_block(std::size_t position) const;
    /// A number or a tag, not a hash; must be there.
    BlockName height(std::size_t position) const;
    /// The name of a filter or subscription: a quantity.
    std::string identifier(std::size_t position) const;
    CallParameters call(std::size_t position) const;
    /// How many numbers an optional array of ascending numbers has (feeHistory's percentiles); at most `max`.
    std::size_t percentiles(std::size_t position, std::size_t max) const;
    struct Filter {
        BlockName from;
        BlockName to;
        std::optional<Hash> block;
        LogFilter filter;  ///< without its range
    };
    Filter filter(std::size_t position) const;

private:
    const rapidjson::Value& at(std::size_t position) const;
    const rapidjson::Value* array_;
};

}  // namespace grid::chain::rpc
