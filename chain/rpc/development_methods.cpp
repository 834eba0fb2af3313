#include "chain/rpc/format.hpp"
#include "chain/rpc/method_table.hpp"

namespace grid::chain::rpc {
namespace {

void mine(const Context& c, const Parameters&, Answer answer) {
    c.ledger.mine([answer = std::move(answer)](const Result<void>& result) {
        answer(result ? good("\"0x0\"") : refused(result.error()));
    });
}

Outcome increase_time(const Context& c, const Parameters& p) {
    p.at_most(1);
    const std::uint64_t seconds = p.number(0);
    if (seconds > kMaxDuration.count) throw BadParameters{"params[0]: expected at most ten years"};
    c.ledger.advance_time({seconds});
    return good(quantity(seconds));
}

}  // namespace

const MethodTable& development_methods() {
    static const MethodTable table = {
        {"evm_mine", mine},
        {"evm_increaseTime", at_once<increase_time>},
    };
    return table;
}

}  // namespace grid::chain::rpc
