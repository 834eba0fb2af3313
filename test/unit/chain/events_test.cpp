#include "chain/events.hpp"

#include "unit/chain/world.hpp"

using namespace grid::chain;
using namespace grid::chain::test;

namespace {

/// One of each, every field filled.
std::vector<Event> one_of_each() {
    const Address a = key(1).address(), b = key(2).address();
    const Amount amount = Amount::power_of_two(90) + Amount{3};
    const OrderBalance balance{amount, Amount{5}, Amount{4}, Amount{1}, Amount{9}, {77}};
    Provider provider;
    provider.address = a;
    provider.host = "h";
    provider.port = 65'535;
    provider.prices = {Amount{1}, Amount{2}, Amount{3}, Amount{4}};
    provider.minimum_prices = {Amount{5}, Amount{6}, Amount{7}, Amount{8}};
    provider.total = {9, 10, 11, 12};
    provider.available = {13, 14, 15, 16};
    provider.attributes = std::string(100, 'x');
    provider.probation = {17};
    provider.renewable = true;
    provider.accepts_offers = true;
    provider.operator_key = b;
    provider.status = ProviderStatus::active;
    Position position;
    position.active = Amount{1};
    position.incoming = Amount{2};
    position.incoming_epoch = 3;
    position.profit = Amount{4};
    position.profit_per_share = Amount::power_of_two(160);
    position.generation = 5;
    Pool pool;
    pool.total = Amount{6};
    pool.shares = Amount{7};
    pool.earning = Amount{8};
    pool.incoming = Amount{9};
    pool.incoming_epoch = 10;
    pool.profit_per_share = Amount::power_of_two(100);
    pool.generation = 11;
    Order order;
    order.id = {18};
    order.user = a;
    order.provider = b;
    order.resources = {1, 2, 3, 4};
    order.prices = {Amount{5}, Amount{6}, Amount{7}, Amount{8}};
    order.deposit = amount;
    order.user_check = true;
    order.provider_check = true;
    order.created_at = {19};
    order.probation = {20};
    order.duration = {21};
    order.activation_deadline = {22};
    order.renewable = true;
    order.replaces = {23};
    order.fee_bp = 10'000;
    order.status = OrderStatus::unactivated;
    return {TokenTransfer{a, b, amount},
            TokenApproval{a, b, amount},
            CreditTransfer{a, b, amount},
            CreditPurchased{a, amount},
            CreditRedeemed{a, amount},
            CreditTransferReceived{a, amount},
            CreditTransferClaimed{a, b, amount},
            ProviderSet{provider},
            ProviderDeregistered{a},
            ResourceDelta{a, keccak256("ref"), {~0ull, 1, 0, 2}, true, {5, 6, 7, 8}},
            OrderCreated{order},
            OrderActivated{{1}, a, {2}, 3, {4}, balance},
            OrderSettled{{1}, {2}, 3, balance},
            OrderCancelled{{1}, a, {2}, 3, balance},
            OrderCompleted{{1}, {2}, 3, balance},
            Withdrawn{{1}, a, amount, balance},
            QuoteUsed{keccak256("quote"), a, b, {4}},
            ParameterSet{name_word("feeBp"), Amount{250}},
            OrderSuspended{{1}, a, {2}, 3, balance},
            OrderResumed{{1}, a, {2}, {3}, {4}, balance},
            OrderExtended{{1}, a, {2}, {3}, amount, Amount{7}, balance},
            OrderReplaced{{1}, {2}},
            OrderUnserved{{1}, a, b, {2}},
            QuoteCancelled{a, keccak256("salt")},
            QuoteEpochBumped{a, 5},
            ProposalCreated{1, a, b, Bytes(40, 7), 2},
            ProposalApproved{1, a, 2, {3}},
            ProposalVetoed{1, a, 2},
            ProposalCancelled{1},
            ProposalExecuted{1, a},
            RoleChanged{name_word("VETO"), a, true},
            MembersChanged{1, {a, b}, 2},
            DelayChanged{{9}},
            EpochRolled{1, 2},
            PositionChanged{a, b, PositionChange::claimed, amount, Amount{1}, {2}, position, pool},
            ProfitMinted{a, {1}, amount, Amount{2}, Amount{3}},
            SlashAnnounced{1, a, b, amount, "reason", {2}},
            SlashExecuted{1, a, b, amount, Amount{2}, pool},
            SlashVetoed{1, a}};
}

}  // namespace

TEST_CASE("every event survives the way into a log and back", "[events]") {
    const auto events = one_of_each();
    CHECK(events.size() == std::variant_size_v<Event>);
    for (const Event& event : events) {
        INFO(name_of(event));
        CHECK(decode_event(to_log(event, embedded_addresses()), embedded_addresses()) == event);
    }
}

TEST_CASE("logs of other contracts, of unknown events and with malformed data are no events", "[events]") {
    const ContractAddresses contracts = embedded_addresses();
    for (const Event& event : one_of_each()) {
        INFO(name_of(event));
        const Log good = to_log(event, contracts);
        Log foreign = good;
        foreign.address = key(9).address();
        CHECK_FALSE(decode_event(foreign, contracts));
        Log unknown = good;
        unknown.topics[0].bytes[0] ^= 1;
        CHECK_FALSE(decode_event(unknown, contracts));
        Log missing_topic = good;
        missing_topic.topics.pop_back();
        CHECK_FALSE(decode_event(missing_topic, contracts));
        Log more_topics = good;
        more_topics.topics.push_back({});
        CHECK_FALSE(decode_event(more_topics, contracts));
        if (!good.data.empty()) {
            Log short_data = good;
            short_data.data.resize(good.data.size() - 32);
            CHECK_FALSE(decode_event(short_data, contracts));
        }
    }
    CHECK_FALSE(decode_event(Log{contracts.token, {}, {}}, contracts));
}

TEST_CASE("the topic of Transfer is the one that every wallet knows", "[events]") {
    CHECK(topic_of<TokenTransfer>().hex() ==
          "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef");
    CHECK(topic_of<TokenTransfer>() == topic_of<CreditTransfer>());
}

TEST_CASE("reverts read as sentences", "[revert]") {
    CHECK(describe_revert({}).rfind("reverted without a reason", 0) == 0);
    CHECK(describe_revert(*from_hex("0x12345678")) == "reverted with unknown data 0x12345678");
    const Bytes reason = abi::Encoder{}.text("no\n").take(abi::selector("Error(string)"));
    CHECK(describe_revert(reason) == "reverted: no?");
    CHECK(revert_name(reason) == "Error");
    const Bytes panic = abi::Encoder{}.uint(0x12).take(abi::selector("Panic(uint256)"));
    CHECK(describe_revert(panic) == "Panic(0x12): division by zero");
    CHECK(revert_name({}).empty());
    Bytes cut = abi::Encoder{}.uint(1).uint(2).take(abi::selector("InsufficientCredits(uint256,uint256)"));
    CHECK(describe_revert(cut) == "InsufficientCredits(needed=1, available=2)");
    cut.pop_back();
    CHECK(describe_revert(cut).rfind("reverted with unknown data 0x", 0) == 0);
}
