#include "chain/market.hpp"

#include "chain/typed_data.hpp"

namespace grid::chain {

Amount hourly_rate(const Resources& resources, const Prices& prices) {
    return prices.cpu_milli * resources.cpu_milli + prices.memory_mib * resources.memory_mib +
           prices.storage_mib * resources.storage_mib + prices.gpus * resources.gpus;
}

Amount deposit_for(const Amount& hourly_rate, Seconds duration) {
    return divide_up(hourly_rate * Amount{duration.count}, Amount{3600});
}

std::string_view name_of(OrderStatus status) noexcept {
    switch (status) {
        case OrderStatus::none:
            return "none";
        case OrderStatus::unactivated:
            return "unactivated";
        case OrderStatus::running:
            return "running";
        case OrderStatus::cancelled:
            return "cancelled";
        case OrderStatus::completed:
            return "completed";
    }
    return "none";
}

Hash quote_digest(const Quote& quote, std::uint64_t chain_id, const Address& market) {
    const eip712::Domain domain{"GRID Market", "1", Amount{chain_id}, market};
    const Hash message =
        eip712::StructHash(
            "Quote(address provider,address user,uint64 cpuMilli,uint64 memoryMiB,uint64 storageMiB,"
            "uint64 gpus,uint96 cpuMilliPrice,uint96 memoryMiBPrice,uint96 storageMiBPrice,"
            "uint96 gpuPrice,uint64 duration,uint64 probation,bool renewable,uint64 validUntil,"
            "uint64 replaces,uint64 epoch,bytes32 salt)")
            .address(quote.provider)
            .address(quote.user)
            .uint(quote.resources.cpu_milli)
            .uint(quote.resources.memory_mib)
            .uint(quote.resources.storage_mib)
            .uint(quote.resources.gpus)
            .uint(quote.prices.cpu_milli)
            .uint(quote.prices.memory_mib)
            .uint(quote.prices.storage_mib)
            .uint(quote.prices.gpus)
            .uint(quote.duration.count)
            .uint(quote.probation.count)
            .boolean(quote.renewable)
            .uint(quote.valid_until.seconds)
            .uint(quote.replaces.value)
            .uint(quote.epoch)
            .word(quote.salt)
            .finish();
    return eip712::digest(domain.separator(), message);
}

}  // namespace grid::chain
