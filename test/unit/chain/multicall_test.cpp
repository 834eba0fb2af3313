#include "unit/chain/pledge_world.hpp"

using namespace grid::chain;
using namespace grid::chain::test;
namespace multicall = grid::chain::calls::multicall;
namespace token = grid::chain::calls::token;

namespace {

std::vector<multicall::Result> results(const CallResult& result) {
    return *calls::decode_call_results(result.output);
}

Bytes plain(std::string_view signature) {
    return abi::Encoder{}.take(abi::selector(signature));
}

/// (address,bytes)[] behind other arguments.
Bytes calls_of(std::string_view signature, abi::Encoder head, const std::vector<multicall::Call>& calls) {
    abi::Encoder elements;
    for (const auto& call : calls)
        elements.dynamic(abi::Encoder{}.address(call.target).bytes(call.data).take());
    Bytes array = abi::Encoder{}.uint(calls.size()).take();
    const Bytes body = elements.take();
    array.insert(array.end(), body.begin(), body.end());
    return head.dynamic(array).take(abi::selector(signature));
}

/// aggregate3 within aggregate3, that deep, around a call that succeeds.
Bytes nested(const World& w, int depth) {
    Bytes data = token::total_supply();
    Address to = w.contracts.token;
    for (int i = 0; i < depth; ++i) {
        data = multicall::aggregate3({{to, true, data}});
        to = w.contracts.multicall;
    }
    return data;
}

int depth_reached(ByteView output) {
    const auto inner = calls::decode_call_results(output);
    if (!inner || inner->size() != 1) return 0;
    return inner->front().success ? 1 + depth_reached(inner->front().data) : 0;
}

}  // namespace

TEST_CASE("many views are asked in one call, in order", "[multicall]") {
    World w;
    const auto result = w.ok(w.user, w.contracts.multicall,
                             multicall::aggregate3({{w.contracts.token, false, token::balance_of(w.user)},
                                                    {w.contracts.token, false, token::symbol()},
                                                    {w.stranger, false, {}}}));
    const auto answers = results(result);
    REQUIRE(answers.size() == 3);
    CHECK(*calls::decode_amount(answers[0].data) == Amount{1'000} * kToken);
    CHECK(*calls::decode_text(answers[1].data) == "GRID");
    // An account without code takes any call.
    CHECK((answers[2].success && answers[2].data.empty()));
    // Its own gas, and the calls'.
    CHECK(result.gas_used > 30'000 + 2 * 24'000);
}

TEST_CASE("the caller of the calls is Multicall3, not who called it", "[multicall]") {
    World w;
    const auto result =
        w.ok(w.user, w.contracts.multicall,
             multicall::aggregate3({{w.contracts.token, true, token::transfer(w.other, Amount{1})},
                                    {w.contracts.token, true, token::approve(w.other, Amount{5})}}));
    const auto answers = results(result);
    CHECK(describe_revert(answers[0].data) ==
          "ERC20InsufficientBalance(sender=" + w.contracts.multicall.checksummed() +
              ", balance=0, needed=1)");
    CHECK(events_of(result) == std::vector<Event>{TokenApproval{w.contracts.multicall, w.other, Amount{5}}});
    CHECK(w.state.allowance(w.contracts.multicall, w.other) == Amount{5});
}

TEST_CASE("a call that fails is undone with its logs, and the others stand", "[multicall]") {
    World w;
    const Bytes inner_failing =
        multicall::aggregate3({{w.contracts.token, false, token::approve(w.user, Amount{1})},
                               {w.contracts.token, false, token::transfer(w.other, Amount{1})}});
    const auto result =
        w.ok(w.user, w.contracts.multicall,
             multicall::aggregate3({{w.contracts.token, false, token::approve(w.other, Amount{2})},
                                    {w.contracts.multicall, true, inner_failing},
                                    {w.contracts.token, false, token::approve(w.stranger, Amount{3})}}));
    const auto answers = results(result);
    CHECK(answers[0].success);
    CHECK_FALSE(answers[1].success);
    CHECK(describe_revert(answers[1].data) == "reverted: Multicall3: call failed");
    CHECK(answers[2].success);
    CHECK(events_of(result) ==
          std::vector<Event>{TokenApproval{w.contracts.multicall, w.other, Amount{2}},
                             TokenApproval{w.contracts.multicall, w.stranger, Amount{3}}});
    CHECK(w.state.allowance(w.contracts.multicall, w.user) == Amount{0});
}

TEST_CASE("a call that must succeed takes all the others down", "[multicall]") {
    World w;
    const std::vector<multicall::Call> list{
        {w.contracts.token, false, token::approve(w.other, Amount{2})},
        {w.contracts.token, false, token::faucet(Amount::power_of_two(90))}};
    for (const Bytes& data :
         {multicall::aggregate3(list), calls_of("aggregate((address,bytes)[])", {}, list),
          calls_of("tryAggregate(bool,(address,bytes)[])", abi::Encoder{}.boolean(true), list),
          calls_of("blockAndAggregate((address,bytes)[])", {}, list),
          calls_of("tryBlockAndAggregate(bool,(address,bytes)[])", abi::Encoder{}.boolean(true), list)})
        CHECK(w.refused(w.user, w.contracts.multicall, data) == "reverted: Multicall3: call failed");
}

TEST_CASE("the older forms answer what theirs answer", "[multicall]") {
    World w;
    const std::vector<multicall::Call> list{
        {w.contracts.token, false, token::decimals()},
        {w.contracts.token, false, token::faucet(Amount::power_of_two(90))}};
    const std::vector<multicall::Call> good(list.begin(), list.begin() + 1);
    {
        const auto output =
            w.ok(w.user, w.contracts.multicall, calls_of("aggregate((address,bytes)[])", {}, good)).output;
        abi::Decoder in(output);
        CHECK(in.u64() == w.block.number);
        std::size_t length = 0;
        abi::Decoder elements = in.array(length, 10);
        REQUIRE(length == 1);
        CHECK(*calls::decode_u64(elements.bytes()) == 18);
    }
    {
        const auto result =
            w.ok(w.user, w.contracts.multicall,
                 calls_of("tryAggregate(bool,(address,bytes)[])", abi::Encoder{}.boolean(false), list));
        const auto answers = results(result);
        CHECK((answers[0].success && !answers[1].success));
    }
    for (const bool with_try : {false, true}) {
        const Bytes data = with_try ? calls_of("tryBlockAndAggregate(bool,(address,bytes)[])",
                                               abi::Encoder{}.boolean(false), list)
                                    : calls_of("blockAndAggregate((address,bytes)[])", {}, good);
        const auto output = w.ok(w.user, w.contracts.multicall, data).output;
        abi::Decoder in(output);
        CHECK(in.u64() == w.block.number);
        CHECK(in.word().is_zero());  // blockhash(block.number), as in the EVM
        std::size_t length = 0;
        in.array(length, 10);
        CHECK(length == (with_try ? 2 : 1));
    }
}

TEST_CASE("value that never came cannot be passed on", "[multicall]") {
    World w;
    const auto with_value = [&](std::uint64_t value, bool allow) {
        const Bytes element = abi::Encoder{}
                                  .address(w.contracts.token)
                                  .boolean(allow)
                                  .uint(value)
                                  .bytes(token::decimals())
                                  .take();
        Bytes array = abi::Encoder{}.uint(1).take();
        const Bytes body = abi::Encoder{}.dynamic(element).take();
        array.insert(array.end(), body.begin(), body.end());
        return abi::Encoder{}.dynamic(array).take(
            abi::selector("aggregate3Value((address,bool,uint256,bytes)[])"));
    };
    CHECK(results(w.ok(w.user, w.contracts.multicall, with_value(0, false)))[0].success);
    CHECK(w.refused(w.user, w.contracts.multicall, with_value(1, false)) ==
          "reverted: Multicall3: call failed");
    CHECK(w.refused(w.user, w.contracts.multicall, with_value(1, true)) ==
          "reverted: Multicall3: value mismatch");
}

TEST_CASE("the block is told as the chain knows it", "[multicall]") {
    World w;
    w.block.parent = keccak256(std::string_view("parent"));
    const auto ask = [&](const Bytes& data) { return w.ok(w.user, w.contracts.multicall, data).output; };
    const auto number = [&](std::string_view signature) { return *calls::decode_u64(ask(plain(signature))); };
    CHECK(number("getBlockNumber()") == w.block.number);
    CHECK(number("getCurrentBlockTimestamp()") == w.block.time.seconds);
    CHECK(number("getChainId()") == kEmbeddedChainId);
    CHECK(number("getCurrentBlockGasLimit()") == 30'000'000);
    CHECK(number("getCurrentBlockDifficulty()") == 0);
    CHECK(number("getBasefee()") == 0);
    CHECK(number("getCurrentBlockCoinbase()") == 0);
    CHECK(to_hex(ask(plain("getLastBlockHash()"))) == w.block.parent.hex());
    const auto hash_of = [&](std::uint64_t n) {
        return to_hex(ask(abi::Encoder{}.uint(n).take(abi::selector("getBlockHash(uint256)"))));
    };
    CHECK(hash_of(w.block.number - 1) == w.block.parent.hex());
    CHECK(hash_of(w.block.number) == Hash{}.hex());
    CHECK(*calls::decode_amount(
              ask(abi::Encoder{}.address(w.user).take(abi::selector("getEthBalance(address)")))) == kToken);
}

TEST_CASE("calls within calls end at a depth", "[multicall]") {
    World w;
    const auto reached = [&](int depth) {
        return depth_reached(w.ok(w.user, w.contracts.multicall, nested(w, depth)).output);
    };
    CHECK(reached(1) == 1);
    CHECK(reached(8) == 8);
    // One deeper: the innermost call fails, and what is around it says so.
    CHECK(reached(9) == 8);
    CHECK(reached(30) == 8);
}

TEST_CASE("few bytes cannot name endless work", "[multicall]") {
    World w;
    // Each level calls the one below a hundred times, out of one description.
    Bytes data = token::total_supply();
    Address to = w.contracts.token;
    for (int level = 0; level < 6; ++level) {
        const Bytes element = abi::Encoder{}.address(to).boolean(true).bytes(data).take();
        Bytes array = abi::Encoder{}.uint(100).take();
        for (int i = 0; i < 100; ++i) {
            const Bytes offset = abi::Encoder{}.uint(100 * 32).take();
            array.insert(array.end(), offset.begin(), offset.end());
        }
        array.insert(array.end(), element.begin(), element.end());
        data = abi::Encoder{}.dynamic(array).take(abi::selector("aggregate3((address,bool,bytes)[])"));
        to = w.contracts.multicall;
    }
    const CallResult result = w.call(w.user, w.contracts.multicall, data);
    CHECK(result.gas_used <= 30'000'000);
    CHECK(result.output.size() < (8u << 20));
    // More calls than a block's gas pays for are refused at once.
    Bytes many = abi::Encoder{}.uint(12'000).take();
    many.resize(32 + 12'000 * 32);
    CHECK(w.refused(w.user, w.contracts.multicall,
                    abi::Encoder{}.dynamic(many).take(abi::selector("aggregate3((address,bool,bytes)[])"))) ==
          "empty");
}
